//! Writes the files of a bundle, page by page.

use super::files::{Files, Growing};
use super::page::{self, Entries, Index, Listed, PAGE, Shown, file_name};
use super::{Bound, Export};
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::log::own::{ERASED, Own};
use crate::flows::log::read::{self, read_note};
use crate::flows::log::spans::Spans;
use crate::flows::log::start::Chain;
use crate::store::log::{self, EntryRow, LogHead, LogStamp};
use crate::store::{Conn, StoreError};
use askama::Template;
use countersign_core::time::Timestamp;
use countersign_evidence::bundle::{
    self, CHECKPOINT, Disclosure, ENTRIES, INDEX_HTML, KEYS, Line, MOST_LINE_BYTES, POLICY, PROOF, ROTATIONS,
    RangeProof, TIMESTAMPS,
};
use countersign_evidence::content::Content;
use countersign_evidence::note::Note;
use countersign_evidence::policy::Policy;
use countersign_evidence::rotation;
use countersign_evidence::tree::Head;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Time stamps in one bundle: two years of a daily one.
const MOST_STAMPS: usize = 731;

/// What the whole of it needs to know.
pub struct Asked {
    pub export: Export,
    pub policy: Policy,
    pub dir: PathBuf,
    pub now: Timestamp,
}

/// What was written.
pub struct Collected {
    pub files: Files,
    /// The checkpoint's.
    pub head: Head,
    /// Indices.
    pub range: std::ops::Range<u64>,
    /// Kinds whose content is shown, and how many entries of each.
    pub kinds: BTreeMap<String, u64>,
    pub opened: u64,
    pub erased: u64,
    pub withheld: u64,
}

pub async fn collect(
    conn: &mut Conn,
    asked: &Arc<Asked>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Collected> {
    let row = log::head(conn).await?.ok_or_else(|| AppError::unavailable("the log has no head"))?;
    let chain = Chain::read(&log::keys(conn).await?)?;
    let (note, head, range) = choose(conn, &row, &chain, &asked.export).await?;
    let mut writing = Writing::begin(asked.clone(), &chain, erasures(conn, head.size).await?)?;
    let total = range.end - range.start;
    let mut at = range.start;
    while at < range.end {
        let limit = PAGE.min(range.end - at);
        let rows = log::entries(conn, at, limit as i64).await?;
        let expected = at + 1..=at + limit;
        if !rows.iter().map(|row| row.number).eq(expected) {
            return Err(AppError::unavailable("entries are missing; `countersign evidence verify` says which"));
        }
        let is_last = at + limit == range.end;
        writing = blocking(move || writing.page(&rows, is_last)).await?;
        at += limit;
        progress(at - range.start, total);
    }
    let hashes = read::range(conn, row.head.size, (range.start, range.end, head.size)).await?;
    let hashes = hashes.ok_or_else(|| AppError::internal("the range is outside the tree"))?;
    let proof = RangeProof { start: range.start, count: total, size: head.size, hashes };
    let stamps = log::stamps(conn).await?;
    let stamps = stamps.into_iter().filter(|s| s.size > range.start && s.size <= head.size).take(MOST_STAMPS).collect();
    let rest = Rest { note, head, range, proof, chain, stamps };
    blocking(move || writing.end(rest)).await
}

/// Runs file work where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::internal(error.to_string()))?
}

/// The checkpoint to prove against, and the indices: the one that is served, with its cosignatures, if it reaches far enough
/// and the key that signs now may sign for it.
async fn choose(
    conn: &mut Conn,
    row: &LogHead,
    chain: &Chain,
    export: &Export,
) -> Result<(Note, Head, std::ops::Range<u64>)> {
    let since = chain.rotations().last().map_or(0, rotation::Rotation::size);
    let ((served, at), (newest, last)) = (read_note(&row.published)?, read_note(&row.note)?);
    let usable = at.head.size > 0 && at.head.size >= since;
    let until = if usable && export.range.to.is_none() { at.head.size } else { last.head.size };
    let range = export.range.resolve(conn, until).await?;
    Ok(if usable && range.end <= at.head.size { (served, at.head, range) } else { (newest, last.head, range) })
}

/// Which entries were erased by which.
async fn erasures(conn: &mut Conn, size: u64) -> std::result::Result<Vec<(u64, Spans)>, StoreError> {
    let rows = log::of_kind(conn, ERASED, size).await?;
    let read = |(by, payload): (u64, Vec<u8>)| {
        let content = Content::read(&payload).ok()?;
        match Own::read(&content.kind, &content.what) {
            Ok(Some(Own::Erased(spans))) => Some((by, spans)),
            _ => None,
        }
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// What is left when the entries are written.
struct Rest {
    note: Note,
    head: Head,
    range: std::ops::Range<u64>,
    proof: RangeProof,
    chain: Chain,
    stamps: Vec<LogStamp>,
}

/// A bundle under way.
struct Writing {
    asked: Arc<Asked>,
    origin: String,
    files: Files,
    lines: Growing,
    erasures: Vec<(u64, Spans)>,
    pages: Vec<Listed>,
    kinds: BTreeMap<String, u64>,
    opened: u64,
    erased: u64,
    withheld: u64,
}

fn failed(error: &io::Error) -> AppError {
    super::failed(error)
}

impl Writing {
    fn begin(asked: Arc<Asked>, chain: &Chain, erasures: Vec<(u64, Spans)>) -> Result<Self> {
        let files = Files::new(&asked.dir);
        let lines = files.grow(ENTRIES).map_err(|error| failed(&error))?;
        let (origin, pages, kinds) = (chain.first().name().to_owned(), Vec::new(), BTreeMap::new());
        Ok(Self { asked, origin, files, lines, erasures, pages, kinds, opened: 0, erased: 0, withheld: 0 })
    }

    /// Writes a page of entries, as lines and for people.
    fn page(mut self, rows: &[EntryRow], is_last: bool) -> Result<Self> {
        let shown: Vec<Shown> = rows.iter().map(|row| self.entry(row)).collect::<Result<_>>()?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(self) };
        let number = self.pages.len() as u64 + 1;
        let range = format!("{} to {}", first.number, last.number);
        let page = Entries {
            origin: &self.origin,
            range: range.clone(),
            before: (number > 1).then(|| file_name(number - 1)),
            after: (!is_last).then(|| file_name(number + 1)),
            entries: &shown,
        };
        let html = page.render().map_err(|error| AppError::internal(error.to_string()))?;
        self.files.put(&file_name(number), html.as_bytes()).map_err(|error| failed(&error))?;
        self.pages.push(Listed { file: file_name(number), range, times: self.times(rows) });
        Ok(self)
    }

    /// When a page's entries were written, where that is told.
    fn times(&self, rows: &[EntryRow]) -> Option<String> {
        let times = || rows.iter().filter(|row| row.payload.is_some()).map(|row| row.at);
        let told = times().min().zip(times().max()).filter(|_| !self.asked.export.commitments_only);
        told.map(|(first, last)| format!("{} to {}", page::time(first), page::time(last)))
    }

    fn entry(&mut self, row: &EntryRow) -> Result<Shown> {
        let (disclosure, content) = self.disclose(row)?;
        let line = Line { index: row.number - 1, commitment: row.commitment, disclosure };
        let text = line.to_string();
        if text.len() > MOST_LINE_BYTES {
            return Err(AppError::internal(format!("entry {} is too long for a bundle", row.number)));
        }
        self.lines.line(&text).map_err(|error| failed(&error))?;
        let by = self.erasures.iter().find(|(_, spans)| spans.contains(row.number)).map(|(by, _)| *by);
        Ok(Shown::of(&line, content.as_ref(), by))
    }

    fn disclose(&mut self, row: &EntryRow) -> Result<(Disclosure, Option<Content>)> {
        let Some(opening) = read::opening(row) else {
            self.erased += 1;
            return Ok((Disclosure::Erased, None));
        };
        if self.asked.export.commitments_only {
            self.withheld += 1;
            return Ok((Disclosure::Withheld, None));
        }
        let content = Content::read(&opening.payload).ok().filter(|_| opening.commitment() == row.commitment);
        let content = content.ok_or_else(|| {
            let what = format!("entry {} is not as it was signed; `countersign evidence verify` says more", row.number);
            AppError::unavailable(what)
        })?;
        self.opened += 1;
        *self.kinds.entry(content.kind.clone()).or_default() += 1;
        Ok((Disclosure::Opened(opening), Some(content)))
    }

    fn end(mut self, rest: Rest) -> Result<Collected> {
        self.write_rest(&rest).map_err(|error| failed(&error))?;
        let index = self.index(&rest)?.render().map_err(|error| AppError::internal(error.to_string()))?;
        self.files.put(INDEX_HTML, index.as_bytes()).map_err(|error| failed(&error))?;
        self.files.end(self.lines).map_err(|error| failed(&error))?;
        let Rest { head, range, .. } = rest;
        let Self { files, kinds, opened, erased, withheld, .. } = self;
        Ok(Collected { files, head, range, kinds, opened, erased, withheld })
    }

    fn write_rest(&mut self, rest: &Rest) -> io::Result<()> {
        let files = &mut self.files;
        files.put(CHECKPOINT, rest.note.to_string().as_bytes())?;
        files.put(PROOF, rest.proof.to_string().as_bytes())?;
        let rotations = rest.chain.rotations();
        let later = rotations.iter().map(|rotation| rotation.new_key().clone());
        let keys: Vec<_> = std::iter::once(rest.chain.first().clone()).chain(later).collect();
        files.put(KEYS, bundle::keys_to_file(&keys).as_bytes())?;
        if !rotations.is_empty() {
            files.put(ROTATIONS, rotation::to_file(rotations).as_bytes())?;
        }
        if !self.asked.policy.witnesses().is_empty() {
            files.put(POLICY, self.asked.policy.to_string().as_bytes())?;
        }
        for stamp in &rest.stamps {
            files.put(&format!("{TIMESTAMPS}/{}.checkpoint", stamp.size), stamp.checkpoint.as_bytes())?;
            files.put(&format!("{TIMESTAMPS}/{}.tsr", stamp.size), &stamp.token)?;
        }
        Ok(())
    }

    fn index(&self, rest: &Rest) -> Result<Index> {
        let export = &self.asked.export;
        let count = rest.range.end - rest.range.start;
        let range =
            if count == 0 { "none".to_owned() } else { format!("{} to {}", rest.range.start + 1, rest.range.end) };
        Ok(Index {
            origin: self.origin.clone(),
            range,
            asked: asked(export),
            size: rest.head.size,
            recipient: export.recipient.clone(),
            made_at: page::time(self.asked.now),
            keep_until: export.keep_until.map(page::time),
            count,
            opened: self.opened,
            erased: self.erased,
            withheld: self.withheld,
            vkey: rest.chain.last().to_string(),
            witnesses: self.witnesses(&rest.note)?,
            stamps: stamped(&rest.stamps),
            pages: self.pages.clone(),
            tags: page::tags(&self.kinds),
        })
    }

    fn witnesses(&self, note: &Note) -> Result<String> {
        let judged = self.asked.policy.judge(note).map_err(|error| AppError::internal(error.to_string()))?;
        let names: Vec<&str> = judged.cosigned.iter().map(|(name, _)| name.as_str()).collect();
        Ok(match (names.is_empty(), judged.needs_witnesses && judged.reached) {
            (true, _) => "unwitnessed: nobody outside has cosigned the checkpoint".to_owned(),
            (false, true) => format!("cosigned by {}, as the operator's policy asks", names.join(", ")),
            (false, false) => format!("cosigned by {}, fewer than the operator's policy asks", names.join(", ")),
        })
    }
}

/// The times that were asked for, in words.
fn asked(export: &Export) -> Option<String> {
    let at = |bound: Option<Bound>| match bound {
        Some(Bound::At(at)) => Some(page::time(at)),
        _ => None,
    };
    match (at(export.range.from), at(export.range.to)) {
        (None, None) => None,
        (Some(from), None) => Some(format!("written since {from}")),
        (None, Some(to)) => Some(format!("written until {to}")),
        (Some(from), Some(to)) => Some(format!("written from {from} to {to}")),
    }
}

fn stamped(stamps: &[LogStamp]) -> String {
    match stamps.last() {
        None => "none".to_owned(),
        Some(last) => format!(
            "{}, the last one at {} over the first {} entries (says the authority; `openssl ts -verify` checks its \
             signature)",
            stamps.len(),
            page::time(last.stamped_at),
            last.size,
        ),
    }
}

//! Re-checks the whole log: every entry, every tile, everything that is signed.
//!
//! Never: writes anything; stops at the first thing that is wrong; calls sound what it did not look at.
//! In: one moment of the database, checkpoints that were kept elsewhere.   Out: `Report`, with every finding.
//! I/O for this room: the store, for reading.   Tests: tests/it/log/audit.rs, tests/it/log/tamper.rs.
//!
//! Rows are read in pages, checked on other threads a page each, and put together again in order; memory does not grow
//! with the log, except by 16 bytes for each run of erased entries.

mod claims;
mod entry;
mod finding;
mod report;
mod signed;
mod tree;

pub use claims::ErasedBy;
pub use finding::{Finding, Findings};
pub use report::Report;

use crate::app::App;
use crate::error::AppError;
use crate::last_seen;
use crate::store::audit::{self, EntryRead};
use crate::store::log::{self, LogHead, LogKey};
use crate::store::{Conn, StoreError};
use claims::Claims;
use countersign_core::time::Timestamp;
use countersign_evidence::policy::Policy;
use entry::Page;
use signed::Signed;
use std::collections::VecDeque;
use tokio::task::JoinHandle;
use tree::Tree;

/// Rows in a page: some 2 MiB.
const PAGE: i64 = 4096;
/// Pages that are checked at the same time.
const PAGES_AT_ONCE: usize = 4;

/// What to hold the log against.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Checkpoints that were kept elsewhere, with the names of their files. Read them before the database: beside a server
    /// that runs, a newer one would look like a log that was put back.
    pub kept: &'a [(String, String)],
    /// The witnesses.
    pub policy: &'a Policy,
    /// The time.
    pub now: Timestamp,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum Unchecked {
    /// There is none.
    #[error("no evidence log was begun here; the first start of the server begins it")]
    NotBegun,
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A check did not end.
    #[error("a check of entries ended early: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Checks everything. `conn` is one moment of the database; `progress` is told how many rows were read, and of how many.
///
/// # Errors
/// `Unchecked`; whatever is wrong with the log is a finding.
pub async fn audit(conn: &mut Conn, ask: &Ask<'_>, mut progress: impl FnMut(u64, u64)) -> Result<Report, Unchecked> {
    let mut signed = Signed::default();
    let (head, keys) = (head(conn, &mut signed).await?, keys(conn, &mut signed).await?);
    let rows = audit::count(conn).await?;
    if head.is_none() && keys.is_empty() && ask.kept.is_empty() && signed.findings.is_empty() {
        return Err(Unchecked::NotBegun);
    }
    signed.keys(&keys);
    match &head {
        Some(row) => signed.head(row, ask),
        None => signed.findings.push(Finding::head("one", "the row is missing")),
    }
    ask.kept.iter().for_each(|(name, text)| signed.kept(name, text));
    stamps(conn, &mut signed).await?;
    let tree = signed.head.map(|head| Tree::new(head, std::mem::take(&mut signed.waypoints)));
    let mut run = Run { conn, tree, claims: Claims::default(), report: Report::default(), latest: None };
    run.all(rows, &mut progress).await?;
    run.end(signed, head, &keys, ask).await
}

/// Checks the log of a node that runs: its own database, and the checkpoint that it keeps beside it.
///
/// # Errors
/// 503 where nothing could be checked.
pub async fn of_app(app: &App) -> Result<Report, AppError> {
    let kept = match app.log.kept_at() {
        Some(path) => last_seen::read(path).map_err(|error| AppError::unavailable(error.to_string()))?,
        None => None,
    };
    let kept: Vec<(String, String)> = kept.map(|text| (last_seen::FILE_NAME.to_owned(), text)).into_iter().collect();
    let (policy, now) = (app.log.policy().clone(), app.clock.now());
    let audited: Result<Report, Unchecked> = app
        .store
        .snapshot(move |conn| {
            Box::pin(async move { audit(conn, &Ask { kept: &kept, policy: &policy, now }, |_, _| {}).await })
        })
        .await;
    audited.map_err(|error| AppError::unavailable(error.to_string()))
}

/// The head, where there is one that can be read.
async fn head(conn: &mut Conn, signed: &mut Signed) -> Result<Option<LogHead>, StoreError> {
    let rows = audit::head_rows(conn).await?;
    if !matches!(rows[..], [] | [1]) {
        signed.findings.push(Finding::head("one", format!("there should be one row, holding 1; there are {rows:?}")));
    }
    let read = log::head(conn).await;
    told(read, |why| signed.findings.push(Finding::head("root", why)))
}

async fn keys(conn: &mut Conn, signed: &mut Signed) -> Result<Vec<LogKey>, StoreError> {
    let read = log::keys(conn).await;
    told(read, |why| signed.findings.push(Finding::keys("a row".to_owned(), why)))
}

async fn stamps(conn: &mut Conn, signed: &mut Signed) -> Result<(), StoreError> {
    let read = log::stamps(conn).await;
    let stamps = told(read, |why| signed.findings.push(Finding::stamp(0, None, why)))?;
    signed.stamps(&stamps);
    Ok(())
}

/// Nothing instead of rows that hold what they cannot hold, and a word on it.
fn told<T: Default>(read: Result<T, StoreError>, tell: impl FnOnce(String)) -> Result<T, StoreError> {
    match read {
        Err(error) if error.is_about_content() => {
            tell(format!("it cannot be read: {error}"));
            Ok(T::default())
        }
        read => read,
    }
}

/// An audit under way.
struct Run<'c> {
    conn: &'c mut Conn,
    /// `None` without a head: then there is nothing to compare with.
    tree: Option<Tree>,
    claims: Claims,
    report: Report,
    latest: Option<Timestamp>,
}

impl Run<'_> {
    async fn all(&mut self, rows: u64, progress: &mut impl FnMut(u64, u64)) -> Result<(), Unchecked> {
        let mut under_way: VecDeque<JoinHandle<Page>> = VecDeque::new();
        let size = self.tree.as_ref().map_or(0, Tree::size);
        let (mut after, mut more) = (i64::MIN, true);
        while more || !under_way.is_empty() {
            if more && under_way.len() < PAGES_AT_ONCE {
                let page: Vec<EntryRead> = audit::entries(self.conn, after, PAGE).await?;
                more = page.len() as i64 == PAGE;
                after = page.last().map_or(after, |row| row.number);
                under_way.push_back(tokio::task::spawn_blocking(move || entry::page(page, size)));
            } else if let Some(oldest) = under_way.pop_front() {
                self.page(oldest.await?).await?;
                progress(self.report.rows, rows);
            }
        }
        self.unnumbered().await
    }

    async fn page(&mut self, mut page: Page) -> Result<(), StoreError> {
        self.report.rows += page.rows;
        self.latest = self.latest.max(page.latest);
        self.report.findings.extend(page.findings.drain(..));
        self.claims.take(&mut page);
        let Some(tree) = &mut self.tree else { return Ok(()) };
        for (number, leaf) in page.leaves {
            match u64::try_from(number).ok().filter(|number| *number > 0) {
                Some(number) if number <= tree.size() => tree.take(self.conn, number, leaf).await?,
                Some(number) => self.report.waits(number, tree.size()),
                None => self.report.findings.push(Finding::entry(number, None, "entries are numbered from 1")),
            }
        }
        Ok(())
    }

    /// Entries that a node has committed and the sequencer has not yet numbered.
    async fn unnumbered(&mut self) -> Result<(), Unchecked> {
        let (mut after, mut more) = (i64::MIN, true);
        while more {
            let rows = audit::unnumbered(self.conn, after, PAGE).await?;
            more = rows.len() as i64 == PAGE;
            after = rows.last().map_or(after, |row| row.number);
            let page = tokio::task::spawn_blocking(move || entry::page(rows, 0)).await?;
            self.report.waiting += page.rows;
            // Blank rows among them would be named by a number that they do not have.
            let blank = page.erased.iter().chain(&page.lost);
            let blank = blank.map(|at| Finding::entry(format!("without a number, at {at}"), None, "it has no content"));
            self.report.findings.extend(page.findings.into_iter().chain(blank));
        }
        Ok(())
    }

    async fn end(
        mut self,
        mut signed: Signed,
        head: Option<LogHead>,
        keys: &[LogKey],
        ask: &Ask<'_>,
    ) -> Result<Report, Unchecked> {
        if let Some(tree) = self.tree.take() {
            let grown = tree.finish(self.conn).await?;
            self.report.tiles = grown.tiles;
            self.report.findings.append(grown.findings);
        }
        if let Some(head) = &head {
            signed.times(head, self.latest);
        }
        self.report.findings.extend(self.claims.check(&signed, keys));
        Ok(self.report.of(signed, head, &self.claims, keys.len(), ask))
    }
}

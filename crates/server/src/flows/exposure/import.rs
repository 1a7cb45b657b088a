//! A leak from its first byte to its cohort: opened, looked at, matched, put on record.

use super::freshness::{self, Found};
use super::leak_sets;
use super::leaks::{self, Matched, NewLeak};
use crate::app::App;
use crate::error::AppError;
use crate::expose::open::Source;
use crate::expose::run::{self, Feed, Findings, Plan, Refused, Watch};
use crate::flows::Result;
use crate::flows::exposure::directory::Standing;
use crate::flows::staff::Actor;
use crate::store::exposure::former;
use crate::store::exposure::leaks::Leak;
use countersign_core::expose::cohort::Accounts;
use countersign_core::expose::key::Kind;
use countersign_core::expose::layout::Layout;
use countersign_core::expose::matching::{Field, Mark};
use countersign_core::expose::read::Fault;
use countersign_core::expose::sets::Sets;
use countersign_core::expose::sniff::{self, Known};
use countersign_core::secret::Digest;
use countersign_core::staff::Reason;
use countersign_mapped::Mapped;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// Sources of one leak, looked at: what will be read, and as what.
#[derive(Debug)]
pub struct Opened {
    /// The files, or the members of an archive.
    pub sources: Vec<Source>,
    /// What their columns are.
    pub layout: Layout,
}

impl Opened {
    /// Looks at the beginning of each source. All must be of one form; `corrections` such as `mail2=email` are applied.
    ///
    /// # Errors
    /// 422 that names the file or the column.
    pub fn look(sources: Vec<Source>, known: &Known, corrections: &[String]) -> Result<Self> {
        let mut layout: Option<Layout> = None;
        for source in &sources {
            let next = sniff::sniff(source.sample(), source.is_whole(), known)
                .map_err(|unclear| unusable(format!("{}: {unclear}", source.label)))?;
            match &layout {
                None => layout = Some(next),
                Some(first) if is_alike(first, &next) => {}
                Some(_) => {
                    let public = format!(
                        "{}: has other columns than {}; match them one by one.",
                        source.label, sources[0].label
                    );
                    return Err(unusable(public));
                }
            }
        }
        let layout = layout.ok_or_else(|| unusable("There is no file."))?;
        let mut opened = Self { sources, layout };
        opened.correct(corrections)?;
        Ok(opened)
    }

    /// Says what columns are.
    ///
    /// # Errors
    /// 422 that names the column; then nothing is changed.
    pub fn correct(&mut self, corrections: &[String]) -> Result<()> {
        let mut layout = self.layout.clone();
        for correction in corrections {
            layout.map(correction).map_err(|bad| AppError::invalid("map", "map_invalid", bad.to_string()))?;
        }
        self.layout = layout;
        Ok(())
    }

    /// Whether there is a column that accounts can be found by.
    ///
    /// # Errors
    /// 422 that lists the columns.
    pub fn check(&self) -> Result<()> {
        if self.layout.finds_accounts() {
            return Ok(());
        }
        let columns: Vec<String> = self.layout.columns.iter().map(ToString::to_string).collect();
        let public = format!(
            "No column names an account. Say which one does, such as `{}=email`. Columns: {}",
            self.layout.columns.first().map_or("column", |column| &column.name),
            columns.join("; ")
        );
        Err(AppError::invalid("map", "map_needed", public))
    }
}

/// The same form and the same names in the same order.
fn is_alike(one: &Layout, other: &Layout) -> bool {
    let names = |layout: &Layout| layout.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    one.format == other.format && names(one) == names(other)
}

fn unusable(public: impl Into<String>) -> AppError {
    AppError::invalid("file", "leak_unusable", public)
}

/// How a leak is to be matched.
#[derive(Debug, Clone)]
pub struct How {
    /// What it is called here.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// The country of phone numbers whose record names none: two letters.
    pub region: Option<String>,
    /// Whether the same files may have been matched before.
    pub again: bool,
    /// Threads.
    pub threads: usize,
}

/// What an import came to.
#[derive(Debug)]
pub struct Imported {
    /// On record.
    pub leak: Leak,
    /// Of all marks, in no order; the same for the same leak and directory.
    pub checksum: u64,
    /// Seconds that reading and matching took.
    pub match_seconds: f64,
}

/// Reads a leak, matches it against the directory as it is now, and puts what was found on record.
///
/// # Errors
/// 409 `index_building`; 409 `cancelled`; 422 for a source that cannot be read to its end; what `leaks::record` says. Nothing
/// is kept then.
pub async fn import(app: &App, actor: &Actor, opened: Opened, how: How, watch: Arc<Watch>) -> Result<Imported> {
    super::cohorts::shown_name(&how.name)?;
    opened.check()?;
    let region = region(how.region.as_deref())?;
    let standing = standing(app).await?;
    let described = described(&opened);
    let labels: Vec<String> = opened.sources.iter().map(|source| source.label.clone()).collect();
    let (begun, of_run, threads) = (app.clock.now(), standing.clone(), how.threads);
    let found = apart(move || matched(opened, &of_run, region, threads, &watch)).await?;
    let found = found.map_err(|refused| told(refused, &labels))?;
    let match_seconds = app.clock.now().since(begun).as_secs_f64();
    let checksum = found.findings.marks.checksum();
    let matched = Work { app, found, standing: &standing }.settle(described, match_seconds).await?;
    let new = NewLeak { name: how.name, reason: how.reason, again: how.again, matched };
    let leak = leaks::record(app, actor, new).await?;
    Ok(Imported { leak, checksum, match_seconds })
}

fn region(code: Option<&str>) -> Result<Option<[u8; 2]>> {
    let Some(code) = code else { return Ok(None) };
    let wrong = || AppError::invalid("region", "region_invalid", "A country is named by two letters, such as FR.");
    let code: [u8; 2] = code.trim().as_bytes().try_into().map_err(|_| wrong())?;
    if code.iter().all(u8::is_ascii_alphabetic) { Ok(Some(code.map(|c| c.to_ascii_uppercase()))) } else { Err(wrong()) }
}

/// The directory as it is now.
async fn standing(app: &App) -> Result<Arc<Standing>> {
    super::directory::follow(app).await?;
    app.exposure.directory.shown().ok_or_else(|| {
        let done = app.exposure.directory.progress().map(|(done, all)| format!(": {done} of {all} accounts"));
        let public = format!("The index of the directory is being built{}.", done.unwrap_or_default());
        AppError::new(409, "index_building", public)
    })
}

fn told(refused: Refused, labels: &[String]) -> AppError {
    match refused {
        Refused::Cancelled => AppError::new(409, "cancelled", "It was cancelled. Nothing was kept."),
        Refused::Source { source_number, error } => {
            let label = labels.get(source_number).map_or("", String::as_str);
            unusable(format!("{label}: {error}. Nothing was kept."))
        }
        Refused::Thread => AppError::internal("a thread of an import ended in the middle"),
    }
}

/// What was found, before anybody is asked about it.
struct Raw {
    findings: Findings,
    sets: Sets,
}

/// Runs what may wait for somebody else on a thread of its own. A server that stops does not wait for it: nothing of it is on
/// record yet, and whoever was sending is told when they come again.
///
/// # Errors
/// 500 where the thread ended in the middle.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let started = std::thread::Builder::new().name("leak".into()).spawn(move || {
        // Nobody waits any more: then nobody wants to know.
        let _ = tell.send(work());
    });
    started.map_err(|error| AppError::unavailable(error.to_string()))?;
    told.await.map_err(|_| AppError::internal("a thread of an import ended in the middle"))
}

/// On threads that may take long.
fn matched(
    opened: Opened,
    standing: &Standing,
    region: Option<[u8; 2]>,
    threads: usize,
    watch: &Watch,
) -> std::result::Result<Raw, Refused> {
    let refuse = |source_number| move |error: run::BlockError| Refused::Source { source_number, error };
    // Files that lie there as they are need no copy.
    let maps: Vec<Option<(Mapped, usize)>> = opened.sources.iter().map(mapped).collect();
    let mut feeds = vec![];
    for (number, (source, map)) in opened.sources.into_iter().zip(&maps).enumerate() {
        feeds.push(match map {
            Some((map, front)) => Feed::Whole(&map[*front..]),
            None => {
                let blocks = source.blocks().map_err(|error| refuse(number)(error.into()))?;
                Feed::Blocks(Box::new(blocks.map(|block| block.map_err(Into::into))))
            }
        });
    }
    let plan = Plan {
        layout: &opened.layout,
        region,
        view: standing.view(),
        key: standing.key(),
        accounts: standing.accounts,
        formers: standing.formers,
        threads,
    };
    let findings = run::run(feeds, plan, watch)?;
    let sets = Sets::of(&findings.marks, standing.accounts);
    Ok(Raw { findings, sets })
}

/// Where it cannot be mapped it is read.
fn mapped(source: &Source) -> Option<(Mapped, usize)> {
    let (path, front) = source.as_it_lies()?;
    let map = Mapped::open(path).ok()?;
    (front <= map.len()).then_some((map, front))
}

/// The files and their columns, for the report.
fn described(opened: &Opened) -> Map<String, Value> {
    let file = |source: &Source| {
        json!({
            "name": source.label, "packing": source.packing.as_str(), "letters": source.letters.name(), "bytes": source.size,
        })
    };
    let column = |column: &countersign_core::expose::layout::Column| json!({ "name": column.name, "field": column.field.map(Field::as_str), "sure": column.sure.as_str() });
    let mut told = Map::new();
    told.insert("files".into(), opened.sources.iter().map(file).collect());
    told.insert("format".into(), opened.layout.format.as_str().into());
    told.insert("columns".into(), opened.layout.columns.iter().map(column).collect());
    told
}

struct Work<'a> {
    app: &'a App,
    found: Raw,
    standing: &'a Standing,
}

impl Work<'_> {
    async fn settle(self, mut told: Map<String, Value>, seconds: f64) -> Result<Matched> {
        let Raw { findings, mut sets } = self.found;
        let (tally, marks) = (findings.tally, findings.marks);
        let formers: Vec<(u32, Mark)> = marks.formers().collect();
        let by = |kind: Kind| sets.by[Kind::ALL.iter().position(|k| *k == kind).unwrap_or_default()].clone();
        let numbers = Accounts::of(formers.iter().map(|(number, _)| *number));
        let freshness = freshness::ask(
            self.app,
            &Found {
                formers: &numbers,
                email: &by(Kind::Address),
                phone: &by(Kind::Phone),
                user: &by(Kind::UserName),
                all: &sets.all,
            },
        )
        .await?;
        let former = only_former(self.app, &formers, &mut sets).await?;
        let samples = tally.samples.iter().map(|sample| {
            json!({
                "line": sample.line, "fault": sample.fault.as_str(), "bytes": sample.len, "looks_like": sample.shape,
            })
        });
        told.insert("samples".into(), samples.collect());
        told.insert("skipped".into(), tally.skipped.into());
        told.insert("contradicting_rows".into(), tally.contradictions.rows.into());
        told.insert("rows_showing".into(), by_field(&tally.shown).into());
        told.insert("unusable".into(), by_field(&tally.unusable).into());
        told.insert("checksum".into(), format!("{:016x}", marks.checksum()).into());
        told.insert("key_generation".into(), self.standing.generation.into());
        told.insert("seconds".into(), ((seconds * 1000.0).round() / 1000.0).into());
        let contradicted = Accounts::of(tally.contradictions.accounts.iter().copied());
        Ok(Matched {
            digest: digest(&findings.digests),
            rows: tally.rows,
            bad: Fault::ALL.iter().map(|f| (f.as_str(), tally.bad[*f as usize])).filter(|(_, n)| *n > 0).collect(),
            sets: named(sets, former, contradicted),
            freshness,
            told,
        })
    }
}

fn by_field(counts: &[u64; Field::ALL.len()]) -> Map<String, Value> {
    let named = Field::ALL.into_iter().map(|field| (field.as_str().to_owned(), counts[field as usize]));
    named.filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into())).collect()
}

/// Accounts that only a value matched which they had before; they are put into the sets.
async fn only_former(app: &App, formers: &[(u32, Mark)], sets: &mut Sets) -> Result<Accounts> {
    let mut only = Accounts::new();
    if formers.is_empty() {
        return Ok(only);
    }
    let conn = &mut app.store.read().await?;
    let owners: HashMap<u32, u32> = former::owners(conn, formers.iter().map(|(number, _)| *number).collect()).await?;
    for (number, mark) in formers {
        let Some(account) = owners.get(number) else { continue };
        if !sets.all.contains(*account) {
            only.insert(*account);
        }
        if only.contains(*account) {
            sets.add_former(*account, *mark);
        }
    }
    Ok(only)
}

fn named(sets: Sets, former: Accounts, contradicted: Accounts) -> Vec<(String, Accounts)> {
    let mut all = vec![
        (leak_sets::ALL.to_owned(), sets.all),
        (leak_sets::STRONG.to_owned(), sets.strong),
        (leak_sets::FORMER.to_owned(), former),
        (leak_sets::CONTRADICTED.to_owned(), contradicted),
    ];
    all.extend(sets.by.into_iter().zip(Kind::ALL).map(|(set, kind)| (leak_sets::by(kind), set)));
    all.extend(sets.shows.into_iter().zip(Field::ALL).map(|(set, field)| (leak_sets::shows(field), set)));
    all.retain(|(name, set)| name == leak_sets::ALL || !set.is_empty());
    all
}

/// Of one source its own; of several SHA-256 of theirs, in their order.
fn digest(sources: &[[u8; 32]]) -> Digest {
    match sources {
        [one] => Digest::new(*one),
        all => Digest::new(Sha256::digest(all.concat()).into()),
    }
}

//! Entries for staff: a list without contents, one with its content and its proof, and how the log stands.
//!
//! Whoever looks at a person's entries, or at what an entry says, leaves an entry.

use super::own::{By, EXPORTED};
use super::read;
use super::start::Chain;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::StoreError;
use crate::store::evidence::{self, Draft};
use crate::store::log::{self, EntryRow, Filter};
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use countersign_evidence::content::Content;
use countersign_evidence::note::VerifierKey;
use countersign_evidence::policy::Judgement;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::rotation::Rotation;
use serde_json::{Value, json};

/// Most entries on a page.
pub const PAGE: i64 = 100;
/// Entries that are looked through for one page of a kind: there is no index over kinds, since every entry would pay for it.
const LOOKED_THROUGH: u64 = 10_000;

/// What is listed.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Entries after this number.
    pub after: u64,
    /// At most so many.
    pub limit: i64,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only about this account.
    pub account: Option<AccountId>,
}

/// A page of entries, without contents.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The entries.
    pub entries: Vec<EntryRow>,
    /// `after` of the next page; it may come where this page has no entry. `None`: there is no more.
    pub next: Option<u64>,
}

/// Lists entries. A list about an account is a look at a person, and leaves an entry about that account.
///
/// # Errors
/// 503.
pub async fn list(app: &App, ask: &Ask, by: &By) -> Result<Listed> {
    let mut conn = app.store.read().await?;
    let highest = log::highest(&mut conn).await?;
    let until = match (&ask.kind, &ask.account) {
        (Some(_), None) => ask.after.saturating_add(LOOKED_THROUGH).min(highest),
        _ => highest,
    };
    let filter = Filter { kind: ask.kind.as_deref(), account: ask.account.as_ref() };
    let entries = log::list(&mut conn, ask.after, until, ask.limit, &filter).await?;
    drop(conn);
    let full = entries.len() as i64 == ask.limit;
    let next = if full { entries.last().map(|e| e.number) } else { Some(until) };
    if let Some(account) = &ask.account {
        let what = json!({ "listed": entries.len(), "by": by.as_str() });
        look(app, Draft::new(EXPORTED, Some(account), what, app.clock.now(), &mut app.rng())).await?;
    }
    Ok(Listed { entries, next: next.filter(|next| *next < highest) })
}

pub(super) async fn look(app: &App, entry: Draft) -> Result<()> {
    let recorded: std::result::Result<(), StoreError> =
        app.store.write(move |conn| Box::pin(async move { evidence::append(conn, vec![entry]).await })).await;
    Ok(recorded?)
}

/// One entry with what it says.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The row.
    pub row: EntryRow,
    /// What it says; `None` once erased.
    pub what: Option<Value>,
    /// Its place under the served checkpoint; `None` for a moment after it was written.
    pub proof: Option<ProofFile>,
}

/// Opens an entry. Who looks at its content leaves an entry, about the same account.
///
/// # Errors
/// 404; 503.
pub async fn open(app: &App, id: &str, by: &By) -> Result<Opened> {
    let row = log::entry_by_id(&mut app.store.read().await?, id).await?;
    let row = row.ok_or_else(|| AppError::not_found("There is no such entry, or it has no number yet."))?;
    let opening = read::opening(&row);
    let what = match &opening {
        Some(opening) => Some(Content::read(&opening.payload).map_err(|e| AppError::internal(e.to_string()))?.what),
        None => None,
    };
    if what.is_some() {
        let subject = row.subject.as_deref().and_then(|subject| AccountId::parse(subject).ok());
        let said = json!({ "entry": row.number, "by": by.as_str() });
        look(app, Draft::new(EXPORTED, subject.as_ref(), said, app.clock.now(), &mut app.rng())).await?;
    }
    let proof = read::proof(app, row.number, opening.as_ref()).await?;
    Ok(Opened { row, what, proof })
}

/// How the log stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The key that signs; its name is the log's.
    pub key: VerifierKey,
    /// From which size on it signs.
    pub key_from_size: u64,
    /// The newest checkpoint.
    pub newest: read::Published,
    /// The one that is served.
    pub published: read::Published,
    /// What its cosignatures amount to.
    pub witnesses: Judgement,
    /// When the last time stamp was taken.
    pub stamped_at: Option<Timestamp>,
    /// Why nothing is signed any more, if so.
    pub doubt: Option<String>,
}

/// How the log stands, as this process sees it.
///
/// # Errors
/// 503.
pub async fn status(app: &App) -> Result<Status> {
    let (newest, published) = (read::newest(app).await?, read::published(app).await?);
    let mut conn = app.store.read().await?;
    let chain = Chain::read(&log::keys(&mut conn).await?)?;
    let stamped_at = log::last_stamp(&mut conn).await?.map(|(_, at)| at);
    let witnesses = app.log.policy().judge(&published.note).map_err(|e| AppError::internal(e.to_string()))?;
    Ok(Status {
        key: chain.last().clone(),
        key_from_size: chain.rotations().last().map_or(0, Rotation::size),
        newest,
        published,
        witnesses,
        stamped_at,
        doubt: app.log.doubt(),
    })
}

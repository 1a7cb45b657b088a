//! Erases what entries say about a person, for good: payload and salt go, the commitment stays, so that every proof holds.
//!
//! An entry says which numbers were erased, how many, why and by whom, and nothing about whom. An entry that names no
//! account cannot be found by one and is not erased: `recovery.requested` has the network that it came from and the family
//! of the device.

use super::integrate::integrate;
use super::own::{By, ERASED};
use super::spans::Spans;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::erasure::{self, Blanked};
use crate::store::evidence::{self, Draft};
use crate::store::{Conn, directory};
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use rand::rngs::StdRng;
use serde_json::json;

/// Entries, and messages, that are erased in one transaction.
pub const CHUNK: i64 = 1000;
/// Rounds that find nothing although something is there: entries that a node commits while we look.
const MOST_IDLE: u32 = 5;
/// Longest code of a reason.
const MOST_REASON: usize = 40;
/// The reason where none is named.
pub const DEFAULT_REASON: &str = "request";

/// Whose content is erased, why and by whom.
#[derive(Debug, Clone)]
pub struct Erase {
    /// Whose.
    pub account: AccountId,
    /// A code, never a text about a person: it stays for ever.
    pub reason: String,
    /// By whom.
    pub by: By,
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Contents of entries.
    pub entries: u64,
    /// Addresses and facts of messages that were closed.
    pub messages: u64,
    /// Messages that are under way and keep their address until they are closed.
    pub open_messages: u64,
    /// Entries that say so.
    pub recorded: u64,
    /// Whether the database file is rid of the content too (SQLite). `None` on PostgreSQL, where VACUUM and its log decide.
    pub overwritten: Option<bool>,
}

/// Erases everything about an account, in chunks of [`CHUNK`]: each of them as a whole or not at all, with the entry that
/// says so. `progress` is told how many contents are gone.
///
/// # Errors
/// 422 for a reason that is no code; 404 where nothing names this account; 503.
pub async fn erase(app: &App, ask: &Erase, mut progress: impl FnMut(u64)) -> Result<Erased> {
    check_reason(&ask.reason)?;
    is_known(app, &ask.account).await?;
    let (mut all, mut idle) = (Erased::default(), 0);
    while idle < MOST_IDLE {
        if app.store.fresh().is_none() {
            // On PostgreSQL an entry is numbered as it comes into the tree; only then can it be named.
            while integrate(app).await?.more {}
        }
        let done = chunk(app, ask).await?;
        if done == Blanked::default() {
            // What was committed together with this chunk is seen only now.
            idle = if erasure::any(&mut app.store.read().await?, &ask.account).await? { idle + 1 } else { MOST_IDLE };
            continue;
        }
        all.entries += done.entries.len() as u64;
        all.messages += done.messages;
        all.recorded += 1;
        progress(all.entries);
    }
    all.open_messages = erasure::open_messages(&mut app.store.read().await?, &ask.account).await?;
    all.overwritten = app.store.forget_old_pages().await?;
    Ok(all)
}

fn check_reason(reason: &str) -> Result<()> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if (1..=MOST_REASON).contains(&reason.len()) && reason.bytes().all(fits) {
        return Ok(());
    }
    let public = "A reason is a code of 1 to 40 characters of a-z, 0-9, - and _; it must not name anybody.";
    Err(AppError::invalid("reason", "reason_invalid", public))
}

async fn is_known(app: &App, account: &AccountId) -> Result<()> {
    let mut conn = app.store.read().await?;
    let known = directory::by_id(&mut conn, account).await?.is_some() || erasure::any(&mut conn, account).await?;
    if known { Ok(()) } else { Err(AppError::not_found("There is no such account, and no entry names it.")) }
}

async fn chunk(app: &App, ask: &Erase) -> Result<Blanked> {
    let (ask, now, mut rng) = (ask.clone(), app.clock.now(), app.rng());
    app.store.write(move |conn| Box::pin(async move { erase_some(conn, &ask, now, &mut rng).await })).await
}

async fn erase_some(conn: &mut Conn, ask: &Erase, now: Timestamp, rng: &mut StdRng) -> Result<Blanked> {
    let done = erasure::blank(conn, &ask.account, CHUNK).await?;
    if done != Blanked::default() {
        let spans = Spans::of(done.entries.iter().map(|number| (*number, *number)).collect());
        let what = json!({
            "entries": spans.to_json(), "count": spans.count(), "messages": done.messages, "reason": ask.reason,
            "by": ask.by.as_str(),
        });
        evidence::append(conn, vec![Draft::new(ERASED, None, what, now, rng)]).await?;
    }
    Ok(done)
}

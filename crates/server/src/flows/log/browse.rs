//! The evidence for people who leaf through it: from its end backwards, by kind, by account, by day.

use super::entries::look;
use super::own::{By, EXPORTED};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::Conn;
use crate::store::browse::{self, LOOK};
use crate::store::evidence::Draft;
use crate::store::log::{self, EntryRow, Filter};
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use serde_json::json;

/// Entries on one page.
pub const PAGE: i64 = 50;

/// What is shown.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Entries before this number; the newest ones where it is `None`.
    pub before: Option<u64>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only about this account.
    pub account: Option<AccountId>,
}

/// One page, without what the entries say.
#[derive(Debug, Clone)]
pub struct Page {
    /// The newest first.
    pub entries: Vec<EntryRow>,
    /// `before` of the next page, if there may be one.
    pub next: Option<u64>,
    /// From which number on entries were looked through, where only entries of a kind are shown.
    pub looked_from: Option<u64>,
    /// The highest number there is.
    pub newest: u64,
    /// Entries up to this number are under a checkpoint that is served.
    pub published: u64,
}

/// One page. A list about an account is a look at a person, and leaves an entry about that account.
///
/// # Errors
/// 503.
pub async fn page(app: &App, ask: &Ask, by: &By) -> Result<Page> {
    let mut conn = app.store.read().await?;
    let newest = log::highest(&mut conn).await?;
    let published = log::head(&mut conn).await?.map_or(0, |head| head.published_size);
    let to = ask.before.map_or(newest, |before| before.saturating_sub(1).min(newest));
    let looks = ask.kind.is_some() && ask.account.is_none();
    let from = if looks { to.saturating_sub(LOOK - 1).max(1) } else { 1 };
    let filter = Filter { kind: ask.kind.as_deref(), account: ask.account.as_ref() };
    let mut entries = browse::backwards(&mut conn, (from, to), PAGE + 1, &filter).await?;
    drop(conn);
    let full = entries.len() as i64 > PAGE;
    entries.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let last = if full { entries.last().map(|entry| entry.number) } else { Some(from) };
    if let Some(account) = &ask.account {
        let what = json!({ "listed": entries.len(), "by": by.as_str() });
        look(app, Draft::new(EXPORTED, Some(account), what, app.clock.now(), &mut app.rng())).await?;
    }
    let next = last.filter(|number| *number > 1 && (full || looks));
    Ok(Page { entries, next, looked_from: looks.then_some(last.unwrap_or(from)), newest, published })
}

/// The number of the first entry that was written at `at` or later, by halving: times follow numbers but for the little by
/// which a clock was set back, so what it finds is where people look on from.
///
/// # Errors
/// 404 where nothing was written since; 503.
pub async fn first_since(app: &App, at: Timestamp) -> Result<u64> {
    let mut conn = app.store.read().await?;
    let (mut low, mut high) = (1, log::highest(&mut conn).await? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match browse::time_from(&mut conn, middle).await? {
            Some((number, time)) if time < at => low = number + 1,
            _ => high = middle,
        }
    }
    let found = browse::time_from(&mut conn, low).await?;
    found.map(|(number, _)| number).ok_or_else(|| AppError::not_found("Nothing was written on that day or since."))
}

/// An entry by its id, or by its number.
///
/// # Errors
/// 404; 503.
pub async fn named(conn: &mut Conn, name: &str) -> Result<EntryRow> {
    let found = match name.parse::<u64>() {
        Ok(number) => browse::by_number(conn, number).await?,
        Err(_) => log::entry_by_id(conn, name).await?,
    };
    found.ok_or_else(|| AppError::not_found("There is no such entry, or it has no number yet."))
}

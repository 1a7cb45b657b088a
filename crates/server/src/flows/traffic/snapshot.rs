//! What everybody who looks at the same moment sees.

use super::facts;
use super::settle::complete;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::exposure::numbers::{self, ExposureNow};
use crate::store::Conn;
use crate::store::log::{self, LogHead};
use crate::store::traffic::{self, Settled};
use countersign_core::time::Timestamp;
use countersign_core::traffic::{Facts, Overview, Row, Series, Window, judge};
use std::sync::Arc;
use std::time::Duration;

/// A look at the database serves everybody for this long.
const FRESH: Duration = Duration::from_secs(1);

/// The evidence log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogNow {
    /// Entries that the newest checkpoint counts.
    pub size: u64,
    /// When that was published.
    pub published_at: Timestamp,
    /// Whether the witnesses have cosigned it; `None` where there are none.
    pub witnessed: Option<bool>,
}

/// The numbers, and what they mean.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Timestamp,
    /// The window.
    pub series: Series,
    /// What was judged.
    pub facts: Facts,
    /// The judgement.
    pub overview: Overview,
    /// The evidence log; `None` where none was begun.
    pub log: Option<LogNow>,
    /// Leaked mailboxes and containments.
    pub exposure: ExposureNow,
    /// Whether a recovery was ever asked for, as far as the numbers reach.
    pub anything: bool,
}

/// A snapshot, or that there was none, and when.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    at: Timestamp,
    what: Option<Arc<Snapshot>>,
}

/// What is to be seen now. Everybody who asks within a second gets the same; while one asks the database, others wait.
///
/// # Errors
/// 503 where the database is away, for a second without asking it again.
pub async fn snapshot(app: &App, window: Window) -> Result<Arc<Snapshot>> {
    let mut shown = app.traffic.shown[window as usize].lock().await;
    let now = app.clock.now();
    if let Some(shown) = shown.as_ref().filter(|shown| now.since(shown.at) < FRESH) {
        return shown.what.clone().ok_or_else(|| AppError::unavailable("the last look at the numbers failed"));
    }
    let looked = look(app, window, now).await.map(Arc::new);
    *shown = Some(Shown { at: now, what: looked.as_ref().ok().cloned() });
    looked
}

async fn look(app: &App, window: Window, now: Timestamp) -> Result<Snapshot> {
    let mut conn = app.store.read().await?;
    let kept = kept(&mut conn, window, now).await?;
    let (young, per_minute, first) = {
        let mut recent = app.traffic.recent.lock().await;
        let first = recent.refresh(&mut conn, kept.settled.until, now).await?;
        (recent.rows(), recent.per_minute(now), first)
    };
    // While settling is behind, what lies between is unknown, and so is everything before.
    let since = if first > kept.settled.until { first } else { kept.settled.since };
    let hour = fold(Window::Hour, now, since, kept.hour, &young).total();
    let series = fold(window, now, since, kept.window, &young);
    let head = log::head(&mut conn).await?;
    let facts = facts::gather(app, &mut conn, hour, per_minute, head.as_ref(), now).await?;
    let anything = traffic::earliest(&mut conn).await?.is_some();
    let log = head.map(|head| log_now(app, &head));
    Ok(Snapshot { at: now, overview: judge(&facts), series, facts, log, exposure: numbers::now(app, now), anything })
}

/// What is settled.
struct Kept {
    settled: Settled,
    hour: Vec<Row>,
    window: Vec<Row>,
}

/// Reads what is settled as of one moment: a minute that is settled while this reads would be counted twice, here and among
/// the youngest. That happens once a minute, and not twice in a row.
async fn kept(conn: &mut Conn, window: Window, now: Timestamp) -> Result<Kept> {
    let mut settled = traffic::settled(conn).await?;
    loop {
        // Before the first count only the youngest minutes are known.
        let begins = complete(now);
        let known = settled.unwrap_or(Settled { since: begins, until: begins });
        let hour = traffic::kept(conn, Window::Hour, Window::Hour.first_minute(now), known.until).await?;
        let rows = traffic::kept(conn, window.kept(), window.first_minute(now), known.until).await?;
        let after = traffic::settled(conn).await?;
        if after == settled {
            return Ok(Kept { settled: known, hour, window: rows });
        }
        settled = after;
    }
}

fn fold(window: Window, now: Timestamp, since: i64, kept: Vec<Row>, young: &[Row]) -> Series {
    let known = kept.into_iter().filter(|row| row.minute + window.step() > since);
    Series::fold(window, now, since, known.chain(young.iter().copied()))
}

fn log_now(app: &App, head: &LogHead) -> LogNow {
    let witnessed = (!app.log.policy().witnesses().is_empty()).then_some(head.witnessed);
    LogNow { size: head.published_size, published_at: head.published_at, witnessed }
}

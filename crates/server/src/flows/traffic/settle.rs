//! Minutes that are over are counted once and kept, so that nobody counts a fortnight of rows.

use crate::app::App;
use crate::flows::Result;
use crate::store::{StoreError, traffic};
use countersign_core::time::Timestamp;
use countersign_core::traffic::{MINUTE, Window, minute_of};
use std::time::Duration;

/// A minute is counted this long after its end: everything that happened in it is committed then. The database gives up
/// after ten seconds, and the clocks of several nodes may differ by the rest.
const GRACE: Duration = Duration::from_secs(MINUTE as u64);
/// Minutes counted in one go, so that a start after a pause is not one long statement.
const MOST: i64 = 60;
/// How far back the first count goes: closed requests are kept this long (`flows::housekeeping`).
const FIRST: Duration = Duration::from_secs(14 * 24 * 3600);

/// The first minute that is not to be counted yet.
pub(super) fn complete(now: Timestamp) -> i64 {
    minute_of(now.minus(GRACE))
}

/// Counts minutes that are over; whether there are more. Safe to run on several nodes and to be killed at any point: the
/// numbers and how far they reach are written together, and of two nodes that counted the same one writes.
///
/// # Errors
/// 503 where the database is away.
pub async fn settle(app: &App) -> Result<bool> {
    let complete = complete(app.clock.now());
    let mut conn = app.store.read().await?;
    let Some(settled) = traffic::settled(&mut conn).await? else {
        let since = match traffic::earliest(&mut conn).await? {
            Some(earliest) => minute_of(earliest.max(app.clock.now().minus(FIRST))).min(complete),
            None => complete,
        };
        drop(conn);
        let begun: std::result::Result<(), StoreError> =
            app.store.write(move |conn| Box::pin(async move { traffic::begin(conn, since).await })).await;
        begun?;
        return Ok(true);
    };
    let (from, until) = (settled.until, complete.min(settled.until + MOST));
    if until <= from {
        return Ok(false);
    }
    let rows = traffic::count_minutes(&mut conn, from, until).await?;
    drop(conn);
    let kept: std::result::Result<bool, StoreError> =
        app.store.write(move |conn| Box::pin(async move { traffic::settle(conn, &rows, from, until).await })).await;
    kept?;
    Ok(until < complete)
}

/// How long the steps of a window are kept.
const fn kept_for(window: Window) -> Duration {
    let days = match window {
        Window::Glance | Window::Hour => 15,
        Window::Day => 90,
        Window::Fortnight => 400,
    };
    Duration::from_secs(days * 24 * 3600)
}

/// Forgets old numbers; how many rows.
///
/// # Errors
/// 503 where the database is away.
pub async fn forget(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let forgotten: std::result::Result<u64, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let mut rows = 0;
                for window in Window::ALL {
                    rows += traffic::forget(conn, window, now.minus(kept_for(window))).await?;
                }
                Ok(rows)
            })
        })
        .await;
    Ok(forgotten?)
}

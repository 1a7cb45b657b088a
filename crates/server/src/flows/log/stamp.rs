//! Time stamps of an outside authority over the published checkpoint (RFC 3161).

use super::own::Stamped;
use super::read::{self, Published};
use crate::app::App;
use crate::flows::Result;
use crate::store::log::{self, LogStamp};
use crate::store::{StoreError, evidence};
use countersign_core::time::Timestamp;

/// The checkpoint that is to be stamped now; `None` while the last stamp is young, or is over this very checkpoint.
///
/// # Errors
/// 503.
pub async fn due(app: &App) -> Result<Option<Published>> {
    let mut conn = app.store.read().await?;
    let last = log::last_stamp(&mut conn).await?;
    drop(conn);
    let every = app.config.evidence.time_stamp_every.duration();
    let young = |(_, at): (u64, Timestamp)| app.clock.now().since(at) < every;
    if last.is_some_and(young) {
        return Ok(None);
    }
    let published = read::published(app).await?;
    let same = last.is_some_and(|(size, _)| size == published.head.size);
    Ok((published.head.size > 0 && !same).then_some(published))
}

/// Records a stamp and the entry that names it. `false` where this checkpoint has one already.
///
/// # Errors
/// 503.
pub async fn record(app: &App, stamp: LogStamp) -> Result<bool> {
    let entry = Stamped::of(&stamp).draft(app.clock.now(), &mut app.rng());
    let recorded: std::result::Result<bool, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let first = log::add_stamp(conn, &stamp).await?;
                if first {
                    evidence::append(conn, vec![entry]).await?;
                }
                Ok(first)
            })
        })
        .await;
    Ok(recorded?)
}

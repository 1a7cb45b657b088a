//! Time stamps of an outside authority over the published checkpoint.

use super::read::{self, Published};
use crate::app::App;
use crate::flows::Result;
use crate::store::StoreError;
use crate::store::evidence::{self, Draft};
use crate::store::log::{self, LogStamp};
use countersign_core::time::Timestamp;
use serde_json::json;

/// The checkpoint that is to be stamped now; `None` while the last stamp is young, or is over this very checkpoint.
///
/// # Errors
/// 503.
pub async fn due(app: &App) -> Result<Option<Published>> {
    let mut conn = app.store.read().await?;
    let stamps = log::last_stamp(&mut conn).await?;
    drop(conn);
    let young = |(_, at): (u64, Timestamp)| app.clock.now().since(at) < app.config.evidence.time_stamp_every.duration();
    if stamps.is_some_and(young) {
        return Ok(None);
    }
    let published = read::published(app).await?;
    let same = stamps.is_some_and(|(size, _)| size == published.head.size);
    Ok((published.head.size > 0 && !same).then_some(published))
}

/// Records a stamp with its entry; `false` where another node has one for this size already.
///
/// # Errors
/// 503.
pub async fn record(app: &App, of: &Published, token: Vec<u8>, at: Timestamp, authority: String) -> Result<bool> {
    let now = app.clock.now();
    let what = json!({ "authority": authority, "size": of.head.size, "stamped_at": at.micros() });
    let entry = Draft::new("log.time_stamped", None, what, now, &mut app.rng());
    let stamp = LogStamp { size: of.head.size, checkpoint: of.note.to_string(), token, stamped_at: at, authority };
    let recorded: std::result::Result<bool, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let ours = log::add_stamp(conn, &stamp).await?;
                if ours {
                    evidence::append(conn, vec![entry]).await?;
                }
                Ok(ours)
            })
        })
        .await;
    Ok(recorded?)
}

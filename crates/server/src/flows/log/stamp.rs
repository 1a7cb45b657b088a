//! Keeps a time stamp that an outside authority put to a checkpoint (RFC 3161).

use super::own::Stamped;
use crate::app::App;
use crate::flows::Result;
use crate::store::log::{self, LogStamp};
use crate::store::{StoreError, evidence};

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

//! Has the published checkpoint time-stamped by an authority, once in a while.

use crate::app::App;
use crate::attest::Authority;
use crate::error::AppError;
use crate::flows::log::read::{self, Published};
use crate::flows::log::stamp;
use crate::store::log::LogStamp;
use rand::Rng;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often to look whether it is time.
const PAUSE: Duration = Duration::from_secs(20);

pub(super) async fn run(app: App, authority: Authority, mut stopped: watch::Receiver<bool>) {
    let never = Notify::new();
    while super::wait(&never, PAUSE, &mut stopped).await {
        if let Err(error) = stamp_if_due(&app, &authority).await {
            tracing::error!(code = error.code, internal = error.internal, "a checkpoint could not be time-stamped");
        }
    }
}

/// Takes a time stamp if it is time for one; whether it did.
///
/// # Errors
/// The authority's or the database's; it is tried again at the next look.
pub async fn stamp_if_due(app: &App, authority: &Authority) -> Result<bool, AppError> {
    match stamp::due(app).await? {
        Some(due) => take(app, authority, &due).await.map(|_| true),
        None => Ok(false),
    }
}

/// Takes a time stamp over what is published now.
///
/// # Errors
/// The authority's or the database's.
pub async fn stamp_now(app: &App, authority: &Authority) -> Result<LogStamp, AppError> {
    take(app, authority, &read::published(app).await?).await
}

async fn take(app: &App, authority: &Authority, of: &Published) -> Result<LogStamp, AppError> {
    let checkpoint = of.note.to_string();
    let stamped = authority.stamp(checkpoint.as_bytes(), app.rng().next_u64()).await;
    let stamped = stamped.map_err(|error| AppError::unavailable(format!("time stamp authority: {error}")))?;
    let authority = app.config.evidence.time_stamp_url.clone().unwrap_or_default();
    let stamp = LogStamp { size: of.head.size, checkpoint, token: stamped.reply, stamped_at: stamped.at, authority };
    stamp::record(app, stamp.clone()).await?;
    Ok(stamp)
}

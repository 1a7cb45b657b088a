//! Makes a checkpoint what is served, once its witnesses have cosigned it or have taken too long.

use crate::app::App;
use crate::flows::Result;
use crate::store::StoreError;
use crate::store::log;
use countersign_evidence::note::Note;

/// Records what is served from now on. `false` where something newer is served already.
///
/// # Errors
/// 503.
pub async fn publish(app: &App, size: u64, note: &Note, witnessed: bool) -> Result<bool> {
    let (text, now) = (note.to_string(), app.clock.now());
    let published: std::result::Result<bool, StoreError> = app
        .store
        .write(move |conn| Box::pin(async move { log::publish(conn, size, &text, witnessed, now).await }))
        .await;
    Ok(published?)
}

//! An account's messages, for the platform to show in its own app.

use super::{Result, secrets};
use crate::app::App;
use crate::error::AppError;
use crate::store::{directory, messages};
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;

/// Messages on one page.
pub const PAGE: i64 = 50;

/// A message as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The message.
    pub message: messages::Message,
    /// Its countersign code, to compare with the mail.
    pub code: String,
}

/// Lists an account's messages, the newest first, before a time.
///
/// # Errors
/// 404 for an account that is not there.
pub async fn list(app: &App, account: &AccountId, before: Option<Timestamp>, limit: i64) -> Result<Vec<Listed>> {
    let mut conn = app.store.read().await?;
    if directory::by_id(&mut conn, account).await?.is_none() {
        return Err(AppError::not_found("There is no such account."));
    }
    let before = before.unwrap_or(Timestamp::from_micros(i64::MAX));
    let found = messages::of_account(&mut conn, account, before, limit.clamp(1, PAGE)).await?;
    let listed = |message: messages::Message| {
        let code = secrets::countersign(&app.keys, &message.id).to_string();
        Listed { message, code }
    };
    Ok(found.into_iter().map(listed).collect())
}

//! An account's messages, for the platform to show in its own app.

use super::{Result, secrets};
use crate::app::App;
use crate::error::AppError;
use crate::store::{directory, messages};
use countersign_core::ids::{AccountId, MessageId};

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

/// One page of an account's messages.
#[derive(Debug, Clone)]
pub struct Page {
    /// The newest first.
    pub messages: Vec<Listed>,
    /// Where the next page starts, if there is one.
    pub next: Option<MessageId>,
}

/// Lists an account's messages, the newest first, older than `before`.
///
/// # Errors
/// 404 for an account that is not there.
pub async fn list(app: &App, account: &AccountId, before: Option<&MessageId>, limit: i64) -> Result<Page> {
    let mut conn = app.store.read().await?;
    if directory::by_id(&mut conn, account).await?.is_none() {
        return Err(AppError::not_found("There is no such account."));
    }
    let limit = limit.clamp(1, PAGE);
    // One more than is shown tells whether there is a next page.
    let mut found = messages::of_account(&mut conn, account, before, limit + 1).await?;
    let more = usize::try_from(limit).is_ok_and(|limit| found.len() > limit);
    if more {
        found.pop();
    }
    let next = found.last().filter(|_| more).map(|m| m.id.clone());
    let listed = |message: messages::Message| {
        let code = secrets::countersign(&app.keys, &message.id).to_string();
        Listed { message, code }
    };
    Ok(Page { messages: found.into_iter().map(listed).collect(), next })
}

//! The message register: every message that we put on record, for those who are asked "was this from you?".

use super::verify::{self, Standing};
use super::{Result, secrets};
use crate::app::App;
use crate::error::AppError;
use crate::store::messages::{self, Message, State};
use crate::store::register::{self, Found, More, Of, Search};
use crate::store::{Conn, StoreError};
use countersign_core::identifier::EmailAddress;
use countersign_core::ids::{AccountId, MessageId};
use countersign_core::message::{CountersignCode, mask_mailbox};
use countersign_core::time::Timestamp;

/// Messages on one page.
pub const PAGE: i64 = 50;

/// To whom.
#[derive(Debug, Clone)]
pub enum To {
    /// An account.
    Account(AccountId),
    /// Addresses that look like this when they are masked.
    Masked(String),
    /// This address and no other. It is compared, and neither kept nor logged.
    Address(EmailAddress),
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// To whom; to anybody where it is `None`.
    pub to: Option<To>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only older than this one.
    pub before: Option<MessageId>,
}

/// A message with the code that its reader sees.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The message.
    pub message: Message,
    /// Its countersign code.
    pub code: CountersignCode,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The newest first.
    pub messages: Vec<Listed>,
    /// Where the next page starts, if there may be one: it may come where this page is not full, because ten thousand
    /// messages were looked through.
    pub next: Option<MessageId>,
    /// When the oldest message that was looked at was put on record, where there may be more.
    pub looked_back_to: Option<Timestamp>,
}

/// One page of the register.
///
/// # Errors
/// 503.
pub async fn page(app: &App, ask: &Ask) -> Result<Page> {
    let mut conn = app.store.read().await?;
    let Found { messages, looked_to } = found(&mut conn, ask).await?;
    let oldest = match (&looked_to, messages.last()) {
        (Some(id), Some(last)) if last.id == *id => Some(last.created_at),
        (Some(id), _) => register::by_id(&mut conn, id).await?.map(|m| m.created_at),
        (None, _) => None,
    };
    let listed = |message: Message| Listed { code: secrets::countersign(&app.keys, &message.id), message };
    Ok(Page { messages: messages.into_iter().map(listed).collect(), next: looked_to, looked_back_to: oldest })
}

async fn found(conn: &mut Conn, ask: &Ask) -> std::result::Result<Found, StoreError> {
    let of = match &ask.to {
        None => Of::Everybody,
        Some(To::Account(id)) => Of::Account(id),
        Some(To::Masked(masked)) => Of::Masked(masked),
        Some(To::Address(address)) => return to_address(conn, ask, address).await,
    };
    register::search(conn, &search(ask, of)).await
}

const fn search<'a>(ask: &'a Ask, of: Of<'a>) -> Search<'a> {
    Search { of, state: ask.state, before: ask.before.as_ref(), limit: PAGE }
}

/// Masks keep the case of the first letter, and people do not: both are looked through, each as far as the other.
async fn to_address(conn: &mut Conn, ask: &Ask, address: &EmailAddress) -> std::result::Result<Found, StoreError> {
    let mut all = Found { messages: vec![], looked_to: None };
    for masked in masks(address) {
        let found = register::search(conn, &search(ask, Of::Address(&masked, address.lookup()))).await?;
        all.messages.extend(found.messages);
        all.looked_to = all.looked_to.max(found.looked_to);
    }
    all.messages.sort_by(|a, b| b.id.cmp(&a.id));
    if let Some(end) = &all.looked_to {
        all.messages.retain(|message| message.id >= *end);
    }
    if all.messages.len() as i64 > PAGE {
        all.messages.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
        all.looked_to = all.messages.last().map(|message| message.id.clone());
    }
    Ok(all)
}

/// How an address looks when it is masked, with a small and with a capital first letter.
fn masks(address: &EmailAddress) -> Vec<String> {
    let lower = address.lookup();
    let mut chars = lower.chars();
    let capital: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let mut masks = vec![mask_mailbox(lower), mask_mailbox(&format!("{capital}{}", chars.as_str()))];
    masks.dedup();
    masks
}

/// A message and everything that staff may know of it.
#[derive(Debug, Clone)]
pub struct View {
    /// The message.
    pub message: Message,
    /// Its countersign code.
    pub code: CountersignCode,
    /// How far it can be proven.
    pub standing: Standing,
    /// The mail server's last reply, and when the next try is.
    pub more: More,
}

/// One message.
///
/// # Errors
/// 404; 503.
pub async fn message(app: &App, id: &MessageId) -> Result<View> {
    let missing = || AppError::not_found("There is no such message on record.");
    let mut conn = app.store.read().await?;
    let message = register::by_id(&mut conn, id).await?.ok_or_else(missing)?;
    let more = register::more(&mut conn, id).await?.ok_or_else(missing)?;
    drop(conn);
    let standing = verify::standing(app, &message).await?;
    Ok(View { code: secrets::countersign(&app.keys, &message.id), message, standing, more })
}

/// The message of a code.
pub(super) async fn by_code(app: &App, conn: &mut Conn, code: &CountersignCode) -> Result<Option<MessageId>> {
    let hash = secrets::countersign_hash(&app.keys, code);
    Ok(messages::by_code(conn, &hash).await?.map(|message| message.id))
}

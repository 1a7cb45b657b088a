//! The outbox's states around one hand-over: claimed → sending → sent, put back, failed or unknown.
//!
//! `begin` is committed after the mail server said "go ahead" and before the first byte of content leaves, together with the
//! seal of what leaves. So a crash before it is tried again, and a crash after it is not: at most once, at least tried once (invariant R1). What was
//! under way then is `unknown`, is shown as unknown, and its owner may ask for another message at once.

use super::dispatch::end_live_link;
use super::seal::{self, Leaving};
use super::{Result, secrets};
use crate::app::App;
use crate::keyring::Keyring;
use crate::store::evidence::Draft;
use crate::store::messages::{Message, State};
use crate::store::{Conn, StoreError, evidence, messages, tickets};
use countersign_core::ids::{MessageId, TicketId};
use countersign_core::message::Template;
use countersign_core::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// A claim lasts longer than the longest hand-over: eight steps up to the content, the content, and some for the queue.
fn claim_for(app: &App) -> Duration {
    let mail = &app.config.mail;
    mail.timeout.duration() * 8 + mail.content_timeout.duration() + Duration::from_secs(60)
}

/// Messages that are due, claimed for this node.
pub async fn claim(app: &App, limit: i64) -> Result<Vec<Message>> {
    let (node, now, lease) = (app.node.clone(), app.clock.now(), claim_for(app));
    let claimed = app
        .store
        .write(move |conn| Box::pin(async move { messages::claim(conn, &node, now, now.plus(lease), limit).await }));
    Ok(claimed.await?)
}

/// The last step before the content leaves: it is sealed, and under way. `false` where the claim is lost.
///
/// # Errors
/// Whatever keeps the state from being durable; then nothing may leave.
pub async fn begin(app: &App, message: &Message, leaving: &Leaving) -> Result<bool> {
    let (node, now, id, lease) = (app.node.clone(), app.clock.now(), message.id.clone(), claim_for(app));
    let seal = seal::make(app, message, leaving);
    let begun: std::result::Result<bool, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let begun = messages::begin(conn, &id, &node, now.plus(lease)).await?;
                if begun {
                    seal::record(conn, &id, seal).await?;
                }
                Ok(begun)
            })
        })
        .await;
    Ok(begun?)
}

/// How a hand-over ended, as far as the outbox is concerned.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The server took it.
    Sent,
    /// To be tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why; no address in it.
        reason: String,
        /// Whether `begin` had counted the try.
        counted: bool,
    },
    /// Never again.
    Failed {
        /// Why; no address in it.
        reason: String,
    },
    /// Nobody knows.
    Unknown {
        /// Why; no address in it.
        reason: String,
    },
}

/// Records how a hand-over ended.
pub async fn finish(app: &App, message: &Message, ended: Ended) -> Result<()> {
    let kind = match &ended {
        Ended::Sent => "sent",
        Ended::Again { .. } => "retried",
        Ended::Failed { .. } => "failed",
        Ended::Unknown { .. } => "unknown",
    };
    let (now, mut rng) = (app.clock.now(), app.rng());
    let reason = match &ended {
        Ended::Sent => None,
        Ended::Again { reason, .. } | Ended::Failed { reason } | Ended::Unknown { reason } => Some(reason.clone()),
    };
    let what = json!({ "message": message.id.as_str(), "outcome": kind, "reason": reason });
    let entry = Draft::new("message.handed_over", Some(&message.account), what, now, &mut rng);
    let (message, keys) = (message.clone(), app.keys.clone());
    let written: std::result::Result<(), StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                record(conn, &keys, &message, ended, now).await?;
                evidence::append(conn, vec![entry]).await
            })
        })
        .await;
    written?;
    app.metrics.message(kind);
    Ok(())
}

async fn record(
    conn: &mut Conn,
    keys: &Keyring,
    message: &Message,
    ended: Ended,
    now: Timestamp,
) -> std::result::Result<(), StoreError> {
    match ended {
        Ended::Sent => messages::close(conn, &message.id, State::Sent, None, now).await,
        Ended::Again { at, reason, counted } => messages::retry(conn, &message.id, at, Some(&reason), !counted).await,
        Ended::Failed { reason } => {
            messages::close(conn, &message.id, State::Failed, Some(&reason), now).await?;
            free_slots(conn, keys, message, now).await
        }
        Ended::Unknown { reason } => {
            messages::close(conn, &message.id, State::Unknown, Some(&reason), now).await?;
            free_slots(conn, keys, message, now).await
        }
    }
}

/// A recovery message that may not have arrived no longer counts as a live link: its owner may ask again. It still
/// counts as one of the day's messages.
async fn free_slots(
    conn: &mut Conn,
    keys: &Keyring,
    message: &Message,
    now: Timestamp,
) -> std::result::Result<(), StoreError> {
    let Some(ticket) = TicketId::parse(&message.source_id).ok() else {
        return Ok(());
    };
    // A dead ticket holds no slot any more; the mark that is there now is a newer message's.
    if let Some(ticket) = tickets::by_id(conn, &ticket).await?.filter(|t| t.is_live(now)) {
        end_live_link(conn, keys, &ticket.account, &ticket.mailbox_key, now).await?;
    }
    Ok(())
}

/// Puts a message back without a try: its recipient's domain is at its pace, or the relay is away.
pub async fn put_back(app: &App, id: &MessageId, at: Timestamp) -> Result<()> {
    let id = id.clone();
    let put = app.store.write(move |conn| Box::pin(async move { messages::retry(conn, &id, at, None, false).await }));
    Ok(put.await?)
}

/// After a start: ends claims that nobody can hold any more, and closes hand-overs that a crash cut off.
pub async fn after_start(app: &App) -> Result<usize> {
    if app.store.engine() == "sqlite" {
        app.store.write(|conn| Box::pin(async move { messages::end_claims(conn).await })).await?;
    }
    sweep(app).await
}

/// Closes hand-overs whose claim ran out.
pub async fn sweep(app: &App) -> Result<usize> {
    let abandoned = messages::abandoned(&mut app.store.read().await?, app.clock.now()).await?;
    for message in &abandoned {
        let reason = "the server stopped while it handed the message over".to_owned();
        finish(app, message, Ended::Unknown { reason }).await?;
    }
    Ok(abandoned.len())
}

/// What the secrets of a message are made of; `None` where the message has lost its sense (its link has expired).
pub async fn material(app: &App, message: &Message) -> Result<Option<Material>> {
    let mut conn = app.store.read().await?;
    let now = app.clock.now();
    let keys = &app.keys;
    let source = message.source_id.as_str();
    Ok(match message.template {
        Template::Recovery => {
            let ticket = match TicketId::parse(source) {
                Ok(id) => tickets::by_id(&mut conn, &id).await?.filter(|t| t.is_live(now)),
                Err(_) => None,
            };
            ticket.map(|t| Material {
                first: Some(secrets::token(keys, secrets::Purpose::Link, source, &t.nonce)),
                not_me: Some(secrets::token(keys, secrets::Purpose::NotMe, source, &t.nonce)),
                code: Some(secrets::code(keys, source, &t.nonce)),
            })
        }
        Template::PasswordChanged => tickets::undo_by_id(&mut conn, source).await?.map(|u| Material {
            first: None,
            not_me: Some(secrets::token(keys, secrets::Purpose::Undo, source, &u.nonce)),
            code: None,
        }),
        Template::CoolOff => {
            let change = tickets::change_by_id(&mut conn, source).await?.filter(|c| c.state == "waiting");
            change.map(|c| Material {
                first: Some(secrets::token(keys, secrets::Purpose::Cancel, source, &c.nonce)),
                not_me: None,
                code: None,
            })
        }
        Template::NotMeConfirmed => Some(Material { first: None, not_me: None, code: None }),
    })
}

/// The secrets that a message carries.
#[derive(Debug)]
pub struct Material {
    /// The link's or the cancel link's token.
    pub first: Option<countersign_core::secret::SecretText>,
    /// The "this was not me" token.
    pub not_me: Option<countersign_core::secret::SecretText>,
    /// The code.
    pub code: Option<countersign_core::secret::SecretText>,
}

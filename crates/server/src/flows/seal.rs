//! Sealing: before a message's content leaves, an entry commits to what it says and to whom it goes.
//!
//! The entry is made to be shown to whoever holds the message's code: it names neither account nor mailbox, and the
//! recipient only by a salted digest that the reader's own browser compares. A message that is tried again with the same text
//! keeps its seal; with another text (after an upgrade) it is sealed anew, and the newest counts.

use super::{Result, secrets};
use crate::app::App;
use crate::store::evidence::{self, Draft};
use crate::store::messages::{self, Message};
use crate::store::{Conn, StoreError};
use countersign_core::ids::MessageId;
use countersign_core::message::{CountersignCode, MailAddress};
use countersign_evidence::sealed::{self, Sealed};
use countersign_evidence::{Hash, message};
use rand::Rng;

/// Codes whose plain hash is filled in with one transaction.
pub const FILL: i64 = 500;

/// What is about to leave, as far as the entry tells of it.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Digest of what its reader will see.
    pub digest: Hash,
    /// The sender's address.
    pub from: MailAddress,
    /// The recipient's.
    pub to: MailAddress,
}

/// A seal that is about to be put on record.
pub(super) struct Seal {
    digest: Hash,
    entry: Draft,
}

/// Makes the seal of a message.
pub(super) fn make(app: &App, message: &Message, leaving: &Leaving) -> Seal {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let mut recipient_salt = [0; 32];
    rng.fill_bytes(&mut recipient_salt);
    let sealed = Sealed {
        at_micros: now.micros(),
        code: code_digest(&secrets::countersign(&app.keys, &message.id)),
        digest: leaving.digest,
        from: message::address_form(leaving.from.as_str()),
        locale: message.locale.clone(),
        message: message.id.as_str().to_owned(),
        recipient: message::recipient_digest(&recipient_salt, leaving.to.as_str()),
        recipient_salt,
        template: message.template.as_str().to_owned(),
    };
    let entry = Draft::disclosable(sealed::KIND, Some(&message.account), sealed.what(), now, &mut rng);
    Seal { digest: leaving.digest, entry }
}

/// Puts the seal on record, unless the same text is sealed already.
pub(super) async fn record(conn: &mut Conn, id: &MessageId, seal: Seal) -> std::result::Result<(), StoreError> {
    if messages::seal(conn, id, seal.entry.id(), &seal.digest).await? {
        evidence::append(conn, vec![seal.entry]).await?;
    }
    Ok(())
}

/// The hash of a code by which its message is asked for.
pub fn code_digest(code: &CountersignCode) -> Hash {
    match message::code_hash(code.as_str()) {
        Some(hash) => hash,
        None => unreachable!("a countersign code has twelve letters and digits"),
    }
}

/// Fills in the plain hashes of codes that were put on record before there was a place for them; how many. Call again while
/// it is as many as go into one transaction. It derives from what is on record, so there is no entry.
///
/// # Errors
/// The database's.
pub async fn fill_digests(app: &App) -> Result<i64> {
    let keys = app.keys.clone();
    let filled: std::result::Result<i64, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let ids = messages::undigested(conn, FILL).await?;
                for id in &ids {
                    let digest = code_digest(&secrets::countersign(&keys, id));
                    messages::set_code_digest(conn, id, &digest).await?;
                }
                Ok(ids.len() as i64)
            })
        })
        .await;
    Ok(filled?)
}

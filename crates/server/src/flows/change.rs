//! What a password change does, whichever way it came about: end sessions, forget devices, tell every confirmed address,
//! keep a way back (invariant G8).

use super::dispatch::{MessageDraft, message_entry, reader_locale};
use super::secrets::{self, Purpose};
use crate::keyring::Keyring;
use crate::store::directory::Account;
use crate::store::evidence::Draft;
use crate::store::{Conn, StoreError, directory, evidence, messages, tickets};
use crate::text::Locale;
use countersign_core::ids::ChangeId;
use countersign_core::message::Template;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;
use rand::{Rng, rngs::StdRng};
use serde_json::{Value, json};
use std::time::Duration;

/// How long "this was not me" undoes a change. The old hash is kept that long and then wiped.
pub const UNDO_FOR: Duration = Duration::from_secs(72 * 3600);

/// Applies a change in the caller's transaction.
pub struct Apply<'a> {
    /// The keys.
    pub keys: &'a Keyring,
    /// Whose password.
    pub account: &'a Account,
    /// The new password's hash.
    pub new_hash: &'a str,
    /// The mailbox that it came through.
    pub mailbox_key: Digest,
    /// The reader's language, if known.
    pub locale: Option<&'a str>,
    /// The site's language.
    pub fallback: Locale,
    /// What evidence and the message say of the client.
    pub client: &'a Value,
    /// Now.
    pub now: Timestamp,
}

impl Apply<'_> {
    /// Changes the password and everything that goes with it; how many messages were put on record.
    pub async fn run(&self, conn: &mut Conn, rng: &mut StdRng) -> Result<usize, StoreError> {
        let id = &self.account.id;
        directory::set_password(conn, id, Some(self.new_hash), self.now).await?;
        let sessions = directory::end_sessions(conn, id, "password_changed", self.now).await?;
        let devices = directory::revoke_devices(conn, id, self.now).await?;
        let tickets = tickets::revoke_all(conn, id, self.now).await?;
        let undo = self.undo(conn, rng).await?;
        super::exposure::contain::reset_done(conn, id, self.now, rng).await?;
        let what = json!({
            "sessions_ended": sessions, "devices_forgotten": devices, "links_closed": tickets, "undo": undo.as_str(),
            "client": self.client,
        });
        let entry = Draft::new("password.changed", Some(id), what, self.now, rng);
        evidence::append(conn, vec![entry]).await?;
        let params = json!({ "at": self.now.micros(), "device": self.client.get("device") });
        self.notify_all().send(conn, Template::PasswordChanged, undo.as_str(), &params, rng).await
    }

    async fn undo(&self, conn: &mut Conn, rng: &mut StdRng) -> Result<ChangeId, StoreError> {
        let id = ChangeId::new(self.now, rng);
        let mut nonce = vec![0; 16];
        rng.fill_bytes(&mut nonce);
        let token = secrets::token(self.keys, Purpose::Undo, id.as_str(), &nonce);
        let hash = secrets::token_hash(self.keys, Purpose::Undo, &token);
        let undo = tickets::Undo {
            id: id.clone(),
            account: self.account.id.clone(),
            old_password_hash: self.account.password_hash.clone(),
            mailbox_key: self.mailbox_key,
            nonce,
            expires_at: self.now.plus(UNDO_FOR),
            used_at: None,
        };
        tickets::insert_undo(conn, &undo, &hash, self.now).await?;
        Ok(id)
    }

    const fn notify_all(&self) -> Notice<'_> {
        Notice { keys: self.keys, account: self.account, locale: self.locale, fallback: self.fallback, now: self.now }
    }
}

/// A notice to every confirmed address of an account.
pub struct Notice<'a> {
    /// The keys.
    pub keys: &'a Keyring,
    /// Whom it is about.
    pub account: &'a Account,
    /// The reader's language, if known.
    pub locale: Option<&'a str>,
    /// The site's language.
    pub fallback: Locale,
    /// Now.
    pub now: Timestamp,
}

impl Notice<'_> {
    /// Puts one message for each confirmed address on record; how many.
    pub async fn send(
        &self,
        conn: &mut Conn,
        template: Template,
        source_id: &str,
        params: &Value,
        rng: &mut StdRng,
    ) -> Result<usize, StoreError> {
        let addresses = directory::confirmed_emails(conn, &self.account.id).await?;
        let locale = reader_locale(self.locale, self.account, self.fallback);
        let mut entries = vec![];
        for to in &addresses {
            let account = &self.account.id;
            let draft = MessageDraft { account, template, source_id, to, locale, params: params.clone() };
            let message = draft.build(self.keys, self.now, rng);
            messages::insert(conn, &message).await?;
            entries.push(message_entry(&message, self.now, rng));
        }
        evidence::append(conn, entries).await?;
        Ok(addresses.len())
    }
}

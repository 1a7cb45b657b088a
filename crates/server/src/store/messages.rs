//! Messages: on record before they leave; the outbox and the register in one table.

use super::db::{Conn, Row, StoreError, sql};
use countersign_core::ids::{AccountId, EntryId, MessageId};
use countersign_core::message::Template;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;

/// A message as it is put on record.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Whom it is about.
    pub account: AccountId,
    /// What it says.
    pub template: Template,
    /// The ticket, change or undo whose nonce its secrets come from.
    pub source_id: String,
    /// Where it goes.
    pub to_address: String,
    /// The address as others may see it.
    pub to_masked: String,
    /// The address's domain, for the pace.
    pub to_domain: String,
    /// Its language.
    pub locale: &'static str,
    /// What else it says; never a secret.
    pub params: serde_json::Value,
    /// Keyed hash of its countersign code.
    pub code_hash: Digest,
    /// Plain hash of the same, by which outsiders ask for its proof.
    pub code_digest: Hash,
    /// When it was put on record.
    pub created_at: Timestamp,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It waits for its turn or its next try.
    Queued,
    /// Its content is being handed over.
    Sending,
    /// The mail server took it.
    Sent,
    /// It will not be tried again.
    Failed,
    /// The connection or this program broke while the content was handed over: nobody knows, and it is not repeated.
    Unknown,
}

impl State {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the stored name.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Queued, Self::Sending, Self::Sent, Self::Failed, Self::Unknown];
        all.into_iter().find(|s| s.as_str() == text)
    }
}

/// A message on record.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Whom it is about.
    pub account: AccountId,
    /// What it says.
    pub template: Template,
    /// The ticket, change or undo whose nonce its secrets come from.
    pub source_id: String,
    /// Where it goes.
    pub to_address: String,
    /// The address as others may see it.
    pub to_masked: String,
    /// The address's domain.
    pub to_domain: String,
    /// Its language.
    pub locale: String,
    /// What else it says.
    pub params: serde_json::Value,
    /// When it was put on record.
    pub created_at: Timestamp,
    /// What became of it.
    pub state: State,
    /// Tries so far.
    pub attempts: i64,
    /// When it was sent or given up.
    pub closed_at: Option<Timestamp>,
    /// The entry that seals what was handed over last; `None` before that.
    pub sealed_entry: Option<EntryId>,
}

pub(super) const MESSAGE: &str = "SELECT id, account_id, template, source_id, to_address, to_masked, to_domain, locale, params, \
                       created_at, state, attempts, closed_at, sealed_entry FROM messages";

pub(super) fn message(row: &Row) -> Result<Message, StoreError> {
    Ok(Message {
        id: row.parsed(0, "messages.id", |t| MessageId::parse(t).ok())?,
        account: row.parsed(1, "messages.account_id", |t| AccountId::parse(t).ok())?,
        template: row.parsed(2, "messages.template", |t| Template::parse(t).ok())?,
        source_id: row.text(3)?,
        to_address: row.text(4)?,
        to_masked: row.text(5)?,
        to_domain: row.text(6)?,
        locale: row.text(7)?,
        params: row.parsed(8, "messages.params", |t| serde_json::from_str(t).ok())?,
        created_at: row.time(9)?,
        state: row.parsed(10, "messages.state", State::parse)?,
        attempts: row.int(11)?,
        closed_at: row.opt_time(12)?,
        sealed_entry: row.opt_text(13)?.map(|_| entry(row)).transpose()?,
    })
}

fn entry(row: &Row) -> Result<EntryId, StoreError> {
    row.parsed(13, "messages.sealed_entry", |t| EntryId::parse(t).ok())
}

/// Puts a message on record.
pub async fn insert(conn: &mut Conn, m: &NewMessage) -> Result<(), StoreError> {
    let text = "INSERT INTO messages (id, account_id, template, source_id, to_address, to_masked, to_domain, locale, \
                params, code_hash, code_digest, created_at, state, next_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'queued', $12)";
    let insert = sql(text).bind(m.id.as_str()).bind(m.account.as_str()).bind(m.template.as_str()).bind(&m.source_id);
    let insert = insert.bind(&m.to_address).bind(&m.to_masked).bind(&m.to_domain).bind(m.locale);
    let insert = insert.bind(m.params.to_string()).bind(&m.code_hash).bind(m.code_digest.bytes().as_slice());
    insert.bind(m.created_at).execute(conn).await?;
    Ok(())
}

/// Claims messages that are due for `node` until `until`; others leave them alone until then.
pub async fn claim(
    conn: &mut Conn,
    node: &str,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let lock = if conn.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
    let text = format!(
        "{MESSAGE} WHERE state = 'queued' AND next_at <= $1 AND claimed_until <= $1 ORDER BY next_at, id LIMIT $2{lock}"
    );
    let rows = sql(text).bind(now).bind(limit).fetch_all(conn).await?;
    let found: Vec<Message> = rows.iter().map(message).collect::<Result<_, _>>()?;
    for m in &found {
        let text = "UPDATE messages SET claimed_by = $2, claimed_until = $3 WHERE id = $1";
        sql(text).bind(m.id.as_str()).bind(node).bind(until).execute(conn).await?;
    }
    Ok(found)
}

/// The last step before the content leaves: `false` where the claim is lost, and then it must not leave.
pub async fn begin(conn: &mut Conn, id: &MessageId, node: &str, until: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE messages SET state = 'sending', attempts = attempts + 1, claimed_until = $3 \
                WHERE id = $1 AND state = 'queued' AND claimed_by = $2";
    Ok(sql(text).bind(id.as_str()).bind(node).bind(until).execute(conn).await? == 1)
}

/// Names the entry that seals a message's text from now on; `false` where the same text is sealed already, by an entry that
/// has not been erased since.
pub async fn seal(conn: &mut Conn, id: &MessageId, entry: &EntryId, text_digest: &Hash) -> Result<bool, StoreError> {
    let text = "UPDATE messages SET sealed_entry = $2, seal_digest = $3 \
                WHERE id = $1 AND (seal_digest IS NULL OR seal_digest <> $3 \
                OR NOT EXISTS (SELECT 1 FROM evidence WHERE evidence.id = messages.sealed_entry))";
    let update = sql(text).bind(id.as_str()).bind(entry.as_str()).bind(text_digest.bytes().as_slice());
    Ok(update.execute(conn).await? == 1)
}

/// Records how a message ended.
pub async fn close(
    conn: &mut Conn,
    id: &MessageId,
    state: State,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "UPDATE messages SET state = $2, last_error = $3, closed_at = $4, claimed_by = NULL, claimed_until = 0 \
                WHERE id = $1 AND state IN ('queued', 'sending')";
    sql(text).bind(id.as_str()).bind(state.as_str()).bind(error).bind(now).execute(conn).await?;
    Ok(())
}

/// Puts a message back for a later try. `tried` counts a try that ended before `begin`.
pub async fn retry(
    conn: &mut Conn,
    id: &MessageId,
    next_at: Timestamp,
    error: Option<&str>,
    tried: bool,
) -> Result<(), StoreError> {
    let text = "UPDATE messages SET state = 'queued', next_at = $2, last_error = coalesce($3, last_error), \
                attempts = attempts + $4, claimed_by = NULL, claimed_until = 0 \
                WHERE id = $1 AND state IN ('queued', 'sending')";
    sql(text).bind(id.as_str()).bind(next_at).bind(error).bind(tried).execute(conn).await?;
    Ok(())
}

/// Messages whose sender vanished while it handed them over.
pub async fn abandoned(conn: &mut Conn, now: Timestamp) -> Result<Vec<Message>, StoreError> {
    let rows = sql(format!("{MESSAGE} WHERE state = 'sending' AND claimed_until <= $1 LIMIT 100")).bind(now);
    rows.fetch_all(conn).await?.iter().map(message).collect()
}

/// Ends every claim of others. Only where there can be no others: SQLite serves one process.
pub async fn end_claims(conn: &mut Conn) -> Result<u64, StoreError> {
    sql("UPDATE messages SET claimed_until = 0 WHERE claimed_until > 0").execute(conn).await
}

/// The message of a countersign code.
pub async fn by_code(conn: &mut Conn, hash: &Digest) -> Result<Option<Message>, StoreError> {
    let row = sql(format!("{MESSAGE} WHERE code_hash = $1")).bind(hash).fetch_optional(conn).await?;
    row.as_ref().map(message).transpose()
}

/// The message of a countersign code, by its plain hash.
pub async fn by_code_digest(conn: &mut Conn, digest: &Hash) -> Result<Option<Message>, StoreError> {
    let select = sql(format!("{MESSAGE} WHERE code_digest = $1")).bind(digest.bytes().as_slice());
    select.fetch_optional(conn).await?.as_ref().map(message).transpose()
}

/// Messages from before codes had a plain hash on record.
pub async fn undigested(conn: &mut Conn, limit: i64) -> Result<Vec<MessageId>, StoreError> {
    let rows = sql("SELECT id FROM messages WHERE code_digest IS NULL ORDER BY id LIMIT $1").bind(limit);
    let id = |row: &Row| row.parsed(0, "messages.id", |t| MessageId::parse(t).ok());
    rows.fetch_all(conn).await?.iter().map(id).collect()
}

/// Fills in the plain hash of a message's code.
pub async fn set_code_digest(conn: &mut Conn, id: &MessageId, digest: &Hash) -> Result<(), StoreError> {
    let update = sql("UPDATE messages SET code_digest = $2 WHERE id = $1 AND code_digest IS NULL");
    update.bind(id.as_str()).bind(digest.bytes().as_slice()).execute(conn).await?;
    Ok(())
}

/// An account's messages, the newest first, older than one of them. Ids sort by time, and unlike times they are unique:
/// no message falls between two pages.
pub async fn of_account(
    conn: &mut Conn,
    account: &AccountId,
    before: Option<&MessageId>,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let older = if before.is_some() { "AND id < $3" } else { "" };
    let text = format!("{MESSAGE} WHERE account_id = $1 {older} ORDER BY id DESC LIMIT $2");
    let select = sql(text).bind(account.as_str()).bind(limit);
    let select = match before {
        Some(id) => select.bind(id.as_str()),
        None => select,
    };
    select.fetch_all(conn).await?.iter().map(message).collect()
}

/// Messages by state, for the overview, the drill and `doctor`.
pub async fn count_state(conn: &mut Conn, state: State) -> Result<i64, StoreError> {
    let text = "SELECT count(*) FROM messages WHERE state = $1";
    sql(text).bind(state.as_str()).fetch_one(conn).await?.int(0)
}

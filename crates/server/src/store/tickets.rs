//! Tickets (a link and a code), changes that wait, and undos. Single use is one conditional statement each (G6).

use super::db::{Conn, Row, StoreError, sql};
use countersign_core::gate::Class;
use countersign_core::ids::{AccountId, ChangeId, TicketId};
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// A ticket as it is made.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// Its id.
    pub id: TicketId,
    /// Whose password it may set.
    pub account: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
    /// What the request had shown.
    pub class: Class,
    /// Whether proof was asked of everybody then.
    pub siege: bool,
    /// Whether the request came from a device that the account knows.
    pub device_known: bool,
    /// What its secrets are derived from.
    pub nonce: [u8; 16],
    /// Of the link's secret.
    pub secret_hash: Digest,
    /// Of the code.
    pub code_hash: Digest,
    /// Of the "this was not me" secret.
    pub not_me_hash: Digest,
    /// Whose limits it counts against.
    pub mailbox_key: Digest,
}

/// What a ticket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It can be redeemed until it expires.
    Live,
    /// It was redeemed.
    Used,
    /// Somebody said "this was not me", or a sibling was redeemed.
    Revoked,
}

/// A stored ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Whose password it may set.
    pub account: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
    /// Whether it can be used.
    pub state: State,
    /// What the request had shown.
    pub class: Class,
    /// Whether proof was asked of everybody then.
    pub siege: bool,
    /// Whether the request came from a known device.
    pub device_known: bool,
    /// What its secrets are derived from.
    pub nonce: Vec<u8>,
    /// Of the code.
    pub code_hash: Digest,
    /// Whose limits it counts against.
    pub mailbox_key: Digest,
}

impl Ticket {
    /// Whether it can be redeemed now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == State::Live && self.expires_at > now
    }
}

const TICKET: &str = "SELECT id, account_id, expires_at, state, class, siege, device_known, nonce, code_hash, \
                      mailbox_key, created_at FROM tickets";

fn ticket(row: &Row) -> Result<Ticket, StoreError> {
    Ok(Ticket {
        id: row.parsed(0, "tickets.id", |t| TicketId::parse(t).ok())?,
        account: row.parsed(1, "tickets.account_id", |t| AccountId::parse(t).ok())?,
        expires_at: row.time(2)?,
        state: row.parsed(3, "tickets.state", |s| match s {
            "live" => Some(State::Live),
            "used" => Some(State::Used),
            "revoked" => Some(State::Revoked),
            _ => None,
        })?,
        class: row.parsed(4, "tickets.class", Class::parse)?,
        siege: row.int(5)? != 0,
        device_known: row.int(6)? != 0,
        nonce: row.bytes(7)?,
        code_hash: row.digest(8)?,
        mailbox_key: row.digest(9)?,
        created_at: row.time(10)?,
    })
}

async fn one(conn: &mut Conn, condition: &str, hash: &Digest) -> Result<Option<Ticket>, StoreError> {
    let row = sql(format!("{TICKET} WHERE {condition} = $1")).bind(hash).fetch_optional(conn).await?;
    row.as_ref().map(ticket).transpose()
}

/// Stores a ticket.
pub async fn insert(conn: &mut Conn, t: &NewTicket) -> Result<(), StoreError> {
    let text = "INSERT INTO tickets (id, account_id, created_at, expires_at, state, class, siege, device_known, nonce, \
                secret_hash, code_hash, not_me_hash, mailbox_key) \
                VALUES ($1, $2, $3, $4, 'live', $5, $6, $7, $8, $9, $10, $11, $12)";
    let insert = sql(text).bind(t.id.as_str()).bind(t.account.as_str()).bind(t.created_at).bind(t.expires_at);
    let insert = insert.bind(t.class.as_str()).bind(t.siege).bind(t.device_known).bind(t.nonce.as_slice());
    let insert = insert.bind(&t.secret_hash).bind(&t.code_hash).bind(&t.not_me_hash).bind(&t.mailbox_key);
    insert.execute(conn).await?;
    Ok(())
}

/// The ticket of a link, or of the token that a right code was exchanged for.
pub async fn by_secret(conn: &mut Conn, link: &Digest, proceed: &Digest) -> Result<Option<Ticket>, StoreError> {
    match one(conn, "secret_hash", link).await? {
        Some(found) => Ok(Some(found)),
        None => one(conn, "proceed_hash", proceed).await,
    }
}

/// The ticket of a "this was not me" secret.
pub async fn by_not_me(conn: &mut Conn, hash: &Digest) -> Result<Option<Ticket>, StoreError> {
    one(conn, "not_me_hash", hash).await
}

/// The ticket with an id.
pub async fn by_id(conn: &mut Conn, id: &TicketId) -> Result<Option<Ticket>, StoreError> {
    let row = sql(format!("{TICKET} WHERE id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(ticket).transpose()
}

/// The live ticket of an account, if any.
pub async fn live_of(conn: &mut Conn, account: &AccountId, now: Timestamp) -> Result<Option<Ticket>, StoreError> {
    let text =
        format!("{TICKET} WHERE account_id = $1 AND state = 'live' AND expires_at > $2 ORDER BY created_at DESC");
    let row = sql(text).bind(account.as_str()).bind(now).fetch_optional(conn).await?;
    row.as_ref().map(ticket).transpose()
}

/// Counts one try of the code, before it is checked; `false` where there are none left or the ticket is not live.
pub async fn count_code_try(conn: &mut Conn, id: &TicketId, most: i64, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE tickets SET code_tries = code_tries + 1 \
                WHERE id = $1 AND state = 'live' AND expires_at > $2 AND code_tries < $3";
    Ok(sql(text).bind(id.as_str()).bind(now).bind(most).execute(conn).await? == 1)
}

/// Counts one try of the second factor, before it is checked.
pub async fn count_factor_try(conn: &mut Conn, id: &TicketId, most: i64, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE tickets SET factor_tries = factor_tries + 1 \
                WHERE id = $1 AND state = 'live' AND expires_at > $2 AND factor_tries < $3";
    Ok(sql(text).bind(id.as_str()).bind(now).bind(most).execute(conn).await? == 1)
}

/// Stores what a right code was exchanged for, and spends the code: each ticket's code is right once.
pub async fn set_proceed(conn: &mut Conn, id: &TicketId, hash: &Digest, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE tickets SET proceed_hash = $2 \
                WHERE id = $1 AND state = 'live' AND expires_at > $3 AND proceed_hash IS NULL";
    Ok(sql(text).bind(id.as_str()).bind(hash).bind(now).execute(conn).await? == 1)
}

/// Redeems a ticket; exactly one caller gets `true`.
pub async fn redeem(conn: &mut Conn, id: &TicketId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE tickets SET state = 'used', closed_at = $2 WHERE id = $1 AND state = 'live' AND expires_at > $2";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Revokes a ticket; `false` where it was not live.
pub async fn revoke(conn: &mut Conn, id: &TicketId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE tickets SET state = 'revoked', closed_at = $2 WHERE id = $1 AND state = 'live'";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Revokes every live ticket of an account; how many.
pub async fn revoke_all(conn: &mut Conn, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
    let text = "UPDATE tickets SET state = 'revoked', closed_at = $2 WHERE account_id = $1 AND state = 'live'";
    sql(text).bind(account.as_str()).bind(now).execute(conn).await
}

/// A change that waits out its cool-off.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// The ticket that it came from.
    pub ticket: TicketId,
    /// Whose password.
    pub account: AccountId,
    /// The new password's hash.
    pub password_hash: String,
    /// `waiting`, `applied` or `cancelled`.
    pub state: String,
    /// When it takes effect.
    pub apply_at: Timestamp,
    /// What its cancel secret is derived from.
    pub nonce: Vec<u8>,
}

const CHANGE: &str = "SELECT id, ticket_id, account_id, password_hash, state, apply_at, nonce FROM changes";

fn change(row: &Row) -> Result<Change, StoreError> {
    let known = |s: &str| ["waiting", "applied", "cancelled"].contains(&s).then(|| s.to_owned());
    Ok(Change {
        id: row.parsed(0, "changes.id", |t| ChangeId::parse(t).ok())?,
        ticket: row.parsed(1, "changes.ticket_id", |t| TicketId::parse(t).ok())?,
        account: row.parsed(2, "changes.account_id", |t| AccountId::parse(t).ok())?,
        password_hash: row.text(3)?,
        state: row.parsed(4, "changes.state", known)?,
        apply_at: row.time(5)?,
        nonce: row.bytes(6)?,
    })
}

/// Stores a waiting change.
pub async fn insert_change(conn: &mut Conn, c: &Change, cancel: &Digest, now: Timestamp) -> Result<(), StoreError> {
    let text = "INSERT INTO changes (id, ticket_id, account_id, password_hash, state, created_at, apply_at, nonce, \
                cancel_hash) VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8)";
    let insert = sql(text).bind(c.id.as_str()).bind(c.ticket.as_str()).bind(c.account.as_str());
    let insert = insert.bind(&c.password_hash).bind(now).bind(c.apply_at).bind(c.nonce.as_slice());
    insert.bind(cancel).execute(conn).await?;
    Ok(())
}

/// Waiting changes whose time has come.
pub async fn changes_due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Change>, StoreError> {
    let lock = if conn.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
    let text = format!("{CHANGE} WHERE state = 'waiting' AND apply_at <= $1 ORDER BY apply_at LIMIT $2{lock}");
    let rows = sql(text).bind(now).bind(limit).fetch_all(conn).await?;
    rows.iter().map(change).collect()
}

/// The change of a cancel secret.
pub async fn change_by_cancel(conn: &mut Conn, hash: &Digest) -> Result<Option<Change>, StoreError> {
    let row = sql(format!("{CHANGE} WHERE cancel_hash = $1")).bind(hash).fetch_optional(conn).await?;
    row.as_ref().map(change).transpose()
}

/// The change with an id.
pub async fn change_by_id(conn: &mut Conn, id: &str) -> Result<Option<Change>, StoreError> {
    let row = sql(format!("{CHANGE} WHERE id = $1")).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(change).transpose()
}

/// Closes a waiting change; exactly one caller gets `true`.
pub async fn close_change(conn: &mut Conn, id: &ChangeId, state: &str, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE changes SET state = $2, closed_at = $3, password_hash = '' WHERE id = $1 AND state = 'waiting'";
    Ok(sql(text).bind(id.as_str()).bind(state).bind(now).execute(conn).await? == 1)
}

/// Cancels every waiting change of an account; how many.
pub async fn cancel_changes(conn: &mut Conn, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
    let text = "UPDATE changes SET state = 'cancelled', closed_at = $2, password_hash = '' \
                WHERE account_id = $1 AND state = 'waiting'";
    sql(text).bind(account.as_str()).bind(now).execute(conn).await
}

/// What puts a change back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// Its id.
    pub id: ChangeId,
    /// Whose password.
    pub account: AccountId,
    /// The hash before the change.
    pub old_password_hash: Option<String>,
    /// The mailbox that the change came through.
    pub mailbox_key: Digest,
    /// What its secret is derived from.
    pub nonce: Vec<u8>,
    /// When it dies.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

const UNDO: &str = "SELECT id, account_id, old_password_hash, mailbox_key, nonce, expires_at, used_at FROM undos";

fn undo(row: &Row) -> Result<Undo, StoreError> {
    Ok(Undo {
        id: row.parsed(0, "undos.id", |t| ChangeId::parse(t).ok())?,
        account: row.parsed(1, "undos.account_id", |t| AccountId::parse(t).ok())?,
        old_password_hash: row.opt_text(2)?,
        mailbox_key: row.digest(3)?,
        nonce: row.bytes(4)?,
        expires_at: row.time(5)?,
        used_at: row.opt_time(6)?,
    })
}

/// Stores an undo.
pub async fn insert_undo(conn: &mut Conn, u: &Undo, hash: &Digest, now: Timestamp) -> Result<(), StoreError> {
    let text = "INSERT INTO undos (id, account_id, old_password_hash, mailbox_key, nonce, undo_hash, created_at, \
                expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let insert = sql(text).bind(u.id.as_str()).bind(u.account.as_str()).bind(u.old_password_hash.clone());
    let insert = insert.bind(&u.mailbox_key).bind(u.nonce.as_slice()).bind(hash).bind(now);
    insert.bind(u.expires_at).execute(conn).await?;
    Ok(())
}

/// The undo of a secret.
pub async fn undo_by_hash(conn: &mut Conn, hash: &Digest) -> Result<Option<Undo>, StoreError> {
    let row = sql(format!("{UNDO} WHERE undo_hash = $1")).bind(hash).fetch_optional(conn).await?;
    row.as_ref().map(undo).transpose()
}

/// The undo with an id.
pub async fn undo_by_id(conn: &mut Conn, id: &str) -> Result<Option<Undo>, StoreError> {
    let row = sql(format!("{UNDO} WHERE id = $1")).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(undo).transpose()
}

/// The first usable undo of an account since a time.
pub async fn undo_of(
    conn: &mut Conn,
    account: &AccountId,
    since: Timestamp,
    now: Timestamp,
) -> Result<Option<Undo>, StoreError> {
    let text = format!(
        "{UNDO} WHERE account_id = $1 AND created_at >= $2 AND used_at IS NULL AND expires_at > $3 ORDER BY created_at"
    );
    let row = sql(text).bind(account.as_str()).bind(since).bind(now).fetch_optional(conn).await?;
    row.as_ref().map(undo).transpose()
}

/// Uses an undo, and wipes the old hash; exactly one caller gets `true`.
pub async fn use_undo(conn: &mut Conn, id: &ChangeId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE undos SET used_at = $2, old_password_hash = NULL \
                WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Forgets the old hashes of undos that have expired; how many.
pub async fn forget_undos(conn: &mut Conn, now: Timestamp) -> Result<u64, StoreError> {
    let text = "UPDATE undos SET old_password_hash = NULL WHERE expires_at <= $1 AND old_password_hash IS NOT NULL";
    sql(text).bind(now).execute(conn).await
}

//! The embedded directory: accounts as the flows read and change them.

use super::db::{Conn, Row, StoreError, sql};
use countersign_core::ids::{AccountId, DeviceId, SessionId};
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// An account, without its addresses.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its language.
    pub locale: Option<String>,
    /// Flags, space separated.
    pub flags: String,
    /// The stored password hash.
    pub password_hash: Option<String>,
    /// The sealed TOTP secret.
    pub totp_sealed: Option<Vec<u8>>,
    /// How often "this was not me" was said.
    pub disavow_level: i64,
    /// Requests without proof are not served until then.
    pub disavow_until: Timestamp,
    /// Recovery without strong proof is held until then.
    pub hold_until: Timestamp,
    /// Its number in bitmaps; `None` for an account that was put there by hand, which no cohort has.
    pub number: Option<u32>,
}

impl Account {
    /// Whether it carries a flag.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.split(' ').any(|f| f == flag)
    }
}

/// A confirmed e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where mail goes.
    pub address: String,
    /// For look-up and limits.
    pub normalized: String,
}

const ACCOUNT: &str = "SELECT a.id, a.locale, a.flags, a.password_hash, a.totp_sealed, a.disavow_level, \
                       a.disavow_until, a.hold_until, a.number FROM accounts a";

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.parsed(0, "accounts.id", |t| AccountId::parse(t).ok())?,
        locale: row.opt_text(1)?,
        flags: row.text(2)?,
        password_hash: row.opt_text(3)?,
        totp_sealed: row.opt_bytes(4)?,
        disavow_level: row.int(5)?,
        disavow_until: row.time(6)?,
        hold_until: row.time(7)?,
        number: row.opt_int(8)?.and_then(|number| u32::try_from(number).ok()),
    })
}

/// The account that an identifier (`user`, `email` or `phone`) names.
pub async fn by_identifier(conn: &mut Conn, kind: &str, value: &str) -> Result<Option<Account>, StoreError> {
    let text = format!("{ACCOUNT} JOIN identifiers i ON i.account_id = a.id WHERE i.kind = $1 AND i.value = $2");
    let row = sql(text).bind(kind).bind(value).fetch_optional(conn).await?;
    row.as_ref().map(account).transpose()
}

/// The account with an id.
pub async fn by_id(conn: &mut Conn, id: &AccountId) -> Result<Option<Account>, StoreError> {
    let row = sql(format!("{ACCOUNT} WHERE a.id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(account).transpose()
}

/// The confirmed addresses, the first choice first.
pub async fn confirmed_emails(conn: &mut Conn, id: &AccountId) -> Result<Vec<Address>, StoreError> {
    let text = "SELECT address, normalized FROM emails WHERE account_id = $1 AND confirmed_at IS NOT NULL \
                ORDER BY position, normalized";
    let rows = sql(text).bind(id.as_str()).fetch_all(conn).await?;
    rows.iter().map(|r| Ok(Address { address: r.text(0)?, normalized: r.text(1)? })).collect()
}

/// User names and addresses, as words that must not make a password.
pub async fn own_words(conn: &mut Conn, id: &AccountId) -> Result<Vec<String>, StoreError> {
    let text = "SELECT value FROM identifiers WHERE account_id = $1 ORDER BY kind, value";
    let rows = sql(text).bind(id.as_str()).fetch_all(conn).await?;
    rows.iter().map(|r| r.text(0)).collect()
}

/// Sets the password hash.
pub async fn set_password(
    conn: &mut Conn,
    id: &AccountId,
    hash: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "UPDATE accounts SET password_hash = $2, password_changed_at = $3, updated_at = $3 WHERE id = $1";
    sql(text).bind(id.as_str()).bind(hash).bind(now).execute(conn).await?;
    Ok(())
}

/// Replaces a hash by a better one of the same password; `false` where it changed meanwhile.
pub async fn rehash(conn: &mut Conn, id: &AccountId, old: &str, new: &str) -> Result<bool, StoreError> {
    let text = "UPDATE accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    Ok(sql(text).bind(id.as_str()).bind(old).bind(new).execute(conn).await? == 1)
}

/// Stores a sealed TOTP secret, or takes it away.
pub async fn set_totp(
    conn: &mut Conn,
    id: &AccountId,
    sealed: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "UPDATE accounts SET totp_sealed = $2, totp_last_step = 0, updated_at = $3 WHERE id = $1";
    sql(text).bind(id.as_str()).bind(sealed).bind(now).execute(conn).await?;
    Ok(())
}

/// Takes a one-time code's time step; `false` where it or a later one was taken (RFC 6238, 5.2).
pub async fn take_totp_step(conn: &mut Conn, id: &AccountId, step: i64) -> Result<bool, StoreError> {
    let text = "UPDATE accounts SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2";
    Ok(sql(text).bind(id.as_str()).bind(step).execute(conn).await? == 1)
}

/// Stores how sending to an account is lowered.
pub async fn disavow(conn: &mut Conn, id: &AccountId, level: i64, until: Timestamp) -> Result<(), StoreError> {
    let text = "UPDATE accounts SET disavow_level = $2, disavow_until = $3 WHERE id = $1";
    sql(text).bind(id.as_str()).bind(level).bind(until).execute(conn).await?;
    Ok(())
}

/// Holds recovery without strong proof; never shortens a hold.
pub async fn hold(conn: &mut Conn, id: &AccountId, until: Timestamp) -> Result<(), StoreError> {
    let text = "UPDATE accounts SET hold_until = $2 WHERE id = $1 AND hold_until < $2";
    sql(text).bind(id.as_str()).bind(until).execute(conn).await?;
    Ok(())
}

/// Releases the hold; since when it would have ended, `None` where there was none.
pub async fn release(conn: &mut Conn, id: &AccountId, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let text = format!("SELECT hold_until FROM accounts WHERE id = $1 AND hold_until > $2{}", conn.for_update());
    let row = sql(text).bind(id.as_str()).bind(now).fetch_optional(conn).await?;
    let until = row.map(|row| row.time(0)).transpose()?;
    sql("UPDATE accounts SET hold_until = 0 WHERE id = $1").bind(id.as_str()).execute(conn).await?;
    Ok(until)
}

/// Opens a session.
pub async fn open_session(
    conn: &mut Conn,
    session: &SessionId,
    account: &AccountId,
    device: Option<&DeviceId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "INSERT INTO sessions (id, account_id, device_id, created_at) VALUES ($1, $2, $3, $4)";
    let insert = sql(text).bind(session.as_str()).bind(account.as_str());
    insert.bind(device.map(DeviceId::as_str)).bind(now).execute(conn).await?;
    Ok(())
}

/// Ends every session; how many.
pub async fn end_sessions(conn: &mut Conn, id: &AccountId, reason: &str, now: Timestamp) -> Result<u64, StoreError> {
    let text = "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE account_id = $1 AND ended_at IS NULL";
    sql(text).bind(id.as_str()).bind(now).bind(reason).execute(conn).await
}

/// Whether a session is open, and whose it is.
pub async fn session_account(conn: &mut Conn, id: &SessionId) -> Result<Option<AccountId>, StoreError> {
    let text = "SELECT account_id FROM sessions WHERE id = $1 AND ended_at IS NULL";
    let row = sql(text).bind(id.as_str()).fetch_optional(conn).await?;
    row.map(|r| r.parsed(0, "sessions.account_id", |t| AccountId::parse(t).ok())).transpose()
}

/// Registers a known device.
pub async fn add_device(
    conn: &mut Conn,
    device: &DeviceId,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "INSERT INTO devices (id, account_id, created_at) VALUES ($1, $2, $3)";
    sql(text).bind(device.as_str()).bind(account.as_str()).bind(now).execute(conn).await?;
    Ok(())
}

/// Whether a device is known to an account and not revoked.
pub async fn knows_device(conn: &mut Conn, account: &AccountId, device: &str) -> Result<bool, StoreError> {
    let text = "SELECT id FROM devices WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL";
    Ok(sql(text).bind(device).bind(account.as_str()).fetch_optional(conn).await?.is_some())
}

/// Revokes every known device; how many.
pub async fn revoke_devices(conn: &mut Conn, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
    let text = "UPDATE devices SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
    sql(text).bind(account.as_str()).bind(now).execute(conn).await
}

/// Whether an unused saved recovery code with this hash belongs to the account.
pub async fn has_recovery_code(conn: &mut Conn, account: &AccountId, hash: &Digest) -> Result<bool, StoreError> {
    let text = "SELECT account_id FROM recovery_codes WHERE code_hash = $1 AND account_id = $2 AND used_at IS NULL";
    Ok(sql(text).bind(hash).bind(account.as_str()).fetch_optional(conn).await?.is_some())
}

/// Uses a saved recovery code; `false` where it is not the account's or was used.
pub async fn use_recovery_code(
    conn: &mut Conn,
    account: &AccountId,
    hash: &Digest,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text = "UPDATE recovery_codes SET used_at = $3 WHERE code_hash = $1 AND account_id = $2 AND used_at IS NULL";
    Ok(sql(text).bind(hash).bind(account.as_str()).bind(now).execute(conn).await? == 1)
}

/// Replaces an account's saved recovery codes.
pub async fn set_recovery_codes(
    conn: &mut Conn,
    account: &AccountId,
    hashes: &[Digest],
    now: Timestamp,
) -> Result<(), StoreError> {
    sql("DELETE FROM recovery_codes WHERE account_id = $1").bind(account.as_str()).execute(conn).await?;
    for hash in hashes {
        let text = "INSERT INTO recovery_codes (code_hash, account_id, created_at) VALUES ($1, $2, $3)";
        sql(text).bind(hash).bind(account.as_str()).bind(now).execute(conn).await?;
    }
    Ok(())
}

/// How many accounts there are.
pub async fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    sql("SELECT count(*) FROM accounts").fetch_one(conn).await?.int(0)
}

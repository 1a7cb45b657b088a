//! What else the overview looks at: each question is one probe of an index, or counts up to a limit.

use super::db::{Conn, StoreError, sql};
use super::log::number;
use countersign_core::time::Timestamp;
use countersign_core::traffic::UpTo;

/// Counting stops here: "more than ten thousand" is all that anybody needs to know.
const MOST: u64 = 10_000;

const HELD: &str = "recovery_requests WHERE state = 'held'";
const WAITING: &str = "messages WHERE state = 'queued'";
const NEXT: &str = "SELECT min(next_at) FROM messages WHERE state = 'queued'";
const UNGUARDED: &str = "SELECT count(*) FROM staff s WHERE s.disabled_at IS NULL AND s.password_hash IS NOT NULL \
                         AND s.totp_sealed IS NULL \
                         AND NOT EXISTS (SELECT 1 FROM staff_passkeys p WHERE p.staff_id = s.id)";
const ANY_ACCOUNT: &str = "SELECT id FROM accounts LIMIT 1";

fn counting(rows: &str) -> String {
    format!("SELECT count(*) FROM (SELECT 1 AS one FROM {rows} LIMIT {}) AS few", MOST + 1)
}

fn unsigned(number: &str) -> String {
    format!("SELECT at FROM evidence WHERE {number} > $1 ORDER BY {number} LIMIT 1")
}

/// Every statement here as SQLite gets it, so that a test and a bench can ask how they are answered.
pub fn statements() -> Vec<String> {
    let plain = [NEXT, UNGUARDED, ANY_ACCOUNT].map(str::to_owned);
    [counting(HELD), counting(WAITING), unsigned("seq")].into_iter().chain(plain).collect()
}

async fn up_to(conn: &mut Conn, rows: &str) -> Result<UpTo, StoreError> {
    let number = sql(counting(rows)).fetch_one(conn).await?.int(0)?;
    Ok(UpTo::counted(u64::try_from(number).unwrap_or(0), MOST))
}

/// Requests that wait for proof or for budget.
pub async fn held_requests(conn: &mut Conn) -> Result<UpTo, StoreError> {
    up_to(conn, HELD).await
}

/// Messages that have not left.
pub async fn waiting_messages(conn: &mut Conn) -> Result<UpTo, StoreError> {
    up_to(conn, WAITING).await
}

/// When the message that is due first is, or was, due.
pub async fn next_message(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    sql(NEXT).fetch_one(conn).await?.opt_time(0)
}

/// When the first entry was written that is not among the first `size` of the log.
pub async fn first_unsigned(conn: &mut Conn, size: u64) -> Result<Option<Timestamp>, StoreError> {
    let after = i64::try_from(size).unwrap_or(i64::MAX);
    let row = sql(unsigned(number(conn))).bind(after).fetch_optional(conn).await?;
    if let Some(row) = row {
        return row.time(0).map(Some);
    }
    if !conn.is_postgres() {
        return Ok(None);
    }
    let row = sql("SELECT at FROM evidence WHERE num IS NULL ORDER BY seq LIMIT 1").fetch_optional(conn).await?;
    row.map(|row| row.time(0)).transpose()
}

/// Staff who sign in with a password and have no second factor and no passkey.
pub async fn unguarded_staff(conn: &mut Conn) -> Result<i64, StoreError> {
    sql(UNGUARDED).fetch_one(conn).await?.int(0)
}

/// Whether there is any account.
pub async fn has_accounts(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(sql(ANY_ACCOUNT).fetch_optional(conn).await?.is_some())
}

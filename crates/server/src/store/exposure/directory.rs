//! The directory as the index sees it: accounts by their numbers, with every value that a leak could name them by.

use super::super::db::{Conn, Row, StoreError, sql};
use super::ordinal;
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use std::collections::HashMap;

/// Under which two nodes that number accounts take turns; SQLite's one writer needs none.
const PG_LOCK: &str = "SELECT pg_advisory_xact_lock(4014283378)";

/// Takes the next numbers, which are written in the same transaction; the first of them.
pub async fn next_number(conn: &mut Conn) -> Result<i64, StoreError> {
    if conn.is_postgres() {
        sql(PG_LOCK).fetch_optional(conn).await?;
    }
    sql("SELECT coalesce(max(number), -1) + 1 FROM accounts").fetch_one(conn).await?.int(0)
}

/// One more than the greatest number.
pub async fn end(conn: &mut Conn) -> Result<u32, StoreError> {
    let row = sql("SELECT coalesce(max(number), -1) + 1 FROM accounts").fetch_one(conn).await?;
    ordinal(&row, 0)
}

/// The number of an account.
pub async fn number(conn: &mut Conn, id: &AccountId) -> Result<Option<u32>, StoreError> {
    let row = sql("SELECT number FROM accounts WHERE id = $1 AND number IS NOT NULL").bind(id.as_str());
    row.fetch_optional(conn).await?.map(|row| ordinal(&row, 0)).transpose()
}

/// The same by what the other system calls it.
pub async fn number_of_external(conn: &mut Conn, external: &str) -> Result<Option<u32>, StoreError> {
    let row = sql("SELECT number FROM accounts WHERE external_id = $1 AND number IS NOT NULL").bind(external);
    row.fetch_optional(conn).await?.map(|row| ordinal(&row, 0)).transpose()
}

/// An account and what names it.
#[derive(Clone)]
pub struct Keys {
    /// Its number.
    pub number: u32,
    /// Its id.
    pub id: String,
    /// What the other system calls it.
    pub external_id: Option<String>,
    /// Kind (`user`, `email`, `phone`) and normalised value.
    pub values: Vec<(String, String)>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({}, {} values)", self.number, self.values.len())
    }
}

/// Accounts with numbers from `from` to below `to`, in their order.
pub async fn keys(conn: &mut Conn, from: u32, to: u32) -> Result<Vec<Keys>, StoreError> {
    let accounts = "SELECT number, id, external_id FROM accounts WHERE number >= $1 AND number < $2 ORDER BY number";
    let rows = sql(accounts).bind(i64::from(from)).bind(i64::from(to)).fetch_all(conn).await?;
    let mut found = rows.iter().map(account).collect::<Result<Vec<_>, _>>()?;
    let at: HashMap<u32, usize> = found.iter().enumerate().map(|(n, keys)| (keys.number, n)).collect();
    // An address or a number stands in two tables where it also names the account; whoever hashes them looks for that.
    for text in [
        "SELECT a.number, i.kind, i.value FROM accounts a JOIN identifiers i ON i.account_id = a.id \
         WHERE a.number >= $1 AND a.number < $2",
        "SELECT a.number, 'email', e.normalized FROM accounts a JOIN emails e ON e.account_id = a.id \
         WHERE a.number >= $1 AND a.number < $2",
        "SELECT a.number, 'phone', p.number FROM accounts a JOIN phones p ON p.account_id = a.id \
         WHERE a.number >= $1 AND a.number < $2",
    ] {
        for row in sql(text).bind(i64::from(from)).bind(i64::from(to)).fetch_all(conn).await? {
            let value = (row.text(1)?, row.text(2)?);
            if let Some(keys) = at.get(&ordinal(&row, 0)?).and_then(|n| found.get_mut(*n))
                && !keys.values.contains(&value)
            {
                keys.values.push(value);
            }
        }
    }
    Ok(found)
}

fn account(row: &Row) -> Result<Keys, StoreError> {
    Ok(Keys { number: ordinal(row, 0)?, id: row.text(1)?, external_id: row.opt_text(2)?, values: vec![] })
}

/// Numbers of accounts whose row changed since a time, with the time: those after `after`, so many at the most.
pub async fn changed(
    conn: &mut Conn,
    after: (Timestamp, i64),
    limit: i64,
) -> Result<Vec<(u32, Timestamp)>, StoreError> {
    // Two conditions rather than a row comparison: both databases then walk the index from where they stopped.
    let text = "SELECT number, updated_at FROM accounts WHERE updated_at >= $1 AND (updated_at > $1 OR number > $2) \
                AND number IS NOT NULL ORDER BY updated_at, number LIMIT $3";
    let rows = sql(text).bind(after.0).bind(after.1).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((ordinal(row, 0)?, row.time(1)?))).collect()
}

/// An account as exports name it.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its number.
    pub number: u32,
    /// Its id.
    pub id: AccountId,
    /// What the other system calls it.
    pub external_id: Option<String>,
}

/// Accounts by their numbers, a few thousand at the most, in the order of their numbers.
pub async fn named(conn: &mut Conn, numbers: &[u32]) -> Result<Vec<Named>, StoreError> {
    let mut found = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(1000) {
        let list = super::placeholders(conn, 1, part.len());
        let text = format!("SELECT number, id, external_id FROM accounts WHERE number IN {list} ORDER BY number");
        let rows = sql(text).bind_all(part.iter().map(|n| i64::from(*n).into())).fetch_all(conn).await?;
        for row in rows {
            let id = row.parsed(1, "accounts.id", |t| AccountId::parse(t).ok())?;
            found.push(Named { number: ordinal(&row, 0)?, id, external_id: row.opt_text(2)? });
        }
    }
    Ok(found)
}

/// When accounts were made, by their numbers.
pub async fn beginnings(conn: &mut Conn, numbers: &[u32]) -> Result<Vec<(u32, Timestamp)>, StoreError> {
    let mut found = Vec::with_capacity(numbers.len());
    for part in numbers.chunks(1000) {
        let list = super::placeholders(conn, 1, part.len());
        let text = format!("SELECT number, created_at FROM accounts WHERE number IN {list}");
        let rows = sql(text).bind_all(part.iter().map(|n| i64::from(*n).into())).fetch_all(conn).await?;
        for row in rows {
            found.push((ordinal(&row, 0)?, row.time(1)?));
        }
    }
    Ok(found)
}

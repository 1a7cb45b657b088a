//! Values that accounts had before.

use super::super::db::{Arg, Conn, StoreError, placeholders, sql};
use super::ordinal;
use countersign_core::ids::AccountId;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// A value that stopped to be an account's.
#[derive(Debug, Clone)]
pub struct NewFormer {
    /// Whose it was.
    pub account: AccountId,
    /// `user`, `email` or `phone`.
    pub kind: &'static str,
    /// Keyed hash of the value.
    pub key: Digest,
    /// The value, sealed.
    pub sealed: Vec<u8>,
    /// When it stopped.
    pub until: Timestamp,
}

/// Records values; one that an account had twice keeps its later end. How many are new.
pub async fn insert(conn: &mut Conn, values: &[NewFormer], now: Timestamp) -> Result<u64, StoreError> {
    let mut count = 0;
    for part in values.chunks(1000) {
        let rows = placeholders(conn, part.len(), 6);
        let text = format!(
            "INSERT INTO former_values (account_id, kind, value_key, value_sealed, until_at, recorded_at) VALUES {rows} \
             ON CONFLICT (account_id, kind, value_key) DO UPDATE SET until_at = excluded.until_at, \
             value_sealed = excluded.value_sealed WHERE former_values.until_at < excluded.until_at"
        );
        let args = part.iter().flat_map(|value| {
            let account: Arg = value.account.as_str().into();
            [
                account,
                value.kind.into(),
                (&value.key).into(),
                value.sealed.clone().into(),
                value.until.into(),
                now.into(),
            ]
        });
        count += sql(text).bind_all(args).execute(conn).await?;
    }
    Ok(count)
}

/// A value as it is kept.
#[derive(Debug, Clone)]
pub struct Former {
    /// Its number.
    pub number: u32,
    /// The number of the account.
    pub account: u32,
    /// The account's id, to which the seal is bound.
    pub account_id: String,
    /// `user`, `email` or `phone`.
    pub kind: String,
    /// Sealed.
    pub sealed: Vec<u8>,
}

/// Values with numbers above `after`, so many at the most, in their order.
pub async fn after(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Former>, StoreError> {
    let text = "SELECT f.number, a.number, f.account_id, f.kind, f.value_sealed FROM former_values f \
                JOIN accounts a ON a.id = f.account_id WHERE f.number > $1 AND a.number IS NOT NULL \
                ORDER BY f.number LIMIT $2";
    let rows = sql(text).bind(after).bind(limit).fetch_all(conn).await?;
    let one = |row: &super::Row| {
        Ok(Former {
            number: ordinal(row, 0)?,
            account: ordinal(row, 1)?,
            account_id: row.text(2)?,
            kind: row.text(3)?,
            sealed: row.bytes(4)?,
        })
    };
    rows.iter().map(one).collect()
}

/// The greatest number of one; zero without any.
pub async fn last(conn: &mut Conn) -> Result<u32, StoreError> {
    let row = sql("SELECT coalesce(max(number), 0) FROM former_values").fetch_one(conn).await?;
    ordinal(&row, 0)
}

/// A change as freshness looks at it: number of the value, account, kind, when it changed.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// The former value.
    pub former: u32,
    /// Whose.
    pub account: u32,
    /// `u`, `e` or `p`: the first letter of the kind.
    pub kind: u8,
    /// When.
    pub at: Timestamp,
}

/// Changes, the latest first, so many at the most.
pub async fn changes(conn: &mut Conn, limit: i64) -> Result<Vec<Change>, StoreError> {
    let text = "SELECT f.number, a.number, f.kind, f.until_at FROM former_values f \
                JOIN accounts a ON a.id = f.account_id WHERE a.number IS NOT NULL ORDER BY f.number DESC LIMIT $1";
    let rows = sql(text).bind(limit).fetch_all(conn).await?;
    let one = |row: &super::Row| {
        let kind = row.text(2)?.bytes().next().unwrap_or_default();
        Ok(Change { former: ordinal(row, 0)?, account: ordinal(row, 1)?, kind, at: row.time(3)? })
    };
    rows.iter().map(one).collect()
}

/// The accounts of former values, by the values' numbers.
pub async fn owners(conn: &mut Conn, numbers: Vec<u32>) -> Result<std::collections::HashMap<u32, u32>, StoreError> {
    let mut found = std::collections::HashMap::with_capacity(numbers.len());
    for part in numbers.chunks(1000) {
        let list = placeholders(conn, 1, part.len());
        let text = format!(
            "SELECT f.number, a.number FROM former_values f JOIN accounts a ON a.id = f.account_id \
             WHERE f.number IN {list} AND a.number IS NOT NULL"
        );
        for row in sql(text).bind_all(part.iter().map(|n| i64::from(*n).into())).fetch_all(conn).await? {
            found.insert(ordinal(&row, 0)?, ordinal(&row, 1)?);
        }
    }
    Ok(found)
}

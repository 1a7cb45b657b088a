//! The evidence for people who leaf through it, from its end backwards. Nothing here reads more than `LOOK` entries.

use super::db::{Conn, StoreError, sql};
use super::log::{EntryRow, Filter, entry, number};
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;

/// Entries that one call looks through for those that fit: there is no index over kinds, since every entry would pay for it.
pub const LOOK: u64 = 10_000;

const COLUMNS: &str = "id, at, kind, subject, payload, salt, commitment FROM evidence";

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Up to `limit` entries from number `from` up to and with `to` that fit, the last one first.
pub async fn backwards(
    conn: &mut Conn,
    (from, to): (u64, u64),
    limit: i64,
    filter: &Filter<'_>,
) -> Result<Vec<EntryRow>, StoreError> {
    let n = number(conn);
    let wanted = [("kind", filter.kind), ("subject", filter.account.map(AccountId::as_str))];
    let wanted: Vec<(&str, &str)> = wanted.into_iter().filter_map(|(column, value)| Some((column, value?))).collect();
    let conditions: String =
        wanted.iter().enumerate().map(|(at, (column, _))| format!(" AND {column} = ${}", at + 4)).collect();
    let text = format!("SELECT {n}, {COLUMNS} WHERE {n} >= $1 AND {n} <= $2{conditions} ORDER BY {n} DESC LIMIT $3");
    let select = sql(text).bind(signed(from)).bind(signed(to)).bind(limit);
    let rows = select.bind_all(wanted.into_iter().map(|(_, value)| value.into())).fetch_all(conn).await?;
    rows.iter().map(entry).collect()
}

/// One entry by its number.
pub async fn by_number(conn: &mut Conn, at: u64) -> Result<Option<EntryRow>, StoreError> {
    let n = number(conn);
    let row = sql(format!("SELECT {n}, {COLUMNS} WHERE {n} = $1")).bind(signed(at)).fetch_optional(conn).await?;
    row.as_ref().map(entry).transpose()
}

/// Number and time of the first entry from `number` on that still has its time: what is erased has none.
pub async fn time_from(conn: &mut Conn, from: u64) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let n = number(conn);
    let text = format!("SELECT {n}, at FROM evidence WHERE {n} >= $1 AND payload IS NOT NULL ORDER BY {n} LIMIT 1");
    let row = sql(text).bind(signed(from)).fetch_optional(conn).await?;
    row.map(|row| Ok((row.int(0)?.unsigned_abs(), row.time(1)?))).transpose()
}

/// Up to `limit` entries about what staff did, before number `before`, the last one first.
pub async fn of_staff(conn: &mut Conn, before: u64, limit: i64) -> Result<Vec<EntryRow>, StoreError> {
    let n = number(conn);
    // In the words of the index `evidence_staff`, or it is not used.
    let text = format!(
        "SELECT {n}, {COLUMNS} WHERE kind >= 'staff.' AND kind < 'staff/' AND {n} < $1 ORDER BY seq DESC LIMIT $2"
    );
    let rows = sql(text).bind(signed(before)).bind(limit).fetch_all(conn).await?;
    rows.iter().map(entry).collect()
}

//! The log's rows for whoever checks them: each row by itself, so that one that cannot be read hides no other.

use super::db::{Conn, Row, StoreError, sql};
use super::log::number;
use countersign_core::time::Timestamp;
use countersign_evidence::{Commitment, tile};

/// An entry's row, or the first column of it that holds what it cannot hold.
#[derive(Debug, Clone)]
pub struct EntryRead {
    /// Its number, as it stands there.
    pub number: i64,
    /// What the row holds.
    pub row: Result<Columns, &'static str>,
}

/// The columns of an entry's row.
#[derive(Debug, Clone)]
pub struct Columns {
    /// `id`.
    pub id: String,
    /// `at`.
    pub at: Timestamp,
    /// `kind`.
    pub kind: String,
    /// `subject`.
    pub subject: Option<String>,
    /// `payload`.
    pub payload: Option<Vec<u8>>,
    /// `salt`.
    pub salt: Option<Vec<u8>>,
    /// `commitment`.
    pub commitment: Commitment,
}

fn columns(row: &Row) -> Result<Columns, &'static str> {
    let commitment = row.bytes(7).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    Ok(Columns {
        id: row.text(1).map_err(|_| "id")?,
        at: row.time(2).map_err(|_| "at")?,
        kind: row.text(3).map_err(|_| "kind")?,
        subject: row.opt_text(4).map_err(|_| "subject")?,
        payload: row.opt_bytes(5).map_err(|_| "payload")?,
        salt: row.opt_bytes(6).map_err(|_| "salt")?,
        commitment: commitment.map(Commitment::from_bytes).ok_or("commitment")?,
    })
}

fn read(row: &Row) -> Result<EntryRead, StoreError> {
    Ok(EntryRead { number: row.int(0)?, row: columns(row) })
}

const COLUMNS: &str = "id, at, kind, subject, payload, salt, commitment FROM evidence";

/// Up to `limit` rows after the number `after`, in order; no number is too small.
pub async fn entries(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<EntryRead>, StoreError> {
    let n = number(conn);
    let text = format!("SELECT {n}, {COLUMNS} WHERE {n} > $1 ORDER BY {n} LIMIT $2");
    sql(text).bind(after).bind(limit).fetch_all(conn).await?.iter().map(read).collect()
}

/// Up to `limit` rows that have no number yet, after the position `after`; what stands as their number is their position.
/// There are none on SQLite.
pub async fn unnumbered(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<EntryRead>, StoreError> {
    if !conn.is_postgres() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT seq, {COLUMNS} WHERE num IS NULL AND seq > $1 ORDER BY seq LIMIT $2");
    sql(text).bind(after).bind(limit).fetch_all(conn).await?.iter().map(read).collect()
}

/// How many rows of the evidence have a number.
pub async fn count(conn: &mut Conn) -> Result<u64, StoreError> {
    let count = sql(format!("SELECT count({}) FROM evidence", number(conn))).fetch_one(conn).await?.int(0)?;
    Ok(count.unsigned_abs())
}

/// Up to `limit` tiles of a level from `index` on: their index, and their bytes where these are bytes.
pub async fn tiles(
    conn: &mut Conn,
    level: u8,
    index: u64,
    limit: i64,
) -> Result<Vec<(i64, Option<Vec<u8>>)>, StoreError> {
    let text = "SELECT idx, hashes FROM log_tiles WHERE level = $1 AND idx >= $2 ORDER BY idx LIMIT $3";
    let select = sql(text).bind(i64::from(level)).bind(i64::try_from(index).unwrap_or(i64::MAX)).bind(limit);
    let tile = |row: &Row| Ok((row.int(0)?, row.bytes(1).ok()));
    select.fetch_all(conn).await?.iter().map(tile).collect()
}

/// Up to `limit` tiles that a tree of `size` entries does not have: their level and index.
pub async fn tiles_beyond(conn: &mut Conn, size: u64, limit: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut text =
        format!("SELECT level, idx FROM log_tiles WHERE idx < 0 OR level < 0 OR level >= {}", tile::MOST_LEVELS);
    for level in 0..tile::MOST_LEVELS {
        let tiles = (size >> (tile::HEIGHT * u32::from(level))).div_ceil(tile::WIDTH as u64);
        text.push_str(&format!(" OR (level = {level} AND idx >= {tiles})"));
    }
    text.push_str(" ORDER BY level, idx LIMIT $1");
    let rows = sql(text).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}

/// The key column of every row of the head; one row, holding 1, is right.
pub async fn head_rows(conn: &mut Conn) -> Result<Vec<i64>, StoreError> {
    let rows = sql("SELECT one FROM log_head ORDER BY one LIMIT 10").fetch_all(conn).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

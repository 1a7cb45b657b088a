//! What exposure keeps: numbers of accounts, values that they had, leaks, cohorts, containments.

pub mod cohorts;
pub mod containments;
pub mod directory;
pub mod former;
pub mod leaks;
pub mod sets;

use super::db::{Arg, Conn, Row, StoreError, placeholders, sql};
use countersign_core::expose::cohort::Accounts;

/// Pieces that are read at once: a few megabytes.
const PIECES: i64 = 32;

/// Writes the pieces of a set under a key of `columns` (`leak_id, what` or `digest`).
async fn put_pieces(
    conn: &mut Conn,
    table: &'static str,
    columns: &'static str,
    key: &[Arg],
    set: &Accounts,
) -> Result<(), StoreError> {
    for (piece, bytes) in set.pieces() {
        let values = placeholders(conn, 1, key.len() + 2);
        let insert = sql(format!("INSERT INTO {table} ({columns}, piece, bytes) VALUES {values}"));
        insert.bind_all(key.iter().cloned()).bind(i64::from(piece)).bind(bytes).execute(conn).await?;
    }
    Ok(())
}

/// Takes rows of piece and bytes into a set.
fn take_pieces(rows: &[Row], set: &mut Accounts) -> Result<(), StoreError> {
    for row in rows {
        let number = u32::try_from(row.int(0)?).map_err(|_| damaged("a piece without a number"))?;
        set.add_piece(number, &row.bytes(1)?).map_err(|error| damaged(&error.to_string()))?;
    }
    Ok(())
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("a set of accounts: {what}"))
}

/// The number of an account, as bitmaps have it.
fn ordinal(row: &Row, index: usize) -> Result<u32, StoreError> {
    u32::try_from(row.int(index)?).map_err(|_| damaged("an account without a number"))
}

/// Which key the directory's hashes are made with; the first is 1.
pub async fn generation(conn: &mut Conn) -> Result<u32, StoreError> {
    let row = sql("SELECT value FROM meta WHERE key = 'exposure_key'").fetch_optional(conn).await?;
    let parsed = row.map(|row| row.parsed(0, "meta.value", |text| text.parse().ok())).transpose()?;
    Ok(parsed.unwrap_or(1))
}

/// Takes the next key.
pub async fn next_generation(conn: &mut Conn) -> Result<u32, StoreError> {
    let next = generation(conn).await? + 1;
    let text = "INSERT INTO meta (key, value) VALUES ('exposure_key', $1) \
                ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    sql(text).bind(next.to_string()).execute(conn).await?;
    Ok(next)
}

//! Puts a log aside that cannot be gone on with, and makes room for the next one.

use super::db::{Conn, StoreError, sql};
use super::log::number;
use countersign_core::time::Timestamp;

/// What is noted of a log that ends, besides its rows.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Its name.
    pub origin: String,
    /// When it ended.
    pub at: Timestamp,
    /// Why, in the words of whoever ended it.
    pub reason: String,
    /// The checkpoint that lay beside the database.
    pub last_seen: Option<String>,
}

/// The names of the logs that were put aside, the first one first.
pub async fn origins(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    let rows = sql("SELECT origin FROM old_logs ORDER BY position").fetch_all(conn).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Moves the head, the keys, the tiles and the stamps aside, just as they are. The entries stay.
pub async fn put_aside(conn: &mut Conn, ending: &Ending) -> Result<(), StoreError> {
    let head = "INSERT INTO old_logs (origin, position, ended_at, reason, last_seen, size, root, note, signed_at, \
                published_size, published, published_at, witnessed) \
                SELECT $1, (SELECT count(*) FROM old_logs), $2, $3, $4, h.size, h.root, h.note, h.signed_at, \
                h.published_size, h.published, h.published_at, h.witnessed \
                FROM (SELECT 1 AS one) AS here LEFT JOIN log_head AS h ON h.one = here.one";
    let head = sql(head).bind(&ending.origin).bind(ending.at).bind(&ending.reason);
    head.bind(ending.last_seen.clone()).execute(conn).await?;
    for (table, columns) in [
        ("keys", "position, vkey, from_size, rotation"),
        ("tiles", "level, idx, hashes"),
        ("stamps", "size, checkpoint, token, stamped_at, authority"),
    ] {
        let text = format!("INSERT INTO old_log_{table} (origin, {columns}) SELECT $1, {columns} FROM log_{table}");
        sql(text).bind(&ending.origin).execute(conn).await?;
        sql(format!("DELETE FROM log_{table}")).execute(conn).await?;
    }
    sql("DELETE FROM log_head").execute(conn).await?;
    Ok(())
}

/// Fills a hole in the numbers with a row that commits to nothing.
pub async fn fill(conn: &mut Conn, hole: u64, id: &str, kind: &str) -> Result<(), StoreError> {
    let n = number(conn);
    let text = format!("INSERT INTO evidence ({n}, id, at, kind, commitment) VALUES ($1, $2, 0, $3, $4)");
    let hole = i64::try_from(hole).unwrap_or(i64::MAX);
    sql(text).bind(hole).bind(id).bind(kind).bind([0_u8; 32].as_slice()).execute(conn).await?;
    Ok(())
}

/// Lets the next entry follow `last`: SQLite would go on behind the highest number that there ever was.
pub async fn number_after(conn: &mut Conn, last: u64) -> Result<(), StoreError> {
    if conn.is_postgres() {
        return Ok(());
    }
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    sql("UPDATE sqlite_sequence SET seq = $1 WHERE name = 'evidence'").bind(last).execute(conn).await?;
    Ok(())
}

//! Leaks that were matched.

use super::super::db::{Conn, Row, StoreError, sql};
use super::{put_pieces, take_pieces};
use countersign_core::expose::cohort::{Accounts, CohortDigest, PIECE};
use countersign_core::ids::LeakId;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// A leak.
#[derive(Debug, Clone)]
pub struct Leak {
    /// Its id.
    pub id: LeakId,
    /// What it is called here.
    pub name: String,
    /// When it was matched.
    pub imported_at: Timestamp,
    /// Whether it counts; a leak that was withdrawn does not.
    pub standing: bool,
    /// BLAKE3 of the file, unpacked; of several SHA-256 of theirs, in their order.
    pub digest: Digest,
    /// Records that were read.
    pub rows: i64,
    /// Records that could not be.
    pub bad: i64,
    /// Accounts that matched.
    pub accounts: i64,
    /// Of them, by a strong key.
    pub strong: i64,
    /// Everybody who matched.
    pub cohort: CohortDigest,
    /// JSON.
    pub report: String,
    /// When it was withdrawn.
    pub closed_at: Option<Timestamp>,
}

/// Writes a leak with its sets: the name of each and who is in it.
pub async fn insert(conn: &mut Conn, leak: &Leak, sets: &[(String, Accounts)]) -> Result<(), StoreError> {
    let text = "INSERT INTO leaks (id, name, imported_at, state, digest, row_count, bad_count, account_count, strong_count, \
                cohort, report) VALUES ($1, $2, $3, 'standing', $4, $5, $6, $7, $8, $9, $10)";
    let insert = sql(text).bind(leak.id.as_str()).bind(leak.name.as_str()).bind(leak.imported_at).bind(&leak.digest);
    let insert = insert.bind(leak.rows).bind(leak.bad).bind(leak.accounts).bind(leak.strong);
    insert.bind(leak.cohort.bytes().as_slice()).bind(leak.report.as_str()).execute(conn).await?;
    for (what, set) in sets {
        let key = [leak.id.as_str().into(), what.as_str().into()];
        put_pieces(conn, "leak_pieces", "leak_id, what", &key, set).await?;
    }
    Ok(())
}

const LEAK: &str = "SELECT id, name, imported_at, state, digest, row_count, bad_count, account_count, strong_count, cohort, \
                    report, closed_at FROM leaks";

fn leak(row: &Row) -> Result<Leak, StoreError> {
    let standing = |state: &str| match state {
        "standing" => Some(true),
        "withdrawn" => Some(false),
        _ => None,
    };
    Ok(Leak {
        id: row.parsed(0, "leaks.id", |t| LeakId::parse(t).ok())?,
        name: row.text(1)?,
        imported_at: row.time(2)?,
        standing: row.parsed(3, "leaks.state", standing)?,
        digest: row.digest(4)?,
        rows: row.int(5)?,
        bad: row.int(6)?,
        accounts: row.int(7)?,
        strong: row.int(8)?,
        cohort: super::cohorts::digest(row, 9)?,
        report: row.text(10)?,
        closed_at: row.opt_time(11)?,
    })
}

/// The newest leaks.
pub async fn newest(conn: &mut Conn, limit: i64) -> Result<Vec<Leak>, StoreError> {
    let rows = sql(format!("{LEAK} ORDER BY id DESC LIMIT $1")).bind(limit).fetch_all(conn).await?;
    rows.iter().map(leak).collect()
}

/// Leaks that count, the oldest first.
pub async fn standing(conn: &mut Conn) -> Result<Vec<Leak>, StoreError> {
    let rows = sql(format!("{LEAK} WHERE state = 'standing' ORDER BY id")).fetch_all(conn).await?;
    rows.iter().map(leak).collect()
}

/// Ids of leaks that count: what the sets in memory are compared with.
pub async fn standing_ids(conn: &mut Conn) -> Result<Vec<LeakId>, StoreError> {
    let rows = sql("SELECT id FROM leaks WHERE state = 'standing' ORDER BY id").fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed(0, "leaks.id", |t| LeakId::parse(t).ok())).collect()
}

/// One leak.
pub async fn by_id(conn: &mut Conn, id: &LeakId) -> Result<Option<Leak>, StoreError> {
    let row = sql(format!("{LEAK} WHERE id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(leak).transpose()
}

/// A leak that counts and was made of the same files.
pub async fn by_digest(conn: &mut Conn, digest: &Digest) -> Result<Option<Leak>, StoreError> {
    let text = format!("{LEAK} WHERE digest = $1 AND state = 'standing' ORDER BY id LIMIT 1");
    sql(text).bind(digest).fetch_optional(conn).await?.as_ref().map(leak).transpose()
}

/// Withdraws a leak; `false` where it was not standing.
pub async fn withdraw(conn: &mut Conn, id: &LeakId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE leaks SET state = 'withdrawn', closed_at = $2 WHERE id = $1 AND state = 'standing'";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// One of a leak's sets.
pub async fn set(conn: &mut Conn, id: &LeakId, what: &str) -> Result<Accounts, StoreError> {
    let (mut set, mut from) = (Accounts::new(), 0);
    loop {
        let text = "SELECT piece, bytes FROM leak_pieces WHERE leak_id = $1 AND what = $2 AND piece >= $3 \
                    ORDER BY piece LIMIT $4";
        let rows = sql(text).bind(id.as_str()).bind(what).bind(from).bind(super::PIECES).fetch_all(conn).await?;
        take_pieces(&rows, &mut set)?;
        match rows.last() {
            Some(last) if rows.len() as i64 == super::PIECES => from = last.int(0)? + 1,
            _ => return Ok(set),
        }
    }
}

/// Which of a leak's sets an account is in.
pub async fn sets_of(conn: &mut Conn, id: &LeakId, number: u32) -> Result<Vec<String>, StoreError> {
    let text = "SELECT piece, bytes, what FROM leak_pieces WHERE leak_id = $1 AND piece = $2 ORDER BY what";
    let piece = i64::from(number / PIECE);
    let mut found = vec![];
    for row in sql(text).bind(id.as_str()).bind(piece).fetch_all(conn).await? {
        let (what, mut set) = (row.text(2)?, Accounts::new());
        take_pieces(std::slice::from_ref(&row), &mut set)?;
        if set.contains(number) {
            found.push(what);
        }
    }
    Ok(found)
}

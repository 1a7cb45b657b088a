//! Cohorts.

use super::super::db::{Conn, Row, StoreError, sql};
use super::{put_pieces, take_pieces};
use countersign_core::expose::cohort::{Accounts, CohortDigest};
use countersign_core::time::Timestamp;

/// A cohort, without who is in it.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// Its name by content.
    pub digest: CohortDigest,
    /// What it is called here.
    pub name: String,
    /// How it was made.
    pub query: String,
    /// How many accounts.
    pub size: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Writes a cohort; `false` where the same set is there already, which stays as it is.
pub async fn insert(conn: &mut Conn, cohort: &Cohort, set: &Accounts) -> Result<bool, StoreError> {
    let text = "INSERT INTO cohorts (digest, name, query, size, created_at) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (digest) DO NOTHING";
    let insert = sql(text).bind(cohort.digest.bytes().as_slice()).bind(cohort.name.as_str());
    let insert = insert.bind(cohort.query.as_str()).bind(cohort.size).bind(cohort.created_at);
    if insert.execute(conn).await? == 0 {
        return Ok(false);
    }
    let key = [cohort.digest.bytes().as_slice().into()];
    put_pieces(conn, "cohort_pieces", "digest", &key, set).await?;
    Ok(true)
}

const COHORT: &str = "SELECT digest, name, query, size, created_at FROM cohorts";

/// A digest that stands in a column.
pub(super) fn digest(row: &Row, index: usize) -> Result<CohortDigest, StoreError> {
    CohortDigest::from_slice(&row.bytes(index)?).ok_or_else(|| super::damaged("a digest that is none"))
}

fn cohort(row: &Row) -> Result<Cohort, StoreError> {
    Ok(Cohort {
        digest: digest(row, 0)?,
        name: row.text(1)?,
        query: row.text(2)?,
        size: row.int(3)?,
        created_at: row.time(4)?,
    })
}

/// One cohort.
pub async fn by_digest(conn: &mut Conn, digest: &CohortDigest) -> Result<Option<Cohort>, StoreError> {
    let row = sql(format!("{COHORT} WHERE digest = $1")).bind(digest.bytes().as_slice());
    row.fetch_optional(conn).await?.as_ref().map(cohort).transpose()
}

/// The newest cohorts.
pub async fn newest(conn: &mut Conn, limit: i64) -> Result<Vec<Cohort>, StoreError> {
    let rows = sql(format!("{COHORT} ORDER BY created_at DESC, digest LIMIT $1")).bind(limit).fetch_all(conn).await?;
    rows.iter().map(cohort).collect()
}

/// Those that a containment was ever put on, so many at the most.
pub async fn contained(conn: &mut Conn) -> Result<Vec<Cohort>, StoreError> {
    let text = format!("{COHORT} WHERE digest IN (SELECT cohort FROM containments) LIMIT 1000");
    sql(text).fetch_all(conn).await?.iter().map(cohort).collect()
}

/// Who is in a cohort.
pub async fn set(conn: &mut Conn, digest: &CohortDigest) -> Result<Accounts, StoreError> {
    let (mut set, mut from) = (Accounts::new(), 0);
    loop {
        let text = "SELECT piece, bytes FROM cohort_pieces WHERE digest = $1 AND piece >= $2 ORDER BY piece LIMIT $3";
        let rows = sql(text).bind(digest.bytes().as_slice()).bind(from).bind(super::PIECES).fetch_all(conn).await?;
        take_pieces(&rows, &mut set)?;
        match rows.last() {
            Some(last) if rows.len() as i64 == super::PIECES => from = last.int(0)? + 1,
            _ => return Ok(set),
        }
    }
}

/// Whether somebody is in a cohort; one small row is read.
pub async fn contains(conn: &mut Conn, digest: &CohortDigest, number: u32) -> Result<bool, StoreError> {
    let text = "SELECT piece, bytes FROM cohort_pieces WHERE digest = $1 AND piece = $2";
    let piece = i64::from(number / countersign_core::expose::cohort::PIECE);
    let rows = sql(text).bind(digest.bytes().as_slice()).bind(piece).fetch_all(conn).await?;
    let mut set = Accounts::new();
    take_pieces(&rows, &mut set)?;
    Ok(set.contains(number))
}

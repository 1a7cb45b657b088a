//! Containments, and whom they let go.

use super::super::db::{Conn, Row, StoreError, sql};
use super::ordinal;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::Containment;
use countersign_core::ids::ContainmentId;
use countersign_core::time::Timestamp;

/// A policy on a cohort.
#[derive(Debug, Clone)]
pub struct Contained {
    /// Its id.
    pub id: ContainmentId,
    /// On whom.
    pub cohort: CohortDigest,
    /// What it asks.
    pub kind: Containment,
    /// Why, as whoever put it there said.
    pub reason: String,
    /// How many accounts are in the cohort.
    pub size: i64,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// When it was lifted.
    pub lifted_at: Option<Timestamp>,
}

impl Contained {
    /// Whether it is neither lifted nor over.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.until.is_none_or(|until| until > now)
    }
}

const CONTAINED: &str = "SELECT id, cohort, kind, reason, size, since, until_at, lifted_at FROM containments";

fn contained(row: &Row) -> Result<Contained, StoreError> {
    Ok(Contained {
        id: row.parsed(0, "containments.id", |t| ContainmentId::parse(t).ok())?,
        cohort: super::cohorts::digest(row, 1)?,
        kind: row.parsed(2, "containments.kind", Containment::parse)?,
        reason: row.text(3)?,
        size: row.int(4)?,
        since: row.time(5)?,
        until: row.opt_time(6)?,
        lifted_at: row.opt_time(7)?,
    })
}

/// Puts one in force.
pub async fn insert(conn: &mut Conn, new: &Contained) -> Result<(), StoreError> {
    let text = "INSERT INTO containments (id, cohort, kind, reason, size, since, until_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sql(text).bind(new.id.as_str()).bind(new.cohort.bytes().as_slice()).bind(new.kind.as_str());
    insert.bind(new.reason.as_str()).bind(new.size).bind(new.since).bind(new.until).execute(conn).await?;
    Ok(())
}

/// Those in force, the oldest first.
pub async fn open(conn: &mut Conn, now: Timestamp) -> Result<Vec<Contained>, StoreError> {
    let text = format!(
        "{CONTAINED} WHERE lifted_at IS NULL AND (until_at IS NULL OR until_at > $1) ORDER BY since, id LIMIT 1000"
    );
    sql(text).bind(now).fetch_all(conn).await?.iter().map(contained).collect()
}

/// The newest, in force or not.
pub async fn newest(conn: &mut Conn, limit: i64) -> Result<Vec<Contained>, StoreError> {
    let rows = sql(format!("{CONTAINED} ORDER BY id DESC LIMIT $1")).bind(limit).fetch_all(conn).await?;
    rows.iter().map(contained).collect()
}

/// One of them.
pub async fn by_id(conn: &mut Conn, id: &ContainmentId) -> Result<Option<Contained>, StoreError> {
    let row = sql(format!("{CONTAINED} WHERE id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(contained).transpose()
}

/// Lifts one; `false` where it was not in force.
pub async fn lift(conn: &mut Conn, id: &ContainmentId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE containments SET lifted_at = $2 WHERE id = $1 AND lifted_at IS NULL \
                AND (until_at IS NULL OR until_at > $2)";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Lets an account go; `false` where it was let go before.
pub async fn release(
    conn: &mut Conn,
    id: &ContainmentId,
    number: u32,
    why: &'static str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO containment_releases (containment_id, number, why, at) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (containment_id, number) DO NOTHING";
    let insert = sql(text).bind(id.as_str()).bind(i64::from(number)).bind(why).bind(now);
    Ok(insert.execute(conn).await? == 1)
}

/// Whether an account was let go.
pub async fn is_released(conn: &mut Conn, id: &ContainmentId, number: u32) -> Result<bool, StoreError> {
    let text = "SELECT seq FROM containment_releases WHERE containment_id = $1 AND number = $2";
    Ok(sql(text).bind(id.as_str()).bind(i64::from(number)).fetch_optional(conn).await?.is_some())
}

/// A release.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its place in the sequence.
    pub seq: i64,
    /// Of which containment.
    pub containment: String,
    /// Whom it let go.
    pub number: u32,
    /// When.
    pub at: Timestamp,
}

/// Releases after a place in the sequence, so many at the most, in their order.
pub async fn releases(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Release>, StoreError> {
    let text = "SELECT seq, containment_id, number, at FROM containment_releases WHERE seq > $1 ORDER BY seq LIMIT $2";
    let rows = sql(text).bind(after).bind(limit).fetch_all(conn).await?;
    let one = |row: &Row| {
        Ok(Release { seq: row.int(0)?, containment: row.text(1)?, number: ordinal(row, 2)?, at: row.time(3)? })
    };
    rows.iter().map(one).collect()
}

/// How many accounts each containment let go, by its id.
pub async fn released_counts(conn: &mut Conn) -> Result<Vec<(String, i64)>, StoreError> {
    let text = "SELECT containment_id, count(*) FROM containment_releases GROUP BY containment_id";
    let rows = sql(text).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
}

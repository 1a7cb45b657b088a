//! What state a database is in, for `doctor`; nothing is made, migrated or written.

use super::super::Place;
use super::super::db::{Conn, StoreError, sql};
use super::{known, version};
use countersign_core::time::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The schema's version; zero for an empty database.
    pub version: i64,
    /// The version that this program knows.
    pub known: i64,
    /// Whether this program may write.
    pub writable: bool,
    /// The database server's clock; SQLite has none of its own.
    pub now: Option<Timestamp>,
}

/// Looks at a database; `None` where there is none yet.
///
/// # Errors
/// `StoreError::Damaged` when SQLite's own check finds something, `StoreError::Sql` when it cannot be reached in time.
pub async fn inspect(place: &Place, patience: Duration) -> Result<Option<Inspection>, StoreError> {
    match place {
        Place::File(path) if !path.exists() => Ok(None),
        Place::File(path) => sqlite(path, patience).await.map(Some),
        Place::Url(url) => postgres(url, patience).await.map(Some),
    }
}

async fn sqlite(path: &Path, patience: Duration) -> Result<Inspection, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(patience);
    let options = options.disable_statement_logging();
    let mut conn = Conn::Sqlite(Box::new(SqliteConnection::connect_with(&options).await?));
    let verdict = sql("PRAGMA quick_check(1)").fetch_one(&mut conn).await?.text(0)?;
    if verdict != "ok" {
        return Err(StoreError::Damaged(verdict));
    }
    let version = version_or_zero(&mut conn).await?;
    // Takes the write lock and gives it back; a file or directory that cannot be written refuses it.
    let writable = sql("BEGIN IMMEDIATE").execute(&mut conn).await.is_ok();
    if writable {
        sql("ROLLBACK").execute(&mut conn).await?;
    }
    Ok(Inspection { version, known: known(), writable, now: None })
}

async fn postgres(url: &str, patience: Duration) -> Result<Inspection, StoreError> {
    let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
    // By itself first: a pool only says that it waited.
    let alone = tokio::time::timeout(patience, PgConnection::connect_with(&options)).await;
    alone.map_err(|_| StoreError::Sql(sqlx::Error::PoolTimedOut))??.close().await?;
    let pool: PgPool = PgPoolOptions::new().max_connections(1).acquire_timeout(patience).connect_with(options).await?;
    let mut conn = Conn::Postgres(pool.acquire().await?);
    let version = version_or_zero(&mut conn).await?;
    let facts = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                 (CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'
                  OR NOT has_schema_privilege(current_schema(), 'CREATE') THEN 0 ELSE 1 END)::bigint";
    let facts = sql(facts).fetch_one(&mut conn).await?;
    Ok(Inspection { version, known: known(), writable: facts.int(1)? == 1, now: facts.opt_time(0)? })
}

/// The schema's version, or zero where there is no table of versions.
pub(in crate::store) async fn version_or_zero(conn: &mut Conn) -> Result<i64, StoreError> {
    let table = if conn.is_postgres() {
        "SELECT count(*) FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_name = 'schema_versions'"
    } else {
        "SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'"
    };
    match sql(table).fetch_one(conn).await?.int(0)? {
        0 => Ok(0),
        _ => version(conn).await,
    }
}

//! One moment of a database, for readers that need more than one statement; and a way to open one that writes nothing.

use super::db::{Conn, StoreError, sql};
use super::{BUSY_TIMEOUT, Place, Store, migrate, writer};
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// The schema's version since which there is a log.
const LOG_SINCE: i64 = 3;

/// Rows that SQLite's thread hands over at once; with few it waits for its reader most of the time.
const ROWS: usize = 4096;

/// Begins one moment; what is read on `conn` from now on belongs together, and nothing can be written.
const fn begin(conn: &Conn) -> &'static str {
    // SQLite's readers are opened for reading only, and in WAL mode a transaction reads the moment of its first statement.
    if conn.is_postgres() { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" }
}

impl Store {
    /// Runs `work` on one moment of the database. It can write nothing, and what others write meanwhile is not seen. The work
    /// runs to its end even when the caller goes away.
    pub async fn snapshot<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let conn = self.read().await?;
        let begin = begin(&conn);
        let task = tokio::spawn(async move { writer::in_transaction(conn, begin, work).await });
        task.await.unwrap_or_else(|_| Err(StoreError::Stopped.into()))
    }
}

/// Opens one moment of a database without a change to it: nothing is made, migrated or written. `None` where there is no
/// database, or none with a log in it.
///
/// # Errors
/// `StoreError::Newer` for a schema of a later version; `StoreError::Sql` when it cannot be reached within `patience`.
pub async fn open(place: &Place, patience: Duration) -> Result<Option<Conn>, StoreError> {
    let conn = match place {
        Place::File(path) if !path.exists() => return Ok(None),
        Place::File(path) => sqlite(path).await?,
        Place::Url(url) => postgres(url, patience).await?,
    };
    let mut conn = conn;
    let version = migrate::inspect::version_or_zero(&mut conn).await?;
    if version > migrate::known() {
        return Err(StoreError::Newer { found: version, known: migrate::known() });
    }
    if version < LOG_SINCE {
        return Ok(None);
    }
    sql(begin(&conn)).execute(&mut conn).await?;
    Ok(Some(conn))
}

async fn sqlite(path: &Path) -> Result<Conn, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).read_only(true);
    let options = options.busy_timeout(BUSY_TIMEOUT).pragma("cache_size", "-16384").row_buffer_size(ROWS);
    let options = options.disable_statement_logging();
    let mut conn = Conn::Sqlite(Box::new(SqliteConnection::connect_with(&options).await?));
    let seen = sql("SELECT count(*) FROM sqlite_master").fetch_one(&mut conn).await;
    if seen.is_err() && !has_unwritten(path) {
        // In a directory that cannot be written SQLite cannot make the file by which it locks. Where the last server
        // stopped as it should, the database file holds everything, and nobody else can be writing there.
        let options = options.immutable(true);
        return Ok(Conn::Sqlite(Box::new(SqliteConnection::connect_with(&options).await?)));
    }
    seen.map(|_| conn)
}

/// Whether the write-ahead log holds what the database file does not.
fn has_unwritten(path: &Path) -> bool {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    std::fs::metadata(beside).is_ok_and(|meta| meta.len() > 0)
}

async fn postgres(url: &str, patience: Duration) -> Result<Conn, StoreError> {
    let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
    let alone = tokio::time::timeout(patience, sqlx::PgConnection::connect_with(&options)).await;
    // By itself first: a pool only says that it waited.
    alone.map_err(|_| StoreError::Sql(sqlx::Error::PoolTimedOut))??.close().await?;
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(patience).connect_with(options).await?;
    Ok(Conn::Postgres(pool.acquire().await?))
}

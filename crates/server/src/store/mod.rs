//! The only SQL: one concrete `Store` over SQLite or PostgreSQL.
//!
//! Never: decides anything; answers before a commit; maps a stored value that it does not know to a harmless one;
//! opens a database whose schema is newer than this program.
//! In: typed rows and ids.   Out: typed rows, or a `StoreError`.
//! I/O for this room: this is it.   Tests: tests/it/store.rs, every method on both databases.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod browse;
pub mod ceremonies;
pub mod db;
pub mod directory;
pub mod erasure;
pub mod evidence;
pub mod exposure;
mod fresh;
pub mod frozen;
pub mod gate;
pub mod log;
pub mod messages;
pub mod migrate;
pub mod old_logs;
pub mod overview;
pub mod passkeys;
pub mod profile;
pub mod register;
pub mod requests;
pub mod staff;
pub mod tickets;
pub mod traffic;
mod writer;

pub use db::{Conn, StoreError};
pub use fresh::Fresh;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// SQLite connections that read beside the one writer; two cores gain nothing from more.
const SQLITE_READERS: u32 = 4;
/// Prepared statements that a SQLite connection keeps: the program's own, and one for each number of entries that is
/// written at once (`evidence::MOST_ROWS`).
const STATEMENTS: usize = 256;
/// How long a statement waits for another process that holds SQLite's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a flow waits for a free PostgreSQL connection before it fails with "unavailable".
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A file up to this size is checked before anything is done with it: a second at the most. A larger one is checked beside the
/// work, since after a crash people wait for the answers of a server and not for the end of a check that takes minutes.
const CHECKED_FIRST: u64 = 64 << 20;

/// What a check beside the work found; from then on nothing is read or written any more.
type Damage = Arc<std::sync::OnceLock<String>>;

/// Where the data is.
#[derive(Debug, Clone)]
pub enum Place {
    /// One SQLite file.
    File(PathBuf),
    /// A PostgreSQL database by URL.
    Url(String),
}

/// The database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Sqlite {
        writer: writer::Writer,
        readers: SqlitePool,
        fresh: Arc<Fresh>,
        options: Box<SqliteConnectOptions>,
        damage: Damage,
    },
    Postgres {
        pool: PgPool,
    },
}

impl Store {
    /// Opens the database, checks it, and brings its schema up to date.
    ///
    /// # Errors
    /// `StoreError::Newer` for a schema of a later version, `StoreError::Damaged` when SQLite's own check finds
    /// something, `StoreError::Sql` when it cannot be reached.
    pub async fn open(place: &Place, connections: u32) -> Result<Self, StoreError> {
        match place {
            Place::File(path) => Self::open_sqlite(path).await,
            Place::Url(url) => Self::open_postgres(url, connections).await,
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| StoreError::Damaged(format!("{}: {e}", parent.display())))?;
        }
        // FULL: an answer given after the commit survives a power cut, not only a crash of this process.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", "-16384")
            .pragma("journal_size_limit", "67108864")
            // What is erased is overwritten, not only given free.
            .pragma("secure_delete", "ON")
            .command_buffer_size(256)
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        let mut conn = Conn::Sqlite(Box::new(connect_sqlite(&options).await?));
        let damage = Damage::default();
        let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
        if size > CHECKED_FIRST {
            tokio::spawn(check_beside(options.clone().read_only(true).create_if_missing(false), damage.clone()));
        } else {
            quick_check(&mut conn).await?;
        }
        migrate::run(&mut conn).await?;
        let Conn::Sqlite(conn) = conn else { return Err(StoreError::Stopped) };
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .connect_lazy_with(options.clone().read_only(true).create_if_missing(false));
        let fresh = Arc::new(Fresh::default());
        let writer = writer::Writer::start(*conn, fresh.clone());
        Ok(Self { kind: Kind::Sqlite { writer, readers, fresh, options: Box::new(options), damage } })
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
        let pool = pool.connect_with(options).await?;
        migrate::run(&mut Conn::Postgres(pool.acquire().await?)).await?;
        Ok(Self { kind: Kind::Postgres { pool } })
    }

    /// `sqlite` or `postgresql`.
    pub const fn engine(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite { .. } => "sqlite",
            Kind::Postgres { .. } => "postgresql",
        }
    }

    /// What this process has committed to the evidence table since it was last asked; on PostgreSQL, where others write as
    /// well, there is no such thing.
    pub fn fresh(&self) -> Option<&Fresh> {
        match &self.kind {
            Kind::Sqlite { fresh, .. } => Some(fresh),
            Kind::Postgres { .. } => None,
        }
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Conn, StoreError> {
        Ok(match &self.kind {
            Kind::Sqlite { readers, damage, .. } => {
                refuse_damaged(damage)?;
                Conn::SqliteReader(readers.acquire().await?)
            }
            Kind::Postgres { pool } => Conn::Postgres(pool.acquire().await?),
        })
    }

    /// Asks the database for an answer, any answer.
    ///
    /// # Errors
    /// `StoreError::Sql` when it gives none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        db::sql("SELECT 1").fetch_one(&mut self.read().await?).await.map(|_| ())
    }

    /// Runs `work` in a transaction and returns its result once that is durable; an `Err` rolls back all of it.
    ///
    /// On SQLite the one writer commits several such works together, a savepoint each (group commit). The work runs to
    /// its end even when the caller goes away: a client that hangs up leaves nothing half-done. It may not await
    /// anything but the connection.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        match &self.kind {
            Kind::Sqlite { writer, damage, .. } => {
                refuse_damaged(damage)?;
                writer.write(work).await
            }
            Kind::Postgres { pool } => {
                let pool = pool.clone();
                let task = tokio::spawn(async move { writer::postgres_transaction(&pool, work).await });
                task.await.unwrap_or_else(|_| Err(StoreError::Stopped.into()))
            }
        }
    }
}

async fn quick_check(conn: &mut Conn) -> Result<(), StoreError> {
    let verdict = db::sql("PRAGMA quick_check(1)").fetch_one(conn).await?.text(0)?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

/// Checks a large file while it is used.
async fn check_beside(options: SqliteConnectOptions, damage: Damage) {
    let found = async {
        let mut conn = Conn::Sqlite(Box::new(connect_sqlite(&options).await?));
        quick_check(&mut conn).await
    };
    match found.await {
        Ok(()) => {}
        Err(StoreError::Damaged(what)) => tell_damage(what, &damage),
        Err(error) => tracing::warn!(%error, "the database could not be checked from end to end"),
    }
}

fn tell_damage(what: String, damage: &Damage) {
    tracing::error!(what, "the database is damaged: nothing is read or written any more; restore it from a backup");
    // The first finding stays.
    let _ = damage.set(what);
}

fn refuse_damaged(damage: &Damage) -> Result<(), StoreError> {
    damage.get().map_or(Ok(()), |what| Err(StoreError::Damaged(what.clone())))
}

/// Connects, and waits while another process turns a new file to WAL: for that SQLite says "locked" at once, whatever the
/// busy timeout is.
async fn connect_sqlite(options: &SqliteConnectOptions) -> Result<sqlx::SqliteConnection, sqlx::Error> {
    const STEP: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        match sqlx::SqliteConnection::connect_with(options).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("5") && waited < BUSY_TIMEOUT => {
                tokio::time::sleep(STEP).await;
                waited += STEP;
            }
            connected => return connected,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.engine())
    }
}

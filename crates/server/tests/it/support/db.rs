//! A database of its own for each test: a SQLite file in a fresh directory, or a fresh PostgreSQL database.

use super::not_run;
use countersign::store::db::sql;
use countersign::store::{Conn, Place, Store};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::fmt::Write as _;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs one test body on both databases.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                $crate::support::db::on_sqlite(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgresql() {
                $crate::support::db::on_postgres(super::$name).await;
            }
        }
    )*};
}
pub(crate) use on_both;

/// The database of one test.
#[derive(Clone)]
pub struct Db {
    pub place: Place,
    _dir: Option<Arc<tempfile::TempDir>>,
}

impl Db {
    /// A SQLite file that goes with the last clone of this value.
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { place: Place::File(dir.path().join("countersign.db")), _dir: Some(Arc::new(dir)) }
    }

    /// A SQLite file that somebody else looks after.
    pub const fn file(path: PathBuf) -> Self {
        Self { place: Place::File(path), _dir: None }
    }

    /// A node on this database.
    pub async fn open(&self) -> Store {
        Store::open(&self.place, 6).await.unwrap()
    }

    /// A connection past the store, for reading and writing, in no transaction.
    pub async fn conn(&self) -> Conn {
        match &self.place {
            Place::File(path) => {
                let options = SqliteConnectOptions::new().filename(path).foreign_keys(true);
                Conn::Sqlite(Box::new(SqliteConnection::connect_with(&options).await.unwrap()))
            }
            Place::Url(url) => Conn::Postgres(
                PgPoolOptions::new().max_connections(1).connect(url).await.unwrap().acquire().await.unwrap(),
            ),
        }
    }
}

/// Runs `body` on a SQLite file.
pub async fn on_sqlite<F: Future<Output = ()>>(body: impl FnOnce(Db) -> F) {
    body(Db::sqlite()).await;
}

/// Runs `body` on a PostgreSQL database that is made for it and dropped afterwards, also when it fails.
pub async fn on_postgres<F>(body: impl FnOnce(Db) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(server) = postgres().await else { return };
    let name = database_name();
    run(&server, &format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    let ended = tokio::spawn(body(Db { place: Place::Url(url.to_string()), _dir: None })).await;
    run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// Runs a statement on the server, outside every transaction.
pub async fn run(server: &str, statement: &str) {
    let mut conn = PgConnection::connect(server).await.unwrap();
    conn.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
    conn.close().await.unwrap();
}

/// The server's address; says in a line what was not run where there is none.
#[expect(clippy::disallowed_methods, reason = "tests look for their counterparts in the environment")]
pub async fn postgres() -> Option<String> {
    let named = std::env::var("COUNTERSIGN_TEST_POSTGRES").ok();
    let url = named.unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    if PgConnection::connect(&url).await.is_err() {
        not_run("the store on PostgreSQL", "start PostgreSQL, and set COUNTERSIGN_TEST_POSTGRES to its address");
        return None;
    }
    Some(url)
}

/// No other test, here or in another process, has this name.
fn database_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("countersign_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Every row of a table as text, for comparing before with after; both databases write their own form.
pub async fn rows(conn: &mut Conn, table: &str, columns: &[&str]) -> Vec<String> {
    let casts: Vec<String> = columns.iter().map(|c| format!("coalesce(CAST({c} AS TEXT), 'NULL')")).collect();
    let text = format!("SELECT {} FROM {table} ORDER BY 1", casts.join(", "));
    let rows = sql(text).fetch_all(conn).await.unwrap();
    let line = |row: &countersign::store::db::Row| {
        columns.iter().enumerate().fold(String::new(), |mut line, (index, column)| {
            write!(line, "{column}={} ", row.text(index).unwrap()).unwrap();
            line
        })
    };
    rows.iter().map(line).collect()
}

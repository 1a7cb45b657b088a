//! How transactions are run: SQLite's one writer that commits several together, and PostgreSQL's plain ones.

use super::db::{Conn, StoreError, WriterConn, sql};
use super::evidence;
use super::fresh::Fresh;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use sqlx::postgres::PgPool;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Works that may wait for the writer; more callers wait at the door.
const QUEUE: usize = 4096;
/// Works in one commit, so that the first of them does not wait for ever.
const MOST_PER_COMMIT: usize = 512;

/// Runs in the transaction; returns how to answer once it is known whether the commit held.
type Work = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Ran> + Send>;

/// What running a work left behind.
enum Ran {
    /// It is part of the transaction; to be answered after the commit.
    Joined(Answer),
    /// It was rolled back and answered.
    Left,
    /// Its savepoint is gone, and with it the transaction: SQLite rolls all of it back on a full disk or an I/O error
    /// (https://sqlite.org/lang_transaction.html, 2.4). Nothing more may run in it, or it would commit alone.
    Broken,
}
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// SQLite's one writer, a task that owns the connection.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
}

impl Writer {
    /// Takes the connection over; what commits of evidence is told to `fresh`.
    pub(super) fn start(conn: SqliteConnection, fresh: Arc<Fresh>) -> Self {
        let (queue, works) = mpsc::channel(QUEUE);
        tokio::spawn(run(Conn::Writer(Box::new(WriterConn::new(conn))), works, fresh));
        Self { queue }
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let boxed: Work = Box::new(move |conn| Box::pin(in_savepoint(conn, work, answer)));
        if self.queue.send(boxed).await.is_err() {
            return Err(StoreError::Stopped.into());
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Stopped.into()))
    }
}

async fn run(mut conn: Conn, mut works: mpsc::Receiver<Work>, fresh: Arc<Fresh>) {
    while let Some(first) = works.recv().await {
        gather(&works).await;
        if let Err(error) = commit_together(&mut conn, first, &mut works, &fresh).await {
            tracing::error!(%error, "the database writer could not commit");
        }
    }
}

/// Lets those who were answered by the last commit come back with their next work, so that one commit serves all of them
/// instead of the first few. It waits for nobody who is not running already.
async fn gather(works: &mpsc::Receiver<Work>) {
    let mut seen = usize::MAX;
    while works.len() != seen && works.len() < MOST_PER_COMMIT {
        seen = works.len();
        tokio::task::yield_now().await;
    }
}

async fn commit_together(
    conn: &mut Conn,
    first: Work,
    works: &mut mpsc::Receiver<Work>,
    fresh: &Fresh,
) -> Result<(), StoreError> {
    sql("BEGIN IMMEDIATE").execute(conn).await?;
    let (answers, whole) = run_works(conn, first, works).await;
    let committed = if whole { commit(conn).await } else { Err(StoreError::Stopped) };
    match &committed {
        Ok(entries) => fresh.add(entries),
        Err(_) => {
            // Whatever state the failed commit left, the next BEGIN must find none.
            let _ = sql("ROLLBACK").execute(conn).await;
        }
    }
    if let Conn::Writer(writer) = conn {
        writer.entries.clear();
    }
    for answer in answers {
        answer(if committed.is_ok() { Ok(()) } else { Err(StoreError::Stopped) });
    }
    committed.map(|_| ())
}

/// Runs what waits, each in its savepoint; how to answer, and whether the transaction is still there.
async fn run_works(conn: &mut Conn, first: Work, works: &mut mpsc::Receiver<Work>) -> (Vec<Answer>, bool) {
    let mut answers = Vec::new();
    let mut next = Some(first);
    let (mut taken, mut whole) = (0, true);
    while let Some(work) = next {
        match work(conn).await {
            Ran::Joined(answer) => answers.push(answer),
            Ran::Left => {}
            Ran::Broken => whole = false,
        }
        taken += 1;
        next = if whole && taken < MOST_PER_COMMIT { works.try_recv().ok() } else { None };
    }
    (answers, whole)
}

/// Writes the entries of all works, and commits; where the entries stand now.
async fn commit(conn: &mut Conn) -> Result<Vec<evidence::Written>, StoreError> {
    let entries = match conn {
        Conn::Writer(writer) => std::mem::take(&mut writer.entries),
        _ => Vec::new(),
    };
    let written = evidence::insert(conn, entries).await?;
    sql("COMMIT").execute(conn).await?;
    Ok(written)
}

/// Runs one work in a savepoint. A failed work is rolled back and answered at once; the others are not touched.
async fn in_savepoint<T, E, F>(conn: &mut Conn, work: F, answer: oneshot::Sender<Result<T, E>>) -> Ran
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
{
    let mark = enter(conn);
    let result = caught(work(conn)).await;
    let in_savepoint = leave(conn, result.is_ok(), mark);
    let undo = in_savepoint && result.is_err();
    let undo = if undo { sql("ROLLBACK TO work").execute(conn).await.err() } else { None };
    let release = if in_savepoint { sql("RELEASE work").execute(conn).await.err() } else { None };
    match (result, undo.or(release)) {
        (Ok(value), None) => Ran::Joined(Box::new(move |committed: Result<(), StoreError>| {
            let _ = answer.send(committed.map(|()| value).map_err(E::from));
        })),
        (Ok(_), Some(error)) => {
            let _ = answer.send(Err(error.into()));
            Ran::Broken
        }
        (Err(error), gone) => {
            let _ = answer.send(Err(error));
            if gone.is_some() { Ran::Broken } else { Ran::Left }
        }
    }
}

/// A work begins: how many entries there were before it.
fn enter(conn: &mut Conn) -> usize {
    let Conn::Writer(writer) = conn else { return 0 };
    writer.enter();
    writer.entries.len()
}

/// A work has ended; the entries of one that failed go with it. Whether it had a savepoint.
fn leave(conn: &mut Conn, succeeded: bool, mark: usize) -> bool {
    let Conn::Writer(writer) = conn else { return false };
    if !succeeded {
        writer.entries.truncate(mark);
    }
    writer.leave()
}

/// A work that panics is one that failed: it is rolled back, and the writer or the connection serves the next one. Without
/// this the one writer would be gone, or an open transaction would go back to the pool with its locks.
async fn caught<T, E: From<StoreError>>(work: BoxFuture<'_, Result<T, E>>) -> Result<T, E> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

/// One PostgreSQL transaction.
pub(super) async fn postgres_transaction<T, E, F>(pool: &PgPool, work: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>>,
{
    let conn = Conn::Postgres(pool.acquire().await.map_err(StoreError::from)?);
    in_transaction(conn, "BEGIN", work).await
}

/// One transaction on a connection that is given back to its pool afterwards.
pub(super) async fn in_transaction<T, E, F>(mut conn: Conn, begin: &'static str, work: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>>,
{
    sql(begin).execute(&mut conn).await?;
    let result = caught(work(&mut conn)).await;
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sql(end).execute(&mut conn).await;
    match (result, ended) {
        (Ok(value), Ok(_)) => Ok(value),
        (Ok(_), Err(error)) => {
            close(conn).await;
            Err(error.into())
        }
        (Err(error), Ok(_)) => Err(error),
        (Err(error), Err(_)) => {
            close(conn).await;
            Err(error)
        }
    }
}

/// A connection whose transaction did not end is not given to anybody else.
async fn close(conn: Conn) {
    match conn {
        Conn::Postgres(conn) => drop(conn.close().await),
        Conn::SqliteReader(conn) => drop(conn.close().await),
        Conn::Sqlite(_) | Conn::Writer(_) => {}
    }
}

//! How transactions are run: SQLite's one writer that commits several together, and PostgreSQL's plain ones.

use super::db::{Conn, StoreError, sql};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::postgres::PgPool;
use std::panic::AssertUnwindSafe;
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
    pub(super) fn start(conn: Conn) -> Self {
        let (queue, works) = mpsc::channel(QUEUE);
        tokio::spawn(run(conn, works));
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

async fn run(mut conn: Conn, mut works: mpsc::Receiver<Work>) {
    while let Some(first) = works.recv().await {
        if let Err(error) = commit_together(&mut conn, first, &mut works).await {
            tracing::error!(%error, "the database writer could not commit");
        }
    }
}

async fn commit_together(conn: &mut Conn, first: Work, works: &mut mpsc::Receiver<Work>) -> Result<(), StoreError> {
    sql("BEGIN IMMEDIATE").execute(conn).await?;
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
    let committed = if whole { sql("COMMIT").execute(conn).await.map(|_| ()) } else { Err(StoreError::Stopped) };
    if committed.is_err() {
        // Whatever state the failed commit left, the next BEGIN must find none.
        let _ = sql("ROLLBACK").execute(conn).await;
    }
    for answer in answers {
        answer(if committed.is_ok() { Ok(()) } else { Err(StoreError::Stopped) });
    }
    committed
}

/// Runs one work in a savepoint. A failed work is rolled back and answered at once; the others are not touched.
async fn in_savepoint<T, E, F>(conn: &mut Conn, work: F, answer: oneshot::Sender<Result<T, E>>) -> Ran
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
{
    if let Err(error) = sql("SAVEPOINT work").execute(conn).await {
        let _ = answer.send(Err(error.into()));
        return Ran::Broken;
    }
    let result = caught(work(conn)).await;
    let undo = if result.is_err() { sql("ROLLBACK TO work").execute(conn).await.err() } else { None };
    let release = sql("RELEASE work").execute(conn).await.err();
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
    let mut conn = Conn::Postgres(pool.acquire().await.map_err(StoreError::from)?);
    sql("BEGIN").execute(&mut conn).await?;
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
    if let Conn::Postgres(conn) = conn {
        let _ = conn.close().await;
    }
}

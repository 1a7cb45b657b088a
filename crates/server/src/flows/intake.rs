//! Group commit at the door: requests that arrive together are written together, each answered once it is durable.

use crate::store::{Store, StoreError, evidence, requests};
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait to be written; further ones get a 503 instead of an ever later answer.
const QUEUE: usize = 8192;
/// Requests in one statement.
const BATCH: usize = 256;

struct Item {
    request: requests::NewRequest,
    entry: evidence::Draft,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The way in.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: mpsc::Sender<Item>,
}

impl Intake {
    /// Starts the writer task; it ends when the last `Intake` is dropped.
    pub fn start(store: Store) -> Self {
        let (queue, items) = mpsc::channel(QUEUE);
        tokio::spawn(run(store, items));
        Self { queue }
    }

    /// Writes a request with its evidence entry; returns when both are durable.
    pub async fn write(&self, request: requests::NewRequest, entry: evidence::Draft) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.queue.try_send(Item { request, entry, done }).map_err(|_| StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }
}

async fn run(store: Store, mut items: mpsc::Receiver<Item>) {
    let mut batch = Vec::with_capacity(BATCH);
    while items.recv_many(&mut batch, BATCH).await > 0 {
        let (mut rows, mut entries, mut waiting) = (vec![], vec![], vec![]);
        for item in batch.drain(..) {
            rows.push(item.request);
            entries.push(item.entry);
            waiting.push(item.done);
        }
        let written: Result<(), StoreError> = store
            .write(move |conn| {
                Box::pin(async move {
                    requests::insert(conn, &rows).await?;
                    evidence::append(conn, entries).await
                })
            })
            .await;
        if let Err(error) = &written {
            tracing::error!(%error, count = waiting.len(), "recovery requests could not be written");
        }
        for done in waiting {
            let _ = done.send(if written.is_ok() { Ok(()) } else { Err(StoreError::Stopped) });
        }
    }
}

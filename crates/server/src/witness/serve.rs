//! The witness over HTTP: `POST /add-checkpoint`, `GET /<hash of the origin>/checkpoint`.

use super::Witness;
use super::guard::Guarded;
use super::judge::Refusal;
use super::submission::MOST_BYTES;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// A submission has a few kilobytes; whoever takes longer is not a log that wants an answer within its second.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// A cached answer older than this would tell a log at its start less than the witness knows.
const CACHE: &str = "no-cache";

/// Serves until `stop` ends, and finishes what is under way.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    witness: Arc<Witness>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(Guarded::new(listener), router(witness)).with_graceful_shutdown(stop).await
}

fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add))
        .route("/{origin_hash}/checkpoint", get(latest))
        .with_state(witness)
}

async fn add(State(witness): State<Arc<Witness>>, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refuse(Refusal::Malformed("the body is too long, or was cut off")),
        Err(_) => return refuse(Refusal::Slow),
    };
    // A task of its own: it is not cut off between the check and the record when the client goes away.
    match tokio::task::spawn_blocking(move || witness.add(&body)).await {
        Ok(Ok(signature)) => plain(StatusCode::OK, format!("{signature}\n")),
        Ok(Err(refusal)) => refuse(refusal),
        Err(error) => {
            tracing::error!(%error, "a submission was not judged");
            refuse(Refusal::Unavailable)
        }
    }
}

async fn latest(State(witness): State<Arc<Witness>>, Path(origin_hash): Path<String>) -> Response {
    // The record is locked while the disk is being written.
    let note = tokio::task::spawn_blocking(move || witness.latest(&origin_hash)).await.ok().flatten();
    match note {
        Some(note) => ([(header::CACHE_CONTROL, CACHE)], plain(StatusCode::OK, note.to_string())).into_response(),
        None => plain(StatusCode::NOT_FOUND, "nothing was cosigned for this log\n".to_owned()),
    }
}

fn refuse(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match refusal {
        Refusal::Stale { held } => typed(status, "text/x.tlog.size", format!("{held}\n")),
        other => plain(status, format!("{other}\n")),
    }
}

fn plain(status: StatusCode, text: String) -> Response {
    typed(status, "text/plain; charset=utf-8", text)
}

fn typed(status: StatusCode, kind: &'static str, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

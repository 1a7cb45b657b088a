//! `/healthz`, `/readyz`, `/metrics`: for whoever runs this server.

use super::problem::{Problem, respond};
use crate::app::App;
use crate::error::AppError;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;

/// The database answers within this time, or it is away.
const DATABASE_ANSWERS_IN: Duration = Duration::from_secs(2);
/// OpenMetrics 1.0, 5: what prometheus-client writes.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Signs that a proxy stands between: whoever is behind it is not the peer.
const FORWARDED: [&str; 3] = ["x-forwarded-for", "forwarded", "via"];

/// The process runs.
pub async fn healthz() -> Response {
    respond(StatusCode::OK, "application/json", Bytes::from_static(br#"{"status":"ok"}"#))
}

/// The process can do its work: the database answers.
pub async fn readyz(State(app): State<App>) -> Response {
    match tokio::time::timeout(DATABASE_ANSWERS_IN, app.store.ping()).await {
        Ok(Ok(())) => respond(StatusCode::OK, "application/json", Bytes::from_static(br#"{"status":"ready"}"#)),
        Ok(Err(error)) => Problem::from(AppError::from(error)).into_response(),
        Err(_) => Problem::from(AppError::unavailable("the database does not answer")).into_response(),
    }
}

/// The counters, for a scraper on this machine or in a network of `server.trusted_proxies`. A request that came through
/// a proxy is not the scraper's; everybody else learns nothing, not even that there is something.
pub async fn metrics(State(app): State<App>, parts: Parts) -> Response {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
    let near = peer.is_some_and(|ip| ip.is_loopback() || app.config.server.trusts(ip));
    if near && !is_forwarded(&parts.headers) {
        return respond(StatusCode::OK, METRICS_TYPE, app.metrics.text().into());
    }
    super::not_found().into_response()
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

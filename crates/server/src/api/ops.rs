//! `/healthz`, `/readyz`, `/metrics`: for whoever runs this server.

use super::call::respond_json;
use super::problem::{Problem, respond};
use crate::app::App;
use crate::error::AppError;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;
use utoipa::ToSchema;

/// The database answers within this time, or it is away.
const DATABASE_ANSWERS_IN: Duration = Duration::from_secs(2);
/// OpenMetrics 1.0, 5: what prometheus-client writes.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Signs that a proxy stands between: whoever is behind it is not the peer.
const FORWARDED: [&str; 3] = ["x-forwarded-for", "forwarded", "via"];

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok` or `ready`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// The process runs
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operation",
    responses((status = 200, description = "It does.", body = Health)))]
pub async fn healthz() -> Response {
    respond_json(Bytes::from_static(br#"{"status":"ok"}"#))
}

/// The process can do its work: the database answers, and there is no doubt about the evidence log
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operation",
    responses((status = 200, description = "It can.", body = Health), (status = 503, description = "`unavailable`.")))]
pub async fn readyz(State(app): State<App>) -> Response {
    match tokio::time::timeout(DATABASE_ANSWERS_IN, app.store.ping()).await {
        Ok(Ok(())) if app.log.doubt().is_some() => {
            let internal = app.log.doubt().unwrap_or_default();
            Problem::from(AppError::unavailable(internal)).into_response()
        }
        Ok(Ok(())) => respond_json(Bytes::from_static(br#"{"status":"ready"}"#)),
        Ok(Err(error)) => Problem::from(AppError::from(error)).into_response(),
        Err(_) => Problem::from(AppError::unavailable("the database does not answer")).into_response(),
    }
}

/// The counters
///
/// For a scraper on this machine or in a network of `server.trusted_proxies`. A request that came through
/// a proxy is not the scraper's; everybody else learns nothing, not even that there is something.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operation",
    responses((status = 200, description = "OpenMetrics.", body = String, content_type = "application/openmetrics-text"), (status = 404, description = "`not_found`: the caller may not see them.")))]
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

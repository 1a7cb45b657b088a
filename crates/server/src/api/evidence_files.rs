//! `/evidence/…`: the log as static files (C2SP tlog-tiles), for anybody, without a key.

use super::call::Answer;
use super::not_found;
use super::problem::Problem;
use crate::app::App;
use crate::error::AppError;
use crate::flows::log::read;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_evidence::tile::TilePath;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// A checkpoint is signed about twice a second.
const FOR_A_SECOND: HeaderValue = HeaderValue::from_static("public, max-age=1");
/// What a tile holds never changes; a partial one has its width in its name.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The newest published checkpoint of the evidence log
///
/// A signed note (C2SP tlog-checkpoint), with the cosignatures of witnesses. Not there when `evidence.public` is off.
#[utoipa::path(get, path = "/evidence/checkpoint", operation_id = "evidence_checkpoint", tag = "evidence",
    responses((status = 200, description = "The checkpoint.", body = String, content_type = "text/plain"), (status = 404, description = "`not_found`: the log is not public."), (status = 500, description = "`internal`."), (status = 503, description = "`unavailable`.")))]
pub async fn checkpoint(State(app): State<App>) -> Response {
    let answer = async { Ok(Some(read::published(&app).await?.note.to_string().into_bytes())) };
    file(&app, answer.await, TEXT, FOR_A_SECOND)
}

/// How the log's key was handed over, for readers who pinned an older one
///
/// Notes that both keys signed, the oldest first; empty while the first key signs.
#[utoipa::path(get, path = "/evidence/rotations", operation_id = "evidence_rotations", tag = "evidence",
    responses((status = 200, description = "The rotations.", body = String, content_type = "text/plain"), (status = 404, description = "`not_found`: the log is not public."), (status = 500, description = "`internal`."), (status = 503, description = "`unavailable`.")))]
pub async fn rotations(State(app): State<App>) -> Response {
    let answer = async { Ok(Some(read::rotations(&app).await?.into_bytes())) };
    file(&app, answer.await, TEXT, FOR_A_SECOND)
}

/// A tile of hashes, or a bundle of entries
///
/// `tile/<level>/<index>`, `tile/entries/<index>`, and `.p/<width>` for partial ones, as C2SP tlog-tiles names them. An
/// entry is a version byte and a salted commitment, and nothing else.
#[utoipa::path(get, path = "/evidence/tile/{path}", operation_id = "evidence_tile", tag = "evidence",
    params(("path" = String, Path, description = "The rest of the tile's path; it may hold slashes.", example = "0/000.p/1")),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, description = "`not_found`: the published checkpoint implies no such file, or the log is not public."), (status = 500, description = "`internal`."), (status = 503, description = "`unavailable`.")))]
pub async fn tile(State(app): State<App>, path: Option<Path<String>>) -> Response {
    let Some(path) = path.and_then(|Path(rest)| TilePath::parse(&format!("tile/{rest}"))) else {
        return not_found().into_response();
    };
    file(&app, read::file(&app, &path).await, BYTES, FOR_EVER)
}

fn file(app: &App, read: Result<Option<Vec<u8>>, AppError>, kind: HeaderValue, keep: HeaderValue) -> Response {
    if !app.config.evidence.public {
        return not_found().into_response();
    }
    match read {
        Ok(Some(body)) => {
            let mut response = Answer { status: StatusCode::OK, body: body.into() }.into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response.headers_mut().insert(header::CACHE_CONTROL, keep);
            // Mirrors and pages of others read the log; there is nothing in it that a reader's cookies would open.
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            response
        }
        Ok(None) => not_found().into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

//! `GET /v1/evidence/export`: a bundle as an archive.

use super::call::caller;
use super::evidence::{by, moment};
use super::problem::Problem;
use super::tar;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::log::export::{self, Bound, Export, Exported, Range};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use countersign_evidence::bundle::{MANIFEST, MANIFEST_SIG};
use rand::Rng;
use serde::Deserialize;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use utoipa::IntoParams;

/// Bytes that are read and sent at once.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;

/// What is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// From this entry (its number, from 1) or time (RFC 3339) on.
    #[param(example = "2026-01-12T00:00:00Z")]
    from: Option<String>,
    /// Up to and with this entry or time.
    #[param(example = "2026-01-13T00:00:00Z")]
    to: Option<String>,
    /// For whom: it is written into the bundle and into the log.
    #[param(min_length = 1, max_length = 200)]
    recipient: Option<String>,
    /// Until when the recipient may keep it (RFC 3339).
    #[param(example = "2026-12-31T00:00:00Z")]
    keep_until: Option<String>,
    /// Prove that the entries are there, and show none of what they say.
    commitments_only: Option<bool>,
}

/// Export entries as a bundle
///
/// A tar archive of a directory that `countersign-verify bundle` checks without a network: entries with what they say, one
/// proof for all of them, checkpoint, keys, time stamps, and pages to read. The export is itself an entry.
#[utoipa::path(get, path = "/v1/evidence/export", operation_id = "export_evidence", tag = "evidence",
    params(ExportQuery),
    responses((status = 200, description = "The archive.", body = Vec<u8>, content_type = "application/x-tar"), (status = 422, description = "`query_invalid`, or an end of the range that does not fit; `field` names it.")),
    security(("api_key" = ["evidence:read"])))]
pub async fn export(
    State(app): State<App>,
    query: Result<Query<ExportQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let made = async {
        let caller = caller(&app, &headers, Scope::EvidenceRead).await?;
        let Query(query) = query.map_err(|_| bad_query())?;
        make(&app, asked(query, by(&caller))?).await
    };
    made.await.map_or_else(Problem::into_response, |(exported, made)| send(&exported, made))
}

fn bad_query() -> Problem {
    let detail = "The query may have `from`, `to`, `recipient`, `keep_until` and `commitments_only`, nothing else.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_invalid", detail)
}

fn asked(query: ExportQuery, by: crate::flows::log::own::By) -> Result<Export, AppError> {
    let end = |field: &'static str, text: Option<String>| {
        let public = "An entry's number, from 1, or a time such as 2026-01-12T09:00:00Z is needed.";
        let bound = |text: String| Bound::parse(&text).ok_or_else(|| AppError::invalid(field, "bound_invalid", public));
        text.map(bound).transpose()
    };
    let keep_until = query.keep_until.map(|text| {
        let public = "A time such as 2026-12-31T00:00:00Z is needed.";
        moment(&text).ok_or_else(|| AppError::invalid("keep_until", "time_invalid", public))
    });
    Ok(Export {
        range: Range { from: end("from", query.from)?, to: end("to", query.to)? },
        recipient: query.recipient.unwrap_or_else(|| "not named".to_owned()),
        keep_until: keep_until.transpose()?,
        commitments_only: query.commitments_only.unwrap_or(false),
        by,
    })
}

/// A bundle on disk that goes when it was sent, or nobody wants it any more.
struct Made {
    dir: PathBuf,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, "a bundle that was sent could not be removed");
        }
    }
}

/// A permit for work that takes a while.
pub fn permit(app: &App) -> Result<OwnedSemaphorePermit, AppError> {
    app.log.permit().ok_or_else(|| {
        let retry_after = Some(std::time::Duration::from_secs(10));
        let public = "Other exports and audits are under way. Try again in a moment.";
        AppError { retry_after, ..AppError::new(503, "unavailable", public) }
    })
}

async fn make(app: &App, ask: Export) -> Result<(Exported, Made), Problem> {
    let permit = permit(app)?;
    let scratch = app.log.scratch().ok_or_else(|| AppError::unavailable("there is no data directory to export in"))?;
    std::fs::create_dir_all(&scratch).map_err(|error| AppError::unavailable(format!("exports: {error}")))?;
    let dir = scratch.join(format!("{:016x}", app.rng().next_u64()));
    let exported = export::export(app, &ask, &dir, |_, _| {}).await?;
    Ok((exported, Made { dir, _permit: permit }))
}

fn send(exported: &Exported, made: Made) -> Response {
    let manifest = &exported.manifest;
    let name = format!("evidence-{}-{}", manifest.first + 1, manifest.first + manifest.count);
    let files: Vec<String> =
        [MANIFEST, MANIFEST_SIG].map(str::to_owned).into_iter().chain(manifest.files.keys().cloned()).collect();
    let archive = Archive { mtime_secs: u64::try_from(manifest.made_at_secs).unwrap_or(0), name: name.clone(), files };
    let (pieces, sent) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = archive.write(&made.dir, &pieces) {
            // The reader sees that the archive ends too early.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    let stream = futures_util::stream::unfold(sent, |mut sent| async { sent.recv().await.map(|piece| (piece, sent)) });
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.tar\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

/// An archive under way.
struct Archive {
    name: String,
    mtime_secs: u64,
    files: Vec<String>,
}

type Pieces = mpsc::Sender<io::Result<Bytes>>;

impl Archive {
    fn write(&self, dir: &Path, pieces: &Pieces) -> io::Result<()> {
        for file in &self.files {
            self.file(&dir.join(file), &format!("{}/{file}", self.name), pieces)?;
        }
        give(pieces, Bytes::from_static(&tar::END))
    }

    fn file(&self, path: &Path, name: &str, pieces: &Pieces) -> io::Result<()> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let header = tar::header(name, size, self.mtime_secs).ok_or(io::ErrorKind::FileTooLarge)?;
        give(pieces, Bytes::copy_from_slice(&header))?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece)? {
                0 => break,
                read => give(pieces, Bytes::copy_from_slice(&piece[..read]))?,
            }
        }
        give(pieces, Bytes::from(vec![0; tar::padding(size)]))
    }
}

fn give(pieces: &Pieces, piece: Bytes) -> io::Result<()> {
    pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

//! `/v1/leak-uploads`: a leak that is handed over by the network, resumable, matched as it comes.

use super::call::{Answer, Id, actor, get_as, post_as};
use super::problem::Problem;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::exposure::import::How;
use crate::flows::exposure::uploads::{self, Begin, State as UploadState, Told};
use crate::flows::profile;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_core::expose::layout::{Column, Layout};
use countersign_core::expose::matching::Field;
use countersign_core::expose::sniff::{Known, Said};
use countersign_core::ids::UploadId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The media type of a piece (draft-ietf-httpbis-resumable-upload uses `application/partial-upload`; any is taken).
const OFFSET: &str = "upload-offset";
/// Threads of one match.
const THREADS: usize = 2;

/// Begin to hand a leak over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// What the leak is called here.
    #[schema(min_length = 1, max_length = 100, example = "Sale of January")]
    name: String,
    /// Why it is matched, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Incident 7")]
    reason: String,
    /// The file's name, for people; it is never a path.
    #[schema(max_length = 200, example = "dump.csv.gz")]
    file: String,
    /// Its size in bytes, as it will be sent.
    #[schema(nullable = false)]
    size: Option<u64>,
    /// The country of phone numbers whose record names none: two letters.
    #[schema(nullable = false, example = "FR")]
    region: Option<String>,
    /// The encoding of its letters, where it is not to be guessed.
    #[schema(nullable = false, example = "windows-1252")]
    letters: Option<String>,
    /// How it is written, where that is not to be guessed: `csv`, `tsv`, `semicolon`, `pipe`, `ndjson`, `json`, `sql`, `combo`.
    #[schema(nullable = false, example = "csv")]
    format: Option<String>,
    /// What columns are, where that is not to be guessed: column to field, `-` for none.
    #[serde(default)]
    #[schema(example = json!({"mail2": "email"}))]
    columns: BTreeMap<String, String>,
    /// Whether the match waits until the columns are confirmed.
    #[serde(default)]
    #[schema(default = false)]
    confirm: bool,
    /// Whether the same file may have been matched before.
    #[serde(default)]
    #[schema(default = false)]
    again: bool,
}

/// Say what the columns are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnsRequest {
    /// Corrections: column to field, `-` for none. Empty: as they were guessed.
    #[serde(default)]
    #[schema(example = json!({"mail2": "email"}))]
    columns: BTreeMap<String, String>,
}

/// Nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadStep {}

/// How far an upload is.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadStanding {
    /// Its id.
    #[schema(example = "upl_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// `beginning`, `columns` (to be confirmed), `matching`, `done`, `failed`.
    state: &'static str,
    /// Bytes that have been taken: the next piece begins here.
    offset: u64,
    /// Records read.
    rows: u64,
    /// Accounts found so far.
    matched_accounts: u64,
    /// What the columns are; empty while nobody knows.
    columns: Vec<UploadColumn>,
    /// The leak, once it is on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    leak: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

/// A column of a leak.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadColumn {
    /// Its name.
    name: String,
    /// What is in it; absent: it is not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<&'static str>,
    /// `unknown`, `likely`, `certain`, `told`.
    sure: &'static str,
    /// What its cells look like, without their letters and digits.
    looks_like: Vec<String>,
}

impl From<Told> for UploadStanding {
    fn from(told: Told) -> Self {
        let columns = match &told.state {
            UploadState::Columns(layout) | UploadState::Matching(layout) => columns(layout),
            _ => vec![],
        };
        let leak = match &told.state {
            UploadState::Done(imported) => Some(imported.leak.id.to_string()),
            _ => None,
        };
        let error = match &told.state {
            UploadState::Failed(error) => Some(error.public.clone()),
            _ => None,
        };
        Self {
            id: told.id.to_string(),
            state: told.state.as_str(),
            offset: told.offset,
            rows: told.rows,
            matched_accounts: told.matched,
            columns,
            leak,
            error,
        }
    }
}

fn columns(layout: &Layout) -> Vec<UploadColumn> {
    let one = |column: &Column| UploadColumn {
        name: column.name.clone(),
        field: column.field.map(Field::as_str),
        sure: column.sure.as_str(),
        looks_like: column.shapes.clone(),
    };
    layout.columns.iter().map(one).collect()
}

fn id(text: &str) -> Result<UploadId, AppError> {
    UploadId::parse(text).map_err(|_| AppError::not_found("There is no such upload."))
}

fn corrections(columns: BTreeMap<String, String>) -> Vec<String> {
    columns.into_iter().map(|(column, field)| format!("{column}={field}")).collect()
}

/// Begin to hand a leak over
///
/// Then send its bytes with PATCH, and finish it. Nothing of it is written anywhere: it is matched as it comes.
#[utoipa::path(post, path = "/v1/leak-uploads", operation_id = "begin_upload", tag = "exposure",
    request_body = UploadRequest,
    responses((status = 201, description = "Send the bytes.", body = UploadStanding)),
    security(("api_key" = ["exposure:act"])))]
pub async fn begin(State(app): State<App>, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: UploadRequest| async move {
        let how = How {
            name: body.name,
            reason: profile::reason(&body.reason)?,
            region: body.region,
            again: body.again,
            threads: THREADS,
        };
        let names = || format!("A format is one of {}.", Said::NAMES.join(", "));
        let wrong = || AppError::invalid("format", "format_invalid", names());
        let format = body.format.as_deref().map(|name| Said::parse(name).ok_or_else(wrong)).transpose()?;
        let known = Known { format, ..Known::default() };
        let (label, size, confirm) = (body.file, body.size, body.confirm);
        let begin =
            Begin { how, label, size, letters: body.letters, known, corrections: corrections(body.columns), confirm };
        let actor = actor(&caller);
        let id = uploads::begin(&app, &actor, begin)?;
        let told = uploads::see(&app, &actor, &id).await?;
        Answer::new(StatusCode::CREATED, &UploadStanding::from(told))
    })
    .await
}

/// See how far an upload is
///
/// After a connection broke: `offset` says where to go on.
#[utoipa::path(get, path = "/v1/leak-uploads/{id}", operation_id = "see_upload", tag = "exposure",
    params(("id" = String, Path, description = "The upload.", pattern = "^upl_[0-9a-hjkmnp-tv-z]{26}$")),
    responses((status = 200, description = "How far it is.", body = UploadStanding), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn see(State(app): State<App>, Id(path): Id, headers: HeaderMap) -> Response {
    let app = &app;
    get_as(app, &headers, Scope::ExposureAct, |caller| async move {
        let told = uploads::see(app, &actor(&caller), &id(&path)?).await?;
        Ok(Answer::new(StatusCode::OK, &UploadStanding::from(told))?)
    })
    .await
}

/// Send a piece of a leak
///
/// The body is bytes of the file from `Upload-Offset` on, as many as you like. What arrived before a connection broke has been
/// taken.
#[utoipa::path(patch, path = "/v1/leak-uploads/{id}", operation_id = "send_piece", tag = "exposure",
    params(("id" = String, Path, description = "The upload.", pattern = "^upl_[0-9a-hjkmnp-tv-z]{26}$"), ("Upload-Offset" = u64, Header, description = "Where the piece begins.")),
    request_body(content = Option<Vec<u8>>, content_type = "application/octet-stream"),
    responses((status = 200, description = "So much has been taken.", body = UploadStanding), (status = 404, description = "`not_found`."), (status = 409, description = "`upload_offset`: go on from another place; `upload_ended`."), (status = 413, description = "`leak_too_large`."), (status = 422, description = "The leak cannot be read, and why.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn send(State(app): State<App>, Id(path): Id, request: Request) -> Response {
    let sent = async {
        let caller = super::call::caller(&app, request.headers(), Scope::ExposureAct).await?;
        let offset = offset(request.headers())?;
        let (actor, id) = (actor(&caller), id(&path)?);
        uploads::take(&app, &actor, &id, offset, request.into_body().into_data_stream()).await?;
        let told = uploads::see(&app, &actor, &id).await?;
        Ok::<_, Problem>(Answer::new(StatusCode::OK, &UploadStanding::from(told))?)
    };
    sent.await.map_or_else(Problem::into_response, Answer::into_response)
}

fn offset(headers: &HeaderMap) -> Result<u64, AppError> {
    let given = headers.get(OFFSET).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let wrong = || AppError::invalid("Upload-Offset", "upload_offset_invalid", "A number of bytes is needed.");
    given.ok_or_else(wrong)
}

/// Confirm the columns of an upload
///
/// Only where it was begun with `confirm`; then the match begins.
#[utoipa::path(post, path = "/v1/leak-uploads/{id}/columns", operation_id = "confirm_columns", tag = "exposure",
    params(("id" = String, Path, description = "The upload.", pattern = "^upl_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = Option<ColumnsRequest>,
    responses((status = 200, description = "The match begins.", body = UploadStanding), (status = 404, description = "`not_found`."), (status = 409, description = "`columns_not_asked`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn confirm(State(app): State<App>, Id(path): Id, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: ColumnsRequest| async move {
        let (actor, id) = (actor(&caller), id(&path)?);
        uploads::confirm(&app, &actor, &id, corrections(body.columns))?;
        let told = uploads::see(&app, &actor, &id).await?;
        Answer::new(StatusCode::OK, &UploadStanding::from(told))
    })
    .await
}

/// Finish an upload
///
/// All has been sent. Answered when the leak is on record; where that takes longer than a request may, ask how far it is.
#[utoipa::path(post, path = "/v1/leak-uploads/{id}/finish", operation_id = "finish_upload", tag = "exposure",
    params(("id" = String, Path, description = "The upload.", pattern = "^upl_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = Option<UploadStep>,
    responses((status = 200, description = "It is on record.", body = UploadStanding), (status = 404, description = "`not_found`."), (status = 409, description = "`columns_needed`, `leak_there`, `cancelled`, `index_building`."), (status = 422, description = "The leak cannot be read, and why.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn finish(State(app): State<App>, Id(path): Id, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, _: UploadStep| async move {
        let (actor, id) = (actor(&caller), id(&path)?);
        uploads::finish(&app, &actor, &id).await?;
        let told = uploads::see(&app, &actor, &id).await?;
        Answer::new(StatusCode::OK, &UploadStanding::from(told))
    })
    .await
}

/// Give an upload up
///
/// Nothing of it is kept.
#[utoipa::path(post, path = "/v1/leak-uploads/{id}/cancel", operation_id = "cancel_upload", tag = "exposure",
    params(("id" = String, Path, description = "The upload.", pattern = "^upl_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = Option<UploadStep>,
    responses((status = 200, description = "It is given up.", body = UploadStanding), (status = 404, description = "`not_found`."), (status = 409, description = "`upload_ended`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn cancel(State(app): State<App>, Id(path): Id, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, _: UploadStep| async move {
        let (actor, id) = (actor(&caller), id(&path)?);
        uploads::cancel(&app, &actor, &id).await?;
        let told = uploads::see(&app, &actor, &id).await?;
        Answer::new(StatusCode::OK, &UploadStanding::from(told))
    })
    .await
}

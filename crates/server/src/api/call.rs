//! One call: who calls, what the body is, and the way from a flow's outcome to a response.

use super::json;
use super::problem::{Problem, respond};
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::{self, Caller, Scope};
use crate::flows::idempotency::{self, Claim};
use crate::flows::staff::Actor;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use countersign_core::secret::SecretText;
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;

/// Characters of an API key: `csk_` and 32 bytes in unpadded Base64url.
const KEY_CHARS: usize = 4 + 43;
/// Longest idempotency key; a UUID has 36 characters.
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// What a flow led to.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// JSON.
    pub body: Bytes,
}

impl Answer {
    /// An answer with a JSON body.
    ///
    /// # Errors
    /// 500 where the value cannot be written as JSON.
    pub fn new(status: StatusCode, value: &impl Serialize) -> Result<Self, AppError> {
        let body = serde_json::to_vec(value).map_err(|error| AppError::internal(error.to_string()))?;
        Ok(Self { status, body: body.into() })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        respond(self.status, "application/json", self.body)
    }
}

/// A response of 200 with JSON that is made already.
pub fn respond_json(body: Bytes) -> Response {
    respond(StatusCode::OK, "application/json", body)
}

/// Answers a POST: checks the key, reads the body, runs the flow (once, where there is an idempotency key).
pub async fn post<T, F, Fut>(app: App, request: Request, scope: Scope, run: F) -> Response
where
    T: DeserializeOwned + Send + 'static,
    F: FnOnce(App, T) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Answer, AppError>> + Send + 'static,
{
    post_as(app, request, scope, |app, _, value| run(app, value)).await
}

/// The same for what is not to be remembered: an idempotency key is not looked at.
pub async fn post_unkept<T, F, Fut>(app: App, request: Request, scope: Scope, run: F) -> Response
where
    T: DeserializeOwned,
    F: FnOnce(App, T) -> Fut,
    Fut: Future<Output = Result<Answer, AppError>>,
{
    let answered = async {
        caller(&app, request.headers(), scope).await?;
        let (parts, body) = request.into_parts();
        let body = read(&app, &parts, body).await?;
        let value = json::read(if body.is_empty() { b"{}" } else { &body })?;
        Ok::<_, Problem>(in_time(&app, run(app.clone(), value)).await??)
    };
    answered.await.map_or_else(Problem::into_response, Answer::into_response)
}

/// The same for a flow that writes down who called.
pub async fn post_as<T, F, Fut>(app: App, request: Request, scope: Scope, run: F) -> Response
where
    T: DeserializeOwned + Send + 'static,
    F: FnOnce(App, Arc<Caller>, T) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Answer, AppError>> + Send + 'static,
{
    let answered = async {
        let caller = caller(&app, request.headers(), scope).await?;
        let (parts, body) = request.into_parts();
        let body = read(&app, &parts, body).await?;
        let value = json::read(if body.is_empty() { b"{}" } else { &body })?;
        let running = run(app.clone(), caller.clone(), value);
        match idempotency_key(&parts.headers)? {
            None => Ok(in_time(&app, running).await??.into_response()),
            Some(key) => once(&app, &caller, parts.uri.path(), &key, &body, running).await,
        }
    };
    answered.await.unwrap_or_else(Problem::into_response)
}

/// Answers a GET.
pub async fn get<F>(app: &App, headers: &HeaderMap, scope: Scope, run: F) -> Response
where
    F: Future<Output = Result<Answer, Problem>>,
{
    let answered = async {
        caller(app, headers, scope).await?;
        in_time(app, run).await?
    };
    answered.await.map_or_else(Problem::into_response, Answer::into_response)
}

/// The same for a flow that writes down who called.
pub async fn get_as<F, Fut>(app: &App, headers: &HeaderMap, scope: Scope, run: F) -> Response
where
    F: FnOnce(Arc<Caller>) -> Fut,
    Fut: Future<Output = Result<Answer, Problem>>,
{
    let answered = async {
        let caller = caller(app, headers, scope).await?;
        in_time(app, run(caller)).await?
    };
    answered.await.map_or_else(Problem::into_response, Answer::into_response)
}

/// A key, as flows write down who acted.
pub fn actor(caller: &Caller) -> Actor {
    Actor::Key(caller.id.clone())
}

/// Who calls.
pub async fn caller(app: &App, headers: &HeaderMap, scope: Scope) -> Result<Arc<Caller>, AppError> {
    let missing = || AppError::new(401, "api_key_missing", "An API key is needed: Authorization: Bearer csk_…");
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(missing)?;
    let (scheme, key) = given.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let key = key.trim();
    if key.len() != KEY_CHARS || !key.starts_with("csk_") {
        return Err(AppError::new(401, "api_key_invalid", "A valid API key is needed."));
    }
    api_keys::authorise(app, &SecretText::new(key), scope).await
}

/// The body, if it may be one: JSON, within the limit, in time.
async fn read(app: &App, parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    let most = app.config.server.max_body_bytes;
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    let limit = app.config.server.request_timeout.duration();
    let body = tokio::time::timeout(limit, collect(body, most)).await.map_err(|_| {
        let detail = "The body did not arrive in time. Nothing was changed.";
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    })??;
    if body.is_empty() || is_json(&parts.headers) {
        return Ok(body);
    }
    let detail = "The body must be JSON: Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail))
}

fn too_large(most: usize) -> Problem {
    let detail = format!("The body is larger than {most} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

async fn collect(body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    while let Some(chunk) = chunks.next().await {
        let cut = |_| Problem::new(StatusCode::BAD_REQUEST, "body_cut", "The body ended too early.");
        let chunk = chunk.map_err(cut)?;
        if first.len() + rest.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    Ok([first.as_ref(), &rest].concat().into())
}

/// `application/json` or `application/…+json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return false;
    };
    let media = given.split(';').next().unwrap_or_default().trim();
    let subtype = media.split_once('/').filter(|(kind, _)| kind.eq_ignore_ascii_case("application"));
    subtype.is_some_and(|(_, sub)| {
        sub.eq_ignore_ascii_case("json") || sub.rsplit_once('+').is_some_and(|(_, s)| s.eq_ignore_ascii_case("json"))
    })
}

/// Gives a flow up that does not end. What it wrote stays written, so the answer promises nothing.
async fn in_time<T>(app: &App, run: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(app.config.server.request_timeout.duration(), run).await.map_err(|_| timed_out())
}

fn timed_out() -> Problem {
    let detail = "This took too long, and may take effect yet. Ask again with the same Idempotency-Key.";
    let retry_after = Some(std::time::Duration::from_secs(5));
    Problem { retry_after, ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", detail) }
}

/// The key, as a structured string (`"…"`, as the draft has it) or bare.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().map(str::trim);
    let inner = text.map(|t| t.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(t));
    let fits = |t: &&str| !t.is_empty() && t.len() <= MAX_IDEMPOTENCY_KEY && t.bytes().all(|b| b.is_ascii_graphic());
    match (inner.filter(fits), values.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => {
            let detail = "One Idempotency-Key of 1 to 255 visible ASCII characters is expected.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_invalid", detail))
        }
    }
}

/// Runs a flow at most once for a key. It runs on its own task: a client that hangs up still finds its answer later.
async fn once<Fut>(
    app: &App,
    caller: &Caller,
    route: &str,
    key: &str,
    body: &[u8],
    running: Fut,
) -> Result<Response, Problem>
where
    Fut: Future<Output = Result<Answer, AppError>> + Send + 'static,
{
    let entry = match idempotency::claim(app, caller, route, key, body).await? {
        Claim::Answered { status, body } => return Ok(replay(status, body)),
        Claim::Fresh(entry) => entry,
    };
    let app_of_task = app.clone();
    let task = tokio::spawn(async move {
        let (status, body, response) = match running.await {
            Ok(answer) => (answer.status, answer.body.clone(), answer.into_response()),
            Err(error) => {
                let problem = Problem::from(error);
                (problem.status, problem.body(), problem.into_response())
            }
        };
        if let Err(error) = idempotency::finish(&app_of_task, entry, status.as_u16(), &body).await {
            tracing::error!(error = error.internal, "an answer could not be remembered");
        }
        response
    });
    in_time(app, task).await?.map_err(|error| AppError::internal(error.to_string()).into())
}

fn replay(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { super::problem::MEDIA_TYPE };
    respond(status, kind, body.into())
}

/// A path's id. One that is none is answered like one that is not there.
#[derive(Debug)]
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| super::not_found())
    }
}

//! `POST /v1/passwords/check` and `GET /range/{prefix}`: has this password leaked?

use super::call::{Answer, Id, post_unkept};
use super::problem::{Problem, respond};
use super::verify::address;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::passwords::{self, Answer as Leaked, Asked, Checked, Range};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::breached::{Hash, HashKind};
use countersign_core::secret::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const ADD_PADDING: HeaderName = HeaderName::from_static("add-padding");
/// A list changes when somebody builds a new one; a day late is early enough.
const FOR_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
/// With padding the body is another one for the same address.
const BY_PADDING: HeaderValue = HeaderValue::from_static("Add-Padding");

/// A password, or its hash in hex: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordCheckRequest {
    /// The password.
    #[schema(value_type = Option<String>, nullable = false, format = Password)]
    password: Option<SecretText>,
    /// Its SHA-1 hash.
    #[schema(value_type = Option<String>, nullable = false, format = Password, pattern = "^[0-9A-Fa-f]{40}$")]
    sha1: Option<SecretText>,
    /// Its NT hash.
    #[schema(value_type = Option<String>, nullable = false, format = Password, pattern = "^[0-9A-Fa-f]{32}$")]
    ntlm: Option<SecretText>,
}

impl PasswordCheckRequest {
    fn asked(self) -> Result<Asked, AppError> {
        match (self.password, self.sha1, self.ntlm) {
            (Some(password), None, None) => Ok(Asked::Password(password)),
            (None, Some(sha1), None) => hash(&sha1, HashKind::Sha1),
            (None, None, Some(ntlm)) => hash(&ntlm, HashKind::Ntlm),
            _ => {
                let public = "One of password, sha1 and ntlm is expected.";
                Err(AppError::new(422, "one_of_expected", public))
            }
        }
    }
}

fn hash(given: &SecretText, kind: HashKind) -> Result<Asked, AppError> {
    let public = format!("This must be {} hex digits.", kind.digits());
    let wrong = || AppError::invalid(kind.as_str(), "hash_invalid", public);
    Hash::parse(kind, given.expose().as_bytes()).map(Asked::Hash).ok_or_else(wrong)
}

/// Whether a password leaked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordCheck {
    /// Whether it is on the list of leaked passwords; `null` where there is no list that could tell.
    #[schema(required = true)]
    breached: Option<bool>,
    /// How often it was seen, where the list says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<u32>,
    /// Whether it is one of the most common ones, as it is or in disguise (`P@ssw0rd2024!`); absent for a hash, from which
    /// nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    common: Option<bool>,
    /// Why it should not be used: `common`, `breached`. Empty: nothing speaks against it.
    #[schema(example = json!(["breached"]))]
    reasons: Vec<&'static str>,
    /// Whether `breached` may be wrong by chance: true for one good password in 65 536 where the list is a filter.
    by_chance: bool,
}

impl From<Checked> for PasswordCheck {
    fn from(checked: Checked) -> Self {
        let (breached, count) = match checked.leaked {
            Leaked::Unknown => (None, None),
            Leaked::Absent => (Some(false), None),
            Leaked::Leaked { count, .. } => (Some(true), count),
        };
        let (common, by_chance) = (checked.common, checked.by_chance());
        Self { breached, count, common, reasons: checked.reasons(), by_chance }
    }
}

/// Has this password leaked?
///
/// Looked up in the file that this server has (`password.breached_file`); nothing leaves it. What is sent is not repeated,
/// not remembered (an `Idempotency-Key` is ignored) and not logged.
#[utoipa::path(post, path = "/v1/passwords/check", operation_id = "check_password", tag = "passwords",
    request_body = PasswordCheckRequest,
    responses((status = 200, description = "What is known of it.", body = PasswordCheck)),
    security(("api_key" = ["passwords:check"])))]
pub async fn check(State(app): State<App>, request: Request) -> Response {
    post_unkept(app, request, Scope::PasswordsCheck, |app, body: PasswordCheckRequest| async move {
        let checked = passwords::check(&app, &body.asked()?)?;
        Answer::new(StatusCode::OK, &PasswordCheck::from(checked))
    })
    .await
}

/// Which hashes.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// SHA-1.
    #[default]
    Sha1,
    /// NT hashes.
    Ntlm,
}

/// Which list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
    /// The hashes of the list; `sha1` where it is not said.
    #[serde(default)]
    #[param(inline)]
    mode: Mode,
}

/// All leaked hashes that begin with five digits, as Pwned Passwords says them
///
/// For anybody, without a key, where `password.range_api` is on; limited for each source. A line for each hash: the digits
/// behind the prefix, a colon, how often it was seen. With `Add-Padding: true` there are more lines, seen 0 times, so that
/// the length of the answer does not tell which range it is.
#[utoipa::path(get, path = "/range/{prefix}", operation_id = "password_range", tag = "passwords",
    params(("prefix" = String, Path, description = "The first five digits of the hash.", example = "5BAA6", pattern = "^[0-9A-Fa-f]{5}$"),
        ("Add-Padding" = Option<bool>, Header, description = "Hide the length of the answer."), RangeQuery),
    responses((status = 200, description = "The range.", body = String, content_type = "text/plain"), (status = 304, description = "It is still the one of `If-None-Match`."), (status = 400, description = "`prefix_invalid`, `query_invalid`."), (status = 404, description = "`not_found`: not served here, or not for these hashes."), (status = 429, description = "`rate_limited`."), (status = 500, description = "`internal`.")))]
pub async fn range(
    State(app): State<App>,
    Id(prefix): Id,
    query: Result<Query<RangeQuery>, QueryRejection>,
    parts: Parts,
) -> Response {
    let Ok(Query(RangeQuery { mode })) = query else { return open(bad_query().into_response()) };
    let kind = match mode {
        Mode::Sha1 => HashKind::Sha1,
        Mode::Ntlm => HashKind::Ntlm,
    };
    let padded = parts.headers.get(ADD_PADDING).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"true"));
    match passwords::range(&app, address(&app, &parts), &prefix, kind, padded) {
        Ok(range) => open(lines(range, padded, parts.headers.get(header::IF_NONE_MATCH))),
        Err(error) => open(Problem::from(error).into_response()),
    }
}

fn bad_query() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "query_invalid", "The query may have `mode`, which is sha1 or ntlm.")
}

fn lines(range: Range, padded: bool, known: Option<&HeaderValue>) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{}\"", range.tag)).ok().filter(|_| !padded);
    let same = tag.is_some() && tag.as_ref() == known;
    let status = if same { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let body = if same { String::new() } else { range.lines };
    let mut response = respond(status, "text/plain", body.into());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, FOR_A_DAY);
    headers.insert(header::VARY, BY_PADDING);
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Browsers of any page may read it: what is in it is public, and no cookie of ours opens more.
fn open(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// What a browser asks before it sends `Add-Padding` from another page.
pub async fn preflight(State(app): State<App>) -> Response {
    if !app.config.password.range_api {
        return super::not_found().into_response();
    }
    let mut response = open(respond(StatusCode::NO_CONTENT, "text/plain", bytes::Bytes::new()));
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Add-Padding"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

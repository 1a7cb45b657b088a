//! Errors on the wire: RFC 9457 problem details, for every error there is.

use crate::error::AppError;
use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use utoipa::ToSchema;

/// Media type of problem details (RFC 9457, 6.1).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The answer that a flood gets most: made once, nothing in it changes.
static RATE_LIMITED: &[u8] = br#"{"type":"urn:countersign:problem:rate_limited","title":"Too Many Requests","status":429,"code":"rate_limited","detail":"Too many requests from here. Wait before you try again."}"#;

/// Where in a JSON text something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1; 0 at the very start of a line.
    pub column: usize,
}

/// A refusal or a failure, as it leaves.
#[derive(Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable, for machines.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: Cow<'static, str>,
    /// Which input it is about: `client.ip`.
    pub field: Option<Cow<'static, str>>,
    /// Where in the body.
    pub position: Option<Position>,
    /// More codes about the field.
    pub details: Vec<&'static str>,
    /// When to ask again.
    pub retry_after: Option<Duration>,
}

/// An error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// `urn:countersign:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:countersign:problem:not_found")]
    kind: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// Stable, for machines.
    #[schema(example = "not_found")]
    code: &'a str,
    /// A sentence for people. It never repeats what was sent.
    #[schema(example = "There is no such account.")]
    detail: &'a str,
    /// Which input it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "client.ip")]
    field: Option<&'a str>,
    /// Where in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    position: Option<Position>,
    /// More codes about the field, such as the weaknesses of a password.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [&'a str],
}

impl Problem {
    /// A problem with a status, a code and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { status, code, detail, field: None, position: None, details: vec![], retry_after: None }
    }

    /// The body as it leaves.
    pub fn body(&self) -> Bytes {
        if self.code == "rate_limited" {
            return Bytes::from_static(RATE_LIMITED);
        }
        let body = ProblemBody {
            kind: format!("urn:countersign:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            field: self.field.as_deref(),
            position: self.position,
            details: &self.details,
        };
        serde_json::to_vec(&body).map(Bytes::from).unwrap_or_default()
    }
}

impl From<AppError> for Problem {
    /// What only the log may hold goes there, once, here.
    fn from(error: AppError) -> Self {
        if let Some(internal) = &error.internal {
            tracing::error!(status = error.status, code = error.code, error = %internal, "an API call failed");
        }
        Self {
            status: StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: error.code,
            detail: error.public.into(),
            field: error.field.map(Cow::Borrowed),
            position: None,
            details: error.details,
            retry_after: error.retry_after,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = self.body();
        let mut response = respond(self.status, MEDIA_TYPE, body);
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: who comes back then is not too early.
            let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs.max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        response
    }
}

/// A response with the headers that all of them have. Answers hold tokens and are never to be stored by anybody between.
pub fn respond(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_static_refusal_is_what_would_have_been_made() {
        let problem = Problem::from(AppError::rate_limited(Duration::from_millis(1500)));
        let made = Problem { code: "not_static", ..Problem::from(AppError::rate_limited(Duration::ZERO)) };
        let made = String::from_utf8(made.body().to_vec()).unwrap().replace("not_static", "rate_limited");
        assert_eq!(made.as_bytes(), problem.body());
        assert_eq!(problem.into_response().headers()[header::RETRY_AFTER], "2");
    }
}

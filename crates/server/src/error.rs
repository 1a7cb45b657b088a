//! Errors, and whom they are for.
//!
//! Never: shows a visitor what only the log may hold; puts what a visitor typed into the log.
//! In: refusals of flows, failures of the store.   Out: `AppError`, which doors turn into RFC 9457 or a page.
//! I/O for this room: none.   Tests: through the doors.
//!
//! Which type belongs where: `core` has small enums; the store has `StoreError`, which is internal; flows answer with
//! `AppError`: what a visitor may read (`status`, `code`, `public`, `field`) and what only the log may hold (`internal`).

use crate::store::StoreError;
use std::time::Duration;

/// A flow's refusal or failure.
#[derive(Debug)]
pub struct AppError {
    /// HTTP status.
    pub status: u16,
    /// Stable, for machines: `rate_limited`.
    pub code: &'static str,
    /// A sentence for people, English; pages say it in their language by `code`.
    pub public: String,
    /// Which input it is about.
    pub field: Option<&'static str>,
    /// More codes about that field, such as the weaknesses of a password.
    pub details: Vec<&'static str>,
    /// When to ask again.
    pub retry_after: Option<Duration>,
    /// For the log only.
    pub internal: Option<String>,
}

impl AppError {
    /// An error with a status, a code and a public sentence.
    pub fn new(status: u16, code: &'static str, public: impl Into<String>) -> Self {
        let public = public.into();
        Self { status, code, public, field: None, details: vec![], retry_after: None, internal: None }
    }

    /// 422: an input that cannot be used; `field` names it.
    pub fn invalid(field: &'static str, code: &'static str, public: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(422, code, public) }
    }

    /// 429: too many requests from one source.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let public = "Too many requests from here. Wait before you try again.";
        Self { retry_after: Some(retry_after), ..Self::new(429, "rate_limited", public) }
    }

    /// 410: a link or code that is used, expired, revoked or was never ours; which of them is not said.
    pub fn gone() -> Self {
        Self::new(410, "link_not_valid", "This link or code is not valid any more. Ask for a new message.")
    }

    /// 503: something that we need is away. Nothing was changed.
    pub fn unavailable(internal: impl Into<String>) -> Self {
        let public = "This service cannot answer right now. Nothing was changed. Try again in a minute.";
        let retry_after = Some(Duration::from_secs(30));
        Self { retry_after, internal: Some(internal.into()), ..Self::new(503, "unavailable", public) }
    }

    /// 500: our fault.
    pub fn internal(internal: impl Into<String>) -> Self {
        let public = "Something went wrong on our side. Nothing was changed.";
        Self { internal: Some(internal.into()), ..Self::new(500, "internal", public) }
    }

    /// 404.
    pub fn not_found(public: impl Into<String>) -> Self {
        Self::new(404, "not_found", public)
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

impl std::error::Error for AppError {}

impl From<StoreError> for AppError {
    /// A database that is away is a 503; a value that makes no sense is a 500.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Sql(_) | StoreError::Stopped => Self::unavailable(error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}

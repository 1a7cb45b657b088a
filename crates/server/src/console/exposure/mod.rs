//! `/console/exposure`: leaks, cohorts and containments; and what they say of one account.
//!
//! Never: shows a leaked value (there is none, X1); acts without a reason; acts on a cohort that nobody was shown the size
//! of.
//! In: requests of browsers.   Out: pages, redirects, a cohort as a file.
//! I/O for this room: HTTP; the flows do the rest.   Tests: beside the code, tests/it/console/exposure/.

pub mod account;
pub mod cohort;
pub mod cohorts;
pub mod containments;
pub mod export;
pub mod import;
pub mod leak;
pub mod leaks;
mod told;

use super::desk::Desk;
use super::show;
use crate::error::AppError;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::ids::{ContainmentId, LeakId};
use countersign_core::staff::{MAX_REASON_CHARS, Permission};
use serde::Deserialize;

/// Leaks, cohorts and containments in one list.
const LISTED: i64 = 200;

/// Reasons that people give most often here.
const REASONS: [&str; 5] = [
    "A leak is on sale",
    "A leak was published",
    "Accounts of it are being taken over",
    "It turned out to be something else",
    "A test of the procedure",
];

/// How somebody may act on a page, and what they had typed.
struct Acts {
    may: bool,
    reason: String,
    reasons: [&'static str; 5],
    most: usize,
}

impl Acts {
    fn of(desk: &Desk, reason: &str) -> Self {
        let may = desk.seat.roles.may(Permission::ActOnExposure);
        Self { may, reason: reason.to_owned(), reasons: REASONS, most: MAX_REASON_CHARS }
    }
}

/// A reason.
#[derive(Deserialize, Default, Debug)]
pub struct ReasonForm {
    #[serde(default)]
    reason: String,
}

fn leak_id(text: &str) -> Result<LeakId, AppError> {
    LeakId::parse(text).map_err(|_| AppError::not_found("There is no such leak."))
}

fn digest(text: &str) -> Result<CohortDigest, AppError> {
    CohortDigest::parse(text).ok_or_else(|| AppError::not_found("There is no such cohort."))
}

fn containment_id(text: &str) -> Result<ContainmentId, AppError> {
    ContainmentId::parse(text).map_err(|_| AppError::not_found("There is no such containment."))
}

/// A number from the store; none is negative.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Whether a page can be shown again with what was wrong, rather than another one instead.
const fn can_be_corrected(error: &AppError) -> bool {
    matches!(error.status, 409 | 422)
}

/// The page again, which says what was wrong.
fn again(page: &impl Template, error: &AppError) -> Response {
    show::page_with(StatusCode::from_u16(error.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), page)
}

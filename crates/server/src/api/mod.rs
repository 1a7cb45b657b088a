//! The JSON API: for platforms that put their own pages in front of the flows, and for whoever runs the server.
//!
//! Never: decides anything; takes a token or a code in a URL (but the public countersign code); repeats in an error what
//! was sent; logs who was meant; answers a known identifier otherwise than an unknown one.
//! In: HTTP with an API key.   Out: JSON, problem details (RFC 9457) for every error.
//! I/O for this room: HTTP; the flows do the rest.   Tests: beside the code, tests/it/api/, tests/it/openapi.rs.

mod accounts;
mod call;
mod care;
mod check;
mod cohorts;
mod containments;
mod evidence;
mod evidence_audit;
mod evidence_export;
mod evidence_files;
mod json;
mod leaks;
pub mod openapi;
mod ops;
mod passwords;
mod problem;
mod recovery;
mod redemption;
mod tar;
mod types;
mod uploads;
mod verify;

use crate::app::App;
use crate::error::AppError;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use problem::Problem;

/// The whole API, to be merged with the pages. It has no fallback of its own outside `/v1`.
///
/// There are no layers: a request that a source limit stops costs the key's look-up, the JSON and the limiter.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/v1/recovery/requests", post(recovery::request))
        .route("/v1/recovery/requests/{id}/proof", post(recovery::prove))
        .route("/v1/recovery/codes", post(redemption::enter_code))
        .route("/v1/recovery/links/inspect", post(redemption::inspect))
        .route("/v1/recovery/redemptions", post(redemption::redeem))
        .route("/v1/recovery/disavowals", post(redemption::disavow))
        .route("/v1/recovery/cancellations", post(redemption::cancel))
        .route("/v1/sign-ins", post(accounts::sign_in))
        .route("/v1/accounts/{id}", get(care::see))
        .route("/v1/accounts/{id}/sessions/end", post(care::end_sessions))
        .route("/v1/accounts/{id}/hold", post(care::hold))
        .route("/v1/accounts/{id}/hold/release", post(care::release))
        .route("/v1/accounts/{id}/messages", get(accounts::list))
        .route("/v1/accounts/{id}/devices", post(accounts::add_device))
        .route("/v1/accounts/{id}/totp", post(accounts::enrol_totp))
        .route("/v1/accounts/{id}/recovery-codes", post(accounts::enrol_recovery_codes))
        .route("/v1/accounts/{id}/evidence-erasures", post(evidence::erase))
        .route("/v1/accounts/check", post(check::many))
        .route("/v1/accounts/{id}/check", post(check::one))
        .route("/v1/accounts/{id}/password-set", post(check::password_set))
        .route("/v1/accounts/{id}/exposure", get(leaks::of_account))
        .route("/v1/leaks", get(leaks::list))
        .route("/v1/leaks/{id}", get(leaks::see))
        .route("/v1/leaks/{id}/withdraw", post(leaks::withdraw))
        .route("/v1/leak-uploads", post(uploads::begin))
        .route("/v1/leak-uploads/{id}", get(uploads::see).patch(uploads::send))
        .route("/v1/leak-uploads/{id}/columns", post(uploads::confirm))
        .route("/v1/leak-uploads/{id}/finish", post(uploads::finish))
        .route("/v1/leak-uploads/{id}/cancel", post(uploads::cancel))
        .route("/v1/cohorts/preview", post(cohorts::preview))
        .route("/v1/cohorts", get(cohorts::list).post(cohorts::make))
        .route("/v1/cohorts/{id}", get(cohorts::see))
        .route("/v1/cohorts/{id}/accounts", get(cohorts::accounts))
        .route("/v1/containments/preview", post(containments::preview))
        .route("/v1/containments", get(containments::list).post(containments::put))
        .route("/v1/containments/{id}/lift", post(containments::lift))
        .route("/v1/containments/{id}/releases", post(containments::release))
        .route("/v1/evidence/status", get(evidence::status))
        .route("/v1/evidence/audit", get(evidence_audit::audit))
        .route("/v1/evidence/entries", get(evidence::list))
        .route("/v1/evidence/entries/{id}", get(evidence::one))
        .route("/v1/evidence/export", get(evidence_export::export))
        .route("/v1/verify/{code}", get(verify::verify))
        .route("/v1/passwords/check", post(passwords::check))
        .route("/range/{prefix}", get(passwords::range).options(passwords::preflight))
        .route("/evidence/message/{code_hash}", get(verify::proof))
        .route("/evidence/checkpoint", get(evidence_files::checkpoint))
        .route("/evidence/rotations", get(evidence_files::rotations))
        .route("/evidence/tile/{*rest}", get(evidence_files::tile))
        .route("/v1/openapi.json", get(openapi::describe))
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::metrics))
        .method_not_allowed_fallback(async || method_not_allowed())
        .route("/v1", any(async || not_found()))
        .route("/v1/", any(async || not_found()))
        .route("/v1/{*rest}", any(async || not_found()))
        .with_state(app)
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
}

fn not_found_error(public: &'static str) -> AppError {
    AppError::not_found(public)
}

fn method_not_allowed() -> Problem {
    let detail = "This address is there, but not for this method; `Allow` names the right ones.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

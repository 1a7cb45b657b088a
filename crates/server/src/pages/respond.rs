//! `/not-me/{token}`, `/cancel/{token}`: one press of a button, and only a POST counts.

use super::notices::{self, Undone};
use super::visitor::{Visitor, show};
use crate::app::App;
use crate::error::AppError;
use crate::flows::not_me::{About, Outcome};
use crate::flows::{cancel, not_me};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::secret::SecretText;

/// `GET /not-me/{token}`.
pub async fn not_me_form(State(app): State<App>, visitor: Visitor, Path(token): Path<SecretText>) -> Response {
    match not_me::look(&app, &token).await {
        Ok(about) => {
            let changed = about == About::Change;
            show(StatusCode::OK, &notices::not_me_ask(&visitor.visit, &path("not-me", &token), changed))
        }
        Err(error) => closed(&visitor, &error),
    }
}

/// `POST /not-me/{token}`.
pub async fn not_me(State(app): State<App>, visitor: Visitor, Path(token): Path<SecretText>) -> Response {
    match not_me::confirm(&app, token, &visitor.client).await {
        Ok(outcome) => show(StatusCode::OK, &notices::not_me_done(&visitor.visit, undone(outcome))),
        Err(error) => closed(&visitor, &error),
    }
}

const fn undone(outcome: Outcome) -> Undone {
    match outcome {
        Outcome { change_undone: true, .. } => Undone::Change,
        Outcome { change_cancelled: true, .. } => Undone::Waiting,
        _ => Undone::Link,
    }
}

/// `GET /cancel/{token}`.
pub async fn cancel_form(State(app): State<App>, visitor: Visitor, Path(token): Path<SecretText>) -> Response {
    match cancel::look(&app, &token).await {
        Ok(change) => {
            let page = notices::cancel_ask(&visitor.visit, &path("cancel", &token), change.apply_at);
            show(StatusCode::OK, &page)
        }
        Err(error) => closed(&visitor, &error),
    }
}

/// `POST /cancel/{token}`.
pub async fn cancel(State(app): State<App>, visitor: Visitor, Path(token): Path<SecretText>) -> Response {
    match cancel::confirm(&app, token, &visitor.client).await {
        Ok(()) => show(StatusCode::OK, &notices::cancel_done(&visitor.visit)),
        Err(error) => closed(&visitor, &error),
    }
}

fn path(kind: &str, token: &SecretText) -> String {
    format!("/{kind}/{}", token.expose())
}

fn closed(visitor: &Visitor, error: &AppError) -> Response {
    if matches!(error.status, 404 | 410) {
        return show(StatusCode::GONE, &notices::answer_gone(&visitor.visit));
    }
    visitor.refuse(error)
}

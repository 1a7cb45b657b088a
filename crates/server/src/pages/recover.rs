//! `/recover` and what answers it: ask, prove, ask again.

use super::nonce::{self, Nonce, Used};
use super::view::{Languages, Recover, Sent, Waiting};
use super::visitor::{Posted, Visitor, show};
use crate::app::App;
use crate::error::AppError;
use crate::flows::recover::{self, Accepted, Ask, Door, Proof};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::gate::proof::Challenge;
use countersign_core::ids::RequestId;
use countersign_core::secret::SecretText;
use serde::Deserialize;

const ASK: &str = "ask";
const RESEND: &str = "resend";

/// `GET /recover`.
pub async fn form(State(app): State<App>, visitor: Visitor) -> Response {
    show(StatusCode::OK, &empty(&app, &visitor))
}

/// How long a request waits at most, in minutes.
fn patience(app: &App) -> u64 {
    u64::from(app.config.gate.policy.hold.expire_secs).div_ceil(60)
}

fn empty(app: &App, visitor: &Visitor) -> Recover {
    let page = visitor.visit.page("recover.title", "/recover");
    Recover { page, nonce: fresh(app, ASK), identifier: String::new(), error: None }
}

fn fresh(app: &App, purpose: &str) -> String {
    nonce::issue(&app.keys.form, purpose, app.clock.now(), &mut app.rng())
}

/// The fields of `/recover`; a saved recovery code comes from the page of a request that waits.
#[derive(Deserialize)]
pub struct AskForm {
    nonce: String,
    identifier: String,
    recovery_code: Option<SecretText>,
}

/// `POST /recover`.
pub async fn ask(State(app): State<App>, Posted(visitor, form): Posted<AskForm>) -> Response {
    if form.identifier.trim().is_empty() {
        return again(&app, &visitor, form.identifier, "recover.error_empty");
    }
    if nonce::check(&app.keys.form, ASK, &form.nonce, app.clock.now()) == Nonce::Stale {
        return again(&app, &visitor, form.identifier, "recover.error_stale");
    }
    let proof = form.recovery_code.map(Proof::RecoveryCode);
    match request(&app, &visitor, &form.identifier, proof).await {
        Ok(accepted) => sent(&app, &visitor, accepted, form.identifier, None),
        Err(error) => refused(&app, &visitor, form.identifier, &error),
    }
}

async fn request(app: &App, visitor: &Visitor, identifier: &str, proof: Option<Proof>) -> Result<Accepted, AppError> {
    let ask = Ask { identifier: identifier.to_owned(), client: visitor.client.clone(), proof, door: Door::Hosted };
    recover::request(app, ask).await
}

/// The form once more, with what was entered and what is wrong with it.
fn again(app: &App, visitor: &Visitor, identifier: String, error: &str) -> Response {
    let error = Some(visitor.visit.say(error));
    show(StatusCode::UNPROCESSABLE_ENTITY, &Recover { identifier, error, ..empty(app, visitor) })
}

fn refused(app: &App, visitor: &Visitor, identifier: String, error: &AppError) -> Response {
    if error.field != Some("identifier") {
        return visitor.refuse(error);
    }
    let sentence = match error.code {
        code if code.contains("long") => "recover.error_long",
        code if code.contains("empty") || code.contains("required") => "recover.error_empty",
        _ => "recover.error_characters",
    };
    // What was refused for its length is not sent back.
    let identifier = if error.code.contains("long") { String::new() } else { identifier };
    again(app, visitor, identifier, sentence)
}

/// The page that answers every request alike.
fn sent(app: &App, visitor: &Visitor, accepted: Accepted, identifier: String, notice: Option<&str>) -> Response {
    let waiting = accepted.proof_wanted.then(|| Waiting {
        challenge: Some(accepted.challenge),
        minutes: patience(app),
        proof_error: None,
    });
    show(StatusCode::OK, &sent_page(app, visitor, accepted.id.as_str(), identifier, notice, waiting))
}

fn sent_page(
    app: &App,
    visitor: &Visitor,
    request: &str,
    identifier: String,
    notice: Option<&str>,
    waiting: Option<Waiting>,
) -> Sent {
    let title = if waiting.is_some() { "sent.queue_title" } else { "sent.title" };
    let purpose = if waiting.is_some() { ASK } else { RESEND };
    let mut page = visitor.visit.page(title, "/recover");
    page.languages =
        Languages::Post { action: "/recover/sent", fields: carried(request, &identifier, waiting.as_ref()) };
    page.scripts = if waiting.is_some() { &["solver.js"] } else { &[] };
    Sent {
        page,
        request: request.to_owned(),
        identifier,
        nonce: fresh(app, purpose),
        notice: notice.map(|key| visitor.visit.say(key)),
        waiting,
    }
}

/// What the page needs to be shown in another language.
fn carried(request: &str, identifier: &str, waiting: Option<&Waiting>) -> Vec<(&'static str, String)> {
    let mut fields = vec![("id", request.to_owned()), ("identifier", identifier.to_owned())];
    if let Some(waiting) = waiting {
        fields.push(("waiting", "1".to_owned()));
        if let Some(challenge) = waiting.challenge.as_ref().and_then(|c| serde_json::to_string(c).ok()) {
            fields.push(("challenge", challenge));
        }
    }
    fields
}

/// The fields that carry the page over.
#[derive(Deserialize)]
pub struct SentForm {
    id: RequestId,
    identifier: String,
    waiting: Option<String>,
    challenge: Option<String>,
}

/// `POST /recover/sent`: the same page in another language; nothing is asked again.
pub async fn sent_again(State(app): State<App>, Posted(visitor, form): Posted<SentForm>) -> Response {
    let challenge: Option<Challenge> = form.challenge.and_then(|text| serde_json::from_str(&text).ok());
    let waiting = form.waiting.map(|_| Waiting { challenge, minutes: patience(&app), proof_error: None });
    show(StatusCode::OK, &sent_page(&app, &visitor, form.id.as_str(), form.identifier, None, waiting))
}

/// The fields of a solved puzzle.
#[derive(Deserialize)]
pub struct ProofForm {
    id: RequestId,
    identifier: String,
    altcha: String,
}

/// `POST /recover/proof`.
pub async fn prove(State(app): State<App>, Posted(visitor, form): Posted<ProofForm>) -> Response {
    match recover::prove(&app, form.id.clone(), &form.altcha, &visitor.client).await {
        Ok(accepted) => {
            let notice = (!accepted.proof_wanted).then_some("sent.proof_taken");
            sent(&app, &visitor, accepted, form.identifier, notice)
        }
        // The solution came too late or is not one; the request waits on without it.
        Err(error) if matches!(error.status, 404 | 410 | 422) => {
            let proof_error = Some(visitor.visit.say("sent.solve_failed"));
            let waiting = Waiting { challenge: None, minutes: patience(&app), proof_error };
            let page = sent_page(&app, &visitor, form.id.as_str(), form.identifier, None, Some(waiting));
            show(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => visitor.refuse(&error),
    }
}

/// The fields of "ask again".
#[derive(Deserialize)]
pub struct ResendForm {
    nonce: String,
    id: RequestId,
    identifier: String,
}

/// `POST /recover/resend`. Each form counts once: a link scanner that presses the button of one page many times has
/// asked once.
pub async fn resend(
    State(app): State<App>,
    Extension(used): Extension<Used>,
    Posted(visitor, form): Posted<ResendForm>,
) -> Response {
    let notice = Some("sent.resend_noted");
    match nonce::check(&app.keys.form, RESEND, &form.nonce, app.clock.now()) {
        Nonce::Stale => again(&app, &visitor, form.identifier, "recover.error_stale"),
        Nonce::Good(number) if !used.first_use(number) => {
            show(StatusCode::OK, &sent_page(&app, &visitor, form.id.as_str(), form.identifier, notice, None))
        }
        Nonce::Good(_) => match request(&app, &visitor, &form.identifier, None).await {
            Ok(accepted) => sent(&app, &visitor, accepted, form.identifier, notice),
            Err(error) => refused(&app, &visitor, form.identifier, &error),
        },
    }
}

/// `GET` on an address that only answers forms: somebody reloaded or came back.
pub async fn back(visitor: Visitor) -> Response {
    let page = visitor.visit.page("recover.title", "/recover");
    Redirect::to(&page.link("/recover")).into_response()
}

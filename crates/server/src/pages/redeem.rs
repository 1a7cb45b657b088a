//! `/recover/code` and `/r/{token}`: from the code or the link to a new password.

use super::notices;
use super::view::{Code, PasswordError, Reset};
use super::visitor::{Posted, Visitor, device_cookie, show};
use crate::app::App;
use crate::error::AppError;
use crate::flows::redeem::{self, CodeFor, LinkView, Redeem, Redeemed};
use crate::flows::secrets::{self, CODE_DIGITS};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::ids::RequestId;
use countersign_core::secret::SecretText;
use serde::Deserialize;

/// Browsers keep no cookie for longer (RFC 6265bis, 5.5).
const DEVICE_DAYS: u32 = 400;

/// `GET /recover/code`.
pub async fn code_form(visitor: Visitor) -> Response {
    show(StatusCode::OK, &code_page(&visitor, None, String::new()))
}

fn code_page(visitor: &Visitor, request: Option<String>, identifier: String) -> Code {
    let page = visitor.visit.page("code.title", "/recover/code");
    Code { page, request, identifier, identifier_error: None, code_error: None }
}

/// The fields of `/recover/code`: the request's id, or who is asking.
#[derive(Deserialize)]
pub struct CodeForm {
    id: Option<RequestId>,
    #[serde(default)]
    identifier: String,
    code: SecretText,
}

/// `POST /recover/code`: a right code continues on the page of a link.
pub async fn enter_code(State(app): State<App>, Posted(visitor, form): Posted<CodeForm>) -> Response {
    let mut page = code_page(&visitor, form.id.as_ref().map(ToString::to_string), form.identifier.clone());
    if form.id.is_none() && form.identifier.trim().is_empty() {
        page.identifier_error = Some(visitor.visit.say("recover.error_empty"));
    }
    let code = secrets::typed_code(&form.code);
    if code.expose().len() != CODE_DIGITS || !code.expose().bytes().all(|b| b.is_ascii_digit()) {
        page.code_error = Some(visitor.visit.say("code.error_format"));
    }
    if page.identifier_error.is_some() || page.code_error.is_some() {
        return show(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let target = form.id.map_or(CodeFor::Identifier(form.identifier), CodeFor::Request);
    match redeem::enter_code(&app, target, &code, &visitor.client).await {
        Ok(go_on) => {
            let path = format!("/r/{}", go_on.token.expose());
            Redirect::to(&page.page.link(&path)).into_response()
        }
        Err(error) => wrong_code(&visitor, page, &error),
    }
}

/// Which of wrong, used and expired it was is not said.
fn wrong_code(visitor: &Visitor, mut page: Code, error: &AppError) -> Response {
    if !matches!(error.status, 404 | 410 | 422) {
        return visitor.refuse(error);
    }
    if error.field == Some("identifier") && page.request.is_none() {
        page.identifier_error = Some(visitor.visit.say("recover.error_characters"));
    } else {
        page.code_error = Some(visitor.visit.say("code.error_wrong"));
    }
    show(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /r/{token}`: redeems nothing, so whatever opens links may open it.
pub async fn form(State(app): State<App>, visitor: Visitor, Path(token): Path<SecretText>) -> Response {
    match redeem::look(&app, &token).await {
        Ok(link) => show(StatusCode::OK, &reset_page(&app, &visitor, &token, &link)),
        Err(error) => gone(&app, &visitor, &error),
    }
}

fn reset_page(app: &App, visitor: &Visitor, token: &SecretText, link: &LinkView) -> Reset {
    let path = format!("/r/{}", token.expose());
    let mut page = visitor.visit.page("reset.title", &path);
    page.scripts = &["page.js"];
    Reset {
        action: page.link(&path),
        page,
        minutes: link.expires_at.since(app.clock.now()).as_secs().div_ceil(60).max(1),
        minimum: minimum(app, link.second_factor),
        second_factor: link.second_factor,
        password_error: None,
        second_error: None,
    }
}

fn minimum(app: &App, second_factor: bool) -> usize {
    let policy = &app.config.password;
    if second_factor { policy.min_length_with_second_factor } else { policy.min_length }
}

/// The fields of the new-password form.
#[derive(Deserialize)]
pub struct ResetForm {
    password: SecretText,
    second_factor: Option<SecretText>,
}

/// `POST /r/{token}`.
pub async fn redeem(
    State(app): State<App>,
    Path(token): Path<SecretText>,
    Posted(visitor, form): Posted<ResetForm>,
) -> Response {
    let second_factor = form.second_factor.filter(|code| !code.expose().trim().is_empty());
    let client = visitor.client.clone();
    let redeem = Redeem { token: token.clone(), password: form.password, second_factor, client };
    match redeem::redeem(&app, redeem).await {
        Ok(Redeemed::Done { device_token }) => done(&app, &visitor, &device_token),
        Ok(Redeemed::Waiting { until }) => show(StatusCode::OK, &notices::reset_waiting(&visitor.visit, until)),
        Err(error) => refused(&app, &visitor, &token, &error).await,
    }
}

fn done(app: &App, visitor: &Visitor, device: &SecretText) -> Response {
    let mut response = show(StatusCode::OK, &notices::reset_done(&visitor.visit));
    let secure = if app.config.server.origin.is_https() { "; Secure" } else { "" };
    let age = DEVICE_DAYS * 24 * 3600;
    let (name, value) = (device_cookie(app), device.expose());
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// A password or second factor that will not do is said beside its field; everything else is a page of its own.
async fn refused(app: &App, visitor: &Visitor, token: &SecretText, error: &AppError) -> Response {
    if error.status != 422 {
        return gone(app, visitor, error);
    }
    let link = match redeem::look(app, token).await {
        Ok(link) => link,
        Err(error) => return gone(app, visitor, &error),
    };
    let mut page = reset_page(app, visitor, token, &link);
    match error.field {
        Some("second_factor") => {
            let missing = error.code == "second_factor_needed";
            let key = if missing { "reset.error_second_empty" } else { "reset.error_second" };
            page.second_error = Some(visitor.visit.say(key));
        }
        _ => page.password_error = Some(password_error(visitor, page.minimum, error)),
    }
    show(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The first weakness is the sentence, the rest is advice.
fn password_error(visitor: &Visitor, minimum: usize, error: &AppError) -> PasswordError {
    let codes: Vec<&str> = if error.details.is_empty() { vec![error.code] } else { error.details.clone() };
    let say = |key: &str| visitor.visit.locale.say(key, &[("min", &minimum.to_string())]);
    let text = say(sentence(codes[0]));
    let mut advice: Vec<String> = codes.iter().filter_map(|code| advice(code)).map(say).collect();
    if codes.iter().any(|code| !matches!(*code, "empty" | "too_long")) {
        advice.push(say("reset.advice_words"));
    }
    PasswordError { text, advice }
}

fn sentence(code: &str) -> &'static str {
    match code {
        "empty" => "reset.error_empty",
        "too_short" => "reset.error_short",
        "too_long" => "reset.error_long",
        "control_character" => "reset.error_control",
        "common" => "reset.error_common",
        "breached" => "reset.error_breached",
        _ => "reset.error_weak",
    }
}

fn advice(code: &str) -> Option<&'static str> {
    match code {
        "own_word" | "date" => Some("reset.advice_personal"),
        "repeated" | "sequence" | "keyboard_walk" => Some("reset.advice_pattern"),
        "common" => Some("reset.advice_swap"),
        _ => None,
    }
}

/// A link that does not work any more says how to get one; other errors are themselves.
fn gone(app: &App, visitor: &Visitor, error: &AppError) -> Response {
    if !matches!(error.status, 404 | 410) {
        return visitor.refuse(error);
    }
    let minutes = app.config.recovery.ticket_ttl.secs().div_ceil(60);
    show(StatusCode::GONE, &notices::link_gone(&visitor.visit, minutes))
}

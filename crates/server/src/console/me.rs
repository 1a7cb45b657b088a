//! `/console/me`: one's own name, password, authenticator, recovery codes and sessions.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::moment::Moment;
use super::sign_in::{refused, said};
use super::welcome::{Authenticator, Codes};
use super::{next, show};
use crate::error::AppError;
use crate::flows::staff::sessions::{self, Which};
use crate::flows::staff::{own, passkeys};
use crate::store::passkeys::Passkey;
use crate::store::staff::{self, Seated};
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::ids::{PasskeyId, StaffSessionId};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use serde::Deserialize;

/// A session in a list.
pub(super) struct SessionRow {
    pub id: String,
    pub device: String,
    pub source: String,
    pub method: String,
    pub opened: Moment,
    pub seen: Moment,
    pub current: bool,
}

impl SessionRow {
    /// How a session is shown to `desk`.
    pub(super) fn new(desk: &Desk, s: &Seated) -> Self {
        let now = desk.app.clock.now();
        Self {
            id: s.id.to_string(),
            device: s.agent.clone(),
            source: s.source.clone(),
            method: s.method.clone(),
            opened: Moment::new(s.times.created_at, now),
            seen: Moment::new(s.times.seen_at, now),
            current: s.id == desk.seat.session,
        }
    }
}

/// A passkey in a list.
struct PasskeyRow {
    id: String,
    name: String,
    added: Moment,
    used: Option<Moment>,
}

impl PasskeyRow {
    fn new(key: &Passkey, now: Timestamp) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            added: Moment::new(key.created_at, now),
            used: key.last_used_at.map(|at| Moment::new(at, now)),
        }
    }
}

#[derive(Template)]
#[template(path = "console/me.html")]
struct Me {
    frame: Frame,
    name: String,
    shown_name: String,
    roles: Vec<(&'static str, &'static str)>,
    has_password: bool,
    has_authenticator: bool,
    vouched_by: Option<String>,
    codes_left: i64,
    passkeys: Vec<PasskeyRow>,
    passkeys_possible: bool,
    sessions: Vec<SessionRow>,
    fresh: bool,
}

async fn view(desk: &Desk) -> Result<Me, AppError> {
    let who = own::person(&desk.app, &desk.seat).await?;
    let mut conn = desk.app.store.read().await?;
    let codes_left = staff::recovery_codes_left(&mut conn, &who.id).await?;
    let rows = sessions::live(&desk.app, staff::sessions_of(&mut conn, &who.id).await?);
    drop(conn);
    let (keys, now) = (passkeys::list(&desk.app, &desk.seat).await?, desk.app.clock.now());
    Ok(Me {
        frame: desk.frame("You").with_script("passkey.js"),
        passkeys: keys.iter().map(|key| PasskeyRow::new(key, now)).collect(),
        passkeys_possible: passkeys::are_possible(&desk.app),
        has_password: who.password_hash.is_some(),
        has_authenticator: who.totp_sealed.is_some(),
        roles: who.roles.iter().map(|role| (role.as_str(), role.purpose())).collect(),
        name: who.name,
        shown_name: who.shown_name,
        vouched_by: who.oidc_issuer,
        codes_left,
        sessions: rows.iter().map(|s| SessionRow::new(desk, s)).collect(),
        fresh: desk.seat.fresh,
    })
}

/// `GET /console/me`.
pub async fn page(desk: Desk) -> Response {
    match view(&desk).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// What a form led to: back to the page, the page again with what was wrong, or away.
async fn after(desk: &Desk, outcome: Result<(), AppError>, done: &str) -> Response {
    match outcome {
        Ok(()) => desk.back_to("/console/me", done),
        Err(error) if error.code == "confirm_needed" => to_confirm("/console/me"),
        Err(error) if error.status == 422 => match view(desk).await {
            Ok(mut page) => {
                page.frame = said(page.frame, &error);
                refused(&error, &page)
            }
            Err(error) => desk.refuse(&error),
        },
        Err(error) => desk.refuse(&error),
    }
}

fn to_confirm(back: &str) -> Response {
    Redirect::to(&next::with_next("/console/confirm", back)).into_response()
}

/// A new name.
#[derive(Deserialize, Debug)]
pub struct NameForm {
    shown_name: String,
}

/// `POST /console/me/name`.
pub async fn name(desk: Desk, Fields(form): Fields<NameForm>) -> Response {
    let outcome = own::set_shown_name(&desk.app, &desk.seat, &form.shown_name).await;
    after(&desk, outcome, "name").await
}

/// A new password.
#[derive(Deserialize, Debug)]
pub struct PasswordForm {
    old: SecretText,
    password: SecretText,
    again: SecretText,
}

/// `POST /console/me/password`.
pub async fn password(desk: Desk, Fields(form): Fields<PasswordForm>) -> Response {
    let outcome = if form.password.expose() == form.again.expose() {
        own::set_password(&desk.app, &desk.seat, form.old, &form.password).await
    } else {
        Err(AppError::invalid("again", "password_differs", "The two passwords differ. Type the same one twice."))
    };
    after(&desk, outcome, "password").await
}

#[derive(Template)]
#[template(path = "console/authenticator.html")]
struct AuthenticatorPage {
    frame: Frame,
    authenticator: Authenticator,
}

async fn authenticator_page(desk: &Desk) -> Result<AuthenticatorPage, AppError> {
    let offer = own::offer(&desk.app, &desk.seat).await?;
    let authenticator = Authenticator::new(&offer, &desk.app.config.site.name, &desk.seat.name);
    Ok(AuthenticatorPage { frame: desk.frame("A new authenticator"), authenticator })
}

/// `GET /console/me/authenticator`.
pub async fn authenticator_form(desk: Desk) -> Response {
    if !desk.seat.fresh {
        return to_confirm("/console/me/authenticator");
    }
    match authenticator_page(&desk).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// A code of the new authenticator.
#[derive(Deserialize, Debug)]
pub struct CodeForm {
    code: SecretText,
}

/// `POST /console/me/authenticator`.
pub async fn authenticator(desk: Desk, Fields(form): Fields<CodeForm>) -> Response {
    match own::set_authenticator(&desk.app, &desk.seat, &form.code).await {
        Err(error) if error.status == 422 => match authenticator_page(&desk).await {
            Ok(mut page) => {
                page.frame = said(page.frame, &error);
                refused(&error, &page)
            }
            Err(error) => desk.refuse(&error),
        },
        outcome => after(&desk, outcome, "authenticator").await,
    }
}

/// `POST /console/me/codes`.
pub async fn codes(desk: Desk) -> Response {
    match own::new_recovery_codes(&desk.app, &desk.seat).await {
        Ok(codes) => {
            let codes = codes.iter().map(|code| code.expose().to_owned()).collect();
            show::page(&Codes { frame: desk.frame("Your recovery codes"), codes })
        }
        Err(error) => after(&desk, Err(error), "").await,
    }
}

/// What a passkey is to be called.
#[derive(Deserialize, Debug)]
pub struct PasskeyForm {
    name: String,
}

/// `POST /console/me/passkeys/{id}/name`.
pub async fn rename_passkey(desk: Desk, Path(id): Path<String>, Fields(form): Fields<PasskeyForm>) -> Response {
    let outcome = match PasskeyId::parse(&id) {
        Ok(id) => passkeys::rename(&desk.app, &desk.seat, id, &form.name).await,
        Err(_) => Err(AppError::not_found("There is no such passkey.")),
    };
    after(&desk, outcome, "passkey_renamed").await
}

/// `POST /console/me/passkeys/{id}/remove`.
pub async fn remove_passkey(desk: Desk, Path(id): Path<String>) -> Response {
    let outcome = match PasskeyId::parse(&id) {
        Ok(id) => passkeys::remove(&desk.app, &desk.seat, id).await,
        Err(_) => Err(AppError::not_found("There is no such passkey.")),
    };
    after(&desk, outcome, "passkey_removed").await
}

/// `POST /console/me/sessions/others/end`.
pub async fn end_others(desk: Desk) -> Response {
    end(&desk, Which::AllBut(desk.seat.session.clone()), "sessions_ended").await
}

/// `POST /console/me/sessions/{id}/end`.
pub async fn end_session(desk: Desk, Path(id): Path<String>) -> Response {
    match StaffSessionId::parse(&id) {
        Ok(id) => end(&desk, Which::One(id), "session_ended").await,
        Err(_) => desk.refuse(&AppError::not_found("There is no such session, or it has ended.")),
    }
}

async fn end(desk: &Desk, which: Which, done: &str) -> Response {
    let outcome = sessions::end(&desk.app, &desk.actor(), desk.seat.staff.clone(), which).await;
    after(desk, outcome.map(|_| ()), done).await
}

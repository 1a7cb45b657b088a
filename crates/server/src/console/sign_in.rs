//! The way in: sign in, sign out, ask for help.

use super::desk::{Desk, Door, Fields};
use super::frame::Frame;
use super::{cookies, next, show};
use crate::error::AppError;
use crate::flows::staff::sign_in::SignIn;
use crate::flows::staff::{oidc, passkeys, pleas, sessions, sign_in as flow};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::secret::SecretText;
use serde::Deserialize;

/// What an address may carry.
#[derive(Deserialize, Default, Debug)]
pub struct Where {
    next: Option<String>,
    done: Option<String>,
}

/// `/console/sign-in`.
#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage {
    frame: Frame,
    next: String,
    name: String,
    passkeys: bool,
    provider: Option<String>,
}

impl SignInPage {
    fn new(door: &Door, frame: Frame, next: String, name: String) -> Self {
        let passkeys = passkeys::are_possible(&door.app);
        let frame = if passkeys { frame.with_script("passkey.js") } else { frame };
        let provider = oidc::label(&door.app).map(str::to_owned);
        Self { frame, next, name, passkeys, provider }
    }

    /// Where the provider's button leads.
    fn away(&self) -> String {
        super::next::with_next("/console/oidc/start", &self.next)
    }
}

/// `GET /console/sign-in`.
pub async fn form(door: Door, Query(asked): Query<Where>) -> Response {
    let next = next::safe(asked.next.as_deref());
    if door.seat.is_some() {
        return Redirect::to(&next).into_response();
    }
    let mut frame = door.frame("Sign in");
    frame.done = asked.done.and_then(|done| super::done::of_query(&format!("done={done}")));
    show::page(&SignInPage::new(&door, frame, next, String::new()))
}

/// What was typed.
#[derive(Deserialize, Debug)]
pub struct SignInForm {
    name: String,
    password: SecretText,
    code: SecretText,
    #[serde(default)]
    next: String,
}

/// `POST /console/sign-in`.
pub async fn sign_in(door: Door, Fields(form): Fields<SignInForm>) -> Response {
    let next = next::safe(Some(&form.next));
    let ask = SignIn { name: form.name.clone(), password: form.password, code: form.code, client: door.client.clone() };
    match flow::sign_in(&door.app, ask).await {
        Ok(signed_in) => {
            // A session that the browser held before is not taken over: the new one has a new id and a new cookie.
            if let Some(before) = &door.seat {
                let _ = sessions::sign_out(&door.app, before).await;
            }
            let answer = cookies::set_session(&door.app, Redirect::to(&next).into_response(), &signed_in.opened.token);
            cookies::set_device(&door.app, answer, &signed_in.device)
        }
        Err(error) => {
            let page = SignInPage::new(&door, said(door.frame("Sign in"), &error), next, form.name);
            refused(&error, &page)
        }
    }
}

/// The frame of a page that is shown again, with what was wrong.
pub(super) fn said(frame: Frame, error: &AppError) -> Frame {
    if let Some(internal) = &error.internal {
        tracing::error!(code = error.code, error = %internal, "the way in is shut");
    }
    let wait = error.retry_after.map(|wait| format!(" Try again in {} s.", wait.as_secs().max(1)));
    frame.with_wrong(format!("{}{}", error.public, wait.unwrap_or_default()))
}

pub(super) fn refused(error: &AppError, page: &impl Template) -> Response {
    show::page_with(StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), page)
}

/// `POST /console/sign-out`.
pub async fn sign_out(desk: Desk) -> Response {
    match sessions::sign_out(&desk.app, &desk.seat).await {
        Ok(()) => cookies::clear_session(&desk.app, Redirect::to("/console/sign-in?done=signed_out").into_response()),
        Err(error) => desk.refuse(&error),
    }
}

/// `/console/help`.
#[derive(Template)]
#[template(path = "console/help.html")]
struct Help {
    frame: Frame,
    sent: bool,
}

/// `GET /console/help`.
pub async fn help_form(door: Door) -> Response {
    show::page(&Help { frame: door.frame("You cannot sign in"), sent: false })
}

/// Who calls.
#[derive(Deserialize, Debug)]
pub struct HelpForm {
    name: String,
}

/// `POST /console/help`.
pub async fn help(door: Door, State(app): State<crate::app::App>, Fields(form): Fields<HelpForm>) -> Response {
    match pleas::call(&app, &form.name, &door.client).await {
        Ok(()) => show::page(&Help { frame: door.frame("Your call was passed on"), sent: true }),
        Err(error) => refused(&error, &Help { frame: said(door.frame("You cannot sign in"), &error), sent: false }),
    }
}

//! `/console/welcome/{token}`: a one-time link becomes a person with a password and an authenticator. Opening it uses
//! nothing up.

use super::desk::{Door, Fields};
use super::frame::Frame;
use super::sign_in::{refused, said};
use super::{cookies, qr, show};
use crate::error::AppError;
use crate::flows::staff::links::{self, Enrol, Welcome};
use crate::flows::staff::passkeys;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::secret::SecretText;
use serde::Deserialize;

/// An authenticator that is offered.
pub(super) struct Authenticator {
    /// QR code, as SVG.
    pub qr: Option<String>,
    /// The secret in groups of four, for typing.
    pub secret: String,
}

impl Authenticator {
    /// Of an offer.
    pub(super) fn new(offer: &crate::flows::staff::factors::Offer, site: &str, name: &str) -> Self {
        let text = offer.text();
        let groups: Vec<String> =
            text.expose().as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
        Self { qr: qr::svg(offer.uri(site, name).expose()), secret: groups.join(" ") }
    }
}

/// The page of a link.
#[derive(Template)]
#[template(path = "console/welcome.html")]
struct WelcomePage {
    frame: Frame,
    shown_name: String,
    name: String,
    roles: Vec<(&'static str, &'static str)>,
    authenticator: Option<Authenticator>,
    passkey_at: Option<String>,
}

impl WelcomePage {
    fn new(door: &Door, token: &SecretText, welcome: &Welcome) -> Self {
        let who = &welcome.who;
        let authenticator =
            welcome.offer.as_ref().map(|o| Authenticator::new(o, &door.app.config.site.name, &who.name));
        let passkey = welcome.purpose.sets_factors() && passkeys::are_possible(&door.app);
        let frame = door.frame("Welcome");
        Self {
            frame: if passkey { frame.with_script("passkey.js") } else { frame },
            passkey_at: passkey.then(|| format!("/console/welcome/{}/passkey", token.expose())),
            shown_name: who.shown_name.clone(),
            name: who.name.clone(),
            roles: who.roles.iter().map(|role| (role.as_str(), role.purpose())).collect(),
            authenticator,
        }
    }
}

/// Saved recovery codes, shown once.
#[derive(Template)]
#[template(path = "console/codes.html")]
pub(super) struct Codes {
    /// The frame.
    pub frame: Frame,
    /// The codes.
    pub codes: Vec<String>,
}

/// `GET /console/welcome/{token}`.
pub async fn form(door: Door, Path(token): Path<SecretText>) -> Response {
    match links::look(&door.app, &token, &door.client).await {
        Ok(welcome) => show::page(&WelcomePage::new(&door, &token, &welcome)),
        Err(error) => gone(&error),
    }
}

fn gone(error: &AppError) -> Response {
    if error.status == 410 {
        let sentence = "This link was used, has expired, or was replaced by a newer one. Ask an admin for another. \
                        On the server's machine, `countersign admin staff link` makes one.";
        return show::plain(StatusCode::GONE, sentence);
    }
    show::broken(error)
}

/// What was typed.
#[derive(Deserialize, Debug)]
pub struct EnrolForm {
    password: SecretText,
    again: SecretText,
    code: SecretText,
}

/// `POST /console/welcome/{token}`.
pub async fn enrol(door: Door, Path(token): Path<SecretText>, Fields(form): Fields<EnrolForm>) -> Response {
    if form.password.expose() != form.again.expose() {
        let error =
            AppError::invalid("again", "password_differs", "The two passwords differ. Type the same one twice.");
        return again(&door, &token, &error).await;
    }
    let ask = Enrol { secret: token.clone(), password: form.password, code: form.code, client: door.client.clone() };
    match links::enrol(&door.app, ask).await {
        Ok(enrolled) => {
            let answer = if enrolled.codes.is_empty() {
                Redirect::to("/console").into_response()
            } else {
                let codes = enrolled.codes.iter().map(|code| code.expose().to_owned()).collect();
                show::page(&Codes { frame: door.frame("Your recovery codes"), codes })
            };
            let answer = cookies::set_session(&door.app, answer, &enrolled.opened.token);
            cookies::set_device(&door.app, answer, &enrolled.device)
        }
        Err(error) if error.status == 410 => gone(&error),
        Err(error) => again(&door, &token, &error).await,
    }
}

/// The page again, with what was wrong.
async fn again(door: &Door, token: &SecretText, error: &AppError) -> Response {
    match links::look(&door.app, token, &door.client).await {
        Ok(welcome) => {
            let mut page = WelcomePage::new(door, token, &welcome);
            page.frame = said(page.frame, error);
            refused(error, &page)
        }
        Err(error) => gone(&error),
    }
}

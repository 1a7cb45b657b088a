//! `/console/oidc/…`: away to the provider, and back.

use super::desk::Door;
use super::{cookies, next, show};
use crate::error::AppError;
use crate::flows::staff::oidc::{self, Callback};
use crate::flows::staff::sessions;
use askama::Template;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::secret::SecretText;
use serde::Deserialize;

/// What an address may carry.
#[derive(Deserialize, Default, Debug)]
pub struct Start {
    next: Option<String>,
    /// Whoever sits there proves it anew, instead of a new session.
    confirm: Option<String>,
}

/// `GET /console/oidc/start`: a link rather than a form, because a form may lead to our own pages only (CSP
/// `form-action`).
pub async fn start(door: Door, Query(asked): Query<Start>) -> Response {
    let seat = door.seat.as_ref().filter(|_| asked.confirm.is_some());
    match oidc::begin(&door.app, seat, next::safe(asked.next.as_deref()), &door.client).await {
        Ok(begun) => {
            let away = Redirect::to(&begun.url).into_response();
            cookies::set_provider(&door.app, away, begun.token.expose(), begun.lasts.as_secs())
        }
        Err(error) => refused(&door, &error),
    }
}

/// What the provider sends along.
#[derive(Deserialize, Debug)]
pub struct Back {
    #[serde(default)]
    state: String,
    code: Option<SecretText>,
    iss: Option<String>,
}

/// `GET /console/oidc/callback`.
pub async fn callback(door: Door, headers: HeaderMap, Query(back): Query<Back>) -> Response {
    let token = cookies::provider(&door.app, &headers).unwrap_or_else(|| SecretText::new(""));
    let back = Callback { token, state: back.state, code: back.code, issuer: back.iss };
    let finished = oidc::finish(&door.app, back, door.seat.as_ref(), &door.client).await;
    let answer = match finished {
        Ok(finished) => {
            // A session that the browser held before is not taken over.
            if let Some(before) = door.seat.as_ref().filter(|seat| finished.renewed.as_ref() != Some(&seat.session)) {
                let _ = sessions::sign_out(&door.app, before).await;
            }
            cookies::set_session(&door.app, Redirect::to(&finished.next).into_response(), &finished.opened.token)
        }
        Err(error) => refused(&door, &error),
    };
    cookies::set_provider(&door.app, answer, "", 0)
}

#[derive(Template)]
#[template(path = "console/refused.html")]
struct Refused {
    frame: super::frame::Frame,
    sentence: String,
}

fn refused(door: &Door, error: &AppError) -> Response {
    if error.status == 404 {
        return show::broken(error);
    }
    show::log(error);
    let page = Refused { frame: door.frame("Not signed in"), sentence: error.public.clone() };
    super::sign_in::refused(error, &page)
}

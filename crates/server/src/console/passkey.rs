//! Passkeys: what `passkey.js` asks, in JSON; and the forms about one's own.

use super::desk::{Desk, Door};
use super::{cookies, next};
use crate::error::AppError;
use crate::flows::staff::passkeys::{self, Answer, Begun};
use crate::flows::staff::{links, sessions};
use axum::Json;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::secret::SecretText;
use serde::Deserialize;
use serde_json::{Value, json};

/// What a browser came back with.
#[derive(Deserialize, Debug)]
pub struct Finish {
    token: SecretText,
    credential: Value,
    #[serde(default)]
    name: String,
    #[serde(default)]
    next: String,
}

impl Finish {
    fn answer(self) -> (Answer, String, String) {
        (Answer { token: self.token, credential: self.credential }, self.name, next::safe(Some(&self.next)))
    }
}

/// A flow's answer or error, for a script.
fn told(outcome: Result<Value, AppError>) -> Response {
    match outcome {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            if let Some(internal) = &error.internal {
                tracing::error!(code = error.code, error = %internal, "a passkey could not be asked for");
            }
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let wait = error.retry_after.map(|wait| wait.as_secs().max(1));
            let mut answer = (status, Json(json!({ "error": error.public, "code": error.code }))).into_response();
            if let Some(secs) = wait {
                answer.headers_mut().insert(header::RETRY_AFTER, secs.into());
            }
            answer
        }
    }
}

fn begun(outcome: Result<Begun, AppError>) -> Response {
    told(outcome.map(|begun| json!({ "token": begun.token.expose(), "options": begun.options })))
}

fn go(path: &str) -> Response {
    told(Ok(json!({ "go": path })))
}

/// `POST /console/passkey/begin`.
pub async fn begin(door: Door) -> Response {
    begun(passkeys::begin_sign_in(&door.app, &door.client).await)
}

/// `POST /console/passkey/finish`.
pub async fn finish(door: Door, Json(back): Json<Finish>) -> Response {
    let (answer, _, next) = back.answer();
    match passkeys::sign_in(&door.app, answer, &door.client).await {
        Ok(signed_in) => {
            if let Some(before) = &door.seat {
                let _ = sessions::sign_out(&door.app, before).await;
            }
            let answer = cookies::set_session(&door.app, go(&next), &signed_in.opened.token);
            cookies::set_device(&door.app, answer, &signed_in.device)
        }
        Err(error) => told(Err(error)),
    }
}

/// `POST /console/confirm/passkey/begin`.
pub async fn begin_confirming(desk: Desk) -> Response {
    begun(passkeys::begin_confirming(&desk.app, &desk.seat).await)
}

/// `POST /console/confirm/passkey`.
pub async fn confirm(desk: Desk, Json(back): Json<Finish>) -> Response {
    let (answer, _, next) = back.answer();
    match passkeys::confirm(&desk.app, &desk.seat, answer, &desk.client).await {
        Ok(opened) => cookies::set_session(&desk.app, go(&desk.path_with(&next, "confirmed")), &opened.token),
        Err(error) => told(Err(error)),
    }
}

/// `POST /console/me/passkeys/begin`.
pub async fn begin_adding(desk: Desk) -> Response {
    begun(passkeys::begin_adding(&desk.app, &desk.seat.staff).await)
}

/// `POST /console/me/passkeys`.
pub async fn add(desk: Desk, Json(back): Json<Finish>) -> Response {
    let (answer, name, _) = back.answer();
    match passkeys::add(&desk.app, &desk.seat, answer, &name).await {
        Ok(()) => go("/console/me?done=passkey_added"),
        Err(error) => told(Err(error)),
    }
}

/// `POST /console/welcome/{token}/passkey/begin`.
pub async fn begin_enrolling(door: Door, Path(token): Path<SecretText>) -> Response {
    begun(links::begin_passkey(&door.app, &token, &door.client).await)
}

/// `POST /console/welcome/{token}/passkey`.
pub async fn enrol(door: Door, Path(token): Path<SecretText>, Json(back): Json<Finish>) -> Response {
    let (answer, name, _) = back.answer();
    match links::enrol_passkey(&door.app, &token, answer, &name, &door.client).await {
        Ok(enrolled) => {
            let answer = cookies::set_session(&door.app, go("/console"), &enrolled.opened.token);
            cookies::set_device(&door.app, answer, &enrolled.device)
        }
        Err(error) => told(Err(error)),
    }
}

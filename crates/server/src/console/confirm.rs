//! `/console/confirm`: a fresh proof of who sits there, before privileged steps.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::sign_in::{refused, said};
use super::{cookies, next, show};
use crate::flows::staff::sign_in;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use countersign_core::secret::SecretText;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "console/confirm.html")]
struct Confirm {
    frame: Frame,
    next: String,
    minutes: u64,
}

impl Confirm {
    fn new(desk: &Desk, next: String) -> Self {
        let minutes = desk.app.config.console.step_up.duration().as_secs().div_ceil(60);
        Self { frame: desk.frame("Confirm that it is you"), next, minutes }
    }
}

/// What an address may carry.
#[derive(Deserialize, Default, Debug)]
pub struct Where {
    next: Option<String>,
}

/// `GET /console/confirm`.
pub async fn form(desk: Desk, Query(asked): Query<Where>) -> Response {
    show::page(&Confirm::new(&desk, next::safe(asked.next.as_deref())))
}

/// What was typed.
#[derive(Deserialize, Debug)]
pub struct ConfirmForm {
    code: SecretText,
    #[serde(default)]
    next: String,
}

/// `POST /console/confirm`.
pub async fn confirm(desk: Desk, Fields(form): Fields<ConfirmForm>) -> Response {
    let next = next::safe(Some(&form.next));
    match sign_in::confirm(&desk.app, &desk.seat, &form.code, &desk.client).await {
        Ok(opened) => cookies::set_session(&desk.app, desk.back_to(&next, "confirmed"), &opened.token),
        Err(error) if matches!(error.status, 422 | 429) => {
            let mut page = Confirm::new(&desk, next);
            page.frame = said(page.frame, &error);
            refused(&error, &page)
        }
        Err(error) => desk.refuse(&error),
    }
}

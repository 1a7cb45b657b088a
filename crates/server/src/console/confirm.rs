//! `/console/confirm`: a fresh proof of who sits there, before privileged steps.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::sign_in::{refused, said};
use super::{cookies, next, show};
use crate::error::AppError;
use crate::flows::staff::{oidc, own, passkeys, sign_in};
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
    code: bool,
    passkey: bool,
    provider: Option<String>,
}

impl Confirm {
    /// With the ways that this person has.
    async fn new(desk: &Desk, next: String) -> Result<Self, AppError> {
        let minutes = desk.app.config.console.step_up.duration().as_secs().div_ceil(60);
        let who = own::person(&desk.app, &desk.seat).await?;
        let passkey = passkeys::are_possible(&desk.app) && !passkeys::list(&desk.app, &desk.seat).await?.is_empty();
        let vouched = who.oidc_issuer.is_some();
        let provider = oidc::label(&desk.app).filter(|_| vouched).map(str::to_owned);
        // Whoever has no other way is shown the form all the same: it says what is missing.
        let code = who.totp_sealed.is_some() || !passkey && provider.is_none();
        let frame = desk.frame("Confirm that it is you");
        let frame = if passkey { frame.with_script("passkey.js") } else { frame };
        Ok(Self { frame, next, minutes, code, passkey, provider })
    }

    /// Where the provider's button leads.
    fn away(&self) -> String {
        format!("/console/oidc/start?confirm=yes&next={}", next::encoded(&self.next))
    }
}

/// What an address may carry.
#[derive(Deserialize, Default, Debug)]
pub struct Where {
    next: Option<String>,
}

/// `GET /console/confirm`.
pub async fn form(desk: Desk, Query(asked): Query<Where>) -> Response {
    match Confirm::new(&desk, next::safe(asked.next.as_deref())).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
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
        Err(error) if matches!(error.status, 422 | 429) => match Confirm::new(&desk, next).await {
            Ok(mut page) => {
                page.frame = said(page.frame, &error);
                refused(&error, &page)
            }
            Err(error) => desk.refuse(&error),
        },
        Err(error) => desk.refuse(&error),
    }
}

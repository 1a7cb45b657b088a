//! `/verify`: is this message from us?

use super::notices::{self, Known};
use super::view::Verify;
use super::visitor::{Posted, Visitor, show};
use crate::app::App;
use crate::flows::verify::{self, Verified};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::message::Template;
use serde::Deserialize;

/// Characters of a countersign code, without its dashes.
const CODE_CHARS: usize = 12;

/// `GET /verify`.
pub async fn form(visitor: Visitor) -> Response {
    show(StatusCode::OK, &page(&visitor, String::new()))
}

fn page(visitor: &Visitor, code: String) -> Verify {
    let visit = &visitor.visit;
    let title = visit.locale.say("verify.title", &[("site", &visit.site)]);
    let mut page = visit.page_titled(title, "/verify");
    page.offers_check = false;
    Verify { page, hint: visit.locale.say("verify.hint", &[("example", "7K3M-Q9RX-2HTB")]), code, error: None }
}

/// The field of `/verify`.
#[derive(Deserialize)]
pub struct VerifyForm {
    code: String,
}

/// `POST /verify`: goes on to the code's own page.
pub async fn ask(Posted(visitor, form): Posted<VerifyForm>) -> Response {
    match tidy(&form.code) {
        Some(code) => {
            let page = visitor.visit.page("verify.title", "/verify");
            Redirect::to(&page.link(&format!("/verify/{code}"))).into_response()
        }
        None => malformed(&visitor, &form.code),
    }
}

/// `GET /verify/{code}`.
pub async fn answer(State(app): State<App>, visitor: Visitor, Path(typed): Path<String>) -> Response {
    let Some(code) = tidy(&typed) else { return malformed(&visitor, &typed) };
    let path = format!("/verify/{code}");
    match verify::verify(&app, &code, visitor.client.ip).await {
        Ok(Verified::Known { template, recorded_at, sent_at, to_masked }) => {
            let origin = app.config.server.origin.to_string();
            let known = Known { kind: kind(template), recorded_at, sent_at, masked_to: &to_masked, origin: &origin };
            show(StatusCode::OK, &notices::verify_known(&visitor.visit, &path, &known))
        }
        Ok(Verified::Unknown) => show(StatusCode::OK, &notices::verify_unknown(&visitor.visit, &path, &code)),
        Err(error) => visitor.refuse(&error),
    }
}

fn malformed(visitor: &Visitor, typed: &str) -> Response {
    let typed = typed.chars().take(40).collect();
    let error = Some(visitor.visit.say("verify.error_format"));
    show(StatusCode::UNPROCESSABLE_ENTITY, &Verify { error, ..page(visitor, typed) })
}

/// `XXXX-XXXX-XXXX` in upper case, whatever stood between; `None` unless there are twelve letters and digits.
fn tidy(typed: &str) -> Option<String> {
    let mut chars = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'));
    let code: String = chars.by_ref().take(CODE_CHARS).map(|c| c.to_ascii_uppercase()).collect();
    let whole = code.len() == CODE_CHARS && chars.next().is_none() && code.bytes().all(|b| b.is_ascii_alphanumeric());
    whole.then(|| format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..]))
}

const fn kind(template: Template) -> &'static str {
    match template {
        Template::Recovery => "verify.kind_recovery",
        Template::PasswordChanged => "verify.kind_changed",
        Template::CoolOff => "verify.kind_waiting",
        Template::NotMeConfirmed => "verify.kind_not_me",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["7k3m-q9rx-2htb", "7K3MQ9RX2HTB", " 7K3M Q9RX 2HTB ", "7K3M–Q9RX–2HTB"] {
            assert_eq!(tidy(typed).as_deref(), Some("7K3M-Q9RX-2HTB"));
        }
        for typed in ["", "7K3M-Q9RX-2HT", "7K3M-Q9RX-2HTB-1", "7K3M-Q9RX-2HT/", "٧K3M-Q9RX-2HTB"] {
            assert_eq!(tidy(typed), None);
        }
    }
}

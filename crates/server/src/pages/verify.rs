//! `/verify`: is this message from us?

use super::message::Look;
use super::notices;
use super::view::Verify;
use super::visitor::{Posted, Visitor, show};
use crate::app::App;
use crate::flows::verify::{self, Compared, Known, Standing};
use crate::web::headers;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
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
    match verify::look(&app, &code, visitor.client.ip).await {
        Ok(Some((known, standing))) => message(&app, &visitor, &known, &standing, None),
        Ok(None) => unknown(&visitor, &code),
        Err(error) => visitor.refuse(&error),
    }
}

/// The address, from a browser that cannot compare it itself.
#[derive(Deserialize)]
pub struct AddressForm {
    address: String,
}

/// `POST /verify/{code}`: compares the address with the message's recipient.
pub async fn compare(
    State(app): State<App>,
    Path(typed): Path<String>,
    Posted(visitor, form): Posted<AddressForm>,
) -> Response {
    let Some(code) = tidy(&typed) else { return malformed(&visitor, &typed) };
    match verify::compare(&app, &code, &form.address, visitor.client.ip).await {
        Ok(Some((known, standing, compared))) => {
            message(&app, &visitor, &known, &standing, Some((compared, &form.address)))
        }
        Ok(None) => unknown(&visitor, &code),
        Err(error) => visitor.refuse(&error),
    }
}

fn message(
    app: &App,
    visitor: &Visitor,
    known: &Known,
    standing: &Standing,
    compared: Option<(Compared, &str)>,
) -> Response {
    let (visit, origin) = (&visitor.visit, app.config.server.origin.to_string());
    let (key, policy) = (app.log.key(), app.log.policy());
    let page = Look { visit, known, standing, key: key.verifier(), policy, origin: &origin }.page(compared);
    let status = if page.address_error { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    headers::may_fetch(show(status, &page))
}

fn unknown(visitor: &Visitor, code: &str) -> Response {
    show(StatusCode::OK, &notices::verify_unknown(&visitor.visit, &format!("/verify/{code}"), code))
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

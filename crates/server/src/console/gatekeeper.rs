//! Stands before every route: who is it, may they, and did the form come from our own page?

use super::desk::Desk;
use super::next::{self, with_next};
use super::routes::Need;
use super::{cookies, csrf, show};
use crate::app::App;
use crate::flows::staff::{Seat, sessions};
use crate::web::client;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

/// Largest form: a reason of 500 characters, a list of roles. Uploads come with their own routes and limits.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// Lets a request through to its handler, or answers it.
pub async fn admit(app: App, need: Need, request: Request, next: Next) -> Response {
    let origin = app.config.server.origin.to_string();
    if client::is_foreign(request.method(), request.headers(), &origin) {
        return show::plain(
            StatusCode::FORBIDDEN,
            "This form did not come from a page of this console. Nothing was changed.",
        );
    }
    let seat = match seated(&app, request.headers()).await {
        Ok(seat) => seat,
        Err(answer) => return answer,
    };
    match (need, seat) {
        (Need::Nothing, seat) => pass(request, seat, next).await,
        (_, None) => to_sign_in(&request),
        (need, Some(seat)) => {
            if let Some(answer) = refuse(&app, need, &seat, &request) {
                return answer;
            }
            match with_token(&app, &seat, request).await {
                Ok(request) => pass(request, Some(seat), next).await,
                Err(answer) => answer,
            }
        }
    }
}

async fn seated(app: &App, headers: &HeaderMap) -> Result<Option<Seat>, Response> {
    let Some(token) = cookies::session(app, headers) else { return Ok(None) };
    // A page that keeps itself up to date is not somebody at work: it does not keep the session alive.
    let found =
        if wants_events(headers) { sessions::look(app, &token).await } else { sessions::seat(app, &token).await };
    found.map_err(|error| show::broken(&error))
}

async fn pass(mut request: Request, seat: Option<Seat>, next: Next) -> Response {
    if let Some(seat) = seat {
        request.extensions_mut().insert(seat);
    }
    next.run(request).await
}

/// Scripts are told with a status; people are sent to the page and come back.
fn to_sign_in(request: &Request) -> Response {
    if is_script(request.headers()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let here = if request.method() == Method::GET { here(request) } else { referred(request.headers()) };
    Redirect::to(&with_next("/console/sign-in", &next::safe(here.as_deref()))).into_response()
}

fn refuse(app: &App, need: Need, seat: &Seat, request: &Request) -> Option<Response> {
    let Need::May(what) = need else { return None };
    if !seat.roles.may(what) {
        let desk = Desk::of(app, seat.clone(), request.uri().path());
        return Some(show::not_permitted(&desk, what));
    }
    if what.is_privileged() && !seat.fresh {
        if is_script(request.headers()) {
            return Some(StatusCode::FORBIDDEN.into_response());
        }
        let back = next::safe(referred(request.headers()).as_deref());
        return Some(Redirect::to(&with_next("/console/confirm", &back)).into_response());
    }
    None
}

/// A POST must carry the session's own token, which another site cannot read: as a field of the form, or in a header.
async fn with_token(app: &App, seat: &Seat, request: Request) -> Result<Request, Response> {
    if request.method() != Method::POST {
        return Ok(request);
    }
    if let Some(given) = request.headers().get(csrf::HEADER).and_then(|v| v.to_str().ok()) {
        return if csrf::is_right(app, seat, given) { Ok(request) } else { Err(forged()) };
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_FORM_BYTES)
        .await
        .map_err(|_| show::plain(StatusCode::PAYLOAD_TOO_LARGE, "This form is too large. Nothing was changed."))?;
    let given = url::form_urlencoded::parse(&body).find(|(name, _)| name == csrf::FIELD).map(|(_, value)| value);
    if given.is_some_and(|given| csrf::is_right(app, seat, &given)) {
        return Ok(Request::from_parts(parts, Body::from(body)));
    }
    Err(forged())
}

fn forged() -> Response {
    let what = "This form is not from your present session. Go back, load the page again and send it once more. Nothing was changed.";
    show::plain(StatusCode::FORBIDDEN, what)
}

/// Whether a script of ours asks rather than a person.
fn is_script(headers: &HeaderMap) -> bool {
    header_text(headers, "sec-fetch-dest") == "empty" || wants_events(headers) || headers.contains_key(csrf::HEADER)
}

fn wants_events(headers: &HeaderMap) -> bool {
    header_text(headers, "accept").contains("text/event-stream")
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

fn here(request: &Request) -> Option<String> {
    request.uri().path_and_query().map(|path| path.as_str().to_owned())
}

/// The page that the form was on: our pages tell it to ourselves only (`Referrer-Policy: same-origin`).
fn referred(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::REFERER)?.to_str().ok()?;
    let url = url::Url::parse(text).ok()?;
    Some(match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

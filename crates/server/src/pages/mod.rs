//! The hosted pages for account holders: ask, enter the code, choose a password, say "not me", check a message.
//!
//! Never: looks at the Host header, keeps a secret, shows an internal error, needs a script (but to solve a puzzle).
//! In: requests of browsers.   Out: pages.
//! I/O for this room: HTTP; the flows do the rest.   Tests: beside the code, tests/it/pages.rs, tests/it/browser/.

pub mod accent;
pub mod message;
pub mod nonce;
pub mod notices;
mod recover;
mod redeem;
mod respond;
mod verify;
pub mod view;
pub mod visitor;

use crate::app::App;
use crate::web::{assets, client, headers};
use accent::Accent;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use visitor::Visitor;

/// Largest form: an identifier, a challenge and its solution; a password of 256 characters at 12 bytes each, encoded.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// All pages, their assets, and the page for an address that is none of ours.
pub fn router(app: &App) -> Router<App> {
    let accent = Accent::of(app.config.site.accent.0);
    let css = accent.css.to_string();
    Router::new()
        .route("/", get(async || Redirect::to("/recover")))
        .route("/recover", get(recover::form).post(recover::ask))
        .route("/recover/sent", get(recover::back).post(recover::sent_again))
        .route("/recover/proof", get(recover::back).post(recover::prove))
        .route("/recover/resend", get(recover::back).post(recover::resend))
        .route("/recover/code", get(redeem::code_form).post(redeem::enter_code))
        .route("/r/{token}", get(redeem::form).post(redeem::redeem))
        .route("/not-me/{token}", get(respond::not_me_form).post(respond::not_me))
        .route("/cancel/{token}", get(respond::cancel_form).post(respond::cancel))
        .route("/verify", get(verify::form).post(verify::ask))
        .route("/verify/{code}", get(verify::answer).post(verify::compare))
        .route(&accent.url, get(async move || assets::kept(assets::CSS, css)))
        .merge(assets_router())
        .method_not_allowed_fallback(async |visitor: Visitor| visitor.plain(StatusCode::METHOD_NOT_ALLOWED))
        .fallback(async |visitor: Visitor| visitor.plain(StatusCode::NOT_FOUND))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(Extension(nonce::Used::default()))
        .layer(Extension(accent))
}

/// Style sheets, scripts and the mark; they are the same for every site.
pub fn assets_router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(assets::serve))
}

/// Refuses forms of other sites' pages, and gives every answer its security headers.
async fn guard(State(app): State<App>, visitor: Visitor, request: Request, next: Next) -> Response {
    let origin = &app.config.server.origin;
    let foreign = client::is_foreign(request.method(), request.headers(), &origin.to_string());
    let response = if foreign { visitor.plain(StatusCode::FORBIDDEN) } else { next.run(request).await };
    headers::secure(response, origin.is_https())
}

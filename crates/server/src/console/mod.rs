//! The pages for staff: see what happens, and act.
//!
//! Never: answers a route that the table of `routes` has no need for; shows personal data that nobody gave a reason for;
//! keeps a secret; needs a script, but for passkeys and what moves by itself.
//! In: requests of browsers.   Out: pages, redirects, event streams.
//! I/O for this room: HTTP; the flows do the rest.   Tests: beside the code, tests/it/console/.

mod accounts;
mod audit;
pub mod chart;
mod confirm;
mod cookies;
mod csrf;
mod desk;
mod done;
mod evidence;
mod exposure;
mod find;
mod frame;
mod gatekeeper;
mod keys;
mod me;
mod messages;
mod moment;
mod next;
mod oidc;
mod passkey;
mod qr;
pub mod routes;
mod settings;
mod show;
mod sign_in;
mod staff;
pub mod watch;
mod welcome;
mod words;

use crate::app::App;
use crate::web::headers;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;

/// Every page of the console.
pub fn router(app: &App) -> Router<App> {
    let mut router = Router::new();
    for route in routes::all() {
        let (app, need) = (app.clone(), route.need);
        let admit = from_fn(move |request: Request, next: Next| gatekeeper::admit(app.clone(), need, request, next));
        router = router.route(route.path, route.handler.layer(admit));
    }
    router.layer(from_fn_with_state(app.clone(), secure)).route("/console/{*rest}", axum::routing::any(nothing_here))
}

/// Gives every answer its security headers. The path of a page of ours is told to ourselves only: with it a form that needs
/// a fresh proof knows where to come back to. The page of a one-time link says nothing to anybody.
async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let secret = request.uri().path().starts_with("/console/welcome/");
    let response = next.run(request).await;
    let mut response = headers::secure(headers::may_fetch(response), app.config.server.origin.is_https());
    if !secret {
        response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    response
}

async fn nothing_here(State(app): State<App>) -> Response {
    let answer =
        show::plain(StatusCode::NOT_FOUND, "There is no such page. It may have moved, or the address is incomplete.");
    headers::secure(answer, app.config.server.origin.is_https())
}

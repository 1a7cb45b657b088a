//! `/console`: is something wrong, and what should be done next?

use super::parts::{self, Part};
use crate::console::desk::Desk;
use crate::console::frame::Frame;
use crate::console::show;
use crate::flows::traffic::{Snapshot, snapshot};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::staff::Roles;
use countersign_core::traffic::Window;

/// Where it is.
pub const PATH: &str = "/console";

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Overview {
    frame: Frame,
    as_of: String,
    parts: Option<[String; 5]>,
}

/// Everything on the page that moves.
pub fn parts(snapshot: &Snapshot, roles: Roles) -> [Part; 5] {
    [
        parts::now(snapshot, roles),
        parts::tiles(snapshot),
        parts::requests(snapshot),
        parts::gate(snapshot),
        parts::house(snapshot),
    ]
}

/// `GET /console`.
pub async fn page(desk: Desk) -> Response {
    let looked = snapshot(&desk.app, Window::Glance).await;
    let (status, seen) = match looked {
        Ok(seen) => (StatusCode::OK, Some(seen)),
        Err(error) => (show::failed(&error), None),
    };
    let as_of = parts::as_of(seen.as_deref(), seen.is_none(), PATH).html;
    let parts = seen.map(|seen| parts(&seen, desk.seat.roles).map(|part| part.html));
    let frame = desk.frame("Overview").with_script("live.js");
    show::page_with(status, &Overview { frame, as_of, parts })
}

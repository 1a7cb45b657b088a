//! `/console`: is something wrong, and what should be done next?

use super::desk::Desk;
use super::frame::Frame;
use super::show;
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "console/home.html")]
struct Home {
    frame: Frame,
}

/// `GET /console`.
pub async fn page(desk: Desk) -> Response {
    show::page(&Home { frame: desk.frame("Overview") })
}

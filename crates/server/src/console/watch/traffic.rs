//! `/console/traffic`: what was asked for, sent, suppressed and completed, over an hour, a day or a fortnight.

use super::Asked;
use super::parts::{self, Part};
use crate::console::desk::Desk;
use crate::console::frame::Frame;
use crate::console::show;
use crate::flows::traffic::{Snapshot, snapshot};
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::traffic::Window;

/// Where it is.
pub const PATH: &str = "/console/traffic";

#[derive(Template)]
#[template(path = "console/traffic.html")]
struct Traffic {
    frame: Frame,
    as_of: String,
    span: &'static str,
    windows: Vec<(String, &'static str, bool)>,
    parts: Option<[String; 6]>,
}

/// Everything on the page that moves.
pub fn parts(snapshot: &Snapshot) -> [Part; 6] {
    [
        parts::tiles(snapshot),
        parts::requests(snapshot),
        parts::reasons(snapshot),
        parts::completions(snapshot),
        parts::mail(snapshot),
        parts::gate(snapshot),
    ]
}

/// The page's address with its window.
pub fn path(window: Window) -> String {
    format!("{PATH}?span={}", window.as_str())
}

/// `GET /console/traffic`.
pub async fn page(desk: Desk, Query(asked): Query<Asked>) -> Response {
    let window = asked.window();
    let looked = snapshot(&desk.app, window).await;
    let (status, seen) = match looked {
        Ok(seen) => (StatusCode::OK, Some(seen)),
        Err(error) => (show::failed(&error), None),
    };
    let as_of = parts::as_of(seen.as_deref(), seen.is_none(), &path(window)).html;
    let parts = seen.map(|seen| parts(&seen).map(|part| part.html));
    let frame = desk.frame("Recovery traffic").with_script("live.js");
    let windows = parts::windows(PATH, window);
    show::page_with(status, &Traffic { frame, as_of, span: window.as_str(), windows, parts })
}

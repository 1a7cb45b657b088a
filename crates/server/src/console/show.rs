//! From a template to a response; and the pages for what cannot be shown.

use super::desk::Desk;
use super::frame::Frame;
use crate::error::AppError;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use countersign_core::staff::{Permission, Role};

/// A rendered page.
pub fn page(page: &impl Template) -> Response {
    page_with(StatusCode::OK, page)
}

/// A rendered page with a status.
pub fn page_with(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page that says why there is nothing to see.
#[derive(Template)]
#[template(path = "console/notice.html")]
struct Notice {
    frame: Frame,
    lines: Vec<String>,
    link: Option<(&'static str, &'static str)>,
}

/// For somebody whose roles do not permit it: who could.
pub fn not_permitted(desk: &Desk, what: Permission) -> Response {
    let roles: Vec<&str> = what.roles().map(Role::as_str).collect();
    let lines = vec![
        format!("Your role does not permit this. It takes one of these: {}.", roles.join(", ")),
        "If you need it, ask an admin. Nothing was changed.".to_owned(),
    ];
    let notice = Notice { frame: desk.frame("Not permitted"), lines, link: Some(("/console", "To the overview")) };
    page_with(StatusCode::FORBIDDEN, &notice)
}

/// The page for a flow's error. What only the log may hold goes there.
pub fn error(desk: &Desk, error: &AppError) -> Response {
    log(error);
    let notice = Notice {
        frame: desk.frame(heading(error.status)),
        lines: vec![error.public.clone()],
        link: Some(("/console", "To the overview")),
    };
    finish(error, page_with(status(error), &notice))
}

/// For a page that says itself what it could not get: the status.
pub fn failed(error: &AppError) -> StatusCode {
    log(error);
    status(error)
}

/// The same where not even the frame can be had.
pub fn broken(error: &AppError) -> Response {
    log(error);
    finish(error, plain(status(error), &error.public))
}

/// A sentence on a page without a frame.
pub fn plain(status: StatusCode, sentence: &str) -> Response {
    #[derive(Template)]
    #[template(path = "console/plain.html")]
    struct Plain<'a> {
        sentence: &'a str,
        heading: &'static str,
        css: String,
    }
    let css = crate::web::assets::url("console.css");
    page_with(status, &Plain { sentence, heading: heading(status.as_u16()), css })
}

const fn heading(status: u16) -> &'static str {
    match status {
        403 => "Not permitted",
        404 => "Nothing here",
        409 => "Not possible now",
        410 => "Not valid any more",
        413 => "Too large",
        429 => "Too many tries",
        503 => "Not available right now",
        400 | 422 => "This cannot be used",
        _ => "Something went wrong",
    }
}

fn status(error: &AppError) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What only the log may hold.
pub(super) fn log(error: &AppError) {
    if let Some(internal) = &error.internal {
        tracing::error!(code = error.code, error = %internal, "a page of the console could not be answered");
    }
}

fn finish(error: &AppError, mut response: Response) -> Response {
    if let Some(wait) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

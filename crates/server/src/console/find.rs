//! `/console/find`: the one box. What it finds alone it leads to.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::{messages, show};
use crate::flows::find::{self, Found, Hit};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// What was typed. It is posted, because it may be somebody's address.
#[derive(Deserialize, Default, Debug)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// One of several things that were found.
struct Row {
    what: &'static str,
    href: String,
    text: String,
}

#[derive(Template)]
#[template(path = "console/found.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    typed: String,
    read_as: String,
    code: Option<String>,
    withheld: bool,
}

/// `POST /console/find`.
pub async fn typed(desk: Desk, Fields(typed): Fields<Typed>) -> Response {
    answer(&desk, &typed.q).await
}

/// Where a text leads.
pub(super) async fn answer(desk: &Desk, typed: &str) -> Response {
    match find::find(&desk.app, desk.seat.roles, typed).await {
        Ok(found) => match found.hits.as_slice() {
            [only] => lead(only),
            hits => listed(desk, typed, hits, &found),
        },
        Err(error) => desk.refuse(&error),
    }
}

fn lead(hit: &Hit) -> Response {
    match hit {
        Hit::Message(id) => messages::to_message(id),
        Hit::Account(id) => Redirect::to(&format!("/console/accounts/{id}")).into_response(),
        Hit::Entry { number, .. } => Redirect::to(&format!("/console/evidence/{number}")).into_response(),
        Hit::Leak(id) => Redirect::to(&format!("/console/exposure/leaks/{id}")).into_response(),
        Hit::Cohort(digest) => Redirect::to(&format!("/console/exposure/cohorts/{digest}")).into_response(),
        Hit::Containment(id) => Redirect::to(&format!("/console/exposure/containments/{id}")).into_response(),
        Hit::Masked(masked) => messages::to_masked(masked),
        // The same form again, to the register: an address stays out of the address.
        Hit::Address(_) => Redirect::temporary("/console/messages").into_response(),
    }
}

fn listed(desk: &Desk, typed: &str, hits: &[Hit], found: &Found) -> Response {
    let not_from_us = found.code.filter(|_| hits.is_empty()).map(|code| code.to_string());
    let title = match (&not_from_us, hits.is_empty()) {
        (Some(_), _) => "Not from us",
        (None, true) => "Nothing found",
        (None, false) => "Several things have this name",
    };
    let page = Page {
        frame: desk.frame(title),
        rows: hits.iter().map(row).collect(),
        typed: typed.trim().to_owned(),
        read_as: found.read_as.join(", "),
        code: not_from_us,
        withheld: found.withheld && found.code.is_none(),
    };
    let status = if hits.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    show::page_with(status, &page)
}

fn row(hit: &Hit) -> Row {
    let row = |what, href, text| Row { what, href, text };
    match hit {
        Hit::Message(id) => row("Message", format!("/console/messages/{id}"), id.to_string()),
        Hit::Account(id) => row("Account", format!("/console/accounts/{id}"), id.to_string()),
        Hit::Entry { id, number } => row("Entry", format!("/console/evidence/{number}"), format!("{number} · {id}")),
        Hit::Leak(id) => row("Leak", format!("/console/exposure/leaks/{id}"), id.to_string()),
        Hit::Cohort(digest) => row("Cohort", format!("/console/exposure/cohorts/{digest}"), digest.to_string()),
        Hit::Containment(id) => row("Containment", format!("/console/exposure/containments/{id}"), id.to_string()),
        Hit::Masked(masked) => row("Messages", "/console/messages".to_owned(), masked.clone()),
        Hit::Address(_) => row("Messages", "/console/messages".to_owned(), "to this address".to_owned()),
    }
}

//! `/console/exposure/leaks/{id}`: everything that is on record about one leak.

use super::told::{Beginnings, Changes, Column, File, Report};
use super::{Acts, ReasonForm, again, can_be_corrected, count, leak_id};
use crate::console::desk::{Desk, Fields};
use crate::console::frame::Frame;
use crate::console::moment::Moment;
use crate::console::show;
use crate::console::words::{self, Chip};
use crate::error::AppError;
use crate::flows::exposure::leaks as flow;
use crate::flows::profile;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use countersign_core::time::Timestamp;
use countersign_core::traffic::grouped;

#[derive(Template)]
#[template(path = "console/exposure/leak.html")]
struct One {
    frame: Frame,
    id: String,
    name: String,
    state: Chip,
    standing: bool,
    at: Moment,
    closed: Option<Moment>,
    digest: String,
    rows: String,
    bad: u64,
    accounts: u64,
    strong: u64,
    weak: u64,
    former: u64,
    contradicted: u64,
    fields: String,
    keys: String,
    sentence: Option<String>,
    changes: Option<Changes>,
    beginnings: Option<Beginnings>,
    faults: Vec<(String, String)>,
    samples: Vec<String>,
    files: Vec<File>,
    columns: Vec<Column>,
    format: Option<String>,
    contradicting: u64,
    unusable: Vec<(String, String)>,
    cohort: String,
    cohort_short: String,
    acts: Acts,
    /// Whether the form is open.
    open: bool,
}

impl One {
    /// A month is as exact as it gets.
    fn day(at: &Timestamp) -> String {
        let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
        at.strftime("%-d %B %Y").to_string()
    }

    fn count(number: &u64) -> String {
        words::accounts(*number)
    }

    fn grouped(number: &u64) -> String {
        grouped(*number)
    }
}

async fn page(desk: &Desk, id: &str, reason: &str) -> Result<One, AppError> {
    let leak = flow::see(&desk.app, &leak_id(id)?).await?;
    let (report, now) = (Report::of(&leak), desk.app.clock.now());
    Ok(One {
        frame: desk.frame(&format!("Leak: {}", leak.name)),
        state: super::leaks::state(&leak),
        standing: leak.standing,
        at: Moment::new(leak.imported_at, now),
        closed: leak.closed_at.map(|at| Moment::new(at, now)),
        digest: data_encoding::HEXLOWER.encode(leak.digest.bytes()),
        rows: grouped(count(leak.rows)),
        bad: count(leak.bad),
        accounts: count(leak.accounts),
        strong: count(leak.strong),
        weak: count(leak.accounts - leak.strong),
        former: report.former(),
        contradicted: report.contradicted(),
        fields: report.fields(&leak),
        keys: report.keys(&leak),
        sentence: report.sentence(),
        changes: report.changes(),
        beginnings: report.beginnings(),
        faults: report.faults(),
        samples: report.samples(),
        files: report.files(),
        columns: report.columns(),
        format: report.format(),
        contradicting: report.contradicting(),
        unusable: report.unusable(),
        cohort: leak.cohort.to_string(),
        cohort_short: words::short(&leak.cohort),
        acts: Acts::of(desk, reason),
        open: false,
        id: leak.id.to_string(),
        name: leak.name,
    })
}

/// `GET /console/exposure/leaks/{id}`.
pub async fn one(desk: Desk, Path(id): Path<String>) -> Response {
    match page(&desk, &id, "").await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/exposure/leaks/{id}/withdraw`.
pub async fn withdraw(desk: Desk, Path(id): Path<String>, Fields(form): Fields<ReasonForm>) -> Response {
    let withdrawn = async {
        let (leak, reason) = (leak_id(&id)?, profile::reason(&form.reason)?);
        flow::withdraw(&desk.app, &desk.actor(), leak, reason).await
    };
    let error = match withdrawn.await {
        Ok(()) => return desk.back_to(&format!("/console/exposure/leaks/{id}"), "leak_withdrawn"),
        Err(error) => error,
    };
    match page(&desk, &id, &form.reason).await {
        Ok(mut page) if can_be_corrected(&error) => {
            page.frame = page.frame.with_wrong(error.public.clone());
            page.open = true;
            again(&page, &error)
        }
        _ => desk.refuse(&error),
    }
}

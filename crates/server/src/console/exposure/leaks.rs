//! `/console/exposure`: which leaks were matched, and how far the directory's index is.

use super::told::Report;
use super::{LISTED, count};
use crate::console::desk::Desk;
use crate::console::frame::Frame;
use crate::console::moment::Moment;
use crate::console::words::{self, Chip};
use crate::console::{chart, show};
use crate::error::AppError;
use crate::flows::exposure::leaks as flow;
use crate::store::exposure::leaks::Leak;
use askama::Template;
use axum::response::Response;
use countersign_core::time::Timestamp;
use countersign_core::traffic::grouped;

/// A leak in the list.
struct Card {
    id: String,
    name: String,
    state: Chip,
    at: Moment,
    rows: String,
    bad: Option<String>,
    accounts: String,
    strong: String,
    fields: String,
    sentence: Option<String>,
}

/// The index of the directory.
struct Directory {
    accounts: String,
    keys: String,
}

#[derive(Template)]
#[template(path = "console/exposure/leaks.html")]
struct List {
    frame: Frame,
    leaks: Vec<Card>,
    full: bool,
    directory: Option<Directory>,
    /// Accounts done, all of them, and the share.
    building: Option<(String, String, String)>,
    leaked: String,
}

/// Whether a leak counts.
pub(super) const fn state(leak: &Leak) -> Chip {
    if leak.standing { Chip { text: "counts", class: "good" } } else { Chip { text: "withdrawn", class: "" } }
}

fn card(leak: Leak, now: Timestamp) -> Card {
    let report = Report::of(&leak);
    Card {
        state: state(&leak),
        at: Moment::new(leak.imported_at, now),
        rows: grouped(count(leak.rows)),
        bad: (leak.bad > 0).then(|| grouped(count(leak.bad))),
        accounts: words::accounts(count(leak.accounts)),
        strong: grouped(count(leak.strong)),
        fields: report.fields(&leak),
        sentence: report.sentence(),
        id: leak.id.to_string(),
        name: leak.name,
    }
}

/// `GET /console/exposure`.
pub async fn list(desk: Desk) -> Response {
    match listed(&desk).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

async fn listed(desk: &Desk) -> Result<List, AppError> {
    let (app, now) = (&desk.app, desk.app.clock.now());
    let leaks = flow::list(app, LISTED).await?;
    let directory = app.exposure.directory.shown().map(|standing| {
        let (file, beside) = standing.keys();
        let keys = u64::try_from(file + beside).unwrap_or(u64::MAX);
        Directory { accounts: words::accounts(u64::from(standing.accounts)), keys: grouped(keys) }
    });
    let building = app.exposure.directory.progress().map(|(done, all)| {
        let (done, all) = (u64::from(done), u64::from(all));
        (grouped(done), grouped(all), chart::share(done, all))
    });
    Ok(List {
        frame: desk.frame("Exposure"),
        full: i64::try_from(leaks.len()).unwrap_or(LISTED) >= LISTED,
        leaks: leaks.into_iter().map(|leak| card(leak, now)).collect(),
        directory,
        building,
        leaked: words::accounts(app.exposure.mailboxes.count()),
    })
}

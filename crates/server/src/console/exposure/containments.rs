//! `/console/exposure/containments`: what is in force and what was, and the end of one.

use super::{Acts, LISTED, ReasonForm, again, can_be_corrected, containment_id, count};
use crate::app::App;
use crate::console::desk::{Desk, Fields};
use crate::console::frame::Frame;
use crate::console::moment::Moment;
use crate::console::show;
use crate::console::words::{self, Chip};
use crate::error::AppError;
use crate::flows::exposure::{cohorts, contain as flow};
use crate::flows::profile;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use countersign_core::time::Timestamp;
use countersign_core::traffic::grouped;
use std::collections::HashMap;

/// A containment as it is shown.
pub(super) struct Line {
    pub id: String,
    pub kind: Chip,
    pub purpose: &'static str,
    pub in_force: bool,
    pub state: Chip,
    pub cohort: String,
    /// What the cohort is called, or the beginning of its digest.
    pub called: String,
    pub accounts: String,
    pub released: String,
    /// Accounts that it holds for now; `None` where it is not in force, or this is not known.
    pub holding: Option<String>,
    pub since: Moment,
    pub until: Option<Moment>,
    pub lifted: Option<Moment>,
    pub reason: String,
}

/// As it is shown.
pub(super) fn line(app: &App, shown: flow::Shown, name: Option<String>, now: Timestamp) -> Line {
    let one = shown.contained;
    let force = app.exposure.force.shown().unwrap_or_default();
    let policy = force.iter().find(|policy| policy.contained.id == one.id).filter(|_| shown.in_force);
    let state = match (shown.in_force, one.lifted_at) {
        (true, _) => Chip { text: "in force", class: "bad" },
        (false, Some(_)) => Chip { text: "lifted", class: "" },
        (false, None) => Chip { text: "ended", class: "" },
    };
    Line {
        kind: words::containment(one.kind),
        purpose: one.kind.purpose(),
        in_force: shown.in_force,
        state,
        called: name.unwrap_or_else(|| words::short(&one.cohort)),
        cohort: one.cohort.to_string(),
        accounts: words::accounts(count(one.size)),
        released: grouped(count(shown.released)),
        holding: policy.map(|policy| words::accounts(policy.holding())),
        since: Moment::new(one.since, now),
        until: one.until.map(|at| Moment::new(at, now)),
        lifted: one.lifted_at.map(|at| Moment::new(at, now)),
        reason: one.reason,
        id: one.id.to_string(),
    }
}

#[derive(Template)]
#[template(path = "console/exposure/containments.html")]
struct List {
    frame: Frame,
    open: Vec<Line>,
    past: Vec<Line>,
    most: usize,
}

/// `GET /console/exposure/containments`.
pub async fn list(desk: Desk) -> Response {
    match listed(&desk).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

async fn listed(desk: &Desk) -> Result<List, AppError> {
    let (app, now) = (&desk.app, desk.app.clock.now());
    let all = flow::list(app, LISTED).await?;
    let names: HashMap<_, _> =
        cohorts::list(app, LISTED).await?.into_iter().map(|cohort| (cohort.digest.to_string(), cohort.name)).collect();
    let lines = all.into_iter().map(|one| {
        let name = names.get(&one.contained.cohort.to_string()).cloned();
        line(app, one, name, now)
    });
    let (open, past) = lines.partition(|line| line.in_force);
    Ok(List { frame: desk.frame("Containments"), open, past, most: flow::MOST })
}

#[derive(Template)]
#[template(path = "console/exposure/containment.html")]
struct One {
    frame: Frame,
    line: Line,
    acts: Acts,
}

async fn page(desk: &Desk, id: &str, reason: &str) -> Result<One, AppError> {
    let (app, now) = (&desk.app, desk.app.clock.now());
    let shown = flow::see(app, &containment_id(id)?).await?;
    let name = cohorts::see(app, &shown.contained.cohort).await?.name;
    let line = line(app, shown, Some(name), now);
    Ok(One { frame: desk.frame("Containment"), line, acts: Acts::of(desk, reason) })
}

/// `GET /console/exposure/containments/{id}`.
pub async fn one(desk: Desk, Path(id): Path<String>) -> Response {
    match page(&desk, &id, "").await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/exposure/containments/{id}/lift`.
pub async fn lift(desk: Desk, Path(id): Path<String>, Fields(form): Fields<ReasonForm>) -> Response {
    let lifted = async {
        let (containment, reason) = (containment_id(&id)?, profile::reason(&form.reason)?);
        flow::lift(&desk.app, &desk.actor(), containment, reason).await
    };
    let error = match lifted.await {
        Ok(()) => return desk.back_to(&format!("/console/exposure/containments/{id}"), "lifted"),
        Err(error) => error,
    };
    match page(&desk, &id, &form.reason).await {
        Ok(mut page) if can_be_corrected(&error) => {
            page.frame = page.frame.with_wrong(error.public.clone());
            again(&page, &error)
        }
        _ => desk.refuse(&error),
    }
}

//! `/console/audit`: what staff did, in words.

use super::desk::Desk;
use super::frame::Frame;
use super::moment::Moment;
use super::show;
use crate::error::AppError;
use crate::flows::staff::deeds::{self, Done, Page};
use crate::store::staff as store;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use countersign_core::ids::StaffId;
use countersign_core::staff::Permission;
use countersign_core::staff::deed::{Who, Whom};
use countersign_core::time::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;

/// Which page, of whom.
#[derive(Deserialize, Default, Debug)]
pub struct Asked {
    #[serde(default)]
    who: String,
    before: Option<u64>,
}

/// A deed in the list.
pub(super) struct Row {
    pub number: u64,
    pub at: Moment,
    pub who: String,
    pub did: String,
    pub account: Option<String>,
    pub whom: String,
    pub how: String,
    pub reason: Option<String>,
}

/// Somebody to choose.
struct Choice {
    id: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "console/audit.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    people: Vec<Choice>,
    one: bool,
    older: Option<String>,
    looked_back_to: Option<Moment>,
    sees_accounts: bool,
    sees_evidence: bool,
}

/// `GET /console/audit`.
pub async fn list(desk: Desk, Query(asked): Query<Asked>) -> Response {
    match listed(&desk, &asked).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

async fn listed(desk: &Desk, asked: &Asked) -> Result<List, AppError> {
    let (roles, now) = (desk.seat.roles, desk.app.clock.now());
    let who = StaffId::parse(&asked.who).ok();
    let page = deeds::page(&desk.app, asked.before, who.as_ref()).await?;
    let people = store::all(&mut desk.app.store.read().await?).await?;
    let choice = |person: store::Staff| Choice {
        chosen: who.as_ref() == Some(&person.id),
        id: person.id.to_string(),
        name: person.shown_name,
    };
    let of = who.as_ref().map(|who| format!("who={who}&")).unwrap_or_default();
    Ok(List {
        frame: desk.frame("What staff did"),
        people: people.into_iter().map(choice).collect(),
        one: who.is_some(),
        older: page.next.map(|before| format!("/console/audit?{of}before={before}")),
        looked_back_to: page.looked_back_to.filter(|_| page.next.is_some()).map(|at| Moment::new(at, now)),
        rows: rows(page, now),
        sees_accounts: roles.may(Permission::SeeAccounts),
        sees_evidence: roles.may(Permission::SeeEvidence),
    })
}

/// Deeds as rows.
pub(super) fn rows(page: Page, now: Timestamp) -> Vec<Row> {
    let names = &page.names;
    page.done.into_iter().map(|done| row(done, names, now)).collect()
}

fn row(done: Done, names: &HashMap<String, String>, now: Timestamp) -> Row {
    let called = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let until = done.until.map(|at| format!("until {} ", Moment::new(at, now).exact)).unwrap_or_default();
    Row {
        number: done.number,
        at: Moment::new(done.at, now),
        who: match &done.deed.who {
            Who::Staff(id) | Who::Key(id) => called(id),
            Who::Command => "Somebody at the command line".to_owned(),
            Who::Nobody => "Somebody unknown".to_owned(),
        },
        account: done.account.map(|id| id.to_string()).filter(|_| done.deed.whom == Whom::Account),
        whom: match &done.deed.whom {
            Whom::Staff(id) => called(id),
            Whom::Themselves => "their own".to_owned(),
            Whom::Account | Whom::Nobody => String::new(),
        },
        did: done.deed.did,
        how: format!("{until}{}", done.deed.how).trim().to_owned(),
        reason: done.deed.reason,
    }
}

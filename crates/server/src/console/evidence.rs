//! `/console/evidence`: the log, leafed through, and one entry with its proof.

use super::desk::Desk;
use super::frame::Frame;
use super::moment::Moment;
use super::next::encoded;
use super::show;
use crate::error::AppError;
use crate::flows::log::browse::{self, Ask, Page};
use crate::flows::log::entries::{self, Opened};
use crate::flows::log::own::{By, ERASED_KIND, LOST_KIND};
use crate::store::browse::LOOK;
use crate::store::log::EntryRow;
use crate::web::policy;
use askama::Template;
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::csf;
use countersign_core::ids::AccountId;
use countersign_core::staff::Permission;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use serde::Deserialize;
use std::time::Duration;

/// Longest name of a kind.
const MOST_KIND: usize = 64;
/// Kinds that people look for, as suggestions; any other can be typed.
const KINDS: [&str; 24] = [
    "recovery.requested",
    "recovery.decided",
    "recovery.held",
    "recovery.expired",
    "recovery.redeemed",
    "recovery.disavowed",
    "password.changed",
    "change.cancelled",
    "gate.mode",
    "message.recorded",
    "message.sealed",
    "message.handed_over",
    "session.opened",
    "accounts.imported",
    "evidence.exported",
    "evidence.erased",
    "log.key_rotated",
    "log.time_stamped",
    "staff.unmasked",
    "staff.account_sessions_ended",
    "staff.recovery_held",
    "staff.recovery_released",
    "staff.signed_in",
    "staff.sign_in_failed",
];

/// Which page; what cannot be read is as if it were not there.
#[derive(Deserialize, Default, Debug)]
pub struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    before: String,
}

/// An entry in the list.
struct Row {
    number: u64,
    kind: String,
    at: Option<Moment>,
    account: Option<String>,
    gone: bool,
    published: bool,
}

#[derive(Template)]
#[template(path = "console/evidence.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    kinds: [&'static str; 24],
    kind: String,
    account: String,
    day: String,
    newest: u64,
    published: u64,
    older: Option<String>,
    looked: u64,
    looked_from: Option<u64>,
    full: bool,
}

fn by(desk: &Desk) -> By {
    By::Staff(desk.seat.staff.to_string())
}

/// `GET /console/evidence`.
pub async fn list(desk: Desk, Query(asked): Query<Asked>) -> Response {
    if let Some(number) = number(&asked.number) {
        return Redirect::to(&format!("/console/evidence/{number}")).into_response();
    }
    let listed = async {
        let ask = ask(&desk, &asked).await?;
        let page = browse::page(&desk.app, &ask, &by(&desk)).await?;
        Ok(listed(&desk, &asked, page))
    };
    match listed.await {
        Ok(page) => show::page(&page),
        Err(error) => {
            let error: AppError = error;
            desk.refuse(&error)
        }
    }
}

fn number(typed: &str) -> Option<u64> {
    typed.trim().trim_start_matches('#').trim().parse().ok().filter(|number| *number > 0)
}

async fn ask(desk: &Desk, asked: &Asked) -> Result<Ask, AppError> {
    let before = match (number(&asked.before), day_after(&asked.day)) {
        (Some(before), _) => Some(before),
        // The list of a day begins with its last entry.
        (None, Some(end)) => match browse::first_since(&desk.app, end).await {
            Err(error) if error.status != 404 => return Err(error),
            found => found.ok(),
        },
        (None, None) => None,
    };
    let kind = Some(asked.kind.trim()).filter(|kind| !kind.is_empty() && kind.len() <= MOST_KIND);
    let account = AccountId::parse(asked.account.trim()).ok();
    Ok(Ask { before, kind: kind.map(str::to_owned), account })
}

/// The first moment after a day, in UTC.
fn day_after(day: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.trim().parse().ok()?;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp::from_micros(start.as_microsecond()).plus(Duration::from_secs(24 * 3600)))
}

fn listed(desk: &Desk, asked: &Asked, page: Page) -> List {
    let now = desk.app.clock.now();
    let full = page.entries.len() as i64 >= browse::PAGE;
    let filter: String = [("kind", asked.kind.trim()), ("account", asked.account.trim())]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}&", encoded(value)))
        .collect();
    List {
        frame: desk.frame("Evidence"),
        kinds: KINDS,
        kind: asked.kind.trim().to_owned(),
        account: asked.account.trim().to_owned(),
        day: asked.day.trim().to_owned(),
        newest: page.newest,
        published: page.published,
        older: page.next.map(|before| format!("/console/evidence?{filter}before={before}")),
        looked: LOOK,
        looked_from: page.looked_from,
        full,
        rows: page.entries.into_iter().map(|entry| row(entry, page.published, now)).collect(),
    }
}

fn row(entry: EntryRow, published: u64, now: Timestamp) -> Row {
    Row {
        published: entry.number <= published,
        number: entry.number,
        gone: entry.payload.is_none(),
        at: entry.payload.as_ref().map(|_| Moment::new(entry.at, now)),
        kind: entry.kind,
        account: entry.subject,
    }
}

/// What cannot be read of an entry any more.
struct Gone {
    word: &'static str,
    why: &'static str,
}

/// An outcome of the NIST Cybersecurity Framework that it is evidence for.
struct Outcome {
    id: &'static str,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "console/entry.html")]
struct One {
    frame: Frame,
    number: u64,
    id: String,
    kind: String,
    at: Option<Moment>,
    account: Option<String>,
    sees_accounts: bool,
    gone: Option<Gone>,
    what: Option<String>,
    outcomes: Vec<Outcome>,
    commitment: String,
    proof: Option<Proof>,
    before: Option<u64>,
    after: u64,
}

/// The proof, for the browser to check.
struct Proof {
    text: String,
    key: String,
    policy: String,
    file: String,
    command: String,
}

/// `GET /console/evidence/{name}`: an id or a number.
pub async fn one(desk: Desk, Path(name): Path<String>) -> Response {
    match opened(&desk, &name).await {
        Ok(opened) => show::page(&viewed(&desk, opened)),
        Err(error) => desk.refuse(&error),
    }
}

async fn opened(desk: &Desk, name: &str) -> Result<Opened, AppError> {
    let row = browse::named(&mut desk.app.store.read().await?, name).await?;
    entries::open(&desk.app, &row.id, &by(desk)).await
}

fn viewed(desk: &Desk, opened: Opened) -> One {
    let Opened { row, what, proof } = opened;
    let gone = match row.kind.as_str() {
        ERASED_KIND => Some(Gone {
            word: "erased",
            why: "What it said was erased. Its commitment stays, and so do the log and every other proof; an entry of the \
                  kind evidence.erased says when, why and by whom.",
        }),
        LOST_KIND => Some(Gone { word: "lost", why: "It was lost before the log was begun anew; its number stays." }),
        _ => None,
    };
    let pretty = what.as_ref().map(|what| serde_json::to_string_pretty(what).unwrap_or_default());
    let frame = desk.frame(&format!("Entry {}", row.number)).with_script("proof.js").with_script("entry.js");
    let tags = csf::of_kind(&row.kind).iter();
    One {
        frame,
        at: row.payload.as_ref().map(|_| Moment::new(row.at, desk.app.clock.now())),
        sees_accounts: desk.seat.roles.may(Permission::SeeAccounts),
        gone,
        what: pretty,
        outcomes: tags.map(|tag| Outcome { id: tag.id(), text: tag.text() }).collect(),
        commitment: Hash::new(*row.commitment.bytes()).to_hex(),
        proof: proof.map(|proof| checkable(desk, row.number, proof.to_string())),
        before: row.number.checked_sub(1).filter(|before| *before > 0),
        after: row.number + 1,
        number: row.number,
        id: row.id,
        kind: row.kind,
        account: row.subject,
    }
}

fn checkable(desk: &Desk, number: u64, text: String) -> Proof {
    let key = desk.app.log.key().verifier().to_string();
    let file = file(number);
    Proof {
        text,
        policy: policy::without_urls(desk.app.log.policy()),
        command: format!("countersign-verify entry {file} --key '{key}'"),
        file,
        key,
    }
}

fn file(number: u64) -> String {
    format!("entry-{number}.tlog-proof")
}

/// `GET /console/evidence/{name}/proof`: the file. Who takes it away leaves an entry, as who looks does.
pub async fn proof(desk: Desk, Path(name): Path<String>) -> Response {
    let found = async {
        let opened = opened(&desk, &name).await?;
        let public = "There is no proof yet: the next checkpoint, in a second at most, has one.";
        let proof = opened.proof.ok_or_else(|| AppError::new(409, "proof_pending", public))?;
        Ok::<_, AppError>((opened.row.number, proof.to_string()))
    };
    match found.await {
        Ok((number, text)) => {
            let disposition = format!("attachment; filename=\"{}\"", file(number));
            let kind = "application/octet-stream".to_owned();
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response()
        }
        Err(error) => desk.refuse(&error),
    }
}

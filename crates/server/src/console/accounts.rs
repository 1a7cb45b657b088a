//! `/console/accounts`: one account, and what can be done for it.

use super::desk::{Desk, Fields};
use super::exposure::account::Section;
use super::frame::Frame;
use super::moment::Moment;
use super::words::{self, Chip};
use super::{audit, show};
use crate::error::AppError;
use crate::flows::care::{self, Hold};
use crate::flows::messages as flow;
use crate::flows::profile::{self, Profile, Recovery};
use crate::flows::staff::deeds;
use crate::store::profile::{Newest, Step};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::ids::{AccountId, ContainmentId};
use countersign_core::span::Span;
use countersign_core::staff::{MAX_REASON_CHARS, Permission, USUAL_REASONS};
use countersign_core::time::Timestamp;
use serde::Deserialize;

/// Messages and deeds that are shown; the rest is a link away.
const SHOWN: i64 = 10;
/// How long recovery can be held from the page.
const SPANS: [(&str, &str); 4] = [("24h", "1 day"), ("72h", "3 days"), ("7d", "7 days"), ("30d", "30 days")];

/// The page where an account is looked up.
#[derive(Template)]
#[template(path = "console/accounts.html")]
struct Search {
    frame: Frame,
}

/// `GET /console/accounts`.
pub async fn search(desk: Desk) -> Response {
    show::page(&Search { frame: desk.frame("Accounts") })
}

/// Something that names the account or where it is reached.
struct Named {
    kind: &'static str,
    text: String,
    confirmed: Option<Chip>,
    since: Option<Moment>,
}

/// A session or a device.
struct Open {
    id: String,
    at: Moment,
}

/// Of many the newest.
struct Opens {
    count: i64,
    rows: Vec<Open>,
}

/// A request that led to a link.
struct Request {
    id: String,
    at: Moment,
    from: String,
    shown: &'static str,
    outcome: String,
}

/// A recovery.
struct Link {
    id: String,
    state: Chip,
    made: Moment,
    until: Moment,
    closed: Option<Moment>,
    tries: i64,
    requests: Vec<Request>,
}

/// A change that waits or waited, or an undo.
struct Change {
    id: String,
    what: &'static str,
    state: Chip,
    began: Moment,
    until: Moment,
    until_means: &'static str,
}

/// A message of the account.
struct Message {
    id: String,
    what: &'static str,
    to: String,
    at: Moment,
    state: Chip,
}

/// How somebody may act here.
struct Acts {
    unmask: bool,
    act: bool,
    /// Which form is open.
    open: String,
    /// The reason that was typed, given back.
    reason: String,
    reasons: [&'static str; 5],
    most: usize,
    spans: [(&'static str, &'static str); 4],
    waiting: usize,
}

#[derive(Template)]
#[template(path = "console/account.html")]
struct One {
    frame: Frame,
    id: String,
    chips: Vec<Chip>,
    in_clear: bool,
    names: Vec<Named>,
    external_id: Option<String>,
    locale: Option<String>,
    region: Option<String>,
    party: Option<String>,
    password: bool,
    password_changed: Option<Moment>,
    second_factor: bool,
    recovery_codes: i64,
    created: Moment,
    held: Option<Moment>,
    lowered: Option<Moment>,
    disavowed: i64,
    sessions: Opens,
    devices: Opens,
    links: Vec<Link>,
    changes: Vec<Change>,
    exposure: Option<Section>,
    messages: Vec<Message>,
    more_messages: bool,
    deeds: Vec<audit::Row>,
    sees_evidence: bool,
    acts: Acts,
}

/// `GET /console/accounts/{id}`.
pub async fn one(desk: Desk, Path(id): Path<String>) -> Response {
    let seen = async {
        let id = account(&id)?;
        page(&desk, profile::look(&desk.app, &id).await?).await
    };
    match seen.await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

pub(super) fn account(id: &str) -> Result<AccountId, AppError> {
    AccountId::parse(id).map_err(|_| AppError::not_found("There is no such account."))
}

/// A reason.
#[derive(Deserialize, Default, Debug)]
pub struct ReasonForm {
    #[serde(default)]
    reason: String,
}

/// `POST /console/accounts/{id}/unmask`: the answer is the page in the clear; there is no address that leads to it.
pub async fn unmask(desk: Desk, Path(id): Path<String>, Fields(form): Fields<ReasonForm>) -> Response {
    let seen = async {
        let (id, reason) = (account(&id)?, profile::reason(&form.reason)?);
        page(&desk, profile::unmask(&desk.app, &desk.actor(), &id, reason).await?).await
    };
    match seen.await {
        Ok(page) => show::page(&page),
        Err(error) => again(&desk, &id, ("unmask", &form.reason), &error).await,
    }
}

/// End sessions.
#[derive(Deserialize, Default, Debug)]
pub struct EndForm {
    #[serde(default)]
    reason: String,
    devices: Option<String>,
}

/// `POST /console/accounts/{id}/sessions/end`.
pub async fn end_sessions(desk: Desk, Path(id): Path<String>, Fields(form): Fields<EndForm>) -> Response {
    let ended = async {
        let (id, reason) = (account(&id)?, profile::reason(&form.reason)?);
        care::end_sessions(&desk.app, &desk.actor(), id, form.devices.is_some(), reason).await
    };
    match ended.await {
        Ok(ended) if ended.devices.is_some() => desk.back_to(&path(&id), "account_devices"),
        Ok(_) => desk.back_to(&path(&id), "account_sessions"),
        Err(error) => again(&desk, &id, ("end", &form.reason), &error).await,
    }
}

/// Hold recovery.
#[derive(Deserialize, Default, Debug)]
pub struct HoldForm {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    span: String,
    changes: Option<String>,
}

/// `POST /console/accounts/{id}/hold`.
pub async fn hold(desk: Desk, Path(id): Path<String>, Fields(form): Fields<HoldForm>) -> Response {
    let held = async {
        let span: Span = form.span.trim().parse().map_err(|_| {
            AppError::invalid("span", "span_invalid", "How long recovery is held is a number and a unit, such as 72h.")
        })?;
        let until = desk.app.clock.now().plus(span.duration());
        let (account, reason) = (account(&id)?, profile::reason(&form.reason)?);
        let hold = Hold { account, until, cancel_changes: form.changes.is_some(), reason };
        care::hold(&desk.app, &desk.actor(), hold).await
    };
    match held.await {
        Ok(_) => desk.back_to(&path(&id), "held"),
        Err(error) => again(&desk, &id, ("hold", &form.reason), &error).await,
    }
}

/// `POST /console/accounts/{id}/hold/release`.
pub async fn release(desk: Desk, Path(id): Path<String>, Fields(form): Fields<ReasonForm>) -> Response {
    let released = async {
        let (id, reason) = (account(&id)?, profile::reason(&form.reason)?);
        care::release(&desk.app, &desk.actor(), id, reason).await
    };
    match released.await {
        Ok(()) => desk.back_to(&path(&id), "released"),
        Err(error) => again(&desk, &id, ("release", &form.reason), &error).await,
    }
}

pub(super) fn path(id: &str) -> String {
    format!("/console/accounts/{id}")
}

/// The page again, with what was wrong and the reason that was typed.
pub(super) async fn again(desk: &Desk, id: &str, (open, reason): (&str, &str), error: &AppError) -> Response {
    if !matches!(error.status, 409 | 422) {
        return desk.refuse(error);
    }
    let masked = async { page(desk, profile::look(&desk.app, &account(id)?).await?).await };
    match masked.await {
        Ok(mut page) => {
            page.frame = page.frame.with_wrong(error.public.clone());
            match &mut page.exposure {
                Some(section) if open.starts_with(ContainmentId::PREFIX) => section.opened(open, reason),
                _ => (page.acts.open, page.acts.reason) = (open.to_owned(), reason.to_owned()),
            }
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            show::page_with(status, &page)
        }
        Err(error) => desk.refuse(&error),
    }
}

async fn page(desk: &Desk, profile: Profile) -> Result<One, AppError> {
    let (app, roles, now) = (&desk.app, desk.seat.roles, desk.app.clock.now());
    let id = profile.facts.id.clone();
    let exposure = Section::of(desk, &id).await?;
    let listed = flow::list(app, &id, None, SHOWN).await?;
    let done = deeds::with_account(app, &id, SHOWN).await?;
    let moment = |at| Moment::new(at, now);
    let ahead = |at: Timestamp| (at > now).then(|| moment(at));
    let facts = &profile.facts;
    Ok(One {
        frame: desk.frame("Account"),
        chips: chips(&profile, exposure.as_ref(), now),
        in_clear: profile.in_clear,
        names: named(&profile, now),
        password: facts.has_password,
        password_changed: facts.password_changed_at.map(moment),
        second_factor: facts.second_factor,
        recovery_codes: facts.recovery_codes,
        created: moment(facts.created_at),
        held: ahead(facts.hold_until),
        lowered: ahead(facts.disavow_until),
        disavowed: facts.disavow_level,
        sessions: opens(&profile.sessions, now),
        devices: opens(&profile.devices, now),
        changes: changes(&profile, now),
        acts: acts(desk, &profile),
        exposure,
        links: profile.recoveries.iter().map(|recovery| link(recovery, now)).collect(),
        messages: listed.messages.into_iter().map(|m| message(m.message, now)).collect(),
        more_messages: listed.next.is_some(),
        deeds: audit::rows(done, now),
        sees_evidence: roles.may(Permission::SeeEvidence),
        external_id: profile.facts.external_id,
        locale: profile.facts.locale,
        region: profile.facts.region,
        party: profile.facts.party,
        id: id.to_string(),
    })
}

fn acts(desk: &Desk, profile: &Profile) -> Acts {
    let roles = desk.seat.roles;
    Acts {
        unmask: roles.may(Permission::Unmask) && !profile.in_clear,
        act: roles.may(Permission::ActOnAccounts),
        open: String::new(),
        reason: String::new(),
        reasons: USUAL_REASONS,
        most: MAX_REASON_CHARS,
        spans: SPANS,
        waiting: profile.changes.iter().filter(|change| change.state == "waiting").count(),
    }
}

fn chips(profile: &Profile, exposure: Option<&Section>, now: Timestamp) -> Vec<Chip> {
    let facts = &profile.facts;
    let known = [
        (facts.hold_until > now, Chip { text: "recovery held", class: "wait" }),
        (facts.disavow_until > now, Chip { text: "lowered by “not me”", class: "wait" }),
        (facts.flags.split(' ').any(|f| f == "suspended"), Chip { text: "suspended", class: "bad" }),
        (facts.flags.split(' ').any(|f| f == "leaked_mailbox"), Chip { text: "leaked mailbox", class: "bad" }),
    ];
    let mut chips: Vec<Chip> = known.into_iter().filter(|(there, _)| *there).map(|(_, chip)| chip).collect();
    for chip in exposure.map(Section::chips).unwrap_or_default() {
        if !chips.iter().any(|there| there.text == chip.text) {
            chips.push(chip);
        }
    }
    chips
}

fn named(profile: &Profile, now: Timestamp) -> Vec<Named> {
    let plain = |kind, text: &str| Named { kind, text: text.to_owned(), confirmed: None, since: None };
    let names = profile.names.iter().filter(|n| n.kind == "user").map(|n| plain(words::name_kind(&n.kind), &n.text));
    let place = |kind, place: &profile::Place| Named {
        confirmed: Some(match place.confirmed_at {
            Some(_) => Chip { text: "confirmed", class: "good" },
            None => Chip { text: "not confirmed", class: "wait" },
        }),
        since: place.confirmed_at.map(|at| Moment::new(at, now)),
        ..plain(kind, &place.text)
    };
    let emails = profile.emails.iter().map(|p| place("E-mail address", p));
    let phones = profile.phones.iter().map(|p| place("Phone number", p));
    names.chain(emails).chain(phones).collect()
}

fn opens<T: ToString>(all: &Newest<T>, now: Timestamp) -> Opens {
    let open = |(id, at): &(T, Timestamp)| Open { id: id.to_string(), at: Moment::new(*at, now) };
    Opens { count: all.count, rows: all.newest.iter().map(open).collect() }
}

fn link(recovery: &Recovery, now: Timestamp) -> Link {
    let (link, moment) = (&recovery.link, |at| Moment::new(at, now));
    let state = if link.state == "live" && link.expires_at <= now { "expired" } else { &link.state };
    let request = |r: &crate::store::profile::Request| Request {
        id: r.id.to_string(),
        at: moment(r.received_at),
        from: format!("{}, {}", if r.door == "api" { "your platform" } else { "our page" }, r.agent),
        shown: words::class(&r.class),
        outcome: words::outcome(r.outcome.as_deref()),
    };
    Link {
        id: link.id.to_string(),
        state: words::step(state),
        made: moment(link.created_at),
        until: moment(link.expires_at),
        closed: link.closed_at.map(moment),
        tries: link.code_tries,
        requests: recovery.requests.iter().map(request).collect(),
    }
}

fn changes(profile: &Profile, now: Timestamp) -> Vec<Change> {
    let change = |what, until_means, step: &Step| Change {
        id: step.id.clone(),
        what,
        state: words::step(&step.state),
        began: Moment::new(step.created_at, now),
        until: Moment::new(step.until, now),
        until_means,
    };
    let waits = profile.changes.iter().map(|s| change("Change with a cool-off", "takes effect", s));
    let undone = |s: &Step| {
        let mut row = change("Password changed", "can be undone until", s);
        if s.state == "used" {
            row.state = Chip { text: "undone", class: "bad" };
        }
        row
    };
    waits.chain(profile.undos.iter().map(undone)).collect()
}

fn message(message: crate::store::messages::Message, now: Timestamp) -> Message {
    Message {
        id: message.id.to_string(),
        what: words::template(message.template),
        to: message.to_masked,
        at: Moment::new(message.created_at, now),
        state: words::state(message.state),
    }
}

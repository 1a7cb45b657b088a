//! `/console/messages`: the register, and one message of it.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::moment::Moment;
use super::next::encoded;
use super::words::{self, Chip};
use super::{find, show};
use crate::error::AppError;
use crate::flows::register::{self, Ask, Listed, Page, To, View};
use crate::flows::verify::Standing;
use crate::store::messages::State;
use crate::store::register::LOOK;
use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use countersign_core::find::Wanted;
use countersign_core::identifier::{EmailAddress, Identifier};
use countersign_core::ids::{AccountId, MessageId};
use countersign_core::staff::Permission;
use serde::Deserialize;

/// Every state, in the order of the filter.
const STATES: [State; 5] = [State::Queued, State::Sending, State::Sent, State::Failed, State::Unknown];

/// Which page of the register; what cannot be read is as if it were not there.
#[derive(Deserialize, Default, Debug)]
pub struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    before: String,
}

/// What was typed into the register's own box, and the filters around it. It is posted, because it may be somebody's address,
/// and addresses of pages end up in logs of proxies and in histories of browsers.
#[derive(Deserialize, Default, Debug)]
pub struct Typed {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    before: String,
}

/// A message in the list.
struct Row {
    id: String,
    what: &'static str,
    code: String,
    to: String,
    at: Moment,
    state: Chip,
    account: String,
}

/// A filter that can be chosen.
struct Choice {
    label: &'static str,
    value: &'static str,
    href: String,
    current: bool,
}

/// How an older page is had: by a link, or by posting the address again.
enum Older {
    Link(String),
    Post { q: String, state: &'static str, before: String },
}

#[derive(Template)]
#[template(path = "console/messages.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    choices: Vec<Choice>,
    /// To whom, in words; everybody where it is empty.
    to: String,
    /// The address that was typed, given back.
    typed: String,
    older: Option<Older>,
    looked: i64,
    looked_back_to: Option<Moment>,
    full: bool,
    filtered: bool,
    sees_accounts: bool,
}

/// `GET /console/messages`.
pub async fn list(desk: Desk, Query(asked): Query<Asked>) -> Response {
    let to = match AccountId::parse(&asked.account) {
        Ok(id) => Some(To::Account(id)),
        Err(_) => Some(asked.to.trim()).filter(|to| !to.is_empty()).map(|to| To::Masked(to.to_owned())),
    };
    let ask = Ask { to, state: State::parse(&asked.state), before: MessageId::parse(&asked.before).ok() };
    answer(&desk, &ask, "").await
}

/// `POST /console/messages`.
pub async fn search(desk: Desk, Fields(typed): Fields<Typed>) -> Response {
    let Some(address) = address(&typed.q) else { return find::answer(&desk, &typed.q).await };
    let ask = Ask {
        to: Some(To::Address(address)),
        state: State::parse(&typed.state),
        before: MessageId::parse(&typed.before).ok(),
    };
    answer(&desk, &ask, typed.q.trim()).await
}

fn address(typed: &str) -> Option<EmailAddress> {
    countersign_core::find::read(typed).into_iter().find_map(|wanted| match wanted {
        Wanted::Identifier(Identifier::Email(address)) => Some(address),
        _ => None,
    })
}

async fn answer(desk: &Desk, ask: &Ask, typed: &str) -> Response {
    match register::page(&desk.app, ask).await {
        Ok(page) => show::page(&listed(desk, ask, page, typed)),
        Err(error) => desk.refuse(&error),
    }
}

fn listed(desk: &Desk, ask: &Ask, page: Page, typed: &str) -> List {
    let now = desk.app.clock.now();
    let state = ask.state.map_or("", State::as_str);
    List {
        frame: desk.frame("Messages"),
        choices: choices(ask),
        to: said(ask),
        typed: typed.to_owned(),
        older: page.next.map(|before| older(ask, typed, state, &before)),
        looked: LOOK,
        looked_back_to: page.looked_back_to.map(|at| Moment::new(at, now)),
        full: page.messages.len() as i64 >= register::PAGE,
        filtered: ask.to.is_some() || ask.state.is_some() || ask.before.is_some(),
        rows: page.messages.into_iter().map(|listed| row(desk, listed)).collect(),
        sees_accounts: desk.seat.roles.may(Permission::SeeAccounts),
    }
}

fn row(desk: &Desk, Listed { message, code }: Listed) -> Row {
    Row {
        id: message.id.to_string(),
        what: words::template(message.template),
        code: code.to_string(),
        to: message.to_masked,
        at: Moment::new(message.created_at, desk.app.clock.now()),
        state: words::state(message.state),
        account: message.account.to_string(),
    }
}

fn said(ask: &Ask) -> String {
    match &ask.to {
        None => String::new(),
        Some(To::Account(id)) => format!("of {id}"),
        Some(To::Masked(masked)) => format!("to addresses that look like {masked}"),
        Some(To::Address(_)) => "to the address that you typed".to_owned(),
    }
}

/// The part of an address that says to whom; a full address has none.
fn query_of(ask: &Ask) -> String {
    match &ask.to {
        Some(To::Account(id)) => format!("account={id}&"),
        Some(To::Masked(masked)) => format!("to={}&", encoded(masked)),
        _ => String::new(),
    }
}

fn choices(ask: &Ask) -> Vec<Choice> {
    let to = query_of(ask);
    let choice = |state: Option<State>| {
        let value = state.map_or("", State::as_str);
        let query = if value.is_empty() { to.clone() } else { format!("{to}state={value}") };
        let query = query.trim_end_matches('&');
        Choice {
            label: state.map_or("all", |s| words::state(s).text),
            value,
            href: if query.is_empty() { "/console/messages".to_owned() } else { format!("/console/messages?{query}") },
            current: ask.state == state,
        }
    };
    std::iter::once(None).chain(STATES.map(Some)).map(choice).collect()
}

fn older(ask: &Ask, typed: &str, state: &'static str, before: &MessageId) -> Older {
    if matches!(ask.to, Some(To::Address(_))) {
        return Older::Post { q: typed.to_owned(), state, before: before.to_string() };
    }
    let state = if state.is_empty() { String::new() } else { format!("state={state}&") };
    Older::Link(format!("/console/messages?{}{state}before={before}", query_of(ask)))
}

/// One message.
#[derive(Template)]
#[template(path = "console/message.html")]
struct One {
    frame: Frame,
    id: String,
    what: &'static str,
    code: String,
    state: Chip,
    sentence: &'static str,
    to: String,
    erased: bool,
    account: String,
    sees_accounts: bool,
    locale: String,
    recorded: Moment,
    closed: Option<Moment>,
    next_try: Option<Moment>,
    tries: i64,
    last_error: Option<String>,
    source: String,
    proof: Proof,
    /// Whether what is stored contradicts itself: then nothing here is to be relied on.
    wrong: bool,
}

/// What can be proven of it.
struct Proof {
    text: &'static str,
    class: &'static str,
    entry: Option<String>,
    size: Option<u64>,
    witnessed: Option<String>,
}

/// `GET /console/messages/{id}`.
pub async fn one(desk: Desk, Path(id): Path<String>) -> Response {
    let found = async {
        let id = MessageId::parse(&id).map_err(|_| AppError::not_found("There is no such message on record."))?;
        register::message(&desk.app, &id).await
    };
    match found.await {
        Ok(view) => show::page(&viewed(&desk, view)),
        Err(error) => desk.refuse(&error),
    }
}

fn viewed(desk: &Desk, view: View) -> One {
    let View { message, code, standing, more } = view;
    let moment = |at| Moment::new(at, desk.app.clock.now());
    let roles = desk.seat.roles;
    One {
        frame: desk.frame(words::template(message.template)),
        what: words::template(message.template),
        code: code.to_string(),
        state: words::state(message.state),
        sentence: words::state_sentence(message.state),
        erased: message.to_address.is_empty(),
        recorded: moment(message.created_at),
        closed: message.closed_at.map(moment),
        next_try: (message.state == State::Queued).then(|| moment(more.next_at)),
        tries: message.attempts,
        last_error: more.last_error,
        wrong: matches!(standing, Standing::Wrong),
        proof: proof(
            &standing,
            message.sealed_entry.map(|e| e.to_string()).filter(|_| roles.may(Permission::SeeEvidence)),
        ),
        sees_accounts: roles.may(Permission::SeeAccounts),
        id: message.id.to_string(),
        to: message.to_masked,
        account: message.account.to_string(),
        locale: message.locale,
        source: message.source_id,
    }
}

fn proof(standing: &Standing, entry: Option<String>) -> Proof {
    let (text, class) = match standing {
        Standing::Proven(_) => ("Sealed before it left, and proven: this server has checked the proof.", "good"),
        Standing::Pending => ("Sealed. The next checkpoint, in a second at most, proves it.", "wait"),
        Standing::Unsealed => ("Not sealed: it has not left yet, or is older than the log.", "wait"),
        Standing::Erased => ("What its entry said was erased; it can no longer be proven.", "wait"),
        Standing::Wrong => ("What is stored contradicts itself. Run countersign evidence verify.", "bad"),
    };
    let proven = match standing {
        Standing::Proven(proven) => Some(proven),
        _ => None,
    };
    let witnessed = proven.filter(|p| p.witnesses.needs_witnesses).map(|p| {
        let enough = if p.witnesses.reached { "" } else { ", which is not enough" };
        format!("by {} witnesses{enough}", p.witnesses.cosigned.len())
    });
    let entry = entry.filter(|_| !matches!(standing, Standing::Erased));
    Proof { text, class, entry, size: proven.map(|p| p.size), witnessed }
}

/// To the page of a message.
pub(super) fn to_message(id: &MessageId) -> Response {
    Redirect::to(&format!("/console/messages/{id}")).into_response()
}

/// To the register of a masked address.
pub(super) fn to_masked(masked: &str) -> Response {
    Redirect::to(&format!("/console/messages?to={}", encoded(masked))).into_response()
}

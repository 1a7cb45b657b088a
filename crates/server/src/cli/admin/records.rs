//! `admin find`, `admin messages`, `admin audit`: what the console shows, from the command line.

use super::super::print_json;
use super::day;
use crate::app::App;
use crate::error::AppError;
use crate::flows::find::{self, Found, Hit};
use crate::flows::register::{self, Ask, Listed, To};
use crate::flows::staff::deeds::{self, Done};
use crate::store::messages::State;
use crate::store::staff;
use countersign_core::identifier::EmailAddress;
use countersign_core::ids::AccountId;
use countersign_core::staff::deed::{Who, Whom};
use countersign_core::staff::{self as rules, Role, Roles};
use serde_json::json;
use std::collections::HashMap;
use std::io::Read;

/// Longest text on standard input; the longest identifier has 320 bytes.
const MOST_BYTES: u64 = 4096;

/// Which messages.
#[derive(clap::Args, Debug)]
pub struct Messages {
    /// To whom: an account's id, an address, or an address masked as the register shows it; `-` reads it from standard input
    #[arg(long)]
    to: Option<String>,
    /// Only queued, sending, sent, failed or unknown ones
    #[arg(long, value_parser = state)]
    state: Option<State>,
}

fn state(text: &str) -> Result<State, String> {
    State::parse(text).ok_or_else(|| "there are queued, sending, sent, failed and unknown".to_owned())
}

/// Whose deeds.
#[derive(clap::Args, Debug)]
pub struct Audit {
    /// Only of this person: what they sign in with
    #[arg(long)]
    who: Option<String>,
    /// Only before the entry with this number
    #[arg(long)]
    before: Option<u64>,
}

/// A text, or what is on standard input: an address in an argument stands in the shell's history.
fn typed(text: String) -> Result<String, AppError> {
    if text != "-" {
        return Ok(text);
    }
    let mut read = String::new();
    let unreadable = |_| AppError::invalid("text", "not_text", "Standard input is not text.");
    std::io::stdin().take(MOST_BYTES).read_to_string(&mut read).map_err(unreadable)?;
    Ok(read.trim().to_owned())
}

/// Finds what a text names.
pub async fn find(app: &App, text: String, as_json: bool) -> Result<(), AppError> {
    let found = find::find(app, Roles::of(&Role::ALL), &typed(text)?).await?;
    if found.hits.is_empty() {
        return Err(AppError::not_found(nothing(&found)));
    }
    for hit in &found.hits {
        let (kind, what) = match hit {
            Hit::Message(id) => ("message", id.to_string()),
            Hit::Account(id) => ("account", id.to_string()),
            Hit::Entry { id, number } => ("entry", format!("{id} (number {number})")),
            Hit::Leak(id) => ("leak", id.to_string()),
            Hit::Cohort(digest) => ("cohort", digest.to_string()),
            Hit::Containment(id) => ("containment", id.to_string()),
            Hit::Masked(masked) => ("messages to", masked.clone()),
            Hit::Address(address) => {
                let ask = Ask { to: Some(To::Address(address.clone())), ..Ask::default() };
                let page = register::page(app, &ask).await?;
                page.messages.iter().for_each(|listed| message(listed, as_json));
                continue;
            }
        };
        if as_json {
            print_json(&json!({ "kind": kind, "found": what }));
        } else {
            println!("{kind}: {what}");
        }
    }
    Ok(())
}

fn nothing(found: &Found) -> String {
    match found.code {
        Some(_) => "No message of ours has this code: the mail is not from us.".to_owned(),
        None if found.read_as.is_empty() => "This is nothing that can be looked up.".to_owned(),
        None => format!("Nothing was found; the text was read as {}.", found.read_as.join(", ")),
    }
}

/// Lists messages, the newest first.
pub async fn messages(app: &App, args: Messages, as_json: bool) -> Result<(), AppError> {
    let to = args.to.map(typed).transpose()?.map(|text| match (AccountId::parse(&text), EmailAddress::parse(&text)) {
        (Ok(id), _) => To::Account(id),
        (_, Ok(address)) => To::Address(address),
        _ => To::Masked(text),
    });
    let page = register::page(app, &Ask { to, state: args.state, before: None }).await?;
    page.messages.iter().for_each(|listed| message(listed, as_json));
    Ok(())
}

fn message(listed: &Listed, as_json: bool) {
    let (m, code) = (&listed.message, &listed.code);
    let (at, template, state) = (day(m.created_at), m.template.as_str(), m.state.as_str());
    if as_json {
        print_json(&json!({
            "id": m.id, "code": code.to_string(), "at": at, "template": template, "to": m.to_masked, "state": state,
            "account": m.account,
        }));
    } else {
        println!("{}  {code}  {at}  {state:7}  {template}  {}", m.id, m.to_masked);
    }
}

/// Tells what staff did, the newest first.
pub async fn audit(app: &App, args: Audit, as_json: bool) -> Result<(), AppError> {
    let who = match args.who {
        Some(name) => {
            let missing = || AppError::not_found("There is nobody with this name.");
            let name = rules::name(&name).map_err(|_| missing())?;
            let found = staff::by_name(&mut app.store.read().await?, &name).await?;
            Some(found.ok_or_else(missing)?.id)
        }
        None => None,
    };
    let page = deeds::page(app, args.before, who.as_ref()).await?;
    page.done.iter().for_each(|done| deed(done, &page.names, as_json));
    Ok(())
}

fn deed(done: &Done, names: &HashMap<String, String>, as_json: bool) {
    let called = |id: &String| names.get(id).unwrap_or(id).clone();
    let who = match &done.deed.who {
        Who::Staff(id) | Who::Key(id) => called(id),
        Who::Command => "the command line".to_owned(),
        Who::Nobody => "somebody unknown".to_owned(),
    };
    let whom = match &done.deed.whom {
        Whom::Staff(id) => called(id),
        Whom::Themselves => "their own".to_owned(),
        Whom::Account => done.account.as_ref().map(ToString::to_string).unwrap_or_default(),
        Whom::Nobody => String::new(),
    };
    let (did, how, reason) = (&done.deed.did, &done.deed.how, done.deed.reason.as_deref());
    if as_json {
        print_json(&json!({
            "number": done.number, "entry": done.entry, "at": day(done.at), "who": who, "did": did, "whom": whom,
            "how": how, "reason": reason,
        }));
    } else {
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let told = [who.as_str(), did, &whom, how].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        println!("{:>8}  {}  {}{reason}", done.number, day(done.at), told.join(" "));
    }
}

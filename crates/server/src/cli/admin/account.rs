//! `admin account`: what staff do for one account, from the command line.

use crate::app::App;
use crate::cli::print_json;
use crate::error::AppError;
use crate::flows::care::{self, Hold};
use crate::flows::profile::{self, Place, Profile};
use crate::flows::staff::Actor;
use countersign_core::ids::AccountId;
use countersign_core::span::Span;
use countersign_core::time::Timestamp;
use serde_json::{Value, json};

/// What can be done.
#[derive(clap::Subcommand, Debug)]
pub enum Account {
    /// Show what is known, personal data masked
    Show {
        /// Its id, its id elsewhere, a user name, an address or a phone number
        account: String,
        /// Show personal data in the clear; who looked and why goes into the evidence
        #[arg(long, requires = "reason")]
        unmask: bool,
        /// Why
        #[arg(long, requires = "unmask")]
        reason: Option<String>,
    },
    /// End every session
    EndSessions {
        #[command(flatten)]
        who: Who,
        /// Forget its known devices too
        #[arg(long)]
        devices: bool,
    },
    /// Hold recovery: only requests with strong proof are served, and a link that is under way is closed
    Hold {
        #[command(flatten)]
        who: Who,
        /// How long, such as 72h; 30d at most
        #[arg(long = "for")]
        span: Span,
        /// Cancel password changes that wait out their cool-off
        #[arg(long)]
        cancel_changes: bool,
    },
    /// Release the hold on recovery
    Release {
        #[command(flatten)]
        who: Who,
    },
}

/// Which account, and why.
#[derive(clap::Args, Debug)]
pub struct Who {
    /// Its id, its id elsewhere, a user name, an address or a phone number
    account: String,
    /// Why; it goes into the evidence
    #[arg(long)]
    reason: String,
}

/// Does it.
///
/// # Errors
/// What the flow says.
pub async fn run(app: &App, what: Account, as_json: bool) -> Result<(), AppError> {
    match what {
        Account::Show { account, unmask, reason } => {
            let id = profile::named(app, &account).await?;
            show(&seen(app, &id, unmask, reason).await?, app.clock.now(), as_json);
        }
        Account::EndSessions { who, devices } => {
            let (id, reason) = (profile::named(app, &who.account).await?, profile::reason(&who.reason)?);
            let ended = care::end_sessions(app, &Actor::Command, id.clone(), devices, reason).await?;
            let forgotten = ended.devices.map(|n| format!(", {n} devices forgotten")).unwrap_or_default();
            let said = json!({ "account": id, "sessions": ended.sessions, "devices": ended.devices });
            tell(as_json, &said, &format!("{id}: {} sessions ended{forgotten}", ended.sessions));
        }
        Account::Hold { who, span, cancel_changes } => {
            let (account, reason) = (profile::named(app, &who.account).await?, profile::reason(&who.reason)?);
            let until = app.clock.now().plus(span.duration());
            let hold = Hold { account: account.clone(), until, cancel_changes, reason };
            let held = care::hold(app, &Actor::Command, hold).await?;
            let until = super::day(held.until);
            let said = json!({
                "account": account, "held_until": until, "links_closed": held.links, "changes_cancelled": held.changes,
            });
            let text = format!(
                "{account}: recovery held until {until}; {} links closed, {} changes cancelled",
                held.links, held.changes
            );
            tell(as_json, &said, &text);
        }
        Account::Release { who } => {
            let (id, reason) = (profile::named(app, &who.account).await?, profile::reason(&who.reason)?);
            care::release(app, &Actor::Command, id.clone(), reason).await?;
            tell(as_json, &json!({ "account": id, "released": true }), &format!("{id}: recovery released"));
        }
    }
    Ok(())
}

async fn seen(app: &App, id: &AccountId, unmask: bool, reason: Option<String>) -> Result<Profile, AppError> {
    if !unmask {
        return profile::look(app, id).await;
    }
    let reason = profile::reason(&reason.unwrap_or_default())?;
    profile::unmask(app, &Actor::Command, id, reason).await
}

fn tell(as_json: bool, said: &Value, text: &str) {
    if as_json { print_json(said) } else { println!("{text}") }
}

fn show(profile: &Profile, now: Timestamp, as_json: bool) {
    let facts = &profile.facts;
    let ahead = |at: Timestamp| (at > now).then(|| super::day(at));
    let places = |all: &[Place]| -> Vec<Value> {
        all.iter().map(|p| json!({ "text": p.text, "confirmed": p.confirmed_at.is_some() })).collect()
    };
    let said = json!({
        "account": facts.id, "external_id": facts.external_id, "flags": facts.flags,
        "names": profile.names.iter().map(|n| json!({ "kind": n.kind, "text": n.text })).collect::<Vec<_>>(),
        "emails": places(&profile.emails), "phones": places(&profile.phones),
        "password": facts.has_password, "second_factor": facts.second_factor,
        "recovery_codes": facts.recovery_codes, "sessions": profile.sessions.count, "devices": profile.devices.count,
        "held_until": ahead(facts.hold_until), "lowered_until": ahead(facts.disavow_until),
        "created": super::day(facts.created_at),
    });
    if as_json {
        return print_json(&said);
    }
    for (name, value) in said.as_object().into_iter().flatten() {
        println!("{:<15} {}", name.replace('_', " "), plain(value));
    }
}

/// A value as people read it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) if text.is_empty() => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "–".to_owned(),
        Value::Array(all) => all.iter().map(one_place).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn one_place(value: &Value) -> String {
    let text = value.get("text").map(plain).unwrap_or_default();
    match (value.get("confirmed").and_then(Value::as_bool), value.get("kind")) {
        (Some(false), _) => format!("{text} (not confirmed)"),
        (_, Some(kind)) => format!("{} {text}", plain(kind)),
        _ => text,
    }
}

//! `expose contain`.

use super::cohort::CohortArg;
use super::{Result, day, stand, tell};
use crate::app::App;
use crate::cli::print_json;
use crate::flows::exposure::check::{self, Who};
use crate::flows::exposure::contain::{self, Put, Shown};
use crate::flows::profile;
use crate::flows::staff::Actor;
use countersign_core::expose::containment::Containment;
use countersign_core::ids::ContainmentId;
use countersign_core::span::Span;
use serde_json::{Value, json};

/// What can be done with containments.
#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// What one would do, without doing it
    Preview {
        /// On whom
        cohort: CohortArg,
        /// `must_reset`, `recovery_held` or `watched`
        kind: KindArg,
    },
    /// Put one on a cohort; a serving process has it in force within a second
    Put {
        /// On whom
        cohort: CohortArg,
        /// `must_reset`, `recovery_held` or `watched`
        kind: KindArg,
        /// How long, such as 72h; otherwise until it is lifted
        #[arg(long = "for")]
        span: Option<Span>,
        /// Why; it goes into the evidence
        #[arg(long)]
        reason: String,
    },
    /// The newest, in force or not
    List {
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Lift one, for everybody that it holds for
    Lift {
        /// The containment
        containment: ContainmentArg,
        /// Why; it goes into the evidence
        #[arg(long)]
        reason: String,
    },
    /// Let one account go; it stays in force for the others
    Release {
        /// The containment
        containment: ContainmentArg,
        /// Its id, its id elsewhere, a user name, an address or a phone number
        account: String,
        /// Why; it goes into the evidence
        #[arg(long)]
        reason: String,
    },
    /// What a sign-in path is told about an account
    Check {
        /// Its id, or yours
        account: String,
    },
}

/// A kind on the command line.
#[derive(Clone, Copy, Debug)]
pub struct KindArg(Containment);

impl std::str::FromStr for KindArg {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Containment::parse(text).map(Self).ok_or("a kind is must_reset, recovery_held or watched")
    }
}

/// An id on the command line.
#[derive(Clone, Debug)]
pub struct ContainmentArg(ContainmentId);

impl std::str::FromStr for ContainmentArg {
    type Err = countersign_core::ids::BadId;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        ContainmentId::parse(text).map(Self)
    }
}

/// Does it.
pub async fn run(app: &App, what: What, as_json: bool) -> Result<()> {
    stand(app).await?;
    match what {
        What::Preview { cohort, kind } => preview(app, &cohort, kind, as_json).await?,
        What::Put { cohort, kind, span, reason } => {
            let until = span.map(|span| app.clock.now().plus(span.duration()));
            let put = Put { cohort: cohort.0, kind: kind.0, until, reason: profile::reason(&reason)? };
            let one = contain::put(app, &Actor::Command, put).await?;
            let text = format!("{}: {} holds for {} accounts", one.id, one.kind, one.size);
            tell(as_json, &shown(&Shown { contained: one, in_force: true, released: 0 }), &text);
        }
        What::List { limit } => list(&contain::list(app, i64::from(limit)).await?, as_json),
        What::Lift { containment, reason } => {
            let id = containment.0;
            contain::lift(app, &Actor::Command, id.clone(), profile::reason(&reason)?).await?;
            tell(as_json, &json!({ "containment": id, "lifted": true }), &format!("{id}: lifted"));
        }
        What::Release { containment, account, reason } => {
            let (id, account) = (containment.0, profile::named(app, &account).await?);
            contain::release(app, &Actor::Command, id.clone(), account.clone(), profile::reason(&reason)?).await?;
            let said = json!({ "containment": id, "account": account, "released": true });
            tell(as_json, &said, &format!("{account}: let go by {id}"));
        }
        What::Check { account } => check(app, &account, as_json).await?,
    }
    Ok(())
}

async fn preview(app: &App, cohort: &CohortArg, kind: KindArg, as_json: bool) -> Result<()> {
    let preview = contain::preview(app, &cohort.0, kind.0).await?;
    let said = json!({
        "accounts": preview.accounts, "already": preview.already, "leaked_mailbox": preview.leaked_mailbox,
        "share": preview.share,
    });
    let text = format!(
        "{} would hold for {} accounts ({:.2} % of all): for {} of them one does already; {} have a mailbox in a leak",
        kind.0,
        preview.accounts,
        preview.share * 100.0,
        preview.already,
        preview.leaked_mailbox
    );
    tell(as_json, &said, &text);
    Ok(())
}

fn shown(shown: &Shown) -> Value {
    let one = &shown.contained;
    json!({
        "containment": one.id, "cohort": one.cohort.to_string(), "kind": one.kind.as_str(), "accounts": one.size,
        "released": shown.released, "in_force": shown.in_force, "reason": one.reason, "since": day(one.since),
        "until": one.until.map(day), "lifted_at": one.lifted_at.map(day),
    })
}

fn list(all: &[Shown], as_json: bool) {
    if as_json {
        return print_json(&all.iter().map(shown).collect::<Vec<_>>());
    }
    for one in all {
        let (state, contained) = (if one.in_force { "in force" } else { "over" }, &one.contained);
        println!(
            "{}  {state}  {}  {} accounts, {} let go  {}",
            contained.id, contained.kind, contained.size, one.released, contained.reason
        );
    }
}

async fn check(app: &App, account: &str, as_json: bool) -> Result<()> {
    let verdict = check::one(app, &Who::read(account)).await?;
    let reasons: Vec<Value> = verdict
        .reasons
        .iter()
        .map(|reason| json!({ "containment": reason.id, "kind": reason.kind.as_str(), "since": day(reason.since) }))
        .collect();
    let said = json!({
        "decision": verdict.decision.as_str(), "reasons": reasons, "leaked_mailbox": verdict.leaked_mailbox,
    });
    let by: Vec<String> = verdict.reasons.iter().map(|reason| format!("{} ({})", reason.kind, reason.id)).collect();
    tell(as_json, &said, format!("{}  {}", verdict.decision.as_str(), by.join(", ")).trim_end());
    Ok(())
}

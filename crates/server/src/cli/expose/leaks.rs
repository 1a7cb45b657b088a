//! `expose leak`, `expose account`.

use super::{day, tell};
use crate::app::App;
use crate::cli::print_json;
use crate::error::AppError;
use crate::flows::exposure::{leaks, person};
use crate::flows::profile;
use crate::flows::staff::Actor;
use crate::store::exposure::leaks::Leak;
use countersign_core::ids::LeakId;
use serde_json::{Value, json};

/// What can be done with leaks.
#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// The newest, withdrawn ones too
    List {
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Everything that was found
    Show {
        /// The leak
        leak: LeakArg,
    },
    /// It counts no more; it stays on record
    Withdraw {
        /// The leak
        leak: LeakArg,
        /// Why; it goes into the evidence
        #[arg(long)]
        reason: String,
    },
}

/// An id on the command line.
#[derive(Clone, Debug)]
pub struct LeakArg(LeakId);

impl std::str::FromStr for LeakArg {
    type Err = countersign_core::ids::BadId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        LeakId::parse(text).map(Self)
    }
}

/// Does it.
pub async fn run(app: &App, what: What, as_json: bool) -> Result<(), AppError> {
    match what {
        What::List { limit } => list(&leaks::list(app, i64::from(limit)).await?, as_json),
        What::Show { leak } => show(&leaks::see(app, &leak.0).await?, as_json),
        What::Withdraw { leak, reason } => {
            leaks::withdraw(app, &Actor::Command, leak.0.clone(), profile::reason(&reason)?).await?;
            tell(as_json, &json!({ "leak": leak.0, "withdrawn": true }), &format!("{}: withdrawn", leak.0));
        }
    }
    Ok(())
}

fn told(leak: &Leak) -> Value {
    json!({
        "leak": leak.id, "name": leak.name, "state": state(leak), "matched_at": day(leak.imported_at), "rows": leak.rows,
        "bad_rows": leak.bad, "matched_accounts": leak.accounts, "strong_accounts": leak.strong,
        "cohort": leak.cohort.to_string(), "digest": data_encoding::HEXLOWER.encode(leak.digest.bytes()),
        "report": serde_json::from_str::<Value>(&leak.report).unwrap_or_default(),
    })
}

const fn state(leak: &Leak) -> &'static str {
    if leak.standing { "standing" } else { "withdrawn" }
}

fn list(all: &[Leak], as_json: bool) {
    if as_json {
        return print_json(&all.iter().map(told).collect::<Vec<_>>());
    }
    if all.is_empty() {
        println!("no leak was matched yet; see `countersign expose import --help`");
    }
    for leak in all {
        let (rows, accounts) = (leak.rows, leak.accounts);
        println!(
            "{}  {}  {rows} rows, {accounts} accounts  {}  ({})",
            leak.id,
            day(leak.imported_at),
            leak.name,
            state(leak)
        );
    }
}

fn show(leak: &Leak, as_json: bool) {
    let said = told(leak);
    if as_json {
        return print_json(&said);
    }
    println!("{} ({}), matched {}", leak.name, state(leak), day(leak.imported_at));
    println!(
        "{} rows read, {} not; {} accounts matched, {} by a strong key",
        leak.rows, leak.bad, leak.accounts, leak.strong
    );
    println!("cohort {}", leak.cohort);
    let report = &said["report"];
    for (title, name) in [("shown", "fields"), ("matched by", "keys"), ("not read", "bad")] {
        let counts = report[name].as_object().into_iter().flatten();
        counts.for_each(|(what, count)| println!("  {title}: {what} {count}"));
    }
    if let Some(sentence) = report["freshness"]["sentence"].as_str() {
        println!("{sentence}");
    }
}

/// What leaks show of one account.
pub async fn account(app: &App, typed: &str, as_json: bool) -> Result<(), AppError> {
    let id = profile::named(app, typed).await?;
    let exposure = person::look(app, &id).await?;
    let leak = |one: &person::Exposed| {
        json!({
            "leak": one.leak, "name": one.name, "strong": one.says.strong, "former": one.says.former,
            "contradicted": one.says.contradicted, "by": one.says.by.iter().map(|k| k.as_str()).collect::<Vec<_>>(),
            "shown": one.says.shows.iter().map(|f| f.as_str()).collect::<Vec<_>>(),
            "not_shown": one.not_shown.iter().map(|f| f.as_str()).collect::<Vec<_>>(),
            "sentences": person::sentences(one),
        })
    };
    if as_json {
        let leaks: Vec<Value> = exposure.leaks.iter().map(leak).collect();
        print_json(&json!({ "account": id, "looked_at": exposure.looked_at, "leaks": leaks }));
        return Ok(());
    }
    match (exposure.leaks.as_slice(), exposure.looked_at) {
        (_, 0) => println!("{id}: no leak was matched yet, so nothing is known"),
        ([], count) => println!("{id}: in none of {count} leaks"),
        (found, _) => {
            for one in found {
                println!("{id}: {} ({})", one.name, one.leak);
                person::sentences(one).iter().for_each(|sentence| println!("  {sentence}"));
            }
        }
    }
    Ok(())
}

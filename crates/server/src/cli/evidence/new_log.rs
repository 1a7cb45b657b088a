//! `evidence new-log`: begins a new log where the old one cannot be gone on with.

use super::super::{Global, print_json};
use super::{Told, told, why};
use crate::config::Config;
use crate::flows::log::Doubt;
use crate::flows::log::own::By;
use crate::flows::log::renew::{Renewal, Renewed, names, renew};
use crate::serve::{self, StartError};
use crate::signing::{self, SigningError};
use crate::store::Store;
use crate::{clock, last_seen};
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `evidence new-log`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Why, in a sentence that names nobody; it stays in the log
    #[arg(long)]
    reason: String,
    /// Also where nothing is wrong with the log that is there
    #[arg(long)]
    force: bool,
}

/// Begins it. Stop the server first.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    told(begin(global, args)).map_or_else(|code| code, |(origin, renewed)| show(global, &origin, &renewed))
}

async fn begin(global: &Global, args: &Args) -> Result<(String, Renewed), Told> {
    let config = global.load().map_err(|problems| problems.to_string())?;
    if let Some(doubt) = doubt(global, &config).await? {
        eprintln!("in doubt: {doubt}");
    } else if !args.force {
        return Err("nothing is wrong with the log that is there; --force begins a new one all the same".to_owned());
    }
    let seen_at = global.data.join(last_seen::FILE_NAME);
    let last_seen = last_seen::read(&seen_at).map_err(|error| format!("{}: {error}", seen_at.display()))?;
    let place = global.place(&config);
    let store = Store::open(&place, config.store.connections).await.map_err(|error| error.to_string())?;
    let mut conn = store.read().await.map_err(|error| error.to_string())?;
    let named = names(&mut conn, last_seen.as_deref(), &serve::log_name(&config)).await;
    drop(conn);
    let (old_origin, origin) = named.map_err(why)?;
    let mut rng = clock::generator();
    let path = serve::signing_key_path(&config, &global.data);
    let key = signing::load_or_create(&path, &origin, false, &mut rng).map_err(|error| error.to_string())?;
    let renewal = Renewal { key, old_origin, reason: args.reason.clone(), last_seen, by: By::CommandLine };
    let renewed = renew(&store, renewal, clock::Clock::system().now(), rng).await.map_err(why)?;
    last_seen::write(&seen_at, &renewed.note).map_err(|error| format!("{}: {error}", seen_at.display()))?;
    Ok((origin, renewed))
}

/// Why the server would not start, as far as the log is concerned.
async fn doubt(global: &Global, config: &Config) -> Result<Option<String>, Told> {
    let opened = match serve::open(config.clone(), &global.place(config), &global.data).await {
        Ok(app) => serve::look_back(&app).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(()) => Ok(None),
        Err(StartError::Log(Doubt::Store(error))) => Err(error.to_string()),
        Err(StartError::Log(doubt)) => Ok(Some(doubt.to_string())),
        Err(StartError::Signing(missing @ SigningError::Missing(_))) => Ok(Some(missing.to_string())),
        Err(other) => Err(other.to_string()),
    }
}

fn show(global: &Global, origin: &str, renewed: &Renewed) -> ExitCode {
    if global.json {
        print_json(&json!({
            "origin": origin, "checkpoint": renewed.note, "kept": renewed.kept, "lost": renewed.lost.to_json(),
            "old_size": renewed.old_size,
        }));
        return ExitCode::SUCCESS;
    }
    print!("{}", renewed.note);
    eprintln!("The log {origin} has begun with {} entries.", renewed.kept);
    if renewed.lost.count() > 0 {
        eprintln!("Lost: entries {}.", renewed.lost);
    }
    match renewed.old_size {
        Some(size) => eprintln!("The old log is put aside; its last known checkpoint has {size} entries."),
        None => eprintln!("The old log is put aside; no checkpoint of it is known."),
    }
    eprintln!("Tell whoever pinned the old key: the new one is shown by `countersign evidence key`.");
    ExitCode::SUCCESS
}

//! `doctor`: looks at everything Countersign needs, says what it found and what to do.
//!
//! Never: changes anything or sends a message; shows a thing that was not looked at as fine.

mod breached;
mod check;
mod clock;
mod database;
mod dkim;
mod evidence;
mod files;
mod mail;
mod settings;

use super::{Global, print_json, runtime};
use crate::clock::Clock;
use crate::config::Config;
use check::{Check, Outcome};
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `doctor`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Look at this machine only: no connection to the mail server or a remote database
    #[arg(long)]
    offline: bool,
}

/// Prints every check; fails where one failed.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("doctor cannot start its runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let checks = runtime.block_on(examine(global, args));
    print_checks(&checks, global.json);
    let failed = checks.iter().any(|c| c.outcome == Outcome::Fail);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn examine(global: &Global, args: &Args) -> Vec<Check> {
    match global.load() {
        Ok(config) => {
            let mut checks = vec![Check::ok("configuration", "every key and value is good")];
            checks.extend(local(&config, global));
            checks.extend(remote(&config, global, args.offline).await);
            checks
        }
        Err(problems) => {
            let advice =
                "correct the file or the environment; `countersign check-config --defaults` explains every key";
            let mut checks = vec![Check::fail("configuration", problems.to_string(), advice)];
            checks.extend(files::data_directory(&global.data, Clock::system().now()));
            checks.push(Check::not_checked("everything else", "it needs a configuration without problems"));
            checks
        }
    }
}

fn local(config: &Config, global: &Global) -> Vec<Check> {
    let now = Clock::system().now();
    let mut checks = settings::look(config);
    checks.extend(files::secret_files(config, global.config.as_deref()));
    checks.extend(files::data_directory(&global.data, now));
    checks.extend(breached::look(config));
    checks.push(clock::look(now));
    checks.push(dkim::look(config));
    checks.extend(evidence::local(config, &global.data));
    checks
}

async fn remote(config: &Config, global: &Global, offline: bool) -> Vec<Check> {
    let place = &global.place(config);
    let mut checks = database::look(place, config.store.busy_timeout, offline, Clock::system().now()).await;
    checks.extend(evidence::remote(config, &global.data, place, offline).await);
    checks.extend(mail::look(&config.mail, config.server.origin.host(), offline).await);
    checks
}

fn print_checks(checks: &[Check], as_json: bool) {
    if as_json {
        let ok = checks.iter().all(|c| c.outcome != Outcome::Fail);
        print_json(&json!({ "ok": ok, "checks": checks }));
        return;
    }
    for check in checks {
        print!("{check}");
    }
    let count = |outcome| checks.iter().filter(|c| c.outcome == outcome).count();
    let (ok, warn, fail) = (count(Outcome::Ok), count(Outcome::Warn), count(Outcome::Fail));
    println!("{ok} ok, {warn} to look at, {fail} failed, {} not checked", count(Outcome::NotChecked));
}

//! `evidence verify`: re-checks the whole log, also where `serve` refuses to start, and beside a server that runs.

use super::super::{EXIT_USAGE, Global, print_json, runtime};
use super::progress::Bar;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::log::audit::{Ask, Report, Unchecked, audit};
use crate::last_seen;
use crate::serve;
use crate::store::frozen;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code where nothing could be checked.
const EXIT_UNCHECKED: u8 = EXIT_USAGE;

/// Arguments of `evidence verify`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A checkpoint of this log that you kept: the log must still begin with it (may be given several times)
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
}

/// Exit code 0: sound; 1: something is not as it was signed; 2: it could not be checked.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let checked =
        runtime().map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(check(global, args)));
    match checked {
        Ok(report) => {
            if global.json {
                print_json(&report.to_json())
            } else {
                print(&report)
            }
            if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            if global.json {
                print_json(&json!({ "sound": null, "unchecked": why }));
            }
            eprintln!("the evidence log could not be checked: {why}");
            ExitCode::from(EXIT_UNCHECKED)
        }
    }
}

async fn check(global: &Global, args: &Args) -> Result<Report, String> {
    let config = global.load().map_err(|problems| problems.to_string())?;
    let policy = serve::policy(&config).map_err(|error| error.to_string())?;
    // Before the database: a checkpoint that a running server writes later would look like a log that was put back.
    let kept = kept(global, args)?;
    let now = Clock::system().now();
    let conn = open(global, &config).await?;
    let mut conn = conn.ok_or_else(|| Unchecked::NotBegun.to_string())?;
    let ask = Ask { kept: &kept, policy: &policy, now };
    let bar = Bar::new("entries");
    let report = audit(&mut conn, &ask, |done, of| bar.show(done, of)).await;
    drop(bar);
    report.map_err(|error| error.to_string())
}

async fn open(global: &Global, config: &Config) -> Result<Option<crate::store::Conn>, String> {
    let patience = config.store.busy_timeout.duration();
    frozen::open(&global.place(config), patience).await.map_err(|error| error.to_string())
}

/// What this machine saw last, and what was named.
fn kept(global: &Global, args: &Args) -> Result<Vec<(String, String)>, String> {
    let path = global.data.join(last_seen::FILE_NAME);
    let own = last_seen::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut kept: Vec<(String, String)> = own.map(|text| (path.display().to_string(), text)).into_iter().collect();
    for path in &args.checkpoints {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        kept.push((path.display().to_string(), text));
    }
    Ok(kept)
}

fn print(report: &Report) {
    for finding in report.findings.kept() {
        println!("{finding}");
    }
    if report.findings.more() > 0 {
        println!("… and {} more", report.findings.more());
    }
    println!("{}", report.verdict());
    let list = |title: &str, lines: Vec<String>| {
        println!("{title}");
        lines.iter().for_each(|line| println!("  {line}"));
    };
    if report.is_sound() {
        list("Checked as well:", report.checked());
    }
    list("Not checked:", report.not_checked());
}

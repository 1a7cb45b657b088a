//! `drill`: plays an attack against the server itself and shows what came of it.

use super::{EXIT_USAGE, Global, print_json, runtime};
use crate::config::Config;
use crate::drill::{self, FEWEST_ACCOUNTS, FEWEST_SECONDS, Options};
use crate::{log, serve};
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `drill`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where all dice begin; the same seed makes the same people and the same attack
    #[arg(long, default_value_t = 20_260_112)]
    seed: u64,
    /// Accounts in the directory
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_ACCOUNTS)..=5_000_000))]
    accounts: u32,
    /// About how long it takes, after the directory is made
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_SECONDS)..=3600))]
    seconds: u32,
    /// End when done, instead of leaving the server up to look around
    #[arg(long)]
    exit: bool,
}

/// Plays it. The data stays only where `--data` names a directory.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let named = global.data.as_path() != Path::new(super::DATA);
    let data = named.then(|| global.data.clone());
    let options = Options { seed: args.seed, accounts: args.accounts, seconds: args.seconds, data };
    let mut quiet = Config::defaults().log;
    quiet.level = "warn".to_owned();
    log::start(&quiet);
    match runtime() {
        Ok(runtime) => runtime.block_on(play(&options, global.json, args.exit)),
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play(options: &Options, as_json: bool, exit: bool) -> ExitCode {
    let played = match drill::play(options).await {
        Ok(played) => played,
        Err(trouble) => {
            eprintln!("the drill cannot be played: {trouble}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    println!("{}{}", played.report.table(), played.report.conclusion());
    if as_json {
        print_json(&played.report.numbers);
    }
    let broken = played.report.broken();
    if !exit {
        eprintln!("The server still answers at http://{}/ — Ctrl-C ends it.", played.address());
        serve::asked_to_stop().await;
    }
    played.end().await;
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

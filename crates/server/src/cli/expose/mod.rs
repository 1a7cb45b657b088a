//! `expose`: a leak appears, and everything that follows, from the command line.

mod cohort;
mod contain;
mod former;
mod import;
mod index;
mod leaks;

use super::{EXIT_USAGE, Global, print_json, runtime};
use crate::app::App;
use crate::error::AppError;
use crate::flows::exposure;
use crate::serve;
use countersign_core::time::Timestamp;
use serde_json::Value;
use std::process::ExitCode;

/// Arguments of `expose`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Match leak files against the directory; nothing of them is kept
    Import(import::Args),
    /// Leaks that were matched: list, show, withdraw
    Leak {
        #[command(subcommand)]
        what: leaks::What,
    },
    /// What leaks show of one account
    Account {
        /// Its id, its id elsewhere, a user name, an address or a phone number
        account: String,
    },
    /// Cohorts: count, make, list, export
    Cohort {
        #[command(subcommand)]
        what: cohort::What,
    },
    /// Containments: preview, put, list, lift, release one account, check
    Contain {
        #[command(subcommand)]
        what: contain::What,
    },
    /// The index of the directory: look, build, change its key
    Index {
        #[command(subcommand)]
        what: index::What,
    },
    /// Record values that accounts had before (CSV: external_id,kind,value,until)
    Former(former::Args),
}

/// Runs what was asked.
pub fn run(global: &Global, args: Args) -> ExitCode {
    let config = match global.load_or_report() {
        Ok(config) => config,
        Err(code) => return code,
    };
    let place = global.place(&config);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        let app = match serve::open(config, &place, &global.data).await {
            Ok(app) => app,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        };
        match one(&app, args.what, global.json).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(Stop::Failed(error)) => failed(&error),
            Err(Stop::Said(text)) => {
                eprintln!("{text}");
                ExitCode::FAILURE
            }
            Err(Stop::Usage(text)) => {
                eprintln!("{text}");
                ExitCode::from(EXIT_USAGE)
            }
        }
    })
}

/// Why a command ends without what it was asked for.
enum Stop {
    /// The flow says so.
    Failed(AppError),
    /// A sentence for whoever typed it.
    Said(String),
    /// The arguments cannot be used.
    Usage(String),
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

type Result<T> = std::result::Result<T, Stop>;

async fn one(app: &App, what: What, as_json: bool) -> Result<()> {
    match what {
        What::Import(args) => import::run(app, args, as_json).await,
        What::Leak { what } => Ok(leaks::run(app, what, as_json).await?),
        What::Account { account } => Ok(leaks::account(app, &account, as_json).await?),
        What::Cohort { what } => cohort::run(app, what, as_json).await,
        What::Contain { what } => contain::run(app, what, as_json).await,
        What::Index { what } => Ok(index::run(app, what, as_json).await?),
        What::Former(args) => former::run(app, &args, as_json).await,
    }
}

fn failed(error: &AppError) -> ExitCode {
    match &error.internal {
        Some(internal) => eprintln!("{} ({internal})", error.public),
        None => eprintln!("{}", error.public),
    }
    ExitCode::FAILURE
}

fn tell(as_json: bool, said: &Value, text: &str) {
    if as_json { print_json(said) } else { println!("{text}") }
}

fn day(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map_or_else(|_| at.micros().to_string(), |t| t.to_string())
}

/// What a serving process knows from its first moment, for a command that asks.
async fn stand(app: &App) -> std::result::Result<(), AppError> {
    exposure::force::follow(app).await?;
    exposure::mailboxes::follow(app).await
}

//! `admin`: what staff can do from the command line, so that no console is needed.

mod account;
mod api_key;
mod records;
mod staff;

use super::{Global, runtime};
use crate::error::AppError;
use crate::serve;
use countersign_core::time::Timestamp;
use std::process::ExitCode;

/// Arguments of `admin`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// API keys: make, list, revoke
    ApiKey {
        #[command(subcommand)]
        what: api_key::What,
    },
    /// Accounts: show one, end its sessions, hold and release its recovery
    Account {
        #[command(subcommand)]
        what: account::Account,
    },
    /// What staff did, the newest first
    Audit(records::Audit),
    /// Find a message by its code, an account, an entry: whatever the text names
    Find {
        /// A countersign code, an id, an entry's number, an address, a user name; `-` reads it from standard input
        text: String,
    },
    /// The message register, the newest first
    Messages(records::Messages),
    /// Staff of the console: invite, list, roles, links, shut out
    Staff {
        #[command(subcommand)]
        what: staff::What,
    },
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
        let done = match args.what {
            What::ApiKey { what } => api_key::run(&app, what, global.json).await,
            What::Account { what } => account::run(&app, what, global.json).await,
            What::Audit(args) => records::audit(&app, args, global.json).await,
            What::Find { text } => records::find(&app, text, global.json).await,
            What::Messages(args) => records::messages(&app, args, global.json).await,
            What::Staff { what } => staff::run(&app, what, global.json).await,
        };
        done.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
    })
}

fn failed(error: &AppError) -> ExitCode {
    eprintln!("{}", error.public);
    tracing::error!(code = error.code, error = error.internal, "admin failed");
    ExitCode::FAILURE
}

/// A time as machines and people read it (RFC 3339).
fn day(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map_or_else(|_| at.micros().to_string(), |t| t.to_string())
}

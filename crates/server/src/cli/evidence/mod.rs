//! `evidence`: the log of everything that was decided, done, sent and detected.
//!
//! All of its commands but `new-log` may run beside a server that runs.

mod erase;
mod export;
mod key;
mod new_log;
mod progress;
mod rotate_key;
mod time_stamp;
mod verify;

use super::{Global, runtime};
use crate::app::App;
use crate::error::AppError;
use crate::serve;
use std::future::Future;
use std::process::ExitCode;

/// Arguments of `evidence`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Re-check the whole log: every entry, every tile, everything that is signed; changes nothing
    Verify(verify::Args),
    /// Write entries, what they say and all that proves them into a directory, for somebody without a network
    Export(export::Args),
    /// Erase what entries and closed messages say about accounts, for good; proofs stay valid
    Erase(erase::Args),
    /// Show the verifier key that people pin, and how it came to sign
    Key(key::Args),
    /// Hand the log over to another key
    RotateKey(rotate_key::Args),
    /// Have the newest published checkpoint time-stamped now
    TimeStamp(time_stamp::Args),
    /// Begin a new log, under a new name, where the old one cannot be gone on with
    NewLog(new_log::Args),
}

/// Runs what was asked.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    match &args.what {
        What::Verify(args) => verify::run(global, args),
        What::Export(args) => export::run(global, args),
        What::Erase(args) => erase::run(global, args),
        What::Key(args) => key::run(global, args),
        What::RotateKey(args) => rotate_key::run(global, args),
        What::TimeStamp(args) => time_stamp::run(global, args),
        What::NewLog(args) => new_log::run(global, args),
    }
}

/// Why a command did not do what it should, for people.
type Told = String;

/// Runs `work` on a runtime; prints why it failed.
fn told<T>(work: impl Future<Output = Result<T, Told>>) -> Result<T, ExitCode> {
    let done = runtime().map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(work));
    done.map_err(|why| {
        eprintln!("{why}");
        ExitCode::FAILURE
    })
}

/// The app on the data directory, if nothing is in doubt.
async fn open(global: &Global) -> Result<App, Told> {
    let config = global.load().map_err(|problems| problems.to_string())?;
    let place = global.place(&config);
    serve::open(config, &place, &global.data).await.map_err(|error| error.to_string())
}

/// What went wrong; whoever has the rights to the data directory may know all of it.
fn why(error: AppError) -> Told {
    match error.internal {
        Some(internal) => format!("{} ({internal})", error.public),
        None => error.public,
    }
}

//! `accounts`: the embedded directory from the command line.

mod import;
mod rejects;

use super::Global;
use std::process::ExitCode;

/// Arguments of `accounts`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Take accounts over from a CSV or NDJSON file; run it again to bring changes over
    Import(import::Args),
}

/// Runs the subcommand.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    match &args.what {
        What::Import(args) => import::run(global, args),
    }
}

//! `passwords`: leaked passwords in a file of one's own.

mod build;
mod check;
mod info;

use super::Global;
use std::process::ExitCode;

/// Arguments of `passwords`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Make one compact file from published lists of leaked passwords' hashes
    Build(build::Args),
    /// Check a file from end to end and say what is in it
    Info(info::Args),
    /// Look up the passwords that come in, one a line
    Check(check::Args),
}

/// Runs the subcommand.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    match &args.what {
        What::Build(args) => build::run(global, args),
        What::Info(args) => info::run(global, args),
        What::Check(args) => check::run(global, args),
    }
}

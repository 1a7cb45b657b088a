//! Checks the evidence of Countersign without a network, and says in one sentence what was proven and what was not.
//!
//! Exit codes: 0 proven; 1 disproven (changed, forged, not ours); 2 not called as it should be, or a file that cannot be
//! read; 3 well-formed, but not enough to prove it (no quorum of witnesses, no key pinned, no address to compare).

mod args;
mod bundle;
mod checkpoint;
mod consistency;
mod dir;
mod entry;
mod files;
mod log;
mod message;
mod progress;
mod trust;
mod verdict;

use args::{Args, Command};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let verdict = match &args.command {
        Command::Checkpoint(args) => checkpoint::run(args),
        Command::Consistency(args) => consistency::run(args),
        Command::Entry(args) => entry::run(args),
        Command::Message(args) => message::run(args),
        Command::Log(args) => log::run(args),
        Command::Bundle(args) => bundle::run(args),
    };
    // Whatever went wrong on the way is a verdict too.
    verdict.unwrap_or_else(|verdict| verdict).print(args.json)
}

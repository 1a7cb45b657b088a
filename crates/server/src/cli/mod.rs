//! The command line: one file for each command, one line in `Command` for each file.
//!
//! Never: decides anything itself; a command loads the configuration, calls one function and prints what came out.
//! In: arguments.   Out: text or, with `--json`, JSON on standard output; problems on standard error; an exit code.
//! I/O for this room: `main`.   Tests: beside the code, and tests/it/cli.rs.

mod accounts;
mod admin;
mod check_config;
mod doctor;
mod drill;
mod evidence;
mod expose;
mod passwords;
mod serve;
mod witness;

use crate::config::{self, Config, Problems};
use crate::store::Place;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The data directory where none is named.
const DATA: &str = "countersign-data";

/// The SQLite file's name in the data directory.
const DATABASE: &str = "countersign.db";

/// Exit code for a configuration or arguments that cannot be used; clap's own is the same.
pub const EXIT_USAGE: u8 = 2;

/// Guards account recovery, and runs the response when accounts are abused.
#[derive(Parser, Debug)]
#[command(name = "countersign", version, propagate_version = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(clap::Args, Clone, Debug)]
pub struct Global {
    /// Configuration file; only what differs from the defaults
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the database and the keys
    #[arg(long, global = true, value_name = "DIR", default_value = DATA)]
    pub data: PathBuf,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The embedded directory: import accounts
    Accounts(accounts::Args),
    /// Guard recovery: serve the pages and the API
    Serve(serve::Args),
    /// The evidence log: check, export, erase, keys
    Evidence(evidence::Args),
    /// A leak appears: whose data is it, which fields, and what is done about it
    Expose(expose::Args),
    /// Leaked passwords in a file of your own: build, look at, ask
    Passwords(passwords::Args),
    /// Play an attack against the server itself, and see what comes of it
    Drill(drill::Args),
    /// What staff can do from the command line
    Admin(admin::Args),
    /// Check the configuration and show what is in force
    CheckConfig(check_config::Args),
    /// Check what Countersign needs, and say what to do
    Doctor(doctor::Args),
    /// Cosign other people's evidence, so that they cannot rewrite it
    Witness(witness::Args),
}

impl Global {
    /// The configuration of this call.
    pub fn load(&self) -> Result<Config, Problems> {
        config::load(self.config.as_deref())
    }

    /// Where the database is: the URL of the configuration, or the file in the data directory.
    pub fn place(&self, config: &Config) -> Place {
        match &config.store.url {
            Some(url) => Place::Url(url.expose().to_owned()),
            None => Place::File(self.data.join(DATABASE)),
        }
    }

    /// The configuration of this call; where it has problems they are printed and the exit code comes back.
    pub fn load_or_report(&self) -> Result<Config, ExitCode> {
        self.load().map_err(|problems| {
            eprintln!("{problems}");
            ExitCode::from(EXIT_USAGE)
        })
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Accounts(args) => accounts::run(&cli.global, &args),
        Command::Serve(args) => serve::run(&cli.global, &args),
        Command::Evidence(args) => evidence::run(&cli.global, &args),
        Command::Expose(args) => expose::run(&cli.global, args),
        Command::Passwords(args) => passwords::run(&cli.global, &args),
        Command::Drill(args) => drill::run(&cli.global, &args),
        Command::Admin(args) => admin::run(&cli.global, args),
        Command::CheckConfig(args) => check_config::run(&cli.global, &args),
        Command::Doctor(args) => doctor::run(&cli.global, &args),
        Command::Witness(args) => witness::run(&cli.global, args),
    }
}

/// A runtime for a command that waits on the network or the database.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Prints `value` as one line of JSON.
fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => println!("{text}"),
        Err(error) => eprintln!("the result cannot be written as JSON: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [["countersign", "--json", "doctor"], ["countersign", "doctor", "--json"]] {
            assert!(Cli::try_parse_from(line).unwrap().global.json);
        }
    }
}

//! `witness`: cosigns the checkpoints of logs, on a machine that the logs' operator does not control.

use super::{EXIT_USAGE, Global, print_json, runtime};
use crate::clock::{self, Clock};
use crate::witness::{self, StartError, Witness};
use crate::{log, serve};
use countersign_evidence::note::VerifierKey;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// The witness's place in the data directory.
const DIRECTORY: &str = "witness";

/// Arguments of `witness`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Cosign checkpoints that continue the last one cosigned, until told to stop
    Serve(Serve),
    /// Print the witness's verifier key, for logs and for people to pin; made at the first call
    Key {
        /// The witness's name, when its key is made: an address without scheme that is yours
        #[arg(long)]
        name: Option<String>,
    },
}

#[derive(clap::Args, Debug)]
struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// A log's verifier key (`countersign evidence key`); repeat it for more logs, and for a log's older and newer keys
    #[arg(long = "log", value_name = "VKEY", required = true, value_parser = verifier)]
    logs: Vec<VerifierKey>,
    /// The witness's name, when its key is made: an address without scheme that is yours
    #[arg(long)]
    name: Option<String>,
}

fn verifier(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|bad| bad.to_string())
}

/// Runs what was asked.
pub fn run(global: &Global, args: Args) -> ExitCode {
    let config = match global.load_or_report() {
        Ok(config) => config,
        Err(code) => return code,
    };
    log::start(&config.log);
    let directory = global.data.join(DIRECTORY);
    let ran = match args.what {
        What::Key { name } => key(&directory, name.as_deref(), global.json),
        What::Serve(args) => serve(&directory, args, global.json),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the witness does not start: {error}");
            ExitCode::from(if matches!(error, StartError::Logs | StartError::NotALog(_)) { EXIT_USAGE } else { 1 })
        }
    }
}

fn key(directory: &Path, name: Option<&str>, as_json: bool) -> Result<(), StartError> {
    let key = witness::key_of(directory, name, &mut clock::generator())?;
    if as_json {
        print_json(&json!({ "name": key.verifier().name(), "key": key.verifier().to_string() }));
    } else {
        println!("{}", key.verifier());
    }
    Ok(())
}

fn serve(directory: &Path, args: Serve, as_json: bool) -> Result<(), StartError> {
    let io = |error| StartError::Listen(args.listen, error);
    let witness = Witness::open(directory, args.name.as_deref(), args.logs, Clock::system(), &mut clock::generator())?;
    runtime().map_err(io)?.block_on(async {
        let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(io)?;
        say(&witness, listener.local_addr().map_err(io)?, as_json);
        witness::serve(listener, Arc::new(witness), serve::asked_to_stop()).await.map_err(io)
    })
}

fn say(witness: &Witness, address: SocketAddr, as_json: bool) {
    let (name, key) = (witness.verifier().name(), witness.verifier().to_string());
    if as_json {
        print_json(&json!({ "name": name, "key": key, "address": address.to_string() }));
    } else {
        println!("{name} listens on http://{address}/ and cosigns with\n{key}");
    }
}

//! `admin`: what staff can do from the command line, so that no console is needed.

mod account;

use super::{Global, print_json, runtime};
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::{self, Scope};
use crate::serve;
use countersign_core::ids::ApiKeyId;
use countersign_core::span::Span;
use countersign_core::time::Timestamp;
use serde_json::json;
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
        what: ApiKey,
    },
    /// Accounts: show one, end its sessions, hold and release its recovery
    Account {
        #[command(subcommand)]
        what: account::Account,
    },
}

#[derive(clap::Subcommand, Debug)]
enum ApiKey {
    /// Make a key; it is shown once
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        /// What it may do: recovery:request, recovery:redeem, messages:read, sign-in, factors:write, accounts:read,
        /// accounts:act, evidence:read, evidence:erase
        #[arg(long = "scope", required = true, value_parser = scope)]
        scopes: Vec<Scope>,
        /// How long it lives, such as 90d; for ever if not given
        #[arg(long)]
        lives: Option<Span>,
    },
    /// List keys, without their text
    List,
    /// Revoke a key; takes effect everywhere within five seconds
    Revoke {
        /// Its id, `key_…`
        id: String,
    },
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(text).ok_or_else(|| format!("not a scope; there are: {known}"))
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
            What::ApiKey { what } => api_key(&app, what, global.json).await,
            What::Account { what } => account::run(&app, what, global.json).await,
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}", error.public);
                tracing::error!(code = error.code, error = error.internal, "admin failed");
                ExitCode::FAILURE
            }
        }
    })
}

async fn api_key(app: &App, what: ApiKey, as_json: bool) -> Result<(), AppError> {
    match what {
        ApiKey::Create { name, scopes, lives } => {
            let (id, key) = api_keys::create(app, &name, &scopes, lives.map(Span::duration)).await?;
            if as_json {
                print_json(&json!({ "id": id, "key": key.expose() }));
            } else {
                println!("{id}\n{}\nThis key is shown once. Keep it where your secrets are.", key.expose());
            }
        }
        ApiKey::List => list(&api_keys::list(app).await?, as_json),
        ApiKey::Revoke { id } => {
            let id = ApiKeyId::parse(&id).map_err(|bad| AppError::invalid("id", "id_invalid", bad.to_string()))?;
            api_keys::revoke(app, id).await?;
            println!("{}", if as_json { r#"{"revoked":true}"# } else { "revoked" });
        }
    }
    Ok(())
}

fn list(keys: &[crate::store::api_keys::ApiKey], as_json: bool) {
    for key in keys {
        let used = key.last_used_at.map_or_else(|| "never".to_owned(), day);
        let state = if key.revoked_at.is_some() { "revoked" } else { "live" };
        if as_json {
            let expires = key.expires_at.map(day);
            print_json(&json!({
                "id": key.id, "name": key.name, "scopes": key.scopes, "state": state, "last_used": used,
                "created": day(key.created_at), "expires": expires,
            }));
        } else {
            println!("{}  {state:7}  last used {used}  {}  [{}]", key.id, key.name, key.scopes);
        }
    }
}

fn day(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map_or_else(|_| at.micros().to_string(), |t| t.to_string())
}

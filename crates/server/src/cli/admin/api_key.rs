//! `admin api-key`.

use super::super::print_json;
use super::day;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::{self, Scope};
use crate::flows::staff::Actor;
use crate::store::api_keys::ApiKey;
use countersign_core::ids::ApiKeyId;
use countersign_core::span::Span;
use serde_json::json;

#[derive(clap::Subcommand, Debug)]
pub(super) enum What {
    /// Make a key; it is shown once
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        /// What it may do: recovery:request, recovery:redeem, messages:read, sign-in, factors:write, accounts:read,
        /// accounts:act, evidence:read, evidence:erase, passwords:check
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

pub(super) async fn run(app: &App, what: What, as_json: bool) -> Result<(), AppError> {
    match what {
        What::Create { name, scopes, lives } => {
            let lives = lives.map(Span::duration);
            let (id, key) = api_keys::create(app, &Actor::Command, &name, &scopes, lives).await?;
            if as_json {
                print_json(&json!({ "id": id, "key": key.expose() }));
            } else {
                println!("{id}\n{}\nThis key is shown once. Keep it where your secrets are.", key.expose());
            }
        }
        What::List => list(&api_keys::list(app).await?, as_json),
        What::Revoke { id } => {
            let id = ApiKeyId::parse(&id).map_err(|bad| AppError::invalid("id", "id_invalid", bad.to_string()))?;
            api_keys::revoke(app, &Actor::Command, id).await?;
            println!("{}", if as_json { r#"{"revoked":true}"# } else { "revoked" });
        }
    }
    Ok(())
}

fn list(keys: &[ApiKey], as_json: bool) {
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

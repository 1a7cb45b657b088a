//! `admin staff`.

use super::super::print_json;
use super::day;
use crate::app::App;
use crate::error::AppError;
use crate::flows::staff::Actor;
use crate::flows::staff::links::{self, Issued};
use crate::flows::staff::people::{self, Invite};
use crate::flows::staff::sessions::{self, Which};
use crate::store::staff::{self, Staff};
use countersign_core::ids::StaffId;
use countersign_core::staff::{self as rules, Role, Roles};
use serde_json::json;

#[derive(clap::Subcommand, Debug)]
pub(super) enum What {
    /// Invite somebody; the one-time link is shown once
    Invite {
        /// What they will sign in with
        name: String,
        /// What others see; the name if not given
        #[arg(long, default_value = "")]
        shown_name: String,
        /// What they are here for: viewer, responder, approver, admin, auditor
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
    },
    /// List everybody
    List,
    /// Set somebody's roles
    Roles {
        /// What they sign in with, or their id
        who: String,
        /// Every role that they are to have
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
    },
    /// Make a one-time link for somebody who cannot sign in; the second factor is still asked for
    Link {
        /// What they sign in with, or their id
        who: String,
        /// The second factor and the recovery codes are lost too: the link sets up everything anew
        #[arg(long)]
        lost_all: bool,
    },
    /// Shut somebody out at once; their sessions end
    Disable {
        /// What they sign in with, or their id
        who: String,
    },
    /// Let somebody sign in again
    Enable {
        /// What they sign in with, or their id
        who: String,
    },
    /// End all sessions of somebody
    EndSessions {
        /// What they sign in with, or their id
        who: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.map(Role::as_str).join(", ");
    Role::parse(text).ok_or_else(|| format!("not a role; there are: {known}"))
}

pub(super) async fn run(app: &App, what: What, as_json: bool) -> Result<(), AppError> {
    let by = Actor::Command;
    match what {
        What::Invite { name, shown_name, roles } => {
            let ask = Invite { name, shown_name, roles: Roles::of(&roles) };
            let (id, issued) = people::invite(app, &by, &ask).await?;
            link(&id, &issued, as_json);
        }
        What::List => list(&staff::all(&mut app.store.read().await?).await?, as_json),
        What::Roles { who, roles } => {
            people::set_roles(app, &by, find(app, &who).await?.id, Roles::of(&roles)).await?;
            said("the roles are set", as_json);
        }
        What::Link { who, lost_all } => {
            let who = find(app, &who).await?;
            link(&who.id, &links::issue(app, &by, who.id.clone(), lost_all).await?, as_json);
        }
        What::Disable { who } => {
            people::set_disabled(app, &by, find(app, &who).await?.id, true).await?;
            said("shut out", as_json);
        }
        What::Enable { who } => {
            people::set_disabled(app, &by, find(app, &who).await?.id, false).await?;
            said("may sign in again", as_json);
        }
        What::EndSessions { who } => {
            ended(sessions::end(app, &by, find(app, &who).await?.id, Which::All).await?, as_json);
        }
    }
    Ok(())
}

fn ended(sessions: u64, as_json: bool) {
    if as_json {
        print_json(&json!({ "ended": sessions }));
    } else {
        println!("{sessions} ended");
    }
}

async fn find(app: &App, who: &str) -> Result<Staff, AppError> {
    let mut conn = app.store.read().await?;
    let found = match StaffId::parse(who) {
        Ok(id) => staff::by_id(&mut conn, &id).await?,
        Err(_) => match rules::name(who) {
            Ok(name) => staff::by_name(&mut conn, &name).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| AppError::not_found("There is nobody with this name or id."))
}

fn link(id: &StaffId, issued: &Issued, as_json: bool) {
    if as_json {
        let expires = day(issued.expires_at);
        print_json(
            &json!({ "id": id, "url": issued.url.expose(), "expires": expires, "purpose": issued.purpose.as_str() }),
        );
    } else {
        println!(
            "{id}\n{}\nThis link is shown once, works once, and expires {}.",
            issued.url.expose(),
            day(issued.expires_at)
        );
    }
}

fn said(what: &str, as_json: bool) {
    if as_json {
        print_json(&json!({ "done": what }));
    } else {
        println!("{what}");
    }
}

fn list(everybody: &[Staff], as_json: bool) {
    for who in everybody {
        let enrolled = who.password_hash.is_some() || who.oidc_issuer.is_some();
        let state = match (who.disabled_at.is_some(), enrolled) {
            (true, _) => "shut out",
            (false, true) => "may sign in",
            (false, false) => "invited",
        };
        if as_json {
            print_json(&json!({
                "id": who.id, "name": who.name, "shown_name": who.shown_name, "roles": who.roles.to_string(),
                "state": state, "created": day(who.created_at),
            }));
        } else {
            println!("{}  {state:11}  {}  ({})  [{}]", who.id, who.name, who.shown_name, who.roles);
        }
    }
}

//! Who is on the staff, with which roles, and who is shut out.

use super::actor::Actor;
use super::links::{Issue, Issued, Purpose};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::evidence::Draft;
use crate::store::staff::Staff;
use crate::store::{Conn, evidence, staff};
use countersign_core::ids::StaffId;
use countersign_core::staff::{self as rules, Permission, Role, Roles};
use serde_json::json;

/// Somebody who is to be invited.
#[derive(Debug, Clone)]
pub struct Invite {
    /// What they will sign in with.
    pub name: String,
    /// What others see; the name, if empty.
    pub shown_name: String,
    /// What they are here for.
    pub roles: Roles,
}

/// Invites somebody; the link is shown once.
///
/// # Errors
/// 422 for a name that cannot be used or is taken, or no role; what `Asks::check` says.
pub async fn invite(app: &App, actor: &Actor, ask: &Invite) -> Result<(StaffId, Issued)> {
    add(app, actor, ask, Purpose::Invite).await
}

async fn add(app: &App, actor: &Actor, ask: &Invite, purpose: Purpose) -> Result<(StaffId, Issued)> {
    let person = person(app, ask)?;
    let asks = actor.asks(app, Permission::ManageStaff);
    let (now, mut rng) = (app.clock.now(), app.rng());
    let id = person.id.clone();
    let what = json!({ "by": actor.named(), "staff": id.as_str(), "roles": person.roles.to_string() });
    let entry = Draft::new("staff.invited", None, what, now, &mut rng);
    let issue = Issue::new(app, actor, &id, purpose);
    let issued: Result<Issued> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                if purpose == Purpose::First && !staff::is_empty(conn).await? {
                    return Err(AppError::new(409, "staff_exists", "There is staff already."));
                }
                if !staff::insert(conn, &person, None).await? {
                    return Err(AppError::invalid("name", "name_taken", "Somebody signs in with this name already."));
                }
                evidence::append(conn, vec![entry]).await?;
                Ok(issue.run(conn).await?)
            })
        })
        .await;
    Ok((id, issued?))
}

fn person(app: &App, ask: &Invite) -> Result<Staff> {
    let name = rules::name(&ask.name).map_err(|bad| AppError::invalid("name", "name_invalid", bad.to_string()))?;
    let shown = if ask.shown_name.trim().is_empty() { &name } else { &ask.shown_name };
    let shown_name = rules::shown_name(shown);
    let shown_name =
        shown_name.map_err(|bad| AppError::invalid("shown_name", "shown_name_invalid", bad.to_string()))?;
    if ask.roles.is_empty() {
        return Err(AppError::invalid("roles", "roles_missing", "At least one role is needed."));
    }
    let now = app.clock.now();
    Ok(Staff {
        id: StaffId::new(now, &mut app.rng()),
        name,
        shown_name,
        roles: ask.roles,
        password_hash: None,
        totp_sealed: None,
        oidc_issuer: None,
        created_at: now,
        disabled_at: None,
    })
}

/// The name that the first admin signs in with until somebody chooses another.
pub const FIRST_NAME: &str = "admin";

/// The way in for the very first admin; `None` once somebody can sign in. A link from an earlier start is void then.
///
/// # Errors
/// 503 where the database is away.
pub async fn first_link(app: &App) -> Result<Option<Issued>> {
    let mut conn = app.store.read().await?;
    if !staff::nobody_enrolled(&mut conn).await? {
        return Ok(None);
    }
    let found = staff::by_name(&mut conn, FIRST_NAME).await?;
    let empty = staff::is_empty(&mut conn).await?;
    drop(conn);
    match found {
        Some(first) => {
            let issue = Issue::new(app, &Actor::Command, &first.id, Purpose::First);
            let issued: Result<Issued> =
                app.store.write(move |conn| Box::pin(async move { Ok(issue.run(conn).await?) })).await;
            Ok(Some(issued?))
        }
        None if empty => {
            let roles = Roles::of(&Role::ALL);
            let ask = Invite { name: FIRST_NAME.to_owned(), shown_name: "First admin".to_owned(), roles };
            Ok(Some(add(app, &Actor::Command, &ask, Purpose::First).await?.1))
        }
        // Somebody was invited from the command line; their link is their way in.
        None => Ok(None),
    }
}

/// Sets somebody's roles.
///
/// # Errors
/// 404; 409 `last_admin`; 422 for no role; what `Asks::check` says.
pub async fn set_roles(app: &App, actor: &Actor, whose: StaffId, roles: Roles) -> Result<()> {
    if roles.is_empty() {
        return Err(AppError::invalid(
            "roles",
            "roles_missing",
            "At least one role is needed. To shut somebody out, disable them.",
        ));
    }
    let what = json!({ "by": actor.named(), "staff": whose.as_str(), "roles": roles.to_string() });
    change(app, actor, "staff.roles_set", what, move |conn| {
        Box::pin(async move {
            if !roles.contains(Role::Admin) {
                keep_an_admin(conn, &whose).await?;
            }
            staff::set_roles(conn, &whose, roles).await.map_err(AppError::from)
        })
    })
    .await
}

/// Shuts somebody out at once, or lets them in again.
///
/// # Errors
/// 404 where nothing changes; 409 `last_admin`; what `Asks::check` says.
pub async fn set_disabled(app: &App, actor: &Actor, whose: StaffId, disabled: bool) -> Result<()> {
    let (now, kind) = (app.clock.now(), if disabled { "staff.disabled" } else { "staff.enabled" });
    let what = json!({ "by": actor.named(), "staff": whose.as_str() });
    change(app, actor, kind, what, move |conn| {
        Box::pin(async move {
            if disabled {
                keep_an_admin(conn, &whose).await?;
                staff::end_sessions(conn, &whose, None, "disabled", now).await?;
            }
            staff::set_disabled(conn, &whose, disabled.then_some(now)).await.map_err(AppError::from)
        })
    })
    .await
}

type Work<'c> = futures_util::future::BoxFuture<'c, Result<bool>>;

/// One change with its permission and its entry.
async fn change<F>(app: &App, actor: &Actor, kind: &'static str, what: serde_json::Value, work: F) -> Result<()>
where
    F: for<'c> FnOnce(&'c mut Conn) -> Work<'c> + Send + 'static,
{
    let asks = actor.asks(app, Permission::ManageStaff);
    let entry = Draft::new(kind, None, what, app.clock.now(), &mut app.rng());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                if !work(conn).await? {
                    return Err(AppError::not_found("There is nobody with this id, or nothing to change."));
                }
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await
}

/// A console without an admin could be opened from the command line only.
async fn keep_an_admin(conn: &mut Conn, whose: &StaffId) -> Result<()> {
    let loses = staff::by_id(conn, whose).await?.is_some_and(|w| w.roles.contains(Role::Admin));
    if loses && !staff::another_has(conn, whose, Role::Admin.as_str()).await? {
        return Err(AppError::new(409, "last_admin", "This is the last admin. Make somebody else admin first."));
    }
    Ok(())
}

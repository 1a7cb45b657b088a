//! What staff do for an account: end its sessions, hold its recovery, release it. Each once, for every door.

use super::Result;
use super::dispatch::end_live_link;
use super::profile::exists;
use super::staff::Actor;
use crate::app::App;
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::{directory, evidence, tickets};
use countersign_core::ids::AccountId;
use countersign_core::staff::{Permission, Reason};
use countersign_core::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// The longest hold by hand. Who needs longer holds again; a hold that somebody forgot does not lock an owner out for ever
/// (invariant G5).
pub const LONGEST_HOLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: u64,
    /// Known devices that were forgotten; `None` where that was not asked.
    pub devices: Option<u64>,
}

/// Ends every session of an account; with `devices` its device tokens are forgotten too, so that the next recovery from them
/// counts as one from anywhere.
///
/// # Errors
/// 404; what `Asks::check` says; 503.
pub async fn end_sessions(app: &App, actor: &Actor, id: AccountId, devices: bool, reason: Reason) -> Result<Ended> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnAccounts), actor.named());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                exists(conn, &id).await?;
                let sessions = directory::end_sessions(conn, &id, "staff", now).await?;
                let devices = if devices { Some(directory::revoke_devices(conn, &id, now).await?) } else { None };
                let what = json!({ "by": by, "reason": reason.as_str(), "sessions": sessions, "devices": devices });
                let entry = Draft::new("staff.account_sessions_ended", Some(&id), what, now, &mut rng);
                evidence::append(conn, vec![entry]).await?;
                Ok(Ended { sessions, devices })
            })
        })
        .await
}

/// A hold as somebody asks for it.
#[derive(Debug, Clone)]
pub struct Hold {
    /// Whose recovery.
    pub account: AccountId,
    /// Until when.
    pub until: Timestamp,
    /// Whether changes that wait out their cool-off are cancelled too.
    pub cancel_changes: bool,
    /// Why.
    pub reason: Reason,
}

/// What a hold came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Until when it is held now: a longer hold that was there stays.
    pub until: Timestamp,
    /// Links that could still be used, and were closed.
    pub links: u64,
    /// Changes that waited, and were cancelled.
    pub changes: u64,
}

/// Holds the recovery of an account: until then only a request with strong proof (a known device, a saved recovery code) is
/// served, and the link that is under way is closed.
///
/// # Errors
/// 404; 422 for a time that has passed or is more than 30 days away; what `Asks::check` says; 503.
pub async fn hold(app: &App, actor: &Actor, hold: Hold) -> Result<Held> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    check_until(hold.until, now)?;
    let (asks, by, keys) = (actor.asks(app, Permission::ActOnAccounts), actor.named(), app.keys.clone());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                let id = &hold.account;
                exists(conn, id).await?;
                if let Some(live) = tickets::live_of(conn, id, now).await? {
                    end_live_link(conn, &keys, id, &live.mailbox_key, now).await?;
                }
                let links = tickets::revoke_all(conn, id, now).await?;
                let changes = if hold.cancel_changes { tickets::cancel_changes(conn, id, now).await? } else { 0 };
                directory::hold(conn, id, hold.until).await?;
                let until = directory::by_id(conn, id).await?.map_or(hold.until, |account| account.hold_until);
                let what = json!({
                    "by": by, "reason": hold.reason.as_str(), "until": until.micros(), "links_closed": links,
                    "changes_cancelled": changes,
                });
                let entry = Draft::new("staff.recovery_held", Some(id), what, now, &mut rng);
                evidence::append(conn, vec![entry]).await?;
                Ok(Held { until, links, changes })
            })
        })
        .await
}

fn check_until(until: Timestamp, now: Timestamp) -> Result<()> {
    let wrong = |public: &str| Err(AppError::invalid("until", "until_invalid", public));
    match until {
        until if until <= now => wrong("A time in the future is needed."),
        until if until.since(now) > LONGEST_HOLD => wrong("Recovery is held for 30 days at most; hold again then."),
        _ => Ok(()),
    }
}

/// Releases the hold on an account's recovery, whoever put it there.
///
/// # Errors
/// 404; 409 where nothing is held; what `Asks::check` says; 503.
pub async fn release(app: &App, actor: &Actor, id: AccountId, reason: Reason) -> Result<()> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnAccounts), actor.named());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                exists(conn, &id).await?;
                let Some(until) = directory::release(conn, &id, now).await? else {
                    return Err(AppError::new(409, "not_held", "The recovery of this account is not held."));
                };
                let what = json!({ "by": by, "reason": reason.as_str(), "was_held_until": until.micros() });
                let entry = Draft::new("staff.recovery_released", Some(&id), what, now, &mut rng);
                Ok(evidence::append(conn, vec![entry]).await?)
            })
        })
        .await
}

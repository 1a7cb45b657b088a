//! Containments: shown before, put on a cohort, lifted; and accounts that are let go one by one.

use super::{force, no_cohort};
use crate::app::App;
use crate::error::AppError;
use crate::flows::staff::Actor;
use crate::flows::{Result, profile};
use crate::store::evidence::Draft;
use crate::store::exposure::containments::{self, Contained};
use crate::store::exposure::{cohorts, directory};
use crate::store::{Conn, evidence};
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::Containment;
use countersign_core::ids::{AccountId, ContainmentId};
use countersign_core::staff::{Permission, Reason};
use countersign_core::time::Timestamp;
use rand::Rng;
use serde_json::json;
use std::time::Duration;

/// Most containments in force at once: each one costs every sign-in a look.
pub const MOST: usize = 100;
/// Longest one. Who needs longer puts it again; one that somebody forgot ends.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a containment would do, before it does it.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// How many accounts are in the cohort.
    pub accounts: u64,
    /// For how many of them one of the same kind holds already.
    pub already: u64,
    /// How many of them have a mailbox in a leak.
    pub leaked_mailbox: u64,
    /// How many of all accounts that is, 0 to 1.
    pub share: f64,
}

/// What a containment of a kind on a cohort would do.
///
/// # Errors
/// 404 for a cohort that is not there; 503.
pub async fn preview(app: &App, cohort: &CohortDigest, kind: Containment) -> Result<Preview> {
    let conn = &mut app.store.read().await?;
    cohorts::by_digest(conn, cohort).await?.ok_or_else(no_cohort)?;
    let set = cohorts::set(conn, cohort).await?;
    let all = directory::end(conn).await?;
    let shown = app.exposure.force.shown().unwrap_or_default();
    let mut already = countersign_core::expose::cohort::Accounts::new();
    for policy in shown.iter().filter(|policy| policy.contained.kind == kind) {
        already.add(&policy.held().and(&set));
    }
    Ok(Preview {
        accounts: set.len(),
        already: already.len(),
        leaked_mailbox: app.exposure.mailboxes.count_in(&set),
        share: set.len() as f64 / f64::from(all.max(1)),
    })
}

/// A containment as somebody asks for it.
#[derive(Debug, Clone)]
pub struct Put {
    /// On whom.
    pub cohort: CohortDigest,
    /// What it asks.
    pub kind: Containment,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Reason,
}

/// Puts a containment on a cohort. It is in force, here, when this returns, and within a second on other nodes.
///
/// # Errors
/// 404 for a cohort that is not there; 409 where one of this kind is on it, or too many are in force; 422 for an end that
/// has passed or is more than a year away, or an empty cohort; what `Asks::check` says; 503.
pub async fn put(app: &App, actor: &Actor, put: Put) -> Result<Contained> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    check_until(put.until, now)?;
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let done = app.store.write(move |conn| {
        Box::pin(async move {
            asks.check(conn).await?;
            let new = judged(conn, put, now, &mut rng).await?;
            containments::insert(conn, &new).await?;
            let what = json!({
                "by": by, "reason": new.reason, "containment": new.id.as_str(), "cohort": new.cohort.to_string(),
                "kind": new.kind.as_str(), "accounts": new.size, "until": new.until.map(Timestamp::micros),
            });
            evidence::append(conn, vec![Draft::new("staff.containment_put", None, what, now, &mut rng)]).await?;
            Ok::<_, AppError>(new)
        })
    });
    let new = done.await?;
    take_up(app).await;
    Ok(new)
}

/// In force at once where this node sees it; where its look at the database fails, the job has it within a second.
async fn take_up(app: &App) {
    if let Err(error) = force::follow(app).await {
        tracing::warn!(internal = error.internal, "a containment is on record and not yet in memory");
    }
}

fn check_until(until: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let wrong = |public: &str| Err(AppError::invalid("until", "until_invalid", public));
    match until {
        Some(until) if until <= now => wrong("A time in the future is needed."),
        Some(until) if until.since(now) > LONGEST => wrong("A containment ends within a year; put it again then."),
        _ => Ok(()),
    }
}

async fn judged(conn: &mut Conn, put: Put, now: Timestamp, rng: &mut impl Rng) -> Result<Contained> {
    let cohort = cohorts::by_digest(conn, &put.cohort).await?.ok_or_else(no_cohort)?;
    if cohort.size == 0 {
        return Err(AppError::invalid("cohort", "cohort_empty", "There is nobody in this cohort."));
    }
    let open = containments::open(conn, now).await?;
    if open.len() >= MOST {
        let public = format!("{MOST} containments are in force. Lift one first.");
        return Err(AppError::new(409, "containments_too_many", public));
    }
    if open.iter().any(|one| one.cohort == put.cohort && one.kind == put.kind) {
        let public = "A containment of this kind is on this cohort already.";
        return Err(AppError::new(409, "containment_there", public));
    }
    Ok(Contained {
        id: ContainmentId::new(now, rng),
        cohort: put.cohort,
        kind: put.kind,
        reason: put.reason.as_str().to_owned(),
        size: cohort.size,
        since: now,
        until: put.until,
        lifted_at: None,
    })
}

/// Lifts a containment.
///
/// # Errors
/// 404; 409 where it is not in force; what `Asks::check` says; 503.
pub async fn lift(app: &App, actor: &Actor, id: ContainmentId, reason: Reason) -> Result<()> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let done: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                let one = containments::by_id(conn, &id).await?.ok_or_else(no_containment)?;
                if !containments::lift(conn, &id, now).await? {
                    return Err(not_in_force());
                }
                let what = json!({
                    "by": by, "reason": reason.as_str(), "containment": id.as_str(), "cohort": one.cohort.to_string(),
                    "kind": one.kind.as_str(), "accounts": one.size,
                });
                let entry = Draft::new("staff.containment_lifted", None, what, now, &mut rng);
                Ok(evidence::append(conn, vec![entry]).await?)
            })
        })
        .await;
    done?;
    take_up(app).await;
    Ok(())
}

fn no_containment() -> AppError {
    AppError::not_found("There is no such containment.")
}

fn not_in_force() -> AppError {
    AppError::new(409, "not_in_force", "This containment is not in force.")
}

/// Lets one account go from a containment that stays in force for the others.
///
/// # Errors
/// 404; 409 where it is not in force, or does not hold for this account; what `Asks::check` says; 503.
pub async fn release(app: &App, actor: &Actor, id: ContainmentId, account: AccountId, reason: Reason) -> Result<()> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let done: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                profile::exists(conn, &account).await?;
                let one = containments::by_id(conn, &id).await?.ok_or_else(no_containment)?;
                if !one.in_force(now) {
                    return Err(not_in_force());
                }
                let public = "This containment does not hold for this account.";
                let not_held = || AppError::new(409, "not_contained", public);
                let number = directory::number(conn, &account).await?.ok_or_else(not_held)?;
                let inside = cohorts::contains(conn, &one.cohort, number).await?;
                if !inside || !containments::release(conn, &id, number, "staff", now).await? {
                    return Err(not_held());
                }
                let what = json!({
                    "by": by, "reason": reason.as_str(), "containment": id.as_str(), "kind": one.kind.as_str(),
                });
                let entry = Draft::new("staff.containment_released", Some(&account), what, now, &mut rng);
                Ok(evidence::append(conn, vec![entry]).await?)
            })
        })
        .await;
    done?;
    take_up(app).await;
    Ok(())
}

/// A password of an account was set anew, within the caller's transaction: whatever asked for that lets it go.
///
/// # Errors
/// The database.
pub async fn reset_done(
    conn: &mut Conn,
    account: &AccountId,
    now: Timestamp,
    rng: &mut impl Rng,
) -> std::result::Result<u64, crate::store::StoreError> {
    let Some(number) = directory::number(conn, account).await? else { return Ok(0) };
    let mut count = 0;
    for one in containments::open(conn, now).await? {
        let asks = one.kind == Containment::MustReset && cohorts::contains(conn, &one.cohort, number).await?;
        if asks && containments::release(conn, &one.id, number, "reset", now).await? {
            let what = json!({ "containment": one.id.as_str(), "kind": one.kind.as_str(), "why": "reset" });
            evidence::append(conn, vec![Draft::new("containment.released", Some(account), what, now, rng)]).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// The platform says that an account's password was set anew on its side.
///
/// # Errors
/// 404; 503.
pub async fn told_of_reset(app: &App, actor: &Actor, account: AccountId) -> Result<u64> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let by = actor.named();
    let done = app.store.write(move |conn| {
        Box::pin(async move {
            profile::exists(conn, &account).await?;
            let count = reset_done(conn, &account, now, &mut rng).await?;
            let what = json!({ "by": by, "released": count });
            let entry = Draft::new("account.password_set_elsewhere", Some(&account), what, now, &mut rng);
            evidence::append(conn, vec![entry]).await?;
            Ok::<_, AppError>(count)
        })
    });
    let count = done.await?;
    take_up(app).await;
    Ok(count)
}

/// A containment as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is on record.
    pub contained: Contained,
    /// Whether it is in force.
    pub in_force: bool,
    /// How many accounts it has let go.
    pub released: i64,
}

/// The newest, in force or not.
///
/// # Errors
/// 503.
pub async fn list(app: &App, limit: i64) -> Result<Vec<Shown>> {
    let conn = &mut app.store.read().await?;
    let counts: std::collections::HashMap<String, i64> =
        containments::released_counts(conn).await?.into_iter().collect();
    let now = app.clock.now();
    let newest = containments::newest(conn, limit).await?.into_iter();
    Ok(newest.map(|contained| shown(contained, &counts, now)).collect())
}

/// One, in force or not.
///
/// # Errors
/// 404; 503.
pub async fn see(app: &App, id: &ContainmentId) -> Result<Shown> {
    let conn = &mut app.store.read().await?;
    let contained = containments::by_id(conn, id).await?.ok_or_else(no_containment)?;
    let counts = containments::released_counts(conn).await?.into_iter().collect();
    Ok(shown(contained, &counts, app.clock.now()))
}

fn shown(contained: Contained, counts: &std::collections::HashMap<String, i64>, now: Timestamp) -> Shown {
    let in_force = contained.in_force(now);
    let released = counts.get(contained.id.as_str()).copied().unwrap_or_default();
    Shown { contained, in_force, released }
}

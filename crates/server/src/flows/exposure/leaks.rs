//! Leaks on record: written with their cohort in one transaction, withdrawn, listed.

use super::cohorts::shown_name;
use super::freshness::Freshness;
use super::{leak_sets, mailboxes};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::staff::Actor;
use crate::store::evidence::Draft;
use crate::store::exposure::cohorts::{self, Cohort};
use crate::store::exposure::leaks::{self, Leak};
use crate::store::{Conn, evidence};
use countersign_core::expose::cohort::{Accounts, CohortDigest};
use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::ids::LeakId;
use countersign_core::secret::Digest;
use countersign_core::staff::{Permission, Reason};
use countersign_core::time::Timestamp;
use serde_json::{Map, Value, json};

/// What a match found, ready to be put on record. No leaked value is in it.
#[derive(Debug)]
pub struct Matched {
    /// BLAKE3 of the file, unpacked; of several SHA-256 of theirs, in their order.
    pub digest: Digest,
    /// Records that were read.
    pub rows: u64,
    /// Records that could not be, by reason.
    pub bad: Vec<(&'static str, u64)>,
    /// Each set by its name; `all` and `strong` among them.
    pub sets: Vec<(String, Accounts)>,
    /// How old the data is.
    pub freshness: Freshness,
    /// What is told besides: files, columns, samples of bad lines without their letters, seconds.
    pub told: Map<String, Value>,
}

impl Matched {
    /// A set, empty where there is none of the name.
    pub fn set(&self, name: &str) -> Accounts {
        self.sets.iter().find(|(set, _)| set == name).map(|(_, set)| set.clone()).unwrap_or_default()
    }

    fn count(&self, name: &str) -> u64 {
        self.sets.iter().find(|(set, _)| set == name).map_or(0, |(_, set)| set.len())
    }

    /// How many accounts each field is shown of.
    pub fn fields(&self) -> Map<String, Value> {
        let shown =
            Field::ALL.into_iter().map(|field| (field.as_str().to_owned(), self.count(&leak_sets::shows(field))));
        shown.filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into())).collect()
    }

    /// How many accounts each kind of key matched.
    pub fn keys(&self) -> Map<String, Value> {
        let by = Kind::ALL.into_iter().map(|kind| (kind.as_str().to_owned(), self.count(&leak_sets::by(kind))));
        by.filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into())).collect()
    }

    fn report(&self) -> Value {
        let mut report = self.told.clone();
        let bad: Map<String, Value> =
            self.bad.iter().map(|(why, count)| ((*why).to_owned(), (*count).into())).collect();
        report.insert("bad".into(), bad.into());
        report.insert("fields".into(), self.fields().into());
        report.insert("keys".into(), self.keys().into());
        report.insert("former".into(), self.count(leak_sets::FORMER).into());
        report.insert("contradicted".into(), self.count(leak_sets::CONTRADICTED).into());
        report.insert("freshness".into(), self.freshness.told());
        report.into()
    }
}

/// A leak as somebody wants it on record.
#[derive(Debug)]
pub struct NewLeak {
    /// What it is called here.
    pub name: String,
    /// Why it was matched.
    pub reason: Reason,
    /// Whether one of the same files may be there already.
    pub again: bool,
    /// What was found.
    pub matched: Matched,
}

/// Puts a leak on record with its sets and its cohort.
///
/// # Errors
/// 409 `leak_there` for files that were matched before; 422 for a name; what `Asks::check` says; 503.
pub async fn record(app: &App, actor: &Actor, new: NewLeak) -> Result<Leak> {
    let name = shown_name(&new.name)?;
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let id = LeakId::new(now, &mut rng);
    let all = new.matched.set(leak_sets::ALL);
    let leak = leak_of(id, name, &new.matched, all.digest(), now);
    let done = app.store.write(move |conn| {
        Box::pin(async move {
            asks.check(conn).await?;
            refuse_again(conn, &leak, new.again).await?;
            leaks::insert(conn, &leak, &new.matched.sets).await?;
            cohorts::insert(conn, &cohort_of(&leak), &all).await?;
            let what = json!({
                "by": by, "reason": new.reason.as_str(), "leak": leak.id.as_str(), "name": leak.name,
                "digest": data_encoding::HEXLOWER.encode(leak.digest.bytes()), "rows": leak.rows, "bad_rows": leak.bad,
                "accounts": leak.accounts, "strong_accounts": leak.strong, "cohort": leak.cohort.to_string(),
                "fields": new.matched.fields(), "freshness": new.matched.freshness.sentence(),
            });
            evidence::append(conn, vec![Draft::new("staff.leak_matched", None, what, now, &mut rng)]).await?;
            Ok::<_, AppError>(leak)
        })
    });
    let leak = done.await?;
    if let Err(error) = mailboxes::follow(app).await {
        tracing::warn!(internal = error.internal, "a leak is on record and not yet in memory");
    }
    Ok(leak)
}

fn leak_of(id: LeakId, name: String, matched: &Matched, cohort: CohortDigest, now: Timestamp) -> Leak {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Leak {
        id,
        name,
        imported_at: now,
        standing: true,
        digest: matched.digest,
        rows: whole(matched.rows),
        bad: whole(matched.bad.iter().map(|(_, count)| count).sum()),
        accounts: whole(matched.count(leak_sets::ALL)),
        strong: whole(matched.count(leak_sets::STRONG)),
        cohort,
        report: matched.report().to_string(),
        closed_at: None,
    }
}

fn cohort_of(leak: &Leak) -> Cohort {
    Cohort {
        digest: leak.cohort,
        name: leak.name.clone(),
        query: format!("leak:{}", leak.id),
        size: leak.accounts,
        created_at: leak.imported_at,
    }
}

async fn refuse_again(conn: &mut Conn, leak: &Leak, again: bool) -> Result<()> {
    match leaks::by_digest(conn, &leak.digest).await? {
        Some(there) if !again => {
            let public = format!("These files were matched before, as {} ({}).", there.name, there.id);
            Err(AppError::new(409, "leak_there", public))
        }
        _ => Ok(()),
    }
}

/// Withdraws a leak: it stays on record and counts no more. Cohorts that were made of it stay as they are.
///
/// # Errors
/// 404; 409 where it was withdrawn before; what `Asks::check` says; 503.
pub async fn withdraw(app: &App, actor: &Actor, id: LeakId, reason: Reason) -> Result<()> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let done: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                let leak = leaks::by_id(conn, &id).await?.ok_or_else(no_leak)?;
                if !leaks::withdraw(conn, &id, now).await? {
                    return Err(AppError::new(409, "leak_withdrawn", "This leak was withdrawn before."));
                }
                let what = json!({ "by": by, "reason": reason.as_str(), "leak": id.as_str(), "name": leak.name });
                let entry = Draft::new("staff.leak_withdrawn", None, what, now, &mut rng);
                Ok(evidence::append(conn, vec![entry]).await?)
            })
        })
        .await;
    done?;
    mailboxes::follow(app).await
}

fn no_leak() -> AppError {
    AppError::not_found("There is no such leak.")
}

/// One leak.
///
/// # Errors
/// 404; 503.
pub async fn see(app: &App, id: &LeakId) -> Result<Leak> {
    leaks::by_id(&mut app.store.read().await?, id).await?.ok_or_else(no_leak)
}

/// The newest, withdrawn ones too.
///
/// # Errors
/// 503.
pub async fn list(app: &App, limit: i64) -> Result<Vec<Leak>> {
    Ok(leaks::newest(&mut app.store.read().await?, limit).await?)
}

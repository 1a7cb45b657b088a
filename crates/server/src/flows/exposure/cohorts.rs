//! Cohorts: counted before they are made, made once, handed out.

use super::{leak_sets, no_cohort};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::staff::Actor;
use crate::store::evidence::Draft;
use crate::store::exposure::cohorts::{self, Cohort};
use crate::store::exposure::directory::{self, Named};
use crate::store::exposure::leaks;
use crate::store::exposure::sets::{self, Wanted};
use crate::store::{Conn, evidence};
use countersign_core::expose::cohort::{Accounts, CohortDigest};
use countersign_core::expose::query::{Name, Query};
use countersign_core::ids::LeakId;
use countersign_core::staff::{Permission, Reason};
use countersign_core::time::Timestamp;
use serde_json::json;
use std::future::Future;
use std::pin::Pin;

/// Account numbers that the directory is asked about at once: a query of a second at the most.
const RANGE: u32 = 200_000;
/// Accounts that an export fetches at once.
pub const PAGE: usize = 5000;

/// Reads a query as a door was given it.
///
/// # Errors
/// 422 `query_invalid`, which says where it stops making sense.
pub fn query(text: &str) -> Result<Query> {
    let time = |text: &str| {
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_micros(at.as_microsecond()))
    };
    Query::parse(text, time).map_err(|bad| AppError::invalid("query", "query_invalid", bad.to_string()))
}

/// What a query comes to.
#[derive(Debug, Clone)]
pub struct Preview {
    /// How many accounts.
    pub accounts: u64,
    /// Of how many.
    pub of: u64,
    /// The name that a cohort of them would have.
    pub digest: CohortDigest,
    /// The same set, if it is there already.
    pub there: Option<Cohort>,
    /// How many accounts each name in the query stands for, in its order.
    pub names: Vec<(String, u64)>,
}

/// Counts, and makes nothing.
///
/// # Errors
/// 404 for a leak or a cohort that is not there; 409 where the containments are not known yet; 503.
pub async fn preview(app: &App, query: &Query) -> Result<Preview> {
    let mut work = Work::new(app).await?;
    let set = work.set(query).await?;
    let digest = set.digest();
    let there = cohorts::by_digest(&mut work.conn, &digest).await?;
    Ok(Preview { accounts: set.len(), of: u64::from(work.end), digest, there, names: work.names })
}

/// A cohort as somebody asks for it.
#[derive(Debug, Clone)]
pub struct Make {
    /// Who.
    pub query: Query,
    /// What it is called here.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// The digest that a preview gave: if the set is another one by now, nothing is made.
    pub expected: Option<CohortDigest>,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The cohort.
    pub cohort: Cohort,
    /// Whether it was there before, under the name that it keeps.
    pub was_there: bool,
}

/// Makes a cohort. The same set has the same name, however it came about; it is made once.
///
/// # Errors
/// As `preview`; 409 `cohort_changed`; 422 for a name; what `Asks::check` says; 503.
pub async fn make(app: &App, actor: &Actor, make: Make) -> Result<Made> {
    let name = shown_name(&make.name)?;
    let set = Work::new(app).await?.set(&make.query).await?;
    let digest = set.digest();
    if make.expected.is_some_and(|expected| expected != digest) {
        let public = "Who this query means has changed since you looked. Look again.";
        return Err(AppError::new(409, "cohort_changed", public));
    }
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let size = i64::try_from(set.len()).unwrap_or(i64::MAX);
    let cohort = Cohort { digest, name, query: make.query.to_string(), size, created_at: now };
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                if !cohorts::insert(conn, &cohort, &set).await? {
                    let there = cohorts::by_digest(conn, &digest).await?.unwrap_or(cohort);
                    return Ok(Made { cohort: there, was_there: true });
                }
                let what = json!({
                    "by": by, "reason": make.reason.as_str(), "cohort": digest.to_string(), "name": cohort.name,
                    "query": cohort.query, "accounts": cohort.size,
                });
                evidence::append(conn, vec![Draft::new("staff.cohort_made", None, what, now, &mut rng)]).await?;
                Ok(Made { cohort, was_there: false })
            })
        })
        .await
}

/// A name for people.
pub(super) fn shown_name(typed: &str) -> Result<String> {
    let name = typed.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(AppError::invalid("name", "name_invalid", "A name of 1 to 100 printable characters is needed."));
    }
    Ok(name.to_owned())
}

/// One cohort.
///
/// # Errors
/// 404; 503.
pub async fn see(app: &App, digest: &CohortDigest) -> Result<Cohort> {
    cohorts::by_digest(&mut app.store.read().await?, digest).await?.ok_or_else(no_cohort)
}

/// The newest.
///
/// # Errors
/// 503.
pub async fn list(app: &App, limit: i64) -> Result<Vec<Cohort>> {
    Ok(cohorts::newest(&mut app.store.read().await?, limit).await?)
}

/// A cohort that is handed out, page by page. That it was is on record before the first one.
#[derive(Debug)]
pub struct Export {
    app: App,
    set: Accounts,
    next: Option<u32>,
}

impl Export {
    /// Begins one.
    ///
    /// # Errors
    /// 404; what `Asks::check` says; 503.
    pub async fn begin(app: &App, actor: &Actor, digest: &CohortDigest, reason: Reason) -> Result<Self> {
        let set = cohorts::set(&mut app.store.read().await?, digest).await?;
        on_record(app, actor, digest, Some(reason)).await?;
        Ok(Self { app: app.clone(), set, next: Some(0) })
    }

    /// How many accounts there are in all.
    pub fn size(&self) -> u64 {
        self.set.len()
    }

    /// The next accounts; none at the end.
    ///
    /// # Errors
    /// 503.
    pub async fn page(&mut self) -> Result<Vec<Named>> {
        let Some(from) = self.next else { return Ok(vec![]) };
        let numbers: Vec<u32> = self.set.within(from, u32::MAX).take(PAGE).collect();
        self.next = numbers.last().and_then(|last| last.checked_add(1)).filter(|_| numbers.len() == PAGE);
        Ok(directory::named(&mut self.app.store.read().await?, &numbers).await?)
    }
}

/// How many accounts there are to choose from.
///
/// # Errors
/// 503.
pub async fn end(app: &App) -> Result<u64> {
    Ok(u64::from(directory::end(&mut app.store.read().await?).await?))
}

/// Puts on record that a program was handed a cohort.
///
/// # Errors
/// 404; 503.
pub async fn handed_out(app: &App, actor: &Actor, digest: &CohortDigest) -> Result<()> {
    on_record(app, actor, digest, None).await
}

async fn on_record(app: &App, actor: &Actor, digest: &CohortDigest, reason: Option<Reason>) -> Result<()> {
    let cohort = see(app, digest).await?;
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by) = (actor.asks(app, Permission::ActOnExposure), actor.named());
    let reason = reason.as_ref().map(Reason::as_str);
    let what = json!({ "by": by, "reason": reason, "cohort": digest.to_string(), "accounts": cohort.size });
    let entry = Draft::new("staff.cohort_exported", None, what, now, &mut rng);
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                Ok(evidence::append(conn, vec![entry]).await?)
            })
        })
        .await
}

/// A page of a cohort's accounts, those with numbers from `from` on, and where the next page begins.
///
/// # Errors
/// 404; 503.
pub async fn page(app: &App, digest: &CohortDigest, from: u32, most: usize) -> Result<(Vec<Named>, Option<u32>)> {
    let conn = &mut app.store.read().await?;
    cohorts::by_digest(conn, digest).await?.ok_or_else(no_cohort)?;
    let set = cohorts::set(conn, digest).await?;
    let mut numbers: Vec<u32> = set.within(from, u32::MAX).take(most + 1).collect();
    let next = (numbers.len() > most).then(|| numbers.pop()).flatten();
    Ok((directory::named(conn, &numbers).await?, next))
}

/// A query that is being worked out.
struct Work<'a> {
    app: &'a App,
    conn: Conn,
    /// One more than the greatest number.
    end: u32,
    names: Vec<(String, u64)>,
}

impl<'a> Work<'a> {
    async fn new(app: &'a App) -> Result<Self> {
        let mut conn = app.store.read().await?;
        let end = directory::end(&mut conn).await?;
        Ok(Self { app, conn, end, names: vec![] })
    }

    /// Boxed, since a query holds queries.
    fn set<'b>(&'b mut self, query: &'b Query) -> Pin<Box<dyn Future<Output = Result<Accounts>> + Send + 'b>> {
        Box::pin(async move {
            Ok(match query {
                Query::And(all) => self.and(all).await?,
                Query::Or(all) => {
                    let mut set = Accounts::new();
                    for one in all {
                        set.add(&self.set(one).await?);
                    }
                    set
                }
                Query::Not(one) => Accounts::all_below(self.end).without(&self.set(one).await?),
                Query::Name(name) => {
                    let set = self.named(name).await?;
                    self.names.push((name.to_string(), set.len()));
                    set
                }
            })
        })
    }

    /// What is left out is taken from what is there, so that "not" is no walk over everybody.
    async fn and(&mut self, all: &[Query]) -> Result<Accounts> {
        let mut set: Option<Accounts> = None;
        for one in all.iter().filter(|one| !matches!(one, Query::Not(_))) {
            let next = self.set(one).await?;
            set = Some(set.map_or_else(|| next.clone(), |set| set.and(&next)));
        }
        let mut set = set.unwrap_or_else(|| Accounts::all_below(self.end));
        for one in all {
            if let Query::Not(one) = one {
                set = set.without(&self.set(one).await?);
            }
        }
        Ok(set)
    }

    async fn named(&mut self, name: &Name) -> Result<Accounts> {
        match name {
            Name::Everyone => Ok(Accounts::all_below(self.end)),
            Name::Leak(id, part) => {
                let what = leak_sets::name_of(*part);
                leak(&mut self.conn, id).await?;
                Ok(leaks::set(&mut self.conn, id, &what).await?)
            }
            Name::Cohort(digest) => {
                cohorts::by_digest(&mut self.conn, digest).await?.ok_or_else(no_cohort)?;
                Ok(cohorts::set(&mut self.conn, digest).await?)
            }
            Name::Contained(kind) => {
                super::force::follow(self.app).await?;
                let shown = self.app.exposure.force.shown().unwrap_or_default();
                let mut set = Accounts::new();
                for policy in shown.iter().filter(|policy| policy.contained.kind == *kind) {
                    set.add(&policy.held());
                }
                Ok(set)
            }
            Name::AskedSince(since, _) => Ok(sets::asked_since(&mut self.conn, *since).await?),
            Name::SecondFactor => self.ask_directory(Wanted::SecondFactor).await,
            Name::Party(party) => self.ask_directory(Wanted::Party(party)).await,
            Name::Region(region) => self.ask_directory(Wanted::Region(region)).await,
            Name::OnlyMailbox => self.ask_directory(Wanted::OnlyMailbox).await,
        }
    }

    async fn ask_directory(&mut self, wanted: Wanted<'_>) -> Result<Accounts> {
        let (mut set, mut from) = (Accounts::new(), 0);
        while from < self.end {
            let to = self.end.min(from.saturating_add(RANGE));
            set.add(&sets::within(&mut self.conn, wanted, from, to).await?);
            from = to;
        }
        Ok(set)
    }
}

async fn leak(conn: &mut Conn, id: &LeakId) -> Result<()> {
    let public = || AppError::not_found(format!("There is no leak {id}."));
    leaks::by_id(conn, id).await?.map(|_| ()).ok_or_else(public)
}

//! What a platform's sign-in path asks: may this account be signed in?

use super::force::Policy;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::exposure::directory;
use countersign_core::expose::containment::{Containment, Decision};
use countersign_core::ids::{AccountId, ContainmentId};
use countersign_core::time::Timestamp;

/// Most accounts in one question.
pub const MOST: usize = 1000;

/// Who is meant.
#[derive(Debug, Clone)]
pub enum Who {
    /// By our id.
    Id(AccountId),
    /// By the platform's own.
    External(String),
}

impl Who {
    /// Reads either: what is no id of ours is the platform's.
    pub fn read(text: &str) -> Self {
        AccountId::parse(text).map_or_else(|_| Self::External(text.to_owned()), Self::Id)
    }
}

/// A containment that holds for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub id: ContainmentId,
    /// What it asks.
    pub kind: Containment,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it ends by itself.
    pub until: Option<Timestamp>,
}

/// The answer about one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What to do.
    pub decision: Decision,
    /// Why, the strictest first.
    pub reasons: Vec<Reason>,
    /// Whether a mailbox of it is in a leak.
    pub leaked_mailbox: bool,
}

/// Asks about one account.
///
/// # Errors
/// 404 for one that is not there; 503 while the containments are not known.
pub async fn one(app: &App, who: &Who) -> Result<Verdict> {
    ready(app).await?;
    let number = number(app, who).await?.ok_or_else(|| AppError::not_found("There is no such account."))?;
    verdict(app, number)
}

/// Asks about several; `None` for one that is not there.
///
/// # Errors
/// 422 for more than `MOST`; 503.
pub async fn many(app: &App, all: &[Who]) -> Result<Vec<Option<Verdict>>> {
    if all.len() > MOST {
        let public = format!("At most {MOST} accounts are asked about at once.");
        return Err(AppError::invalid("accounts", "accounts_too_many", public));
    }
    ready(app).await?;
    let mut found = Vec::with_capacity(all.len());
    for who in all {
        found.push(match number(app, who).await? {
            Some(number) => Some(verdict(app, number)?),
            None => None,
        });
    }
    Ok(found)
}

/// A server reads the containments before it listens; whoever asks without one waits for that once.
async fn ready(app: &App) -> Result<()> {
    if app.exposure.force.shown().is_none() { super::force::follow(app).await } else { Ok(()) }
}

/// From memory; from the database where the index does not know the account, which is new then or not there at all.
async fn number(app: &App, who: &Who) -> Result<Option<u32>> {
    let text = match who {
        Who::Id(id) => id.as_str(),
        Who::External(text) => text.as_str(),
    };
    let external = matches!(who, Who::External(_));
    if let Some(number) = app.exposure.directory.number_of(text, external) {
        return Ok(Some(number));
    }
    let conn = &mut app.store.read().await?;
    Ok(match who {
        Who::Id(id) => directory::number(conn, id).await?,
        Who::External(text) => directory::number_of_external(conn, text).await?,
    })
}

fn verdict(app: &App, number: u32) -> Result<Verdict> {
    let now = app.clock.now();
    let shown = app.exposure.force.shown();
    let shown = shown.ok_or_else(|| AppError::unavailable("the containments have not been read yet"))?;
    let holding = shown.iter().filter(|policy| policy.holds(number, now));
    let mut reasons: Vec<Reason> = holding.map(reason).collect();
    reasons.sort_by_key(|reason| (reason.kind, reason.since));
    let decision = Decision::of(reasons.iter().map(|reason| reason.kind));
    Ok(Verdict { decision, reasons, leaked_mailbox: app.exposure.mailboxes.is_leaked(number) })
}

fn reason(policy: &Policy) -> Reason {
    let contained = &policy.contained;
    Reason { id: contained.id.clone(), kind: contained.kind, since: contained.since, until: contained.until }
}

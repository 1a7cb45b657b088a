//! The containments in force, in memory: what a sign-in path is told costs no database.

use crate::app::App;
use crate::flows::Result;
use crate::store::exposure::cohorts;
use crate::store::exposure::containments::{self, Contained};
use countersign_core::expose::cohort::Accounts;
use countersign_core::expose::containment::Containment;
use countersign_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Rows younger than this are read again: on PostgreSQL transactions commit in another order than they take numbers.
const OVERLAP: Duration = Duration::from_secs(120);
/// Releases that are read at once.
const RELEASES: i64 = 10_000;

/// A containment and whom it holds for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What is on record.
    pub contained: Contained,
    /// The cohort.
    set: Arc<Accounts>,
    /// Whom it let go.
    released: Arc<Accounts>,
}

impl Policy {
    /// Whether it holds for an account.
    pub fn holds(&self, number: u32, now: Timestamp) -> bool {
        self.contained.until.is_none_or(|until| until > now)
            && self.set.contains(number)
            && !self.released.contains(number)
    }

    /// How many it holds for.
    pub fn holding(&self) -> u64 {
        self.set.len() - self.set.count_and(&self.released)
    }

    /// Those it holds for.
    pub fn held(&self) -> Accounts {
        self.set.without(&self.released)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Force {
    /// `None` until the database was read once.
    shown: RwLock<Option<Arc<Vec<Policy>>>>,
    following: tokio::sync::Mutex<Cursor>,
}

/// How far releases have been read.
#[derive(Debug, Default)]
struct Cursor {
    floor: i64,
    released: HashMap<String, Arc<Accounts>>,
}

impl Force {
    /// What is in force; `None` while nobody knows.
    pub fn shown(&self) -> Option<Arc<Vec<Policy>>> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a containment of a kind holds for an account. While nobody knows, none does: the caller has the database as
    /// well.
    pub fn holds(&self, kind: Containment, number: u32, now: Timestamp) -> bool {
        let shown = self.shown();
        shown.iter().flat_map(|all| all.iter()).any(|policy| policy.contained.kind == kind && policy.holds(number, now))
    }
}

/// Takes up what was committed since the last time, here or on another node.
///
/// # Errors
/// 503; what was in force stays in force then.
pub async fn follow(app: &App) -> Result<()> {
    let force = &app.exposure.force;
    let mut cursor = force.following.lock().await;
    let now = app.clock.now();
    let conn = &mut app.store.read().await?;
    read_releases(conn, &mut cursor, now).await?;
    let before = force.shown().unwrap_or_default();
    let mut after = vec![];
    for contained in containments::open(conn, now).await? {
        let known = before.iter().find(|policy| policy.contained.id == contained.id);
        let set = match known {
            Some(policy) => policy.set.clone(),
            None => Arc::new(cohorts::set(conn, &contained.cohort).await?),
        };
        let released = cursor.released.get(contained.id.as_str()).cloned().unwrap_or_default();
        after.push(Policy { contained, set, released });
    }
    *force.shown.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(after));
    Ok(())
}

async fn read_releases(conn: &mut crate::store::Conn, cursor: &mut Cursor, now: Timestamp) -> Result<()> {
    let mut after = cursor.floor;
    loop {
        let rows = containments::releases(conn, after, RELEASES).await?;
        for row in &rows {
            let set = cursor.released.entry(row.containment.clone()).or_default();
            if !set.contains(row.number) {
                Arc::make_mut(set).insert(row.number);
            }
            if now.since(row.at) > OVERLAP {
                cursor.floor = cursor.floor.max(row.seq);
            }
        }
        match rows.last() {
            Some(last) if rows.len() as i64 == RELEASES => after = last.seq,
            _ => return Ok(()),
        }
    }
}

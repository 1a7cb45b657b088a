//! Accounts with a mailbox in a leak, in memory: a leaked mailbox is a weaker way back (invariant G7).

use crate::app::App;
use crate::flows::Result;
use crate::store::exposure::leaks;
use countersign_core::expose::cohort::Accounts;
use countersign_core::ids::LeakId;
use std::sync::{Arc, PoisonError, RwLock};

/// The set that a leak keeps of accounts whose address it shows.
pub const SHOWN: &str = "shows:email";

/// All of them, over every leak that counts.
#[derive(Debug, Default)]
pub struct Mailboxes {
    shown: RwLock<Arc<Known>>,
    following: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    leaks: Vec<LeakId>,
    accounts: Accounts,
}

impl Mailboxes {
    fn known(&self) -> Arc<Known> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether one of an account's is.
    pub fn is_leaked(&self, number: u32) -> bool {
        self.known().accounts.contains(number)
    }

    /// How many accounts have one.
    pub fn count(&self) -> u64 {
        self.known().accounts.len()
    }

    /// How many of a set have one.
    pub fn count_in(&self, set: &Accounts) -> u64 {
        self.known().accounts.count_and(set)
    }
}

/// Takes up leaks that were matched or withdrawn since the last time.
///
/// # Errors
/// 503; what was known stays known then.
pub async fn follow(app: &App) -> Result<()> {
    let mailboxes = &app.exposure.mailboxes;
    let _one = mailboxes.following.lock().await;
    let conn = &mut app.store.read().await?;
    let (before, now) = (mailboxes.known(), leaks::standing_ids(conn).await?);
    if before.leaks == now {
        return Ok(());
    }
    let grown = before.leaks.iter().all(|id| now.contains(id));
    let mut accounts = if grown { before.accounts.clone() } else { Accounts::new() };
    for id in now.iter().filter(|id| !grown || !before.leaks.contains(id)) {
        accounts.add(&leaks::set(conn, id, SHOWN).await?);
    }
    let known = Arc::new(Known { leaks: now, accounts });
    *mailboxes.shown.write().unwrap_or_else(PoisonError::into_inner) = known;
    Ok(())
}

//! A leak appears: whose data is it, which fields, and what is done about it.
//!
//! Never: keeps a leaked value (X1); guesses a broken line (X2); says of an account what no set on record says.
//! In: `App`, an `Actor`, files or streams through `expose`.   Out: leaks, cohorts, containments, verdicts.
//! I/O for this room: the store; the index's file through `expose`.   Tests: tests/it/exposure/.
//!
//! What is in memory (containments in force, leaked mailboxes, the index of the directory) follows the store: at once what
//! this node commits, within a second what others do. It is derived, so it has no evidence entries of its own.

pub mod check;
pub mod cohorts;
pub mod contain;
pub mod directory;
pub mod force;
pub mod former;
pub mod freshness;
pub mod import;
pub mod leak_sets;
pub mod leaks;
pub mod mailboxes;
pub mod numbers;
pub mod person;
pub mod uploads;

use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use countersign_core::expose::containment::Containment;

/// What a process holds of it.
#[derive(Debug, Default)]
pub struct Exposure {
    /// Containments.
    pub force: force::Force,
    /// Leaked mailboxes.
    pub mailboxes: mailboxes::Mailboxes,
    /// The index.
    pub directory: directory::Directory,
    /// Leaks that are being handed over.
    pub uploads: uploads::Uploads,
    /// Wakes the follower; polling is the truth.
    pub wake: tokio::sync::Notify,
}

/// Takes up what was committed, here or elsewhere: containments first, since people wait for them.
///
/// # Errors
/// 503.
pub async fn follow(app: &App) -> Result<bool> {
    force::follow(app).await?;
    mailboxes::follow(app).await?;
    directory::follow(app).await
}

fn no_cohort() -> AppError {
    AppError::not_found("There is no such cohort.")
}

/// Whether a mailbox of an account is in a leak, or the platform flagged it.
pub(super) fn has_leaked_mailbox(app: &App, account: &crate::store::directory::Account) -> bool {
    let leaked = |number| app.exposure.mailboxes.is_leaked(number);
    account.has_flag("leaked_mailbox") || account.number.is_some_and(leaked)
}

/// Whether a containment holds the recovery of an account.
pub(super) fn holds_recovery(app: &App, account: &crate::store::directory::Account) -> bool {
    let held = |number| app.exposure.force.holds(Containment::RecoveryHeld, number, app.clock.now());
    account.number.is_some_and(held)
}

/// Whether a containment asks an account for a new password before it is signed in.
pub(super) fn must_reset(app: &App, account: &crate::store::directory::Account) -> bool {
    let asked = |number| app.exposure.force.holds(Containment::MustReset, number, app.clock.now());
    account.number.is_some_and(asked)
}

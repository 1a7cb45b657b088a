//! Durable work: decides requests, hands messages over, lets time pass. The rows are the truth, a wake-up only hastens.
//!
//! Never: keeps work in memory only; takes a second step before the first is recorded; stops because one item fails.
//! In: `App`, and whom it reaches outside.   Out: recorded outcomes.
//! I/O for this room: SMTP through notify, witnesses and time stamps through attest, the file of last_seen.   Tests: tests/it.

mod dispatch;
mod exposure;
mod housekeeping;
mod outbox;
mod sequencer;
pub mod time_stamps;
mod traffic;
pub mod witnesses;

pub use outbox::Mailer;

use crate::app::App;
use crate::attest::{Authority, Witness};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Whom the jobs reach outside this process.
#[derive(Debug, Default)]
pub struct Outside {
    /// Without a mailer messages wait in the outbox.
    pub mailer: Option<Mailer>,
    /// Who cosigns checkpoints.
    pub witnesses: Vec<Witness>,
    /// Who stamps the time on them.
    pub authority: Option<Authority>,
}

/// The running jobs; they stop when told to.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Jobs {
    /// Starts every job.
    pub fn start(app: &App, outside: Outside) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(sequencer::run(app.clone(), stopped.clone()));
        tasks.spawn(dispatch::run(app.clone(), stopped.clone()));
        tasks.spawn(housekeeping::run(app.clone(), stopped.clone()));
        tasks.spawn(traffic::run(app.clone(), stopped.clone()));
        tasks.spawn(exposure::run(app.clone(), stopped.clone()));
        if !app.log.policy().witnesses().is_empty() {
            tasks.spawn(witnesses::run(app.clone(), outside.witnesses, stopped.clone()));
        }
        if let Some(authority) = outside.authority {
            tasks.spawn(time_stamps::run(app.clone(), authority, stopped.clone()));
        }
        if let Some(mailer) = outside.mailer {
            tasks.spawn(outbox::run(app.clone(), mailer, stopped));
        }
        Self { stop, tasks }
    }

    /// Lets every job finish what it is doing, then returns.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Waits for a wake-up, the end of `pause` or the order to stop; `false` for the last.
async fn wait(wake: &tokio::sync::Notify, pause: std::time::Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    if *stopped.borrow() {
        return false;
    }
    tokio::select! {
        () = wake.notified() => true,
        () = tokio::time::sleep(pause) => true,
        changed = stopped.changed() => changed.is_ok() && !*stopped.borrow(),
    }
}

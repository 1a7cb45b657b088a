//! Durable work: decides requests, hands messages over, lets time pass. The rows are the truth, a wake-up only hastens.
//!
//! Never: keeps work in memory only; takes a second step before the first is recorded; stops because one item fails.
//! In: `App`, a relay for mail.   Out: recorded outcomes.
//! I/O for this room: SMTP through notify.   Tests: tests/it.

mod dispatch;
mod housekeeping;
mod outbox;
mod sequencer;

pub use outbox::Mailer;

use crate::app::App;
use std::path::PathBuf;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The running jobs; they stop when told to.
#[derive(Debug)]
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Jobs {
    /// Starts every job. Without a mailer messages wait in the outbox. `last_seen` is where the newest checkpoint is kept
    /// beside the database.
    pub fn start(app: &App, mailer: Option<Mailer>, last_seen: Option<PathBuf>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(sequencer::run(app.clone(), last_seen, stopped.clone()));
        tasks.spawn(dispatch::run(app.clone(), stopped.clone()));
        tasks.spawn(housekeeping::run(app.clone(), stopped.clone()));
        if let Some(mailer) = mailer {
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

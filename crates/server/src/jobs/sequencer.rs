//! Grows and signs the evidence log, a step at a time.

use crate::app::App;
use crate::flows::log::{Doubt, integrate::integrate, read};
use crate::last_seen;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often the newest checkpoint is written beside the database.
const KEEP_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let (never, pause) = (Notify::new(), app.config.evidence.checkpoint_every.duration());
    let mut kept = Kept { path: app.log.kept_at().map(Path::to_path_buf), size: None, at: app.clock.now() };
    loop {
        while step(&app).await {}
        if app.log.doubt().is_none() {
            kept.write(&app, false).await;
        }
        if !super::wait(&never, pause, &mut stopped).await {
            break;
        }
    }
    // What came in while the others stopped.
    while step(&app).await {}
    if app.log.doubt().is_none() {
        kept.write(&app, true).await;
    }
}

/// One step; whether there is more to do at once.
async fn step(app: &App) -> bool {
    if app.log.doubt().is_some() {
        return false;
    }
    match integrate(app).await {
        Ok(done) => {
            app.metrics.log_size(done.size);
            done.more
        }
        Err(doubt) => {
            complain(&doubt);
            false
        }
    }
}

fn complain(doubt: &Doubt) {
    let what = match doubt {
        Doubt::Store(_) => "the evidence log could not be grown",
        _ => "in doubt about the evidence log: nothing is signed any more",
    };
    tracing::error!(error = %doubt, "{what}");
}

/// The checkpoint beside the database.
struct Kept {
    path: Option<PathBuf>,
    size: Option<u64>,
    at: countersign_core::time::Timestamp,
}

impl Kept {
    async fn write(&mut self, app: &App, now_or_never: bool) {
        let Some(path) = &self.path else { return };
        let due = self.size.is_none() || now_or_never || app.clock.now().since(self.at) >= KEEP_EVERY;
        let Some(published) = (if due { read::newest(app).await.ok() } else { None }) else { return };
        if self.size == Some(published.head.size) {
            return;
        }
        match last_seen::write(path, &published.note.to_string()) {
            Ok(()) => (self.size, self.at) = (Some(published.head.size), app.clock.now()),
            Err(error) => tracing::error!(%error, "the newest checkpoint could not be written beside the database"),
        }
    }
}

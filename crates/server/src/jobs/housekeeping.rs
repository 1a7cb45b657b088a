//! Lets time take effect.

use crate::app::App;
use crate::flows::{housekeeping, outbox, seal};
use std::time::Duration;
use tokio::sync::{Notify, watch};

const PAUSE: Duration = Duration::from_secs(5);
/// Rounds between two clean-ups: about an hour.
const CLEAN_EVERY: u32 = 720;

pub(super) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let never = Notify::new();
    let mut round = 0_u32;
    report("codes", fill_all(&app).await);
    while super::wait(&never, PAUSE, &mut stopped).await {
        round = round.wrapping_add(1);
        report("expire", expire_all(&app).await);
        report("changes", housekeeping::apply_changes(&app).await.map(|_| ()));
        report("sweep", outbox::sweep(&app).await.map(|_| ()));
        if round.is_multiple_of(CLEAN_EVERY) {
            report("forget", housekeeping::forget(&app).await.map(|_| ()));
        }
    }
}

/// A flood expires as it came, all at once: a transaction at a time, others in between.
async fn expire_all(app: &App) -> crate::flows::Result<()> {
    while housekeeping::expire_requests(app).await? == housekeeping::EXPIRE {}
    Ok(())
}

/// Once, after an upgrade.
async fn fill_all(app: &App) -> crate::flows::Result<()> {
    while seal::fill_digests(app).await? == seal::FILL {}
    Ok(())
}

fn report(step: &'static str, result: crate::flows::Result<()>) {
    if let Err(error) = result {
        tracing::error!(step, code = error.code, internal = error.internal, "housekeeping failed");
    }
}

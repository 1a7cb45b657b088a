//! Decides waiting requests, a batch at a time.

use crate::app::App;
use crate::flows::dispatch::decide_batch;
use std::time::Duration;
use tokio::sync::watch;

/// How often to look without a wake-up: held requests are released, other nodes' requests are found.
const PAUSE: Duration = Duration::from_millis(500);
/// After a wake-up requests are collected this long. It also takes the decisions out of step with the answers, so that
/// their cost does not follow on the heels of each request (G1).
const GATHER: Duration = Duration::from_millis(50);

pub(super) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    loop {
        let more = match decide_batch(&app).await {
            Ok(done) => done.looked_at > 0 && done.progressed(),
            Err(error) => {
                tracing::error!(code = error.code, internal = error.internal, "requests could not be decided");
                false
            }
        };
        if more {
            if *stopped.borrow() {
                return;
            }
            continue;
        }
        if !super::wait(&app.requests_wake, PAUSE, &mut stopped).await {
            return;
        }
        tokio::time::sleep(GATHER).await;
    }
}

//! Counts the minutes that are over.

use crate::app::App;
use crate::flows::traffic;
use std::time::Duration;
use tokio::sync::{Notify, watch};

const PAUSE: Duration = Duration::from_secs(5);
/// Rounds between two times of forgetting: about an hour.
const FORGET_EVERY: u32 = 720;

pub(super) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let never = Notify::new();
    let mut round = 0_u32;
    loop {
        report("count", settle_all(&app, &stopped).await);
        if round.is_multiple_of(FORGET_EVERY) {
            report("forget", traffic::forget(&app).await.map(|_| ()));
        }
        round = round.wrapping_add(1);
        if !super::wait(&never, PAUSE, &mut stopped).await {
            return;
        }
    }
}

fn report(step: &'static str, result: crate::flows::Result<()>) {
    if let Err(error) = result {
        tracing::error!(step, code = error.code, internal = error.internal, "numbers of traffic are behind");
    }
}

/// An hour's minutes at a time, so that nobody waits long for a stop.
async fn settle_all(app: &App, stopped: &watch::Receiver<bool>) -> crate::flows::Result<()> {
    while !*stopped.borrow() && traffic::settle(app).await? {}
    Ok(())
}

//! Follows containments, leaks and the directory; builds the directory's index where a new one is due.

use crate::app::App;
use crate::flows::exposure::{self, directory};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Whatever another node commits is in force here within a second (and in index within one).
const PAUSE: Duration = Duration::from_millis(250);
/// After a build that failed.
const AGAIN: Duration = Duration::from_secs(60);

/// Follows; says when an index is due.
pub(super) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let due = std::sync::Arc::new(Notify::new());
    let builder = tokio::spawn(build(app.clone(), due.clone(), stopped.clone()));
    let mut away = false;
    loop {
        match exposure::follow(&app).await {
            Ok(is_due) => {
                away = false;
                if is_due {
                    due.notify_one();
                }
            }
            // Once for each time that the database is away: it is asked four times a second.
            Err(error) if !away => {
                away = true;
                tracing::error!(code = error.code, internal = error.internal, "exposure follows the database no more");
            }
            Err(_) => {}
        }
        if !super::wait(&app.exposure.wake, PAUSE, &mut stopped).await {
            break;
        }
    }
    let _ = builder.await;
}

/// Builds beside the follower, which goes on meanwhile.
async fn build(app: App, due: std::sync::Arc<Notify>, mut stopped: watch::Receiver<bool>) {
    let never = Notify::new();
    loop {
        tokio::select! {
            () = due.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let built = tokio::select! {
            built = directory::rebuild(&app) => built,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        if !report(&built) && !super::wait(&never, AGAIN, &mut stopped).await {
            return;
        }
    }
}

/// Whether it was built.
fn report(built: &crate::flows::Result<()>) -> bool {
    if let Err(error) = built {
        tracing::error!(code = error.code, internal = error.internal, "the index of the directory was not built");
    }
    built.is_ok()
}

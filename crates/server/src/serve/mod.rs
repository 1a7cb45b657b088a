//! Builds the app from the configuration and serves it until it is told to stop.
//!
//! Never: starts with a key, a database or a listener in doubt; drops a request or a hand-over that it has begun.
//! In: the configuration and the data directory.   Out: a running server.
//! I/O for this room: sockets, signals, the key file.   Tests: tests/it/crash.rs, tests/it/serve.rs.

mod mailer;

pub use mailer::{BadMail, mailer};

use crate::app::App;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::jobs::{Jobs, Mailer};
use crate::keyring::{self, KeyError};
use crate::store::{Place, Store, StoreError, evidence};
use crate::{api, pages};
use axum::Router;
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// A clock this far behind the last entry is worth a line in the log.
const CLOCK_WARNING: std::time::Duration = std::time::Duration::from_secs(5);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The master key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mail settings.
    #[error(transparent)]
    Mail(#[from] BadMail),
    /// The socket.
    #[error("{0}: {1}; is another program listening there?")]
    Listen(SocketAddr, std::io::Error),
}

/// Opens the key and the database. The key is made at the first start, and only then.
///
/// # Errors
/// `Key` or `Store`; each says what to do.
pub async fn open(config: Config, place: &Place, data: &Path) -> Result<App, StartError> {
    let mut rng = clock::generator();
    let store = Store::open(place, config.store.connections).await?;
    // Evidence is the first thing that any use of a database leaves in it.
    let latest = evidence::latest(&mut store.read().await?).await?;
    let keys = keyring::load_or_create(&data.join(keyring::FILE_NAME), latest.is_some(), &mut rng)?;
    // What had expired stays expired, although the clock was set back meanwhile.
    let clock = latest.map_or_else(Clock::system, Clock::system_after);
    if clock.behind() > CLOCK_WARNING {
        tracing::warn!(behind_secs = clock.behind().as_secs(), "the clock is behind the database: time stands still");
    }
    Ok(App::new(config, store, keys, clock, rng))
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The app behind it.
    pub app: App,
    jobs: Jobs,
    stop: tokio::sync::watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

/// Every door of the server.
pub fn router(app: &App) -> Router {
    api::router(app.clone()).merge(pages::router(app).with_state(app.clone()))
}

/// Starts jobs and listener; `address` with port 0 takes a free one.
///
/// # Errors
/// `Listen` when the address cannot be had.
pub async fn start(app: App, mailer: Option<Mailer>, address: SocketAddr) -> Result<Running, StartError> {
    let listener = TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(address, error))?;
    start_on(app, mailer, listener, address).await
}

/// Starts jobs, and serves on a listener that is bound already.
///
/// # Errors
/// None today; the gate's first look at the database may be logged as failed.
pub async fn start_on(
    app: App,
    mailer: Option<Mailer>,
    listener: TcpListener,
    address: SocketAddr,
) -> Result<Running, StartError> {
    let jobs = Jobs::start(&app, mailer);
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let service = router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener.tap_io(send_at_once), service).with_graceful_shutdown(async move {
        // An error means that nobody can ask any more; then it is time as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let serving = tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the listener failed");
        }
    });
    Ok(Running { address, app, jobs, stop, serving })
}

impl Running {
    /// Stops taking connections, finishes what is under way, stops the jobs.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.serving.await;
        self.jobs.stop().await;
    }
}

/// Small answers leave at once (Nagle's algorithm off).
fn send_at_once(stream: &mut tokio::net::TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
}

/// Waits for SIGINT or SIGTERM.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = interrupt => (),
                _ = terminate.recv() => (),
            }
            return;
        }
    }
    let _ = interrupt.await;
}

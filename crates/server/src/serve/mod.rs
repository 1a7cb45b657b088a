//! Builds the app from the configuration and serves it until it is told to stop.
//!
//! Never: starts with a key, a database or a listener in doubt; drops a request or a hand-over that it has begun.
//! In: the configuration and the data directory.   Out: a running server.
//! I/O for this room: sockets, signals, the key file.   Tests: tests/it/crash.rs, tests/it/serve.rs.

mod mailer;

pub use mailer::{BadMail, mailer};

use crate::app::App;
use crate::attest::time_stamp::BadAuthority;
use crate::attest::{Authority, BadCa, BadWitness, Http, Witness};
use crate::breached::OpenError;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::error::AppError;
use crate::flows::exposure;
use crate::flows::log::{Doubt, Log, start as log_start};
use crate::jobs::{Jobs, Outside, witnesses};
use crate::keyring::{self, KeyError};
use crate::last_seen;
use crate::signing::{self, SigningError};
use crate::store::{Place, Store, StoreError, evidence};
use crate::{api, console, pages};
use axum::Router;
use axum::serve::ListenerExt;
use countersign_evidence::note::{SigningKey, VerifierKey};
use countersign_evidence::policy::Policy;
use rand::Rng;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

/// A clock this far behind the last entry is worth a line in the log.
const CLOCK_WARNING: std::time::Duration = std::time::Duration::from_secs(5);

/// How long a stop waits for answers that are under way; systemd kills after 90 seconds, and then nothing is in order.
const GRACE: std::time::Duration = std::time::Duration::from_secs(80);

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
    /// The evidence log.
    #[error(transparent)]
    Log(#[from] Doubt),
    /// The key that signs it.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A witness of the policy.
    #[error("evidence.policy_file: {0}")]
    Witness(#[from] BadWitness),
    /// The time stamp authority.
    #[error("evidence.time_stamp_url: {0}")]
    Authority(#[from] BadAuthority),
    /// Certificates of witnesses and the authority.
    #[error("evidence.ca_file: {0}")]
    Ca(#[from] BadCa),
    /// The same, unreadable.
    #[error("evidence.ca_file: {0}: {1}")]
    CaFile(PathBuf, std::io::Error),
    /// The file that names the witnesses.
    #[error("evidence.policy_file: {0}: {1}")]
    Policy(PathBuf, String),
    /// A file of leaked passwords.
    #[error("password.breached_file: {0}: {1}")]
    Breached(PathBuf, OpenError),
    /// The range API without a file for it.
    #[error(
        "password.range_api: no file was built with `passwords build --range`, so there are no whole hashes to serve"
    )]
    NoRanges,
    /// Containments that are in force.
    #[error("the containments in force could not be read: {0}")]
    Contained(String),
    /// The socket.
    #[error("{0}: {1}; is another program listening there?")]
    Listen(SocketAddr, std::io::Error),
}

/// Opens the keys and the database, and looks whether the evidence log is as it was left. Keys are made at the first
/// start, and only then.
///
/// # Errors
/// `StartError`; each says what to do.
pub async fn open(config: Config, place: &Place, data: &Path) -> Result<App, StartError> {
    let app = assemble(config, place, data).await?;
    let path = data.join(last_seen::FILE_NAME);
    let unreadable = |e: std::io::Error| Doubt::LastSeen { path: path.display().to_string(), what: e.to_string() };
    let last_seen = last_seen::read(&path).map_err(unreadable)?;
    log_start::start(&app, last_seen.as_deref()).await?;
    Ok(app)
}

/// Opens the keys and the database without a look at the log: for commands that look for what is wrong with it.
///
/// # Errors
/// `StartError`, but for `Log`.
pub async fn assemble(config: Config, place: &Place, data: &Path) -> Result<App, StartError> {
    let mut rng = clock::generator();
    let store = Store::open(place, config.store.connections).await?;
    let mut conn = store.read().await?;
    // Evidence is the first thing that any use of a database leaves in it.
    let latest = evidence::latest(&mut conn).await?;
    let begun = log_start::last_key(&mut conn).await?;
    drop(conn);
    let keys = keyring::load_or_create(&data.join(keyring::FILE_NAME), latest.is_some(), &mut rng)?;
    let kept_at = data.join(last_seen::FILE_NAME);
    let log = Log::new(signing_key(&config, data, begun.as_ref(), &mut rng)?, policy(&config)?, Some(kept_at));
    let log = log.with_key_file(signing_key_path(&config, data));
    // What had expired stays expired, although the clock was set back meanwhile.
    let clock = latest.map_or_else(Clock::system, Clock::system_after);
    if clock.behind() > CLOCK_WARNING {
        tracing::warn!(behind_secs = clock.behind().as_secs(), "the clock is behind the database: time stands still");
    }
    let app = App::new(config, store, keys, log, clock, rng);
    app.exposure.directory.keep_at(data);
    Ok(app)
}

/// Where the key of the log is.
pub fn signing_key_path(config: &Config, data: &Path) -> PathBuf {
    config.evidence.key_file.clone().unwrap_or_else(|| data.join(signing::FILE_NAME))
}

/// The name of a log that is begun now.
pub fn log_name(config: &Config) -> String {
    config.evidence.origin.clone().unwrap_or_else(|| {
        let origin = config.server.origin.to_string();
        format!("{}/evidence", origin.split_once("://").map_or(origin.as_str(), |(_, rest)| rest))
    })
}

/// The key that signs the log: the last one of a log that was begun, under whose name it goes on; or a new one. Where the
/// files hold another key, that one comes back, and the start says so.
fn signing_key(
    config: &Config,
    data: &Path,
    begun: Option<&VerifierKey>,
    rng: &mut impl Rng,
) -> Result<SigningKey, SigningError> {
    let (named, path) = (log_name(config), signing_key_path(config, data));
    let Some(last) = begun else { return signing::load_or_create(&path, &named, false, rng) };
    if last.name() != named {
        tracing::info!(log = last.name(), configured = named, "the evidence log keeps the name that it was begun with");
    }
    match signing::settle(&path, last)? {
        Some(key) => Ok(key),
        None => signing::load(&path, last.name()),
    }
}

/// The witnesses, as the file that the configuration names has them.
///
/// # Errors
/// `Policy`.
pub fn policy(config: &Config) -> Result<Policy, StartError> {
    let Some(path) = &config.evidence.policy_file else { return Ok(Policy::none()) };
    let bad = |what: String| StartError::Policy(path.clone(), what);
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    Policy::parse(&text).map_err(|error| bad(error.to_string()))
}

/// Whom the jobs reach, as the settings say: the mail server, witnesses, a time stamp authority.
///
/// # Errors
/// `Mail`, `Witness`, `Authority`, `Ca`.
pub fn outside(app: &App) -> Result<Outside, StartError> {
    let evidence = &app.config.evidence;
    let ca = match &evidence.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|error| StartError::CaFile(path.clone(), error))?),
        None => None,
    };
    let http = Http::new(ca.as_deref(), evidence.witness_timeout.duration())?;
    let authority = evidence.time_stamp_url.as_ref().map(|url| Authority::new(url, &http)).transpose()?;
    Ok(Outside { mailer: mailer(app)?, witnesses: Witness::of_policy(app.log.policy(), &http)?, authority })
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
    let doors = api::router(app.clone()).merge(pages::router(app).with_state(app.clone()));
    if app.config.console.enabled { doors.merge(console::router(app).with_state(app.clone())) } else { doors }
}

/// Starts jobs and listener; `address` with port 0 takes a free one.
///
/// # Errors
/// `Listen` when the address cannot be had.
pub async fn start(app: App, outside: Outside, address: SocketAddr) -> Result<Running, StartError> {
    let listener = TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(address, error))?;
    start_on(app, outside, listener, address).await
}

/// Starts jobs, and serves on a listener that is bound already.
///
/// # Errors
/// `Log` when a witness has seen more of the log than there is.
pub async fn start_on(
    app: App,
    outside: Outside,
    listener: TcpListener,
    address: SocketAddr,
) -> Result<Running, StartError> {
    open_breached(&app)?;
    witnesses::look_back(&app, &outside.witnesses).await?;
    forget_exports(&app);
    // Whoever asks the first question gets the answer that was true before the restart.
    stand_again(&app).await.map_err(|error| StartError::Contained(error.internal.unwrap_or(error.public)))?;
    let jobs = Jobs::start(&app, outside);
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

/// What is kept of exposure in memory. An index of the directory that is not there yet is built later, by the job.
async fn stand_again(app: &App) -> Result<(), AppError> {
    exposure::force::follow(app).await?;
    exposure::mailboxes::follow(app).await?;
    exposure::directory::open(app).await
}

/// Opens the files of leaked passwords, and checks them from end to end.
///
/// # Errors
/// `Breached`, `NoRanges`.
pub fn open_breached(app: &App) -> Result<(), StartError> {
    let settings = &app.config.password;
    for path in settings.breached_files() {
        app.breached.open(path).map_err(|error| StartError::Breached(path.clone(), error))?;
    }
    if settings.range_api && !app.breached.has_ranges() { Err(StartError::NoRanges) } else { Ok(()) }
}

/// Removes what exports left behind that were under way when the last server ended: it holds what entries say.
fn forget_exports(app: &App) {
    let Some(scratch) = app.log.scratch() else { return };
    match std::fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, "{}: exports that were cut off could not be removed", scratch.display());
        }
        _ => {}
    }
}

/// Asks the witnesses what they have seen of the log: what a start does, for commands.
///
/// # Errors
/// `Log` with the doubt; whatever keeps the witnesses from being asked.
pub async fn look_back(app: &App) -> Result<(), StartError> {
    let outside = outside(app)?;
    Ok(witnesses::look_back(app, &outside.witnesses).await?)
}

impl Running {
    /// Stops taking connections, finishes what is under way, stops the jobs.
    pub async fn stop(self) {
        self.app.stopping.send_replace(true);
        let _ = self.stop.send(true);
        // Whoever reads nothing more does not keep us from stopping.
        if tokio::time::timeout(GRACE, self.serving).await.is_err() {
            tracing::warn!("connections were still open when the server stopped");
        }
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

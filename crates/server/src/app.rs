//! What every flow needs, built once by the command that serves and passed on; there are no globals.
//!
//! Never: decides, sends or stores anything itself.
//! In: the configuration, the store, the keys, the clock.   Out: `App`, cheap to clone.
//! I/O for this room: none.   Tests: through the flows.

use crate::breached;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::log::Log;
use crate::keyring::Keyring;
use crate::metrics::Metrics;
use crate::store::Store;
use countersign_core::gate::limiter::Limiter;
use countersign_core::gate::pressure::Arrivals;
use countersign_core::gate::{Mode, budget::Budgets};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, watch};

/// Everything that flows share.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an `App`.
pub struct Parts {
    /// The settings in force.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The keys.
    pub keys: Keyring,
    /// The evidence log's key and what else this process holds of it.
    pub log: Log,
    /// The time.
    pub clock: Clock,
    /// Limits per source.
    pub limiter: Limiter,
    /// Counters for `/metrics` and for the drill.
    pub metrics: Metrics,
    /// How the gate is disposed, as last seen.
    pub gate: Mutex<GateView>,
    /// Permits to hash a password.
    pub hashing: Arc<Semaphore>,
    /// Wakes the dispatcher; polling is the truth.
    pub requests_wake: Notify,
    /// Wakes the outbox; polling is the truth.
    pub outbox_wake: Notify,
    /// This process, among several on one database.
    pub node: String,
    /// Where requests are handed to the group commit.
    pub intake: crate::flows::intake::Intake,
    /// Files of leaked passwords; none until the one who serves opens them.
    pub breached: breached::Source,
    /// Who else vouches for staff, if anybody.
    pub oidc: Option<crate::oidc::Provider>,
    /// API keys that were looked up lately.
    pub api_keys: crate::flows::api_keys::Cache,
    /// Recovery traffic as it was last looked at, and who watches it.
    pub traffic: crate::flows::traffic::Traffic,
    /// Leaks, cohorts, containments, as far as they are kept in memory.
    pub exposure: crate::flows::exposure::Exposure,
    /// Whether the server is stopping: whatever would go on for long ends then.
    pub stopping: watch::Sender<bool>,
    rng: Mutex<StdRng>,
}

/// The gate as the doors see it between two looks at the database.
#[derive(Clone, Copy, Debug)]
pub struct GateView {
    /// What is asked of everybody.
    pub mode: Mode,
    /// The budgets as last stored.
    pub budgets: Budgets,
    /// Requests lately.
    pub arrivals: Arrivals,
}

impl App {
    /// Puts the parts together. `rng` is the root of all randomness of this process.
    pub fn new(config: Config, store: Store, keys: Keyring, log: Log, clock: Clock, mut rng: StdRng) -> Self {
        let policy = &config.gate.policy;
        let now = clock.now();
        let budgets = Budgets::full(&policy.budget, now);
        let limiter = Limiter::new(policy.source.clone(), [rng.next_u64(), rng.next_u64()]);
        let gate = GateView { mode: Mode::Open, budgets, arrivals: Arrivals::default() };
        Self(Arc::new(Parts {
            limiter,
            metrics: Metrics::default(),
            gate: Mutex::new(gate),
            hashing: Arc::new(Semaphore::new(config.password.argon2.at_once)),
            requests_wake: Notify::new(),
            outbox_wake: Notify::new(),
            node: format!("{:016x}", rng.next_u64()),
            intake: crate::flows::intake::Intake::start(store.clone()),
            breached: breached::Source::default(),
            oidc: config.console.oidc.as_ref().map(|oidc| crate::oidc::Provider::new(oidc, &config.server.origin)),
            api_keys: crate::flows::api_keys::Cache::default(),
            traffic: crate::flows::traffic::Traffic::default(),
            exposure: crate::flows::exposure::Exposure::default(),
            stopping: watch::Sender::new(false),
            rng: Mutex::new(rng),
            config,
            store,
            keys,
            log,
            clock,
        }))
    }

    /// A generator of its own for one flow, seeded from the process's root.
    pub fn rng(&self) -> StdRng {
        StdRng::from_rng(&mut *locked(&self.rng))
    }

    /// The gate's view, locked; never hold it over an await.
    pub fn gate(&self) -> MutexGuard<'_, GateView> {
        locked(&self.gate)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({:?})", self.store)
    }
}

//! The evidence log: begun, grown, signed, published, proven.
//!
//! Never: signs two checkpoints of which one is not the beginning of the other; goes on in doubt; names what an entry says.
//! In: committed entries.   Out: checkpoints, tiles, proofs.
//! I/O for this room: the store.   Tests: tests/it/log/.

mod doubt;
pub mod integrate;
pub mod publish;
pub mod read;
pub mod stamp;
pub mod start;

pub use doubt::Doubt;

use countersign_evidence::note::SigningKey;
use countersign_evidence::policy::Policy;
use countersign_evidence::tile::Edge;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What this process holds of the log: its key and, as a cache, the tree's right edge.
#[derive(Debug)]
pub struct Log {
    key: Mutex<Arc<SigningKey>>,
    /// The edge that belongs to the head in the database as this process last saw it. Locked while entries are
    /// integrated, so that only one task of a process does it.
    edge: tokio::sync::Mutex<Option<Edge>>,
    doubt: Mutex<Option<String>>,
    policy: Policy,
    kept_at: Option<PathBuf>,
}

impl Log {
    /// A log that is signed by `key`, which is named after it, and witnessed as `policy` says. The newest checkpoint is
    /// kept at `kept_at`, beside the database.
    pub fn new(key: SigningKey, policy: Policy, kept_at: Option<PathBuf>) -> Self {
        let (edge, doubt) = (tokio::sync::Mutex::new(None), Mutex::new(None));
        Self { key: Mutex::new(Arc::new(key)), edge, doubt, policy, kept_at }
    }

    /// Where the newest checkpoint is kept beside the database.
    pub fn kept_at(&self) -> Option<&Path> {
        self.kept_at.as_deref()
    }

    /// Which witnesses cosign, and how many of them must.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The log's name.
    pub fn origin(&self) -> String {
        self.key().verifier().name().to_owned()
    }

    /// The key that signs.
    pub fn key(&self) -> Arc<SigningKey> {
        locked(&self.key).clone()
    }

    /// Signs with another key from now on; the caller has recorded the rotation.
    pub fn replace_key(&self, key: SigningKey) {
        *locked(&self.key) = Arc::new(key);
    }

    /// Why nothing is signed any more, if so.
    pub fn doubt(&self) -> Option<String> {
        locked(&self.doubt).clone()
    }

    /// Stops signing for good: nothing but a new start, which looks at everything, takes it back.
    pub fn stop(&self, doubt: &Doubt) {
        locked(&self.doubt).get_or_insert_with(|| doubt.to_string());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

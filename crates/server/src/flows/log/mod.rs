//! The evidence log: begun, grown, signed, published, proven.
//!
//! Never: signs two checkpoints of which one is not the beginning of the other; goes on in doubt; names what an entry says.
//! In: committed entries.   Out: checkpoints, tiles, proofs.
//! I/O for this room: the store.   Tests: tests/it/log/.

pub mod audit;
pub mod browse;
mod doubt;
pub mod entries;
pub mod erase;
pub mod export;
pub mod integrate;
pub mod own;
pub mod publish;
pub mod read;
pub mod renew;
pub mod rotate;
mod spans;
pub mod stamp;
pub mod start;

pub use doubt::Doubt;
pub use spans::Spans;

use crate::signing;
use countersign_evidence::note::{SigningKey, VerifierKey};
use countersign_evidence::policy::Policy;
use countersign_evidence::tile::Edge;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Exports and audits over the network at the same time: each takes a core for a while, and an export takes disk.
const AT_ONCE: usize = 4;

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
    key_file: Option<PathBuf>,
    /// For work that takes a while, at a door where many may ask.
    permits: Arc<Semaphore>,
}

impl Log {
    /// A log that is signed by `key`, which is named after it, and witnessed as `policy` says. The newest checkpoint is
    /// kept at `kept_at`, beside the database.
    pub fn new(key: SigningKey, policy: Policy, kept_at: Option<PathBuf>) -> Self {
        let (edge, doubt) = (tokio::sync::Mutex::new(None), Mutex::new(None));
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { key: Mutex::new(Arc::new(key)), edge, doubt, policy, kept_at, key_file: None, permits }
    }

    /// The same, with the file that the key came from: there the next one is found when the key is rotated.
    #[must_use]
    pub fn with_key_file(self, path: PathBuf) -> Self {
        Self { key_file: Some(path), ..self }
    }

    /// The file that the key came from.
    pub fn key_file(&self) -> Option<&Path> {
        self.key_file.as_deref()
    }

    /// Signs with `wanted` from now on, if the key file, or the one of the next key beside it, holds it.
    ///
    /// # Errors
    /// `Doubt::Key`.
    pub(super) fn follow(&self, wanted: &VerifierKey) -> std::result::Result<(), Doubt> {
        let found = match &self.key_file {
            Some(path) => signing::settle(path, wanted).unwrap_or_else(|error| {
                tracing::error!(%error, "the key file could not be read again");
                None
            }),
            None => None,
        };
        match found {
            Some(key) => {
                self.replace_key(key);
                Ok(())
            }
            None => Err(self.another_key(wanted)),
        }
    }

    /// That the log's key is another one than ours, and where it is.
    pub(super) fn another_key(&self, wanted: &VerifierKey) -> Doubt {
        let held = self.key_file.as_deref().and_then(|path| signing::holder(path, wanted));
        let hint = match held {
            Some(path) => format!("{} holds the right one", path.display()),
            None => "put the right key back".to_owned(),
        };
        Doubt::Key { expected: wanted.to_string(), found: self.key().verifier().to_string(), hint }
    }

    /// Where the newest checkpoint is kept beside the database.
    pub fn kept_at(&self) -> Option<&Path> {
        self.kept_at.as_deref()
    }

    /// Where bundles are made that are sent over the network; what is left there after a crash is nobody's.
    pub fn scratch(&self) -> Option<PathBuf> {
        self.kept_at.as_deref()?.parent().map(|data| data.join("exports"))
    }

    /// A permit for one more export or audit that somebody asks for over the network; `None` while too many are under way.
    pub fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.permits.clone().try_acquire_owned().ok()
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
    pub fn replace_key(&self, key: impl Into<Arc<SigningKey>>) {
        *locked(&self.key) = key.into();
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

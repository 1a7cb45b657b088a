//! A witness of logs (C2SP tlog-witness v1.0.0): cosigns a checkpoint when it continues the last one that it cosigned.
//!
//! Never: hands out a cosignature before the checkpoint is on the disk; cosigns two checkpoints of a log that contradict
//! each other, or a smaller one after a larger; starts beside another process on the same directory, or with a record,
//! a key or a clock in doubt.
//! In: submissions of logs whose keys were named.   Out: cosignatures, or why not.
//! I/O for this room: its directory (`durable`, `key`, `record`), HTTP (`serve`).   Tests: beside the code,
//! tests/it/attest/.
//!
//! `directory/key` is the key, `directory/lock` keeps a second process out, `directory/logs/<SHA-256 of the origin>/` holds
//! what was cosigned last: a signed note, written to a file of another name, synced, renamed, and the directory synced.
//! One lock for each log spans the check, the signature and the write, so of two submissions the second is checked
//! against what the first one left. That work runs to its end although the client has gone.

mod durable;
mod guard;
mod judge;
pub mod key;
mod record;
mod serve;
mod submission;

pub use judge::Refusal;
pub use record::BadRecord;
pub use serve::serve;

use crate::clock::Clock;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::note::{Algorithm, Note, Signature, SigningKey, VerifierKey};
use key::KeyError;
use rand::Rng;
use record::Record;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use submission::Submission;

/// Most keys of logs; a witness for more would want an index, and its log lines read.
pub const MOST_KEYS: usize = 256;
/// A clock this far behind the last cosignature is wrong, or was: no cosignature would say the truth about time.
const MOST_BEHIND_SECS: u64 = 60;

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or a directory.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// Another process has the directory.
    #[error("{0}: another witness runs on this directory; two could cosign what contradicts each other")]
    Locked(PathBuf),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is there and the records are not.
    #[error(
        "{0} is missing, but the witness has a key: what it cosigned is forgotten, and a witness that forgets proves \
         nothing. Make a new witness in another directory and retire this one; see docs/witness.md"
    )]
    RecordsLost(PathBuf),
    /// The records are there and the key is not.
    #[error("{0} holds records, but the key beside it is missing; restore the key, or make a new witness elsewhere")]
    KeyLost(PathBuf),
    /// A record.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// The socket.
    #[error("{0}: {1}; is another program listening there?")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// The clock.
    #[error("the clock is {0} s behind the last cosignature; set it right, then start again")]
    ClockBehind(u64),
    /// No log, or too many.
    #[error("log: name between one and {MOST_KEYS} verifier keys of logs")]
    Logs,
    /// A key that does not sign checkpoints.
    #[error("log: {0} is a witness's key; a log's verifier key is of the type Ed25519")]
    NotALog(VerifierKey),
}

/// One log.
#[derive(Debug)]
struct Log {
    keys: Vec<VerifierKey>,
    record: Mutex<Record>,
}

/// A witness that holds its directory.
#[derive(Debug)]
pub struct Witness {
    key: SigningKey,
    clock: Clock,
    /// By the SHA-256 of the origin, in hex: the name in the address and on the disk.
    logs: BTreeMap<String, Log>,
    /// Held as long as this value lives; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// The key of the witness in `directory`, which is made where there is neither a key nor a record yet.
///
/// # Errors
/// [`StartError`].
pub fn key_of(directory: &Path, name: Option<&str>, rng: &mut impl Rng) -> Result<SigningKey, StartError> {
    match key::read(directory, name)? {
        Some(key) => Ok(key),
        None => {
            let _lock = lock(directory)?;
            key_under_lock(directory, name, rng)
        }
    }
}

fn key_under_lock(directory: &Path, name: Option<&str>, rng: &mut impl Rng) -> Result<SigningKey, StartError> {
    let records = directory.join("logs");
    match (key::read(directory, name)?, is_empty(&records)?) {
        (Some(_), None) => Err(StartError::RecordsLost(records)),
        (Some(key), Some(_)) => Ok(key),
        (None, Some(false)) => Err(StartError::KeyLost(records)),
        (None, _) => {
            // Before the key: a key without this directory means that the records were lost.
            durable::make_directory(&records).map_err(|error| StartError::Io(records, error))?;
            Ok(key::make(directory, name, rng)?)
        }
    }
}

/// Whether a directory is empty; `None` where there is none.
fn is_empty(directory: &Path) -> Result<Option<bool>, StartError> {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => Ok(Some(entries.next().is_none())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StartError::Io(directory.to_owned(), error)),
    }
}

fn lock(directory: &Path) -> Result<File, StartError> {
    let path = directory.join("lock");
    let io = |error| StartError::Io(path.clone(), error);
    durable::make_directory(directory).map_err(io)?;
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(path)),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

impl Witness {
    /// Takes the directory; at the first start it makes the key, named `name`. `keys` are those of the logs: a key's
    /// name is the log's origin, and a log that changed its key has several.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(
        directory: &Path,
        name: Option<&str>,
        keys: Vec<VerifierKey>,
        clock: Clock,
        rng: &mut impl Rng,
    ) -> Result<Self, StartError> {
        let by_origin = by_origin(keys)?;
        let lock = lock(directory)?;
        let key = key_under_lock(directory, name, rng)?;
        let mut logs = BTreeMap::new();
        for (origin, keys) in by_origin {
            let hash = origin_hash(&origin);
            let record = Record::open(directory.join("logs").join(&hash), &origin, key.verifier())?;
            if record.head().is_none() {
                tracing::warn!(origin, "nothing was cosigned for this log yet: its next checkpoint is taken as it is");
            }
            logs.insert(hash, Log { keys, record: Mutex::new(record) });
        }
        let witness = Self { key, clock, logs, _lock: lock };
        witness.refuse_clock_behind()?;
        Ok(witness)
    }

    fn refuse_clock_behind(&self) -> Result<(), StartError> {
        let latest = self.logs.values().filter_map(|log| locked(log).at_secs()).max().unwrap_or(0);
        let behind = latest.saturating_sub(secs(self.clock.now()));
        if behind > MOST_BEHIND_SECS { Err(StartError::ClockBehind(behind)) } else { Ok(()) }
    }

    /// What people pin.
    pub const fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Judges the body of an `add-checkpoint`, and cosigns. Blocks on the disk.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn add(&self, body: &[u8]) -> Result<Signature, Refusal> {
        let submission = Submission::parse(body)?;
        let log = self.logs.get(&origin_hash(&submission.checkpoint.origin)).ok_or(Refusal::UnknownLog)?;
        let signers = submission.note.verify(&log.keys).map_err(|_| Refusal::Untrusted)?;
        let mut record = locked(log);
        let cosigned = record.cosign(&submission, &signers, &self.key, self.clock.now());
        tell(&submission, &cosigned);
        cosigned
    }

    /// The checkpoint that was cosigned last for the log whose origin has this SHA-256, in lower-case hex.
    pub fn latest(&self, origin_hash: &str) -> Option<Note> {
        self.logs.get(origin_hash).and_then(|log| locked(log).note().cloned())
    }
}

fn tell(submission: &Submission, cosigned: &Result<Signature, Refusal>) {
    let (origin, size) = (&submission.checkpoint.origin, submission.checkpoint.head.size);
    let refusal = cosigned.as_ref().err().map(ToString::to_string);
    match cosigned {
        Err(Refusal::Inconsistent(_)) => alarm(origin, size, refusal.as_deref()),
        _ => tracing::debug!(origin, size, refusal, "judged"),
    }
}

/// A log that is in order never comes to this: somebody should look.
fn alarm(origin: &str, size: u64, refusal: Option<&str>) {
    tracing::error!(origin, size, refusal, "not cosigned");
}

/// A panic while the record was locked left it as it was before: it changes by one assignment, after the disk.
fn locked(log: &Log) -> std::sync::MutexGuard<'_, Record> {
    log.record.lock().unwrap_or_else(PoisonError::into_inner)
}

fn by_origin(keys: Vec<VerifierKey>) -> Result<BTreeMap<String, Vec<VerifierKey>>, StartError> {
    if keys.is_empty() || keys.len() > MOST_KEYS {
        return Err(StartError::Logs);
    }
    let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
    for key in keys {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(StartError::NotALog(key));
        }
        logs.entry(key.name().to_owned()).or_default().push(key);
    }
    Ok(logs)
}

fn origin_hash(origin: &str) -> String {
    data_encoding::HEXLOWER.encode(Hash::of(origin.as_bytes()).bytes())
}

fn secs(at: Timestamp) -> u64 {
    u64::try_from(at.secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests;

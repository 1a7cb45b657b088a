//! What makes us stop: everything by which a log could begin anew without anybody noticing.

use crate::store::StoreError;

/// A reason not to sign. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// The database could not be read: no doubt about the log, but no start either.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some of the log's tables are empty and others are not.
    #[error("the evidence log has {there} but no {absent}; restore the database from a backup that is whole")]
    Incomplete {
        /// What is there.
        there: &'static str,
        /// What is not.
        absent: &'static str,
    },
    /// The signed checkpoint in the database is none, or not of this log.
    #[error("the newest checkpoint in the database is not one of ours ({0}); restore the database from a backup")]
    Checkpoint(String),
    /// The key in the key file is not the one that the log is signed with.
    #[error(
        "the evidence log is signed by {expected}, but the key file holds {found}: {hint}. Keys are changed by `countersign \
         evidence rotate-key`, which writes down that the old key handed over; if that key is lost for good, start a new \
         log with `countersign evidence new-log`"
    )]
    Key {
        /// The log's key.
        expected: String,
        /// The key file's.
        found: String,
        /// Where the right one is.
        hint: String,
    },
    /// A key handed over to the next by no valid rotation.
    #[error("the log's keys do not follow from one another ({0}); restore the database from a backup")]
    Rotation(String),
    /// The head's size and root are not those of its checkpoint.
    #[error("the log's head is not what its checkpoint says; restore the database from a backup")]
    Head,
    /// The tiles give another root, or are not there.
    #[error("the log's tiles do not give the root that was signed ({0}); restore the database from a backup")]
    Tiles(String),
    /// Entries are missing that the checkpoint counts.
    #[error("{size} entries were signed, but only {found} are there; restore the database from a backup")]
    Shrunk {
        /// Signed.
        size: u64,
        /// There.
        found: u64,
    },
    /// There is a hole in the entries.
    #[error("entry {0} of the evidence is missing; restore the database from a backup")]
    Gap(u64),
    /// An entry's commitment is not the one that was signed.
    #[error("entry {0} of the evidence is not the one that was signed; restore the database from a backup")]
    Entry(u64),
    /// The clock is behind the newest checkpoint.
    #[error(
        "the clock is {behind_secs} s behind the newest checkpoint: set it right; if it was wrong when that was signed, \
         wait, or start a new log with `countersign evidence new-log`"
    )]
    Clock {
        /// Seconds.
        behind_secs: u64,
    },
    /// This machine has seen more of this log than the database holds.
    #[error(
        "this machine saw {seen} entries in the log, the database has {found}: it was put back to an older state. Restore \
         the newest backup; if what was written since is lost for good, start a new log with `countersign evidence \
         new-log`, which says so in public"
    )]
    Older {
        /// What this machine saw.
        seen: u64,
        /// What the database has.
        found: u64,
    },
    /// This machine, or a witness, has seen another log under this name.
    #[error(
        "{who} saw a checkpoint of {size} entries that is not the beginning of this log: the database is another one than \
         before. Restore the right one, or start a new log with `countersign evidence new-log`, which says so in public"
    )]
    Forked {
        /// Who saw it.
        who: String,
        /// How large it was.
        size: u64,
    },
    /// A witness has seen more of this log than the database holds.
    #[error(
        "witness {witness} cosigned {seen} entries of the log, the database has {found}: it was put back to an older state. \
         Restore the newest backup; if what was written since is lost for good, start a new log with `countersign \
         evidence new-log`, which says so in public"
    )]
    Witnessed {
        /// Which witness.
        witness: String,
        /// What it saw.
        seen: u64,
        /// What the database has.
        found: u64,
    },
    /// The file beside the database cannot be read.
    #[error(
        "{path}: {what}; it says what this machine last saw of the log. If it is damaged, look why, then remove it"
    )]
    LastSeen {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
}

impl From<Doubt> for crate::error::AppError {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Store(error) => error.into(),
            other => Self::unavailable(other.to_string()),
        }
    }
}

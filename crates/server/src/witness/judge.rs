//! Whether a submission follows from what was cosigned before, and what is answered when it does not.

use super::submission::Submission;
use countersign_evidence::Hash;
use countersign_evidence::tree::{Head, verify_consistency};

/// Why a submission is not cosigned. The codes are those of C2SP tlog-witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is no submission; 400.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The body or its first line did not come in time; 408.
    #[error("the request took too long")]
    Slow,
    /// The old size is beyond the checkpoint's; 400.
    #[error("the old size is larger than the checkpoint's size")]
    Backwards,
    /// No log of this origin is known; 404.
    #[error("no log of this origin is known to this witness")]
    UnknownLog,
    /// No key of the log signed, or one of them did and it does not fit; 403.
    #[error("the checkpoint is not signed by a key of its log that is known here")]
    Untrusted,
    /// Another checkpoint was cosigned last; 409 and its size.
    #[error("the last checkpoint that was cosigned has the size {held}")]
    Stale {
        /// Its size.
        held: u64,
    },
    /// The checkpoint is not shown to continue the last one; 422.
    #[error("the checkpoint does not follow from the last one that was cosigned: {0}")]
    Inconsistent(&'static str),
    /// The record cannot be kept, so nothing is cosigned; 503.
    #[error("this witness cannot keep its record now, and cosigns nothing that it would forget")]
    Unavailable,
}

impl Refusal {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Backwards => 400,
            Self::Slow => 408,
            Self::UnknownLog => 404,
            Self::Untrusted => 403,
            Self::Stale { .. } => 409,
            Self::Inconsistent(_) => 422,
            Self::Unavailable => 503,
        }
    }
}

/// Whether `submission` may be cosigned after `held`. The log's signature was checked before.
///
/// # Errors
/// `Backwards`, `Stale`, `Inconsistent`.
pub fn judge(submission: &Submission, held: Option<&Head>) -> Result<(), Refusal> {
    let held = held.copied().unwrap_or(Head { size: 0, root: Hash::EMPTY_ROOT });
    let new = &submission.checkpoint.head;
    if submission.old > new.size {
        return Err(Refusal::Backwards);
    }
    if submission.old != held.size {
        return Err(Refusal::Stale { held: held.size });
    }
    verify_consistency(&held, new, &submission.proof).map_err(|_| {
        Refusal::Inconsistent(if held.size == new.size { "another root at this size" } else { "the proof is not one" })
    })
}

/// Whether the log signed two roots for one size, which it never may: what was `submitted` is kept then.
pub fn is_fork(submitted: &Head, held: Option<&Head>) -> bool {
    held.is_some_and(|held| held.size == submitted.size && held.root != submitted.root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_evidence::checkpoint::Checkpoint;
    use countersign_evidence::note::Note;

    fn leaf(n: u8) -> Hash {
        Hash::leaf(&[n])
    }

    fn one() -> Head {
        Head { size: 1, root: leaf(1) }
    }

    fn two() -> Head {
        Head { size: 2, root: Hash::node(&leaf(1), &leaf(2)) }
    }

    fn submission(old: u64, head: Head, proof: &[Hash]) -> Submission {
        let checkpoint = Checkpoint::new("log.example.org", head);
        let note = Note { text: checkpoint.to_string(), signatures: Vec::new() };
        Submission { old, proof: proof.to_vec(), note, checkpoint }
    }

    #[test]
    fn what_continues_is_taken() {
        assert_eq!(judge(&submission(0, two(), &[]), None), Ok(()));
        assert_eq!(judge(&submission(1, two(), &[leaf(2)]), Some(&one())), Ok(()));
        assert_eq!(judge(&submission(2, two(), &[]), Some(&two())), Ok(()));
        assert_eq!(judge(&submission(0, Head { size: 0, root: Hash::EMPTY_ROOT }, &[]), None), Ok(()));
    }

    #[test]
    fn everything_else_is_refused_by_its_own_code() {
        let of = |old, head, proof: &[Hash], held: Option<Head>| {
            judge(&submission(old, head, proof), held.as_ref()).unwrap_err().status()
        };
        assert_eq!(of(3, two(), &[], Some(two())), 400, "the order of the checks: 400 before 409");
        assert_eq!(of(0, two(), &[], Some(one())), 409);
        assert_eq!(of(1, two(), &[leaf(2)], None), 409);
        assert_eq!(of(1, one(), &[], Some(two())), 409, "never a smaller one");
        assert_eq!(of(1, two(), &[leaf(3)], Some(one())), 422);
        assert_eq!(of(1, two(), &[], Some(one())), 422);
        assert_eq!(of(0, two(), &[leaf(2)], None), 422, "a proof from nothing");
        assert_eq!(of(0, Head { size: 0, root: leaf(1) }, &[], None), 422, "the empty tree has one root");
        assert_eq!(of(1, Head { size: 1, root: leaf(2) }, &[], Some(one())), 422);
    }

    #[test]
    fn two_roots_of_one_size_are_a_fork() {
        assert!(is_fork(&Head { size: 1, root: leaf(2) }, Some(&one())));
        assert!(!is_fork(&one(), Some(&one())) && !is_fork(&two(), Some(&one())) && !is_fork(&one(), None));
    }
}

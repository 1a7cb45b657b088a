//! What a checkpoint that somebody else holds says about what we hold.

use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Note, VerifierKey};
use countersign_evidence::tree::{Head, verify_consistency};

/// Proofs about our tree.
///
/// A closure that has the hashes at hand is one: `|old| Some(proof)`.
pub trait Proofs: Sync {
    /// The consistency proof from the tree of size `old` to the one of our head (RFC 6962, 2.1.2). It is asked for sizes
    /// above zero and below that of the head; `None` where there is none.
    fn proof(&self, old: u64) -> impl Future<Output = Option<Vec<Hash>>> + Send;
}

impl<F: Fn(u64) -> Option<Vec<Hash>> + Sync> Proofs for F {
    async fn proof(&self, old: u64) -> Option<Vec<Hash>> {
        self(old)
    }
}

/// Our log, as we hold it.
#[derive(Debug)]
pub struct Ours<'o, P> {
    /// Its origin.
    pub origin: &'o str,
    /// Every key that ever signed for it, retired ones too.
    pub keys: &'o [VerifierKey],
    /// Its size and root.
    pub head: Head,
    /// Proofs up to that head.
    pub proofs: &'o P,
}

impl<P> Clone for Ours<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Ours<'_, P> {}

/// What a checkpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Not signed by a key of ours, or of another log: it proves nothing.
    NotOurs,
    /// Ours, and the beginning of what we hold, or the same.
    Within {
        /// Its size.
        size: u64,
    },
    /// Ours, and larger than what we hold: this log has lost its end (an old backup), or another with our key runs. Nothing
    /// may be signed. Where several nodes share a database, read the head again before believing it.
    Larger {
        /// What we once signed.
        head: Head,
    },
    /// Ours, and no beginning of what we hold: our key has signed two histories. Nothing may be signed.
    Forked {
        /// What we once signed.
        head: Head,
    },
    /// Ours and smaller, but there is no proof to compare it by.
    NoProof {
        /// Its size.
        size: u64,
    },
}

impl Seen {
    /// Whether it proves that nothing may be signed.
    pub const fn forbids_signing(self) -> bool {
        matches!(self, Self::Larger { .. } | Self::Forked { .. })
    }
}

impl<P: Proofs> Ours<'_, P> {
    /// Compares a checkpoint from elsewhere with our log.
    pub async fn compare(&self, note: &Note) -> Seen {
        let checkpoint = Checkpoint::parse(&note.text);
        let (Ok(checkpoint), Ok(_)) = (checkpoint, note.verify(self.keys)) else { return Seen::NotOurs };
        if checkpoint.origin != self.origin {
            return Seen::NotOurs;
        }
        let theirs = checkpoint.head;
        if theirs.size > self.head.size {
            return Seen::Larger { head: theirs };
        }
        let Some(proof) = self.proof_from(theirs.size).await else { return Seen::NoProof { size: theirs.size } };
        match verify_consistency(&theirs, &self.head, &proof) {
            Ok(()) => Seen::Within { size: theirs.size },
            Err(_) => Seen::Forked { head: theirs },
        }
    }

    /// The proof from `old`; from nothing and to itself there is nothing to prove.
    pub(super) async fn proof_from(&self, old: u64) -> Option<Vec<Hash>> {
        if old == 0 || old == self.head.size { Some(Vec::new()) } else { self.proofs.proof(old).await }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_evidence::note::{Algorithm, SigningKey};

    const ORIGIN: &str = "log.example.org";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(ORIGIN, Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    fn leaf(n: u8) -> Hash {
        Hash::leaf(&[n])
    }

    fn head(leaves: &[u8]) -> Head {
        let root = match leaves {
            [] => Hash::EMPTY_ROOT,
            [one] => leaf(*one),
            [one, two] => Hash::node(&leaf(*one), &leaf(*two)),
            _ => unreachable!("trees of these tests are small"),
        };
        Head { size: leaves.len() as u64, root }
    }

    /// What a checkpoint of `leaves` says to a log that holds the leaves 1 and 2.
    async fn seen(origin: &str, leaves: &[u8], signer: u8) -> Seen {
        let keys = [key(1).verifier().clone(), key(2).verifier().clone()];
        let proofs = |old| (old == 1).then(|| vec![leaf(2)]);
        let ours = Ours { origin: ORIGIN, keys: &keys, head: head(&[1, 2]), proofs: &proofs };
        ours.compare(&Checkpoint::new(origin, head(leaves)).sign(&key(signer))).await
    }

    #[tokio::test]
    async fn what_is_a_beginning_of_ours_is_fine() {
        for (leaves, signer) in [(&[1, 2][..], 1), (&[1], 1), (&[1], 2), (&[], 1)] {
            assert_eq!(seen(ORIGIN, leaves, signer).await, Seen::Within { size: leaves.len() as u64 });
        }
    }

    #[tokio::test]
    async fn what_our_key_signed_and_we_do_not_hold_forbids_signing() {
        assert_eq!(seen(ORIGIN, &[1, 3], 1).await, Seen::Forked { head: head(&[1, 3]) });
        assert_eq!(seen(ORIGIN, &[2], 2).await, Seen::Forked { head: head(&[2]) });
        let keys = [key(1).verifier().clone()];
        let ours = Ours { origin: ORIGIN, keys: &keys, head: head(&[1]), proofs: &|_| None };
        let larger = ours.compare(&Checkpoint::new(ORIGIN, head(&[1, 2])).sign(&key(1))).await;
        assert!(larger.forbids_signing(), "{larger:?}");
    }

    #[tokio::test]
    async fn without_our_signature_it_proves_nothing() {
        assert_eq!(seen(ORIGIN, &[1, 3], 3).await, Seen::NotOurs);
        assert_eq!(seen("other.example.org", &[1, 3], 1).await, Seen::NotOurs);
        let keys = [key(1).verifier().clone()];
        let ours = Ours { origin: ORIGIN, keys: &keys, head: head(&[]), proofs: &|_| None };
        let mut forged = Checkpoint::new(ORIGIN, head(&[1])).sign(&key(1));
        forged.text = forged.text.replace("\n1\n", "\n9\n");
        assert_eq!(ours.compare(&forged).await, Seen::NotOurs);
    }

    #[tokio::test]
    async fn without_a_proof_nothing_is_claimed() {
        let keys = [key(1).verifier().clone()];
        let ours = Ours { origin: ORIGIN, keys: &keys, head: head(&[1, 2]), proofs: &|_| None };
        let seen = ours.compare(&Checkpoint::new(ORIGIN, head(&[1])).sign(&key(1))).await;
        assert_eq!(seen, Seen::NoProof { size: 1 });
    }
}

//! A log in memory, whose every hash is computed from its entries.

use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Algorithm, Note, SigningKey, VerifierKey};
use countersign_evidence::tree::{self, Head, Nodes};
use std::convert::Infallible;

pub const ORIGIN: &str = "log.example.org/evidence";

/// A log; clones of one are its forks once they grow.
#[derive(Clone)]
pub struct TestLog {
    origin: String,
    seed: u8,
    entries: Vec<String>,
}

struct Leaves<'l>(&'l [String]);

impl Nodes for Leaves<'_> {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let width = 1_usize << level;
        let at = usize::try_from(index).unwrap() * width;
        Ok(root(&self.0[at..at + width]))
    }
}

fn root(entries: &[String]) -> Hash {
    match entries {
        [] => Hash::EMPTY_ROOT,
        [one] => Hash::leaf(one.as_bytes()),
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            Hash::node(&root(left), &root(right))
        }
    }
}

pub fn key(origin: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(origin, Algorithm::Ed25519, &[seed; 32]).unwrap()
}

impl TestLog {
    pub fn new(seed: u8) -> Self {
        Self { origin: ORIGIN.to_owned(), seed, entries: Vec::new() }
    }

    pub fn named(origin: &str, seed: u8) -> Self {
        Self { origin: origin.to_owned(), ..Self::new(seed) }
    }

    /// With `count` more entries of this text.
    pub fn grown(mut self, count: usize, text: &str) -> Self {
        let from = self.entries.len();
        self.entries.extend((from..from + count).map(|n| format!("{text} {n}")));
        self
    }

    /// Signed by another key from now on.
    pub fn signed_by(mut self, seed: u8) -> Self {
        self.seed = seed;
        self
    }

    /// What a backup from then would hold.
    pub fn cut(mut self, size: usize) -> Self {
        self.entries.truncate(size);
        self
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn verifier(&self) -> VerifierKey {
        key(&self.origin, self.seed).verifier().clone()
    }

    /// Every key that ever signed; tests use the seeds 1 and 2 for one log.
    pub fn keys(&self) -> Vec<VerifierKey> {
        [1, 2].map(|seed| key(&self.origin, seed).verifier().clone()).to_vec()
    }

    pub fn head(&self) -> Head {
        Head { size: self.entries.len() as u64, root: root(&self.entries) }
    }

    pub fn head_at(&self, size: u64) -> Head {
        Head { size, root: root(&self.entries[..usize::try_from(size).unwrap()]) }
    }

    pub fn checkpoint(&self) -> Note {
        Checkpoint::new(&self.origin, self.head()).sign(&key(&self.origin, self.seed))
    }

    pub fn proof(&self, old: u64) -> Option<Vec<Hash>> {
        let Ok(proof) = tree::consistency(&mut Leaves(&self.entries), old, self.head().size);
        proof
    }
}

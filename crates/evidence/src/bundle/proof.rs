//! The proof file of a bundle: one range proof in the manner of C2SP's proof files.

use super::BadBundle;
use crate::hash::Hash;
use crate::tile::decimal;
use crate::tree::{self, Head, ProofError};
use std::fmt;

/// The first line.
const HEADER: &str = "countersign range proof v1";
/// Most hashes: one for each bit of a size, on either side.
const MOST_HASHES: usize = 128;

/// That entries stand side by side in a tree. Its text has the header, `start <n>`, `count <n>`, `size <n>` and one hash on
/// each line in Base64, those to the left of the range first ([`tree::range_proof`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeProof {
    /// The first entry's index.
    pub start: u64,
    /// How many entries.
    pub count: u64,
    /// The size of the tree.
    pub size: u64,
    /// What [`tree::range_proof`] made.
    pub hashes: Vec<Hash>,
}

impl RangeProof {
    /// Reads a proof file.
    ///
    /// # Errors
    /// `Proof`.
    pub fn parse(text: &str) -> Result<Self, BadBundle> {
        Self::read(text).ok_or(BadBundle::Proof)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        lines.next().filter(|line| *line == HEADER)?;
        let mut number = |word: &str| {
            let digits = lines.next()?.strip_prefix(word)?.strip_prefix(' ')?;
            if digits.is_empty() { None } else { decimal(digits) }
        };
        let (start, count, size) = (number("start")?, number("count")?, number("size")?);
        let hashes: Option<Vec<Hash>> = lines.take(MOST_HASHES + 1).map(Hash::from_base64).collect();
        hashes.filter(|hashes| hashes.len() <= MOST_HASHES).map(|hashes| Self { start, count, size, hashes })
    }

    /// Checks that entries (each one's index and its hash in the tree, [`super::Line::leaf`]) are the range, in order, and
    /// that the range is in the tree that a checkpoint names.
    ///
    /// # Errors
    /// `OutOfRange` where an index or their number does not fit; what else is wrong with the proof.
    pub fn verify(&self, entries: impl IntoIterator<Item = (u64, Hash)>, head: &Head) -> Result<(), ProofError> {
        let mut at = self.start;
        let mut in_order = true;
        let leaves = entries.into_iter().map(|(index, leaf)| {
            in_order &= index == at;
            at = at.wrapping_add(1);
            leaf
        });
        let count = tree::verify_range(leaves, self.start, self.size, &self.hashes, &head.root)?;
        let fits = in_order && count == self.count && self.size == head.size;
        if fits { Ok(()) } else { Err(ProofError::OutOfRange) }
    }
}

impl fmt::Display for RangeProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nstart {}\ncount {}\nsize {}", self.start, self.count, self.size)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))
    }
}

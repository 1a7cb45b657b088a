//! One proof for a range of entries that stand side by side: the perfect subtrees to its left and to its right.
//!
//! Whoever has the range's leaves builds the root from the three. Left of `start` there is one subtree for each bit of
//! `start`, the largest first; to the right of the end they are the largest that begin where the last one ended and do not
//! pass the tree's size, in order. Sizes and places decide how many there are, so a proof says only hashes.

use super::{Hash, Nodes, ProofError, fold};

/// A tree in progress: the perfect subtrees of what was put in, in the order of the entries.
#[derive(Debug, Clone, Default)]
pub struct Compact {
    size: u64,
    /// One hash for each bit of `size`, the largest subtree first.
    parts: Vec<Hash>,
}

impl Compact {
    /// A tree without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Puts a perfect subtree of `2^level` entries behind the others; `false`, and nothing is done, where none of that size
    /// can begin.
    pub fn push(&mut self, level: u32, hash: Hash) -> bool {
        let Some(size) = 1_u64.checked_shl(level).and_then(|width| self.size.checked_add(width)) else { return false };
        if self.size.trailing_zeros() < level {
            return false;
        }
        let mut hash = hash;
        let mut before = self.size >> level;
        while before & 1 == 1 {
            if let Some(left) = self.parts.pop() {
                hash = Hash::node(&left, &hash);
            }
            before >>= 1;
        }
        self.parts.push(hash);
        self.size = size;
        true
    }

    /// The root over what is there.
    pub fn root(&self) -> Hash {
        fold(&self.parts)
    }
}

/// The levels of the largest perfect subtrees that cover `start..end` from left to right.
fn cover(start: u64, end: u64) -> impl Iterator<Item = (u64, u32)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let left = end.checked_sub(at).filter(|left| *left > 0)?;
        let level = left.ilog2().min(at.trailing_zeros());
        let found = (at, level);
        at += 1 << level;
        Some(found)
    })
}

/// Proves that the entries `start..end` are in the tree over the first `size` entries: the subtrees left of them, then
/// those right of them. `None` unless `start <= end <= size`.
///
/// # Errors
/// The error of `nodes`.
pub fn range_proof<N: Nodes>(nodes: &mut N, start: u64, end: u64, size: u64) -> Result<Option<Vec<Hash>>, N::Error> {
    if start > end || end > size {
        return Ok(None);
    }
    let parts = cover(0, start).chain(cover(end, size));
    parts.map(|(at, level)| nodes.node(level, at >> level)).collect::<Result<_, _>>().map(Some)
}

/// Checks that entries with the hashes `leaves` stand from `start` on, side by side, in the tree of `size` entries with
/// `root`; how many they were.
///
/// # Errors
/// [`ProofError`].
pub fn verify_range(
    leaves: impl IntoIterator<Item = Hash>,
    start: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<u64, ProofError> {
    let mut tree = Compact::new();
    let mut proof = proof.iter().copied();
    fill(&mut tree, start, &mut proof)?;
    for leaf in leaves {
        if tree.size() >= size || !tree.push(0, leaf) {
            return Err(ProofError::OutOfRange);
        }
    }
    let count = tree.size() - start;
    fill(&mut tree, size, &mut proof)?;
    match (proof.next(), tree.size() == size) {
        (Some(_), _) => Err(ProofError::WrongLength),
        (None, false) => Err(ProofError::OutOfRange),
        (None, true) if tree.root() == *root => Ok(count),
        (None, true) => Err(ProofError::WrongRoot),
    }
}

/// Puts subtrees of the proof behind the others until there are `end` entries.
fn fill(tree: &mut Compact, end: u64, proof: &mut impl Iterator<Item = Hash>) -> Result<(), ProofError> {
    for (_, level) in cover(tree.size(), end) {
        let hash = proof.next().ok_or(ProofError::WrongLength)?;
        if !tree.push(level, hash) {
            return Err(ProofError::OutOfRange);
        }
    }
    Ok(())
}

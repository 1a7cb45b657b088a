//! The Merkle tree over the entries (RFC 6962, 2.1): roots, inclusion proofs, consistency proofs.
//!
//! Never: trusts a hash that it was given; accepts a proof with a hash too many or too few.
//! In: hashes of perfect subtrees from a `Nodes`, or a proof.   Out: roots, proofs, or why a proof proves nothing.
//! I/O for this room: none.   Tests: beside the code, tests/tree.rs against a naive tree.

mod range;

pub use range::{Compact, range_proof, verify_range};

use crate::hash::Hash;

/// Where the hashes of perfect subtrees come from: a list of leaves, tiles in a database, files.
pub trait Nodes {
    /// Why a hash is not there.
    type Error;

    /// The hash of the perfect subtree over the entries `index * 2^level .. (index + 1) * 2^level`.
    ///
    /// # Errors
    /// Whatever keeps the hash from being read. It is asked only for subtrees within the size that the caller named.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// An index beyond the size, or an old size beyond the new one.
    #[error("the proof is about something outside the tree")]
    OutOfRange,
    /// A hash too many or too few.
    #[error("the proof has another number of hashes than this tree asks for")]
    WrongLength,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    WrongRoot,
}

/// The largest power of two below `n`; `n` is at least 2.
const fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}

/// The root over the entries `start..end`; `start` is a multiple of the largest power of two within the range, as it is
/// for every range that RFC 6962 takes a root of.
///
/// # Errors
/// The error of `nodes`.
pub fn range_root<N: Nodes>(nodes: &mut N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let mut size = end - start;
    if size == 0 {
        return Ok(Hash::EMPTY_ROOT);
    }
    let mut parts = Vec::new();
    let mut at = start;
    while size > 0 {
        let level = size.ilog2();
        parts.push(nodes.node(level, at >> level)?);
        at += 1 << level;
        size -= 1 << level;
    }
    Ok(fold(&parts))
}

/// Joins the hashes of perfect subtrees, the largest first, from the right.
pub(crate) fn fold(parts: &[Hash]) -> Hash {
    let joined = parts.iter().rev().copied().reduce(|right, left| Hash::node(&left, &right));
    joined.unwrap_or(Hash::EMPTY_ROOT)
}

/// The root of the tree over the first `size` entries.
///
/// # Errors
/// The error of `nodes`.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    range_root(nodes, 0, size)
}

/// Proves that entry `index` is in the tree over the first `size` entries: PATH of RFC 6962, 2.1.1, the leaf's sibling
/// first. `None` when the tree is not that large.
///
/// # Errors
/// The error of `nodes`.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Option<Vec<Hash>>, N::Error> {
    if index >= size {
        return Ok(None);
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// Proves that the tree over `old` entries is the beginning of the one over `new` entries: PROOF of RFC 6962, 2.1.2. It is
/// empty for `old == new` and for `old == 0`. `None` when `old` is beyond `new`.
///
/// # Errors
/// The error of `nodes`.
pub fn consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Option<Vec<Hash>>, N::Error> {
    if old > new {
        return Ok(None);
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(Some(path));
    }
    let (mut start, mut end, mut old_end_is_known) = (0, new, true);
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
            old_end_is_known = false;
        }
    }
    if !old_end_is_known {
        path.push(range_root(nodes, start, end)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// The root that an inclusion proof leads to (RFC 9162, 2.1.3.2).
///
/// # Errors
/// `OutOfRange`, `WrongLength`.
pub fn root_of_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash]) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for other in path {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            hash = Hash::node(other, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, other);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(ProofError::WrongLength) }
}

/// Checks that the entry with hash `leaf` stands at `index` of the tree of `size` entries with `root`.
///
/// # Errors
/// [`ProofError`].
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), ProofError> {
    let found = root_of_inclusion(leaf, index, size, path)?;
    if found == *root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// A tree as a checkpoint names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Checks that the tree `old` is the beginning of the tree `new` (RFC 9162, 2.1.4.2).
///
/// # Errors
/// [`ProofError`].
pub fn verify_consistency(old: &Head, new: &Head, path: &[Hash]) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::OutOfRange);
    }
    if old.size == new.size || old.size == 0 {
        let same = if old.size == 0 { old.root == Hash::EMPTY_ROOT } else { old.root == new.root };
        let empty_is_empty = new.size > 0 || new.root == Hash::EMPTY_ROOT;
        return match (path.is_empty(), same && empty_is_empty) {
            (false, _) => Err(ProofError::WrongLength),
            (true, false) => Err(ProofError::WrongRoot),
            (true, true) => Ok(()),
        };
    }
    let (first, rest) = if old.size.is_power_of_two() {
        (old.root, path)
    } else {
        let (first, rest) = path.split_first().ok_or(ProofError::WrongLength)?;
        (*first, rest)
    };
    walk(old, new, first, rest)
}

fn walk(old: &Head, new: &Head, first: Hash, path: &[Hash]) -> Result<(), ProofError> {
    let (mut node, mut last) = (old.size - 1, new.size - 1);
    let shift = node.trailing_ones();
    node >>= shift;
    last >>= shift;
    let (mut old_root, mut new_root) = (first, first);
    for other in path {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            old_root = Hash::node(other, &old_root);
            new_root = Hash::node(other, &new_root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_root = Hash::node(&new_root, other);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last == 0, old_root == old.root && new_root == new.root) {
        (false, _) => Err(ProofError::WrongLength),
        (true, false) => Err(ProofError::WrongRoot),
        (true, true) => Ok(()),
    }
}

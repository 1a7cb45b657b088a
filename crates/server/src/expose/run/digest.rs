//! The digest of what was read. BLAKE3 is a tree, so that each thread hashes what it has in its cache anyway, and the parts make
//! the digest that `b3sum` says; SHA-256 of one stream would cost a third of the whole match, and on one core.

use super::feed::Claim;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

/// Bytes of a part: a whole subtree.
pub(super) const PART: usize = 1 << 20;

/// Parts that one thread hashed: of which source, the how many-th, its value.
#[derive(Debug, Default)]
pub(super) struct Leaves(Vec<(usize, usize, ChainingValue)>);

impl Leaves {
    /// Hashes the parts that come with a claim.
    pub(super) fn hash(&mut self, claim: &Claim<'_>) {
        let Some((whole, parts)) = &claim.parts else { return };
        for part in parts.clone() {
            let bytes = &whole[part * PART..whole.len().min((part + 1) * PART)];
            let value = blake3::Hasher::new().set_input_offset((part * PART) as u64).update(bytes).finalize_non_root();
            self.0.push((claim.source, part, value));
        }
    }
}

/// One source's digest.
#[derive(Debug)]
pub(super) enum Digest {
    /// It is whole: it was read in order, or is so small that there is one part only.
    Done([u8; 32]),
    /// To be made of parts.
    Parts(Vec<(usize, ChainingValue)>),
}

/// All sources'.
#[derive(Debug)]
pub(super) struct Digests(pub(super) Vec<Digest>);

impl Digests {
    pub(super) fn take(&mut self, leaves: Leaves) {
        for (source, part, value) in leaves.0 {
            if let Some(Digest::Parts(parts)) = self.0.get_mut(source) {
                parts.push((part, value));
            }
        }
    }

    pub(super) fn finish(self) -> Vec<[u8; 32]> {
        self.0.into_iter().map(Digest::finish).collect()
    }
}

impl Digest {
    fn finish(self) -> [u8; 32] {
        match self {
            Self::Done(digest) => digest,
            Self::Parts(mut parts) => {
                parts.sort_unstable_by_key(|(part, _)| *part);
                let values: Vec<_> = parts.into_iter().map(|(_, value)| value).collect();
                let (left, right) = halves(&values);
                *merge_subtrees_root(&merged(left), &merged(right), Mode::Hash).as_bytes()
            }
        }
    }
}

fn merged(values: &[ChainingValue]) -> ChainingValue {
    match values {
        [] => ChainingValue::default(),
        [one] => *one,
        _ => {
            let (left, right) = halves(values);
            merge_subtrees_non_root(&merged(left), &merged(right), Mode::Hash)
        }
    }
}

/// The left subtree has the largest power of two that leaves something for the right one.
fn halves(values: &[ChainingValue]) -> (&[ChainingValue], &[ChainingValue]) {
    values.split_at(values.len().next_power_of_two() / 2)
}

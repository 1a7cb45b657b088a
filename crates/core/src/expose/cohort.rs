//! Cohorts: immutable sets of accounts, named by what is in them.
//!
//! A set is kept over the accounts' dense numbers (Chambi, Lemire, Kaser, Godin: "Better bitmap performance with Roaring
//! bitmaps", 2016): 12 million of 20 million accounts take 2.4 MB. Its digest is over the numbers and not over the bytes of
//! the bitmap, so that another program can compute it.

use super::index::Ordinal;
use roaring::RoaringBitmap;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io;

/// Accounts in one stored piece: 16 containers, 128 KiB at the most, so that one account is looked up in one small row.
pub const PIECE: u32 = 1 << 20;

/// A set of accounts.
#[derive(Clone, PartialEq, Default)]
pub struct Accounts(RoaringBitmap);

impl Accounts {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everybody with a number below.
    pub fn all_below(end: Ordinal) -> Self {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..end);
        Self(all)
    }

    /// Of numbers in any order.
    pub fn of(numbers: impl IntoIterator<Item = Ordinal>) -> Self {
        Self(numbers.into_iter().collect())
    }

    /// Of a bitmap of little-endian bits, whose first bit is the number `first`, a multiple of eight.
    pub fn of_bits(first: Ordinal, bits: &[u8]) -> Self {
        Self(RoaringBitmap::from_lsb0_bytes(first, bits))
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody is in it.
    pub fn contains(&self, number: Ordinal) -> bool {
        self.0.contains(number)
    }

    /// Adds somebody.
    pub fn insert(&mut self, number: Ordinal) {
        self.0.insert(number);
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.0.iter()
    }

    /// The numbers of a range, ascending.
    pub fn within(&self, from: Ordinal, to: Ordinal) -> impl Iterator<Item = Ordinal> + '_ {
        self.0.range(from..to)
    }

    /// How many of a range.
    pub fn count_within(&self, from: Ordinal, to: Ordinal) -> u64 {
        self.0.range_cardinality(from..to)
    }

    /// The greatest number.
    pub fn last(&self) -> Option<Ordinal> {
        self.0.max()
    }

    /// Who is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(&self.0 & &other.0)
    }

    /// Who is in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(&self.0 | &other.0)
    }

    /// Who is in this and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    /// How many are in both.
    pub fn count_and(&self, other: &Self) -> u64 {
        self.0.intersection_len(&other.0)
    }

    /// Takes in everybody of another set.
    pub fn add(&mut self, other: &Self) {
        self.0 |= &other.0;
    }

    /// The name of the set: SHA-256 of `countersign cohort v1`, a line feed, and the numbers ascending, four bytes each,
    /// the least significant first.
    pub fn digest(&self) -> CohortDigest {
        let mut hash = Sha256::new_with_prefix(b"countersign cohort v1\n");
        let mut buffer = Vec::with_capacity(BUFFER * 4);
        for number in &self.0 {
            buffer.extend_from_slice(&number.to_le_bytes());
            if buffer.len() == BUFFER * 4 {
                hash.update(&buffer);
                buffer.clear();
            }
        }
        hash.update(&buffer);
        CohortDigest(hash.finalize().into())
    }

    /// The pieces that are not empty, each with its number: account `n` is in piece `n / PIECE`.
    pub fn pieces(&self) -> Vec<(u32, Vec<u8>)> {
        let Some(last) = self.0.max() else { return vec![] };
        (0..=last / PIECE).filter_map(|piece| Some((piece, self.piece(piece)?))).collect()
    }

    fn piece(&self, piece: u32) -> Option<Vec<u8>> {
        let (from, to) = bounds(piece);
        let mut part = RoaringBitmap::from_sorted_iter(self.0.range(from..=to)).ok()?;
        part.optimize();
        let mut bytes = Vec::with_capacity(part.serialized_size());
        // Writing to memory does not fail.
        part.serialize_into(&mut bytes).ok()?;
        (!part.is_empty()).then_some(bytes)
    }

    /// Takes in a stored piece.
    ///
    /// # Errors
    /// Bytes that are no piece, or one with numbers that do not belong to it.
    pub fn add_piece(&mut self, piece: u32, bytes: &[u8]) -> io::Result<()> {
        let part = RoaringBitmap::deserialize_from(bytes)?;
        let (from, to) = bounds(piece);
        let fits = part.min().is_none_or(|least| least >= from) && part.max().is_none_or(|most| most <= to);
        if !fits {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "numbers outside of the piece"));
        }
        self.0 |= part;
        Ok(())
    }

    /// Bytes in memory, about.
    pub fn size_bytes(&self) -> usize {
        self.0.serialized_size()
    }
}

/// Numbers that are hashed at once.
const BUFFER: usize = 16 * 1024;

/// First and last number of a piece.
const fn bounds(piece: u32) -> (u32, u32) {
    let from = piece.saturating_mul(PIECE);
    (from, from.saturating_add(PIECE - 1))
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accounts({})", self.len())
    }
}

/// The name of a cohort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CohortDigest([u8; 32]);

impl CohortDigest {
    /// What the text of one starts with; 64 hex digits follow.
    pub const PREFIX: &'static str = "coh_";

    /// Of 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.strip_prefix(Self::PREFIX)?.as_bytes()).ok()?;
        Self::from_slice(&bytes)
    }
}

impl fmt::Display for CohortDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for CohortDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_digest_is_over_the_numbers() {
        // printf 'countersign cohort v1\n\1\0\0\0\0\0\20\0' | sha256sum
        let digest = Accounts::of([1, PIECE]).digest();
        insta::assert_snapshot!(digest, @"coh_4d99ec9b27e88f86016466660110af290bea9c01bf66b424afa751599b976406");
        assert_eq!(CohortDigest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Accounts::of([PIECE, 1, 1]).digest(), digest);
        assert_ne!(Accounts::of([1]).digest(), digest);
        assert_eq!(CohortDigest::parse("coh_12"), None);
    }

    #[test]
    fn a_piece_that_is_none_or_anothers_is_refused() {
        let pieces = Accounts::of([5, PIECE + 7]).pieces();
        assert_eq!(pieces.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1]);
        let mut set = Accounts::new();
        assert!(set.add_piece(1, &pieces[0].1).is_err());
        assert!(set.add_piece(0, b"not a bitmap").is_err());
        assert!(set.is_empty());
    }

    proptest! {
        #[test]
        fn sets_survive_their_pieces_and_behave_like_sets(
            a in proptest::collection::btree_set(0_u32..3 * PIECE, 0..300),
            b in proptest::collection::btree_set(0_u32..3 * PIECE, 0..300),
        ) {
            let (left, right) = (Accounts::of(a.iter().copied()), Accounts::of(b.iter().copied()));
            let mut again = Accounts::new();
            for (piece, bytes) in left.pieces() {
                again.add_piece(piece, &bytes).unwrap();
            }
            prop_assert_eq!(&again, &left);
            let plain = |set: &Accounts| set.iter().collect::<BTreeSet<u32>>();
            prop_assert_eq!(plain(&left.and(&right)), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(plain(&left.or(&right)), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(plain(&left.without(&right)), a.difference(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(left.count_and(&right), a.intersection(&b).count() as u64);
        }
    }
}

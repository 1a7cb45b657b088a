//! The directory as a leak sees it: from the hash of a value to the accounts that have it.
//!
//! Never: holds a value; reads outside of its bytes, whatever they say; answers under another key or other rules.
//! In: entries, or the bytes of a file.   Out: accounts.
//! I/O for this room: server/src/expose/index_file.rs.   Tests: beside the code.
//!
//! Entries lie in buckets in the order of their hashes, ten bytes each (a tag of 47 bits, whether the key is strong, and the
//! account's number); a table says where each bucket begins. A look-up reads the table and one or two cache lines. A value
//! that several accounts share has an entry for each.
//!
//! Two different values meet by chance with a probability of 2^-(47 + bits of the bucket): with 47 million keys in 2^24
//! buckets and 36 million values asked for, 36e6 · 47e6 / 2^71 = 7e-7 false matches an import are expected.

mod build;
mod file;
mod view;

pub use build::Builder;
pub use file::{Broken, HEADER_BYTES};
pub use view::{Stale, View};

use super::key::Hashed;
use std::sync::Arc;

/// Bytes of an entry.
pub(super) const ENTRY: usize = 10;
/// Most entries: positions are counted in 32 bits.
pub const MOST_KEYS: u64 = u32::MAX as u64 - 1;

/// The number of an account in an index: dense, from zero. From `FORMER` on it is that of a value which an account had.
pub type Ordinal = u32;

/// Numbers from here on are those of values that accounts had before: value `n` is `FORMER + n`.
pub const FORMER: Ordinal = 1 << 31;

/// One key of the directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Of the value.
    pub hash: Hashed,
    /// Who has it.
    pub account: Ordinal,
}

/// What an index says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// Which key made its hashes: `HashKey::id`.
    pub key: [u8; 8],
    /// The directory's state that it shows, in whatever its owner counts.
    pub as_of: i64,
    /// One more than the greatest number of an account.
    pub accounts: u32,
    /// One more than the greatest number of a former value.
    pub formers: u32,
}

/// Bytes that an index is read from: a vector, or a file that is mapped.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// What is looked up in. A clone shares the bytes.
#[derive(Clone)]
pub struct Index {
    header: Header,
    /// Upper bits of a place that choose the bucket.
    bits: u32,
    keys: usize,
    /// `HEADER_BYTES`, where each bucket's entries begin and one more (four bytes each), entries.
    bytes: Bytes,
}

impl Index {
    /// Of nobody.
    pub fn empty() -> Self {
        Self::of(vec![])
    }

    /// Of a few entries in any order, with nothing said of them.
    pub fn of(entries: Vec<Entry>) -> Self {
        let mut builder = Builder::new(Header::default());
        entries.into_iter().for_each(|entry| builder.push(entry));
        builder.built()
    }

    /// What it says of itself.
    pub const fn header(&self) -> Header {
        self.header
    }

    /// How many keys.
    pub const fn len(&self) -> usize {
        self.keys
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.keys == 0
    }

    /// Bytes in memory or in the file.
    pub fn size_bytes(&self) -> usize {
        (*self.bytes).as_ref().len()
    }

    /// The accounts that have a value. A strong hash finds who has exactly it; a weak one also whoever has it as a strong one.
    pub fn accounts(&self, hash: Hashed) -> impl Iterator<Item = Ordinal> + '_ {
        self.table().bucket(hash.place).filter(move |found| found.is(hash)).map(|found| found.account)
    }

    /// For many look-ups: the bytes are found once.
    pub(super) fn table(&self) -> Table<'_> {
        let body = (*self.bytes).as_ref().get(HEADER_BYTES..).unwrap_or_default();
        let (starts, entries) = body.split_at(starts_bytes(self.bits).min(body.len()));
        Table { bits: self.bits, starts, entries }
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} keys)", self.len())
    }
}

/// An index, ready to be asked.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bits: u32,
    starts: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Table<'a> {
    /// The entries of the bucket of a place.
    #[inline]
    pub(super) fn bucket(self, place: u64) -> impl Iterator<Item = Found> + 'a {
        let at = bucket(self.bits, place) * 4;
        let bounds = self.starts.get(at..at + 8).and_then(|b| <[u8; 8]>::try_from(b).ok()).unwrap_or_default();
        let bounds = u64::from_le_bytes(bounds);
        let (from, to) = (bounds as u32 as usize * ENTRY, (bounds >> 32) as usize * ENTRY);
        // In a damaged file the end may lie before the beginning, or outside.
        let (entries, _) = self.entries.get(from..to).unwrap_or_default().as_chunks::<ENTRY>();
        entries.iter().map(Found::read)
    }
}

/// An entry, read.
#[derive(Clone, Copy)]
pub(super) struct Found {
    tag: u64,
    pub(super) account: Ordinal,
}

impl Found {
    #[inline]
    fn read(entry: &[u8; ENTRY]) -> Self {
        let [a, b, c, d, e, f, account @ ..] = *entry;
        Self { tag: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]), account: u32::from_le_bytes(account) }
    }

    /// Whether it has this tag, strong or not.
    #[inline]
    pub(super) const fn has(self, tag: u64) -> bool {
        (self.tag ^ tag) & Hashed::TAG == 0
    }

    /// Whether the account has exactly this value.
    #[inline]
    pub(super) const fn is_strong(self) -> bool {
        self.tag & Hashed::STRONG != 0
    }

    const fn is(self, hash: Hashed) -> bool {
        self.has(hash.tag) && (self.is_strong() || hash.tag & Hashed::STRONG == 0)
    }
}

/// The upper bits of a place.
#[inline]
const fn bucket(bits: u32, place: u64) -> usize {
    // There are always some (`build::LEAST_BITS`), so that the shift is no overflow.
    (place >> (64 - bits)) as usize
}

const fn starts_bytes(bits: u32) -> usize {
    ((1 << bits) + 1) * 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expose::key::{HashKey, Kind};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn hash(value: u32) -> Hashed {
        HashKey::new(&[7; 16]).hash(Kind::Phone, &value.to_le_bytes())
    }

    #[test]
    fn an_empty_index_knows_nobody() {
        let index = Index::empty();
        assert!(index.is_empty() && index.accounts(hash(1)).next().is_none());
    }

    #[test]
    fn a_key_costs_less_than_fourteen_and_a_half_bytes() {
        for keys in [100_000, 131_072, 131_071, 200_000] {
            let index = Index::of((0..keys).map(|n| Entry { hash: hash(n), account: n }).collect());
            let per_key = index.size_bytes() as f64 / index.len() as f64;
            assert!(per_key < 14.5, "{per_key}");
        }
    }

    proptest! {
        #[test]
        fn a_value_leads_to_all_who_have_it_and_to_nobody_else(
            pairs in proptest::collection::vec((0_u32..200, 0_u32..500), 0..400),
            asked in 0_u32..250,
        ) {
            let entries = pairs.iter().map(|(value, account)| Entry { hash: hash(*value), account: *account }).collect();
            let index = Index::of(entries);
            let expected: BTreeSet<u32> = pairs.iter().filter(|(v, _)| *v == asked).map(|(_, a)| *a).collect();
            let found: BTreeSet<u32> = index.accounts(hash(asked)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

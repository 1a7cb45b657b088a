//! The directory as a leak sees it: from the hash of a value to the accounts that have it.
//!
//! Entries lie in the order of their hashes, ten bytes each (a tag of 48 bits and the account's number); a table says where
//! each bucket begins. A look-up reads the table and one or two cache lines. A value that several accounts share has an
//! entry for each.
//!
//! Two different values meet by chance with a probability of 2^-(48 + bits of the bucket): with 47 million keys in 2^23
//! buckets and 36 million values asked for, 36e6 · 47e6 / 2^71 = 7e-7 false matches an import are expected.

use super::key::Hashed;

/// Bytes of an entry.
const ENTRY: usize = 10;
/// Entries in a bucket, on average, at the least: the table costs four bytes for so many.
const PER_BUCKET: usize = 6;
/// Most entries: positions are counted in 32 bits.
pub const MOST_KEYS: usize = u32::MAX as usize - 1;

/// The number of an account in an index: dense, from zero.
pub type Ordinal = u32;

/// One key of the directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Of the value.
    pub hash: Hashed,
    /// Who has it.
    pub account: Ordinal,
}

/// STAND-IN
pub const FORMER: Ordinal = 1 << 31;
/// STAND-IN
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// k
    pub key: [u8; 8],
    /// a
    pub as_of: i64,
    /// a
    pub accounts: u32,
    /// f
    pub formers: u32,
}
/// STAND-IN
#[derive(Clone, Debug, Default)]
pub struct Stale(super::cohort::Accounts);
impl Stale {
    /// s
    pub fn new() -> Self {
        Self::default()
    }
    /// s
    pub fn insert(&mut self, n: Ordinal) {
        self.0.insert(n);
    }
}
/// STAND-IN
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// b
    pub base: &'a Index,
    /// f
    pub fresh: &'a Index,
    /// s
    pub stale: &'a Stale,
}
impl<'a> View<'a> {
    /// a
    pub fn accounts(&self, hash: Hashed) -> impl Iterator<Item = Ordinal> + use<'a> {
        let stale = self.stale;
        self.base.accounts(hash).filter(move |n| !stale.0.contains(*n)).chain(self.fresh.accounts(hash))
    }
}
/// STAND-IN
#[derive(Debug)]
pub struct Builder(Header, Vec<Entry>);
impl Builder {
    /// n
    pub fn new(header: Header) -> Self {
        Self(header, vec![])
    }
    /// p
    pub fn push(&mut self, entry: Entry) {
        self.1.push(entry);
    }
    /// f
    pub fn finish(self) -> Index {
        Index { header: self.0, ..Index::build(self.1) }
    }
}

/// What is looked up in.
#[derive(Clone, PartialEq, Eq)]
pub struct Index {
    header: Header,
    /// Upper bits of a place that choose the bucket.
    bits: u32,
    /// Where each bucket's entries begin; one more at the end.
    starts: Vec<u32>,
    entries: Vec<u8>,
}

impl Index {
    /// Of entries in any order.
    ///
    /// # Panics
    /// Never: above `MOST_KEYS` the rest is left out, which callers refuse before.
    pub fn build(mut entries: Vec<Entry>) -> Self {
        entries.truncate(MOST_KEYS);
        let bits = (entries.len() / PER_BUCKET).next_power_of_two().ilog2();
        entries.sort_unstable();
        Self::of_sorted(bits, &entries)
    }

    /// STAND-IN
    pub fn empty() -> Self {
        Self::build(vec![])
    }
    /// STAND-IN
    pub fn of(entries: Vec<Entry>) -> Self {
        Self::build(entries)
    }
    /// STAND-IN
    pub fn header(&self) -> Header {
        self.header
    }

    fn of_sorted(bits: u32, sorted: &[Entry]) -> Self {
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut bytes = Vec::with_capacity(sorted.len() * ENTRY);
        for (position, entry) in sorted.iter().enumerate() {
            // Up to the entry's bucket everything begins here at the latest.
            starts.resize(starts.len().max(bucket(bits, entry.hash.place) + 1), position as u32);
            bytes.extend_from_slice(&entry.hash.tag.to_le_bytes()[..6]);
            bytes.extend_from_slice(&entry.account.to_le_bytes());
        }
        starts.resize((1 << bits) + 1, sorted.len() as u32);
        Self { header: Header::default(), bits, starts, entries: bytes }
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len() / ENTRY
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes in memory.
    pub fn size_bytes(&self) -> usize {
        self.entries.len() + self.starts.len() * 4
    }

    /// The accounts that have a value.
    pub fn accounts(&self, hash: Hashed) -> impl Iterator<Item = Ordinal> + use<'_> {
        let bucket = bucket(self.bits, hash.place);
        let range = self.starts[bucket] as usize * ENTRY..self.starts[bucket + 1] as usize * ENTRY;
        let entries = self.entries[range].chunks_exact(ENTRY);
        entries.filter_map(move |entry| {
            let (tag, account) = split(entry);
            (tag == hash.tag).then_some(account)
        })
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} keys)", self.len())
    }
}

/// The upper bits of a place.
const fn bucket(bits: u32, place: u64) -> usize {
    // A shift by 64 would overflow; an index of one bucket has no bits.
    if bits == 0 { 0 } else { (place >> (64 - bits)) as usize }
}

fn split(entry: &[u8]) -> (u64, Ordinal) {
    let mut tag = [0; 8];
    let mut account = [0; 4];
    tag[..6].copy_from_slice(&entry[..6]);
    account.copy_from_slice(&entry[6..ENTRY]);
    (u64::from_le_bytes(tag), u32::from_le_bytes(account))
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
        let index = Index::build(vec![]);
        assert!(index.is_empty() && index.accounts(hash(1)).next().is_none());
    }

    #[test]
    fn a_key_costs_less_than_fourteen_and_a_half_bytes() {
        let entries = (0..100_000).map(|n| Entry { hash: hash(n), account: n }).collect();
        let index = Index::build(entries);
        let per_key = index.size_bytes() as f64 / index.len() as f64;
        assert!(per_key < 14.5, "{per_key}");
    }

    proptest! {
        #[test]
        fn a_value_leads_to_all_who_have_it_and_to_nobody_else(
            pairs in proptest::collection::vec((0_u32..200, 0_u32..500), 0..400),
            asked in 0_u32..250,
        ) {
            let entries = pairs.iter().map(|(value, account)| Entry { hash: hash(*value), account: *account }).collect();
            let index = Index::build(entries);
            let expected: BTreeSet<u32> = pairs.iter().filter(|(v, _)| *v == asked).map(|(_, a)| *a).collect();
            let found: BTreeSet<u32> = index.accounts(hash(asked)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

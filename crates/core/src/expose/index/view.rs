//! A directory that moves on: an index of how it was, and what has changed since.

use super::{FORMER, Index, Ordinal};
use crate::expose::key::Hashed;

/// Whose entries in an index do not count any more, because a younger one has them.
#[derive(Clone, Default)]
pub struct Stale {
    accounts: Bits,
    formers: Bits,
}

#[derive(Clone, Default)]
struct Bits(Vec<u64>);

impl Stale {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds somebody.
    pub fn insert(&mut self, number: Ordinal) {
        let (bits, number) =
            if number < FORMER { (&mut self.accounts, number) } else { (&mut self.formers, number - FORMER) };
        let word = number as usize / 64;
        bits.0.resize(bits.0.len().max(word + 1), 0);
        bits.0[word] |= 1 << (number % 64);
    }

    /// Whether somebody is among them.
    #[inline]
    pub fn contains(&self, number: Ordinal) -> bool {
        if number < FORMER { self.accounts.has(number) } else { self.formers.has(number - FORMER) }
    }

    /// Whether there is nobody.
    pub const fn is_empty(&self) -> bool {
        self.accounts.0.is_empty() && self.formers.0.is_empty()
    }
}

impl Bits {
    #[inline]
    fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

impl std::fmt::Debug for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |bits: &Bits| bits.0.iter().map(|word| word.count_ones()).sum::<u32>();
        write!(f, "Stale({} accounts, {} former values)", count(&self.accounts), count(&self.formers))
    }
}

/// The directory at one moment.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// As it was.
    pub base: &'a Index,
    /// The keys of those who changed since, as they are now.
    pub fresh: &'a Index,
    /// Those who changed since: what `base` has of them does not count.
    pub stale: &'a Stale,
}

impl<'a> View<'a> {
    /// The accounts that have a value.
    pub fn accounts(&self, hash: Hashed) -> impl Iterator<Item = Ordinal> + use<'a> {
        let stale = self.stale;
        let standing = self.base.accounts(hash).filter(move |account| !stale.contains(*account));
        standing.chain(self.fresh.accounts(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use crate::expose::key::{HashKey, Kind};

    #[test]
    fn what_changed_counts_as_it_is_now() {
        let key = HashKey::new(&[1; 16]);
        let entry = |value: &[u8], account| Entry { hash: key.hash(Kind::Phone, value), account };
        let base = Index::of(vec![entry(b"a", 1), entry(b"a", 2), entry(b"a", FORMER + 1), entry(b"b", 3)]);
        let fresh = Index::of(vec![entry(b"c", 1), entry(b"a", 9)]);
        let mut stale = Stale::new();
        assert!(stale.is_empty());
        stale.insert(1);
        stale.insert(FORMER + 1);
        assert!(stale.contains(1) && !stale.contains(FORMER) && !stale.contains(FORMER + 1000));
        let view = View { base: &base, fresh: &fresh, stale: &stale };
        let asked = |value: &[u8]| {
            let mut found: Vec<_> = view.accounts(key.hash(Kind::Phone, value)).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(asked(b"a"), [2, 9]);
        assert_eq!(asked(b"b"), [3]);
        assert_eq!(asked(b"c"), [1]);
    }
}

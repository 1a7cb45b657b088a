//! From the marks of a match to sets of accounts: one for each kind of key and each field.
//!
//! Sixty-four marks at a time are turned into words of bits, so that twenty million accounts take a tenth of a second and
//! not a look-up for each account and set.

use super::cohort::Accounts;
use super::key::Kind;
use super::matching::{Field, Mark, Marks};

/// Accounts in a block: one container of a bitmap.
const BLOCK: u32 = 1 << 16;
/// Words of a block.
const WORDS: usize = BLOCK as usize / 64;
/// Bits of a mark.
const BITS: usize = 16;

/// Who was found, by what, and what is shown of them.
#[derive(Debug, Default)]
pub struct Sets {
    /// Everybody.
    pub all: Accounts,
    /// Those that a strong key matched.
    pub strong: Accounts,
    /// By each kind of key, in the order of `Kind::ALL`.
    pub by: [Accounts; Kind::ALL.len()],
    /// Of whom each field is shown, in the order of `Field::ALL`.
    pub shows: [Accounts; Field::ALL.len()],
}

impl Sets {
    /// Of the marks of so many accounts.
    pub fn of(marks: &Marks, accounts: u32) -> Self {
        let mut sets = Self::default();
        let mut block = Block::new();
        let mut first = 0;
        while first < accounts {
            let end = accounts.min(first.saturating_add(BLOCK));
            block.fill(marks, first, end);
            sets.take(&block, first);
            first = end;
        }
        sets
    }

    fn take(&mut self, block: &Block, first: u32) {
        if block.all.iter().all(|word| *word == 0) {
            return;
        }
        add(&mut self.all, first, &block.all);
        add(&mut self.strong, first, &block.strong);
        for (set, kind) in self.by.iter_mut().zip(Kind::ALL) {
            add(set, first, &block.bits[Mark::new(kind, 0).bits().trailing_zeros() as usize]);
        }
        for (set, field) in self.shows.iter_mut().zip(Field::ALL) {
            let bit = Mark::new(Kind::AccountId, field.bit()).bits().trailing_zeros();
            add(set, first, &block.bits[bit as usize]);
        }
    }

    /// Adds accounts that only a value matched which they had before, with the fields that are shown of them.
    pub fn add_former(&mut self, account: u32, mark: Mark) {
        self.all.insert(account);
        for (set, field) in self.shows.iter_mut().zip(Field::ALL) {
            if mark.fields() & field.bit() != 0 {
                set.insert(account);
            }
        }
    }
}

fn add(set: &mut Accounts, first: u32, words: &[u64; WORDS]) {
    if words.iter().any(|word| *word != 0) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        set.add(&Accounts::of_bits(first, &bytes));
    }
}

/// The bits of a block, a bitmap for each bit of a mark.
struct Block {
    bits: Vec<[u64; WORDS]>,
    all: [u64; WORDS],
    strong: [u64; WORDS],
}

impl Block {
    fn new() -> Self {
        Self { bits: vec![[0; WORDS]; BITS], all: [0; WORDS], strong: [0; WORDS] }
    }

    fn fill(&mut self, marks: &Marks, first: u32, end: u32) {
        for word in 0..WORDS {
            let from = first + word as u32 * 64;
            let mut raw = [0_u16; 64];
            for (slot, number) in raw.iter_mut().zip(from..end.max(from)) {
                *slot = marks.of(number).bits();
            }
            self.word(word, &raw);
        }
    }

    fn word(&mut self, word: usize, raw: &[u16; 64]) {
        let any = raw.iter().fold(0, |any, mark| any | mark);
        for (bit, words) in self.bits.iter_mut().enumerate() {
            words[word] = if any >> bit & 1 == 1 { column(raw, bit) } else { 0 };
        }
        let by = |strong: bool| {
            let kinds = Kind::ALL.into_iter().filter(|kind| !strong || kind.is_strong());
            let bits = kinds.map(|kind| Mark::new(kind, 0).bits().trailing_zeros() as usize);
            bits.fold(0, |any, bit| any | self.bits[bit][word])
        };
        (self.all[word], self.strong[word]) = (by(false), by(true));
    }
}

/// One bit of sixty-four marks.
fn column(raw: &[u16; 64], bit: usize) -> u64 {
    raw.iter().enumerate().fold(0, |word, (n, mark)| word | u64::from(mark >> bit & 1) << n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expose::index::{Entry, Index, Stale, View};
    use crate::expose::key::HashKey;
    use crate::expose::matching::{Contradictions, Questions};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_set_has_whose_mark_has_its_bit(
            rows in proptest::collection::vec((0_u32..200_000, 2_usize..5, 0_u16..1024), 0..300),
            accounts in 1_u32..200_000,
        ) {
            let key = HashKey::new(&[4; 16]);
            let kinds = Kind::ALL;
            let entry = |(account, kind, _): &(u32, usize, u16)| Entry {
                hash: key.hash(kinds[*kind], &account.to_le_bytes()), account: *account,
            };
            let rows: Vec<_> = rows.into_iter().filter(|row| row.0 < accounts).collect();
            let (base, fresh) = (Index::of(rows.iter().map(entry).collect()), Index::empty());
            let mut marks = Marks::new(accounts, 0);
            let mut questions = Questions::new();
            for (n, row) in rows.iter().enumerate() {
                questions.push(entry(row).hash, Mark::new(kinds[row.1], row.2), n as u32);
            }
            let view = View { base: &base, fresh: &fresh, stale: &Stale::new() };
            questions.ask(view, &mut marks, &mut Contradictions::default());
            let sets = Sets::of(&marks, accounts);
            for (set, kind) in sets.by.iter().zip(Kind::ALL) {
                let expected = Accounts::of(marks.iter().filter(|(_, m)| m.kinds() & kind.bit() != 0).map(|(n, _)| n));
                prop_assert_eq!(set, &expected);
            }
            for (set, field) in sets.shows.iter().zip(Field::ALL) {
                let expected = Accounts::of(marks.iter().filter(|(_, m)| m.fields() & field.bit() != 0).map(|(n, _)| n));
                prop_assert_eq!(set, &expected);
            }
            prop_assert_eq!(&sets.all, &Accounts::of(marks.iter().map(|(n, _)| n)));
            prop_assert_eq!(&sets.strong, &Accounts::of(marks.iter().filter(|(_, m)| m.is_strong()).map(|(n, _)| n)));
        }
    }
}

//! Many values against one index: sorted into parts of the index first, so that each part is in the processor's cache while
//! it is asked. What is found is one set of marks per account.

use super::index::{Index, Ordinal};
use super::key::{Hashed, Kind};
use std::sync::atomic::{AtomicU16, Ordering};

/// Parts that values are sorted into: a part of an index of 47 million keys is 240 KiB.
const PARTS: usize = 2048;
const PART_BITS: u32 = PARTS.ilog2();

/// A field that a leak shows of somebody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Field {
    /// The e-mail address.
    Email = 0,
    /// The phone number.
    Phone = 1,
    /// The user name.
    UserName = 2,
    /// The platform's own id.
    PlatformId = 3,
    /// The person's name.
    FullName = 4,
    /// The place: city, postal code, coordinates.
    Place = 5,
    /// The country or region.
    Country = 6,
    /// The date of birth.
    BirthDate = 7,
    /// A password or its hash was there; it is never looked at.
    Password = 8,
    /// Something else.
    Other = 9,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 10] = [
        Self::Email,
        Self::Phone,
        Self::UserName,
        Self::PlatformId,
        Self::FullName,
        Self::Place,
        Self::Country,
        Self::BirthDate,
        Self::Password,
        Self::Other,
    ];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::UserName => "user_name",
            Self::PlatformId => "platform_id",
            Self::FullName => "full_name",
            Self::Place => "place",
            Self::Country => "country",
            Self::BirthDate => "birth_date",
            Self::Password => "password",
            Self::Other => "other",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }

    /// The bit in a set of fields.
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// What is known of one account after a match: by which keys, and which fields the leak shows.
///
/// Sixteen bits: five for `Kind`, ten for `Field`, so that twenty million accounts take 40 MB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mark(u16);

const KIND_BITS: u32 = 5;

impl Mark {
    /// One key of a row that shows these fields.
    pub const fn new(kind: Kind, fields: u16) -> Self {
        Self(kind.bit() as u16 | fields << KIND_BITS)
    }

    /// The kinds of keys that matched, by `Kind::bit`.
    pub const fn kinds(self) -> u8 {
        (self.0 & ((1 << KIND_BITS) - 1)) as u8
    }

    /// The fields that are shown, by `Field::bit`.
    pub const fn fields(self) -> u16 {
        self.0 >> KIND_BITS
    }

    /// Whether anything matched.
    pub const fn is_match(self) -> bool {
        self.kinds() != 0
    }

    /// Whether a strong key did.
    pub fn is_strong(self) -> bool {
        Kind::ALL.into_iter().any(|kind| kind.is_strong() && self.kinds() & kind.bit() != 0)
    }
}

/// The marks of all accounts of an index; threads mark at the same time.
#[derive(Debug)]
pub struct Marks(Vec<AtomicU16>);

impl Marks {
    /// For so many accounts, none of them marked.
    pub fn new(accounts: usize) -> Self {
        Self((0..accounts).map(|_| AtomicU16::new(0)).collect())
    }

    fn add(&self, account: Ordinal, mark: Mark) {
        // Marks only gather; who reads them waits for the threads to end.
        if let Some(slot) = self.0.get(account as usize)
            && slot.load(Ordering::Relaxed) & mark.0 != mark.0
        {
            slot.fetch_or(mark.0, Ordering::Relaxed);
        }
    }

    /// Of one account.
    pub fn of(&self, account: Ordinal) -> Mark {
        Mark(self.0.get(account as usize).map_or(0, |slot| slot.load(Ordering::Relaxed)))
    }

    /// Everybody who is marked.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, Mark)> {
        let marked = self.0.iter().enumerate().map(|(n, slot)| (n as Ordinal, Mark(slot.load(Ordering::Relaxed))));
        marked.filter(|(_, mark)| mark.is_match())
    }
}

/// Values that wait to be asked about.
#[derive(Debug)]
pub struct Questions {
    parts: Vec<Vec<Question>>,
    waiting: usize,
}

/// Place, and tag and mark in one word.
#[derive(Clone, Copy, Debug)]
struct Question {
    place: u64,
    tag_and_mark: u64,
}

impl Questions {
    /// None yet.
    pub fn new() -> Self {
        Self { parts: vec![Vec::new(); PARTS], waiting: 0 }
    }

    /// How many wait.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Adds one.
    pub fn push(&mut self, hash: Hashed, mark: Mark) {
        let part = (hash.place >> (64 - PART_BITS)) as usize;
        self.parts[part].push(Question { place: hash.place, tag_and_mark: hash.tag << 16 | u64::from(mark.0) });
        self.waiting += 1;
    }

    /// Asks all of them; how many led to an account.
    pub fn ask(&mut self, index: &Index, marks: &Marks) -> u64 {
        let mut hits = 0;
        for part in &mut self.parts {
            for question in part.drain(..) {
                let hash = Hashed { place: question.place, tag: question.tag_and_mark >> 16 };
                let mark = Mark(question.tag_and_mark as u16);
                let mut found = false;
                for account in index.accounts(hash) {
                    marks.add(account, mark);
                    found = true;
                }
                hits += u64::from(found);
            }
        }
        self.waiting = 0;
        hits
    }
}

impl Default for Questions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expose::index::Entry;
    use crate::expose::key::HashKey;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_mark_holds_kinds_and_fields() {
        let all: u16 = Field::ALL.iter().fold(0, |bits, field| bits | field.bit());
        let mark = Mark::new(Kind::PlatformId, all);
        assert_eq!((mark.kinds(), mark.fields()), (Kind::PlatformId.bit(), all));
        assert!(mark.is_match() && mark.is_strong() && !Mark::new(Kind::Mailbox, all).is_strong());
        assert!(!Mark::default().is_match());
    }

    proptest! {
        #[test]
        fn marks_are_what_a_plain_join_gives(
            keys in proptest::collection::vec((0_u16..60, 0_u32..40), 0..200),
            rows in proptest::collection::vec((0_u16..80, 0_usize..3, 0_u16..1024), 0..200),
        ) {
            let key = HashKey::new(&[3; 16]);
            let hash = |kind: Kind, value: u16| key.hash(kind, &value.to_le_bytes());
            let kinds = [Kind::Phone, Kind::UserName, Kind::PlatformId];
            let entries = keys.iter().map(|(v, a)| Entry { hash: hash(kinds[*v as usize % 3], *v), account: *a }).collect();
            let (index, marks) = (Index::of(entries), Marks::new(40));
            let mut questions = Questions::new();
            let mut expected = BTreeMap::<u32, u16>::new();
            for (value, kind, fields) in rows {
                let mark = Mark::new(kinds[kind], fields);
                questions.push(hash(kinds[kind], value), mark);
                for (_, account) in keys.iter().filter(|(v, _)| *v == value && *v as usize % 3 == kind) {
                    *expected.entry(*account).or_default() |= mark.0;
                }
            }
            questions.ask(&index, &marks);
            prop_assert_eq!(questions.waiting(), 0);
            let found: BTreeMap<u32, u16> = marks.iter().map(|(account, mark)| (account, mark.0)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

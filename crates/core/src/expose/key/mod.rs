//! Keyed hashes of normalised values: what is kept of the directory, and all that is ever kept of a leak (X1).
//!
//! Never: prints a key; hashes without one.
//! In: a key, normalised values.   Out: places and tags.
//! I/O for this room: none.   Tests: beside the code.
//!
//! SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012). A hash that is not a
//! pseudo-random function would let whoever has the index test guesses; with this one they need the key as well.
//!
//! The two keys of an e-mail address lie at one place, that of the mailbox, so that one look-up answers for both. Where they
//! are the same text they are one key, with a bit that says that it is the strong one too.

mod batch;

pub use batch::Batch;

use super::normal::Email;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// An e-mail address as it is, without case: strong.
    Address = 1,
    /// The mailbox behind an address, by the providers' rules: weak, since two people of one company may share it.
    Mailbox = 2,
    /// A phone number: strong.
    Phone = 3,
    /// A user name: strong.
    UserName = 4,
    /// The platform's own id of an account: strong.
    PlatformId = 5,
    /// The name of an account at our own doors: to look one up by, and nothing that a leak has.
    AccountId = 6,
}

impl Kind {
    /// Every kind that a leak is matched by.
    pub const ALL: [Self; 5] = [Self::Address, Self::Mailbox, Self::Phone, Self::UserName, Self::PlatformId];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "email",
            Self::Mailbox => "mailbox",
            Self::Phone => "phone",
            Self::UserName => "user_name",
            Self::PlatformId => "platform_id",
            Self::AccountId => "account_id",
        }
    }

    /// Whether a match by it is strong.
    pub const fn is_strong(self) -> bool {
        !matches!(self, Self::Mailbox)
    }

    /// The bit in a set of kinds; none for what no leak is matched by.
    pub const fn bit(self) -> u8 {
        match self {
            Self::AccountId => 0,
            _ => 1 << (self as u8 - 1),
        }
    }
}

/// The key of one directory's hashes.
#[derive(Clone)]
pub struct HashKey(SipHasher24, [u64; 2]);

/// What an address and its mailbox are hashed as.
pub const MAIL: u8 = Kind::Address as u8;

impl HashKey {
    /// From 16 secret bytes.
    pub fn new(bytes: &[u8; 16]) -> Self {
        let half = |at: usize| bytes[at..at + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        Self(SipHasher24::new_with_key(bytes), [half(0), half(8)])
    }

    /// Names the key and says nothing of it.
    pub fn id(&self) -> [u8; 8] {
        self.sip(b"the name of this key", 0).place.to_le_bytes()
    }

    /// The hash of a normalised value of a kind. An address and its mailbox have theirs from `email`.
    pub fn hash(&self, kind: Kind, value: &[u8]) -> Hashed {
        debug_assert!(!matches!(kind, Kind::Address | Kind::Mailbox), "the place of an address is that of its mailbox");
        let whole = self.sip(value, kind as u8);
        Hashed { tag: whole.tag | Hashed::STRONG, ..whole }
    }

    /// The hashes of an address and of its mailbox.
    pub fn email(&self, email: &Email) -> EmailHash {
        let mailbox = email.mailbox.as_bytes();
        let weak = self.sip(mailbox, MAIL);
        match self.address_beside(email) {
            None => EmailHash { mailbox: Hashed { tag: weak.tag | Hashed::STRONG, ..weak }, address: None },
            Some(tag) => EmailHash { mailbox: weak, address: Some(Hashed { tag, ..weak }) },
        }
    }

    /// The tag of an address, if its mailbox is another text.
    pub fn address_beside(&self, email: &Email) -> Option<u64> {
        let (address, mailbox) = (email.address.as_bytes(), email.mailbox.as_bytes());
        (address != mailbox).then(|| self.sip(address, MAIL).tag | Hashed::STRONG)
    }

    pub(super) fn sip(&self, value: &[u8], kind: u8) -> Hashed {
        let mut hasher = self.0;
        hasher.write(value);
        hasher.write_u8(kind);
        let whole = hasher.finish128();
        Hashed { place: whole.h1, tag: whole.h2 & Hashed::TAG }
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// A hash: where it belongs, and what tells it from its neighbours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hashed {
    /// Uniform; its upper bits choose the bucket.
    pub place: u64,
    /// 47 bits, and `STRONG`.
    pub tag: u64,
}

impl Hashed {
    /// The bits of a tag.
    pub const TAG: u64 = (1 << 47) - 1;
    /// Whether it is of a strong key, or of one that is strong as well as weak.
    pub const STRONG: u64 = 1 << 47;
}

/// The hashes of an e-mail address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EmailHash {
    /// Of the mailbox behind it; strong if that is the address itself.
    pub mailbox: Hashed,
    /// Of the address, if it is another text; at the same place.
    pub address: Option<Hashed>,
}

impl EmailHash {
    /// What an index holds of it: one or two.
    pub fn all(self) -> impl Iterator<Item = Hashed> {
        std::iter::once(self.mailbox).chain(self.address)
    }

    /// That of the address as it is.
    pub fn strong(self) -> Hashed {
        self.address.unwrap_or(self.mailbox)
    }

    /// That of the mailbox: it also finds whoever has it as an address.
    pub fn weak(self) -> Hashed {
        Hashed { tag: self.mailbox.tag & Hashed::TAG, ..self.mailbox }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expose::index::{Entry, Index};
    use crate::expose::normal::email;

    #[test]
    fn the_kind_and_the_key_are_part_of_a_hash() {
        let (a, b) = (HashKey::new(&[1; 16]), HashKey::new(&[2; 16]));
        let value = b"+15550100123";
        assert_ne!(a.hash(Kind::Phone, value), a.hash(Kind::UserName, value));
        assert_ne!(a.hash(Kind::Phone, value), b.hash(Kind::Phone, value));
        assert_eq!(a.hash(Kind::Phone, value), a.hash(Kind::Phone, value));
        assert!(a.hash(Kind::Phone, b"x").tag <= Hashed::TAG | Hashed::STRONG);
        assert_ne!(a.id(), b.id());
    }

    #[test]
    fn every_kind_of_a_leak_has_a_bit_of_its_own() {
        let all = Kind::ALL.iter().fold(0_u8, |bits, kind| bits | kind.bit());
        assert_eq!(all.count_ones() as usize, Kind::ALL.len());
    }

    #[test]
    fn an_address_is_found_exactly_and_a_mailbox_by_every_address_of_it() {
        let key = HashKey::new(&[5; 16]);
        let of = |text: &str| {
            let mut out = Email::default();
            assert!(email(text.as_bytes(), &mut out));
            key.email(&out)
        };
        let people = ["jane@example.org", "jane+a@example.org", "jane+b@example.org", "john@example.org"];
        let entries =
            people.iter().zip(0..).flat_map(|(text, account)| of(text).all().map(move |hash| Entry { hash, account }));
        let index = Index::of(entries.collect());
        let found = |hash| index.accounts(hash).collect::<Vec<_>>();
        for (text, account) in people.iter().zip(0..) {
            assert_eq!(found(of(text).strong()), [account], "{text}");
        }
        assert_eq!(found(of("jane+c@example.org").strong()), [0_u32; 0]);
        assert_eq!(found(of("JANE+c@example.org").weak()), [0, 1, 2]);
        assert_eq!(index.len(), 6);
    }
}

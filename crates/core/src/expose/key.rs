//! Keyed hashes of normalised values: what is kept of the directory, and all that is ever kept of a leak (X1).
//!
//! SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012). A hash that is not a
//! pseudo-random function would let whoever has the index test guesses; with this one they need the key as well.

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
    /// STAND-IN
    AccountId = 6,
}

impl Kind {
    /// Every kind.
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

    /// The bit in a set of kinds.
    pub const fn bit(self) -> u8 {
        1 << (self as u8 - 1)
    }
}

/// The key of one directory's hashes.
#[derive(Clone)]
pub struct HashKey(SipHasher24);

impl HashKey {
    /// From 16 secret bytes.
    pub fn new(bytes: &[u8; 16]) -> Self {
        Self(SipHasher24::new_with_key(bytes))
    }

    /// STAND-IN
    pub fn id(&self) -> [u8; 8] {
        self.hash(Kind::AccountId, b"id").place.to_le_bytes()
    }

    /// The hash of a normalised value of a kind.
    pub fn hash(&self, kind: Kind, value: &[u8]) -> Hashed {
        let mut hasher = self.0;
        hasher.write(value);
        hasher.write_u8(kind as u8);
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
    /// 48 bits.
    pub tag: u64,
}

impl Hashed {
    /// The bits of a tag.
    pub const TAG: u64 = (1 << 48) - 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_and_the_key_are_part_of_a_hash() {
        let (a, b) = (HashKey::new(&[1; 16]), HashKey::new(&[2; 16]));
        let value = b"jane@example.org";
        assert_ne!(a.hash(Kind::Address, value), a.hash(Kind::Mailbox, value));
        assert_ne!(a.hash(Kind::Address, value), b.hash(Kind::Address, value));
        assert_eq!(a.hash(Kind::Phone, b"+15550100123"), a.hash(Kind::Phone, b"+15550100123"));
        assert!(a.hash(Kind::Phone, b"x").tag <= Hashed::TAG);
    }

    #[test]
    fn every_kind_has_a_bit_of_its_own() {
        let all = Kind::ALL.iter().fold(0_u8, |bits, kind| bits | kind.bit());
        assert_eq!(all.count_ones() as usize, Kind::ALL.len());
    }
}

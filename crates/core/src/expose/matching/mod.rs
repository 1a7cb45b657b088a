//! A leak against the directory: each record's values are normalised, hashed and asked for, millions at a time; what is found is
//! one set of marks per account.
//!
//! Never: keeps a value; takes part of a record for the whole; depends on the order of records or on who reads them.
//! In: records, a layout, a directory.   Out: marks, counts, contradictions.
//! I/O for this room: server/src/expose/run/.   Tests: beside the code.

mod marks;
mod questions;
mod tally;
mod worker;

pub use marks::Marks;
pub use questions::{Contradictions, NO_ROW, Questions};
pub use tally::{BadSample, SAMPLES, Tally, shape};
pub use worker::{Ask, Worker};

use super::key::Kind;

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

    /// All sixteen bits: the kinds in the lower five.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without a kind.
    #[must_use]
    const fn without(self, kind: Kind) -> Self {
        Self(self.0 & !(kind.bit() as u16))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_holds_kinds_and_fields() {
        let all: u16 = Field::ALL.iter().fold(0, |bits, field| bits | field.bit());
        let mark = Mark::new(Kind::PlatformId, all);
        assert_eq!((mark.kinds(), mark.fields()), (Kind::PlatformId.bit(), all));
        assert!(mark.is_match() && mark.is_strong() && !Mark::new(Kind::Mailbox, all).is_strong());
        assert!(!Mark::default().is_match());
        assert_eq!(mark.or(Mark::new(Kind::Address, 0)).kinds(), Kind::PlatformId.bit() | Kind::Address.bit());
    }
}

//! Reads accounts from an export of another system: CSV or NDJSON, one account a record.
//!
//! Never: guesses at a damaged record or repairs it; lets one record swallow the rest of the file; repeats a password hash
//! or a TOTP secret in an error or in what is set aside.
//! In: bytes, line by line.   Out: `Row`s, each an `AccountRecord` or a `Rejected` with its reason.
//! I/O for this room: server/src/cli/accounts.rs opens the file.   Tests: beside the code; fuzz/fuzz_targets/import_*.rs.

mod columns;
mod lines;
mod ndjson;
mod raw;
mod reader;
mod record;
mod time;

pub use raw::SECRET_FIELDS;
pub use reader::{BadFile, Reader, Row};
pub use record::{AccountRecord, EmailEntry, PhoneEntry};

use crate::identifier::BadIdentifier;

/// The longest record, in bytes, line breaks included.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
/// The most lines of one CSV record; quoted fields may hold line breaks. A quote that is never closed costs this many
/// lines of looking ahead and one record.
pub const MAX_RECORD_LINES: usize = 32;
/// The most user names, addresses, phone numbers (each) of one account.
pub const MAX_ENTRIES: usize = 32;
/// The longest external id, party or password hash, in bytes.
pub const MAX_TEXT_BYTES: usize = 512;

/// The two forms of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// Why a record is set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// A quote that does not end, or ends in the middle of a field.
    #[error("has a quote that is not closed")]
    OpenQuote,
    /// Another number of fields than the header.
    #[error("has {found} fields, the header has {expected}")]
    FieldCount {
        /// In the record.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// No JSON object of the documented form.
    #[error("is not a JSON object of the documented form")]
    NotJson,
    /// A key that is not documented.
    #[error("has a field that is not known")]
    UnknownField,
    /// Nothing by which to tell the account from others.
    #[error("external_id: is missing")]
    NoExternalId,
    /// Nothing by which its owner could name it.
    #[error("has neither user name nor e-mail nor phone")]
    NoIdentifier,
    /// A field that cannot be used.
    #[error("{field}: {problem}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// An identifier that cannot be used.
    #[error("{field}: {problem}")]
    Identifier {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A password hash that is not taken; the text says why.
    #[error("{0}")]
    PasswordHash(String),
    /// Another account has the identifier.
    #[error("{field}: belongs to another account")]
    Taken {
        /// Which field.
        field: &'static str,
    },
    /// The external id came earlier in the same file.
    #[error("external_id: came before in this file")]
    Repeated,
}

impl Reason {
    /// The stable code in the reject file and the summary.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::TooLong => "too_long",
            Self::OpenQuote => "open_quote",
            Self::FieldCount { .. } => "field_count",
            Self::NotJson => "not_json",
            Self::UnknownField => "unknown_field",
            Self::NoExternalId => "no_external_id",
            Self::NoIdentifier => "no_identifier",
            Self::Field { .. } => "bad_field",
            Self::Identifier { .. } => "bad_identifier",
            Self::PasswordHash(_) => "bad_password_hash",
            Self::Taken { .. } => "identifier_taken",
            Self::Repeated => "repeated",
        }
    }

    pub(crate) const fn identifier(field: &'static str, error: BadIdentifier) -> Self {
        let problem = match error {
            BadIdentifier::Empty => "is empty",
            BadIdentifier::TooLong => "is too long",
            BadIdentifier::Control => "holds a control character",
            BadIdentifier::Invisible => "holds an invisible character",
            BadIdentifier::Email => "is not an e-mail address",
            BadIdentifier::Phone => "is not a phone number with its country code",
            BadIdentifier::UserName => "is not a user name",
        };
        Self::Identifier { field, problem }
    }
}

/// A record that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub reason: Reason,
    /// What it said, by known field, secrets left out; `None` where the fields could not be told apart.
    pub record: Option<serde_json::Map<String, serde_json::Value>>,
}

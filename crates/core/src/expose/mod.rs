//! Whose data is in a leak: what a leaked value is compared by, and how it is found among millions.
//!
//! Never: keeps a leaked value; guesses a value that is not well-formed; decides by a look-alike.
//! In: bytes of one field, the region it is from, a key.   Out: keyed hashes, accounts, what matched.
//! I/O for this room: server/src/expose/, server/src/flows/expose/.   Tests: beside the code, tests/expose.rs.

pub mod cohort;
pub mod containment;
pub mod freshness;
pub mod index;
pub mod key;
pub mod layout;
pub mod matching;
pub mod normal;
pub mod query;
pub mod read;
pub mod sets;
pub mod sniff;

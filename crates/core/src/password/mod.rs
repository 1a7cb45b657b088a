//! Decides whether a new password is good enough, and says why not.
//!
//! Never: stores, logs or prints a candidate; asks for digits, capitals or signs (NIST SP 800-63B-4, 3.1.1.2: no
//! composition rules); cuts a candidate short.
//! In: a candidate, what is known about its owner, `Policy`.   Out: `Normalized`, or every `Weakness`.
//! I/O for this room: none.   Tests: beside the code.

mod blocklist;
mod policy;
mod skeleton;

pub use blocklist::is_common;
pub use policy::{Context, Corpus, MAX_BYTES_PER_CHAR, Normalized, Policy, Weakness, check};

//! Knows leaked passwords by their hashes: reads lists of them, makes one compact file, finds a hash in it.
//!
//! Never: opens a file (whoever calls brings the bytes); believes a length, an offset or a count that the bytes do not
//! bear out; prints, stores or repeats a password or its hash.
//! In: lines of `HASH:count`, bytes of a file, a password's hash.   Out: a file's bytes; found or not, and how often.
//! I/O for this room: server/src/breached/.   Tests: beside the code, tests/it/breached/, fuzz/.
//!
//! Three forms (docs/passwords.md has the figures): a *filter* (binary fuse, about 18.1 bits for each hash, wrong for one
//! password in 65 536), an *exact* table (48 bits beside a prefix), *ranges* (whole hashes and counts, for the range API).

mod digest;
mod filter;
mod hash;
mod header;
mod layout;
mod line;
mod range;
mod records;
#[cfg(test)]
mod tests;
mod writer;

pub use digest::{BLOCK_BYTES, leaf, root};
pub use filter::FALSE_POSITIVE_RATE;
pub use hash::{Hash, HashKind};
pub use header::{Damage, Form, HEADER_BYTES, Header};
pub use layout::{Found, Layout};
pub use line::{BadLine, Entry, Line, Lines, MAX_LINE_BYTES, Shape, is_range_name, parse};
pub use range::{Prefix, pad};
pub use writer::{WriteError, Writer};

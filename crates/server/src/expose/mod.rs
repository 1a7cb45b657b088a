//! Leaks against the directory: files read, records matched, the index kept as a file.
//!
//! Never: writes a leaked value anywhere; reads the store.
//! In: paths, bytes, an index and its key.   Out: who was found by what, and counts.
//! I/O for this room: files.   Tests: beside the code; core has those of the parts.

pub mod index_file;
pub mod open;
pub mod run;

//! The evidence of Countersign: entries, the Merkle tree over them, signed checkpoints, proofs, and what outsiders do with
//! them.
//!
//! Never: does I/O, reads a clock, draws randomness; knows what the entries are about.
//!
//! The formats are those of C2SP (tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature, tlog-proof, tlog-policy), so
//! that programs of others read them.

pub mod base64;
pub mod bundle;
pub mod checkpoint;
pub mod content;
pub mod cosignature;
pub mod entry;
pub mod hash;
pub mod message;
pub mod mirror;
pub mod note;
pub mod policy;
pub mod proof;
pub mod rotation;
pub mod sealed;
pub mod tile;
pub mod tree;

pub use entry::{Commitment, Opening, Payload, Subject, VERSION};
pub use hash::Hash;

//! Where accounts live: the embedded directory, and what it takes over from others.
//!
//! Never: reads the store; hashes a password on an async thread (callers use `spawn_blocking`); logs a hash.
//! In: what the store or an import holds.   Out: outcomes.
//! I/O for this room: none so far.   Tests: beside the code; tests/it/hashes.rs with hashes made by the real systems.

pub mod hashes;

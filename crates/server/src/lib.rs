//! Countersign: one binary in front of, or beside, the identity system that a platform already runs.
//!
//! `docs/architecture.md` says which room may know which; `cargo xtask tidy` holds it.

pub mod clock;
pub mod keyring;
pub mod notify;
pub mod store;
pub mod text;

//! The pure decisions of Countersign.
//!
//! Never: does I/O, reads a clock, draws randomness, knows a framework or a database. Time and random bytes come in as
//! parameters, decisions with their reasons go out. `clippy.toml` and `cargo xtask tidy` hold this.

pub mod breached;
pub mod csf;
pub mod device;
pub mod expose;
pub mod find;
pub mod gate;
pub mod identifier;
pub mod ids;
pub mod import;
pub mod mailbox;
pub mod message;
pub mod password;
pub mod secret;
pub mod span;
pub mod staff;
pub mod time;
pub mod totp;
pub mod traffic;

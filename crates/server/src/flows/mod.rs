//! One file per use case: load, decide (pure), record (state, evidence and messages in one transaction), answer.
//!
//! Never: knows a door (HTTP, page, command line); answers before the commit; changes state without an evidence entry
//! in the same transaction; sends anything itself.
//! In: `App` and what a door was given.   Out: what the door may show, or an `AppError`.
//! I/O for this room: the store.   Tests: tests/it, through the doors.

pub mod accounts;
pub mod api_keys;
pub mod cancel;
pub mod care;
pub mod change;
pub mod client;
pub mod devices;
pub mod dispatch;
pub mod enrol;
pub mod exposure;
pub mod find;
pub mod housekeeping;
pub mod idempotency;
pub mod intake;
pub mod log;
pub mod messages;
pub mod not_me;
pub mod outbox;
pub mod passwords;
pub mod profile;
pub mod recover;
pub mod redeem;
pub mod register;
pub mod seal;
pub mod secrets;
pub mod sign_in;
pub mod staff;
pub mod traffic;
pub mod verify;

use crate::error::AppError;

/// What flows answer.
pub type Result<T> = std::result::Result<T, AppError>;

//! The people who work in the console: how they come in, prove who they are, and are let go.
//!
//! Never: tells who is on the staff to somebody who is not; takes a secret twice; acts on the word of a role that was
//! read before the transaction.
//! In: `App`, an `Actor`, what a door was given.   Out: sessions, people, or an `AppError`.
//! I/O for this room: the store.   Tests: tests/it/console/.

pub mod actor;
mod ceremonies;
pub mod deeds;
pub mod factors;
pub mod links;
pub mod oidc;
pub mod own;
pub mod passkeys;
pub mod people;
pub mod pleas;
pub mod sessions;
pub mod sign_in;

pub use actor::{Actor, Asks, Seat};

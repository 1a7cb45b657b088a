//! The integration tests: one binary, through the front door.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]

mod accounts;
mod browser;
mod cli;
mod hashes;
mod mail;
mod pages;
mod recovery;
mod store;
mod support;

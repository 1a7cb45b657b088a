//! The integration tests: one binary, through the front door.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]

mod accounts;
mod api;
mod browser;
mod cli;
mod drill;
mod hashes;
mod mail;
mod openapi;
mod pages;
mod recovery;
mod support;

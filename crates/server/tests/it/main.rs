//! The integration tests: one binary, through the front door.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]
#![expect(clippy::cognitive_complexity, reason = "every assertion counts as a branch")]
#![expect(clippy::too_many_lines, reason = "a walk through the front door is told in one piece")]

mod accounts;
mod api;
mod attest;
mod breached;
mod browser;
mod care;
mod care_commands;
mod cli;
mod console;
mod crash;
mod drill;
mod exposure;
mod hashes;
mod log;
mod mail;
mod openapi;
mod pages;
mod recovery;
mod store;
mod support;
mod traffic;
mod verify;

//! The integration tests: one binary, through the front door.
#![expect(missing_docs, reason = "tests")]

mod browser;

//! NDJSON: one JSON object a line.

use super::raw::{Raw, unreadable};
use super::{AccountRecord, Reason, Rejected};

/// Reads one line. `serde_json` stops at a depth of 128, so a line of brackets cannot exhaust the stack.
pub(super) fn read(line: &str) -> Result<AccountRecord, Rejected> {
    match serde_json::from_str::<Raw>(line) {
        Ok(raw) => raw.checked(),
        // What is under an unknown key might be a hash, so nothing of the line is shown.
        Err(error) if error.to_string().starts_with("unknown field") => Err(unreadable(Reason::UnknownField)),
        Err(_) => Err(unreadable(Reason::NotJson)),
    }
}

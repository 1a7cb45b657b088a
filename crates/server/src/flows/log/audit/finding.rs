//! What an audit finds wrong, and where.

use serde::Serialize;
use std::fmt;

/// Findings that are told one by one; of more only the number.
const MOST: usize = 1000;

/// One thing that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The table, or the file.
    pub place: &'static str,
    /// Which row: an entry's number, a tile's path, a key's position, a checkpoint's size.
    pub row: String,
    /// Which column, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<&'static str>,
    /// What is wrong with it.
    pub what: String,
}

impl Finding {
    /// About the entry with this number.
    pub fn entry(number: impl fmt::Display, column: Option<&'static str>, what: impl Into<String>) -> Self {
        Self { place: "evidence", row: format!("entry {number}"), column, what: what.into() }
    }

    /// About a tile, by its path.
    pub fn tile(path: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { place: "log_tiles", row: path.to_string(), column: Some("hashes"), what: what.into() }
    }

    /// About the head.
    pub fn head(column: &'static str, what: impl Into<String>) -> Self {
        Self { place: "log_head", row: "the head".to_owned(), column: Some(column), what: what.into() }
    }

    /// About the keys.
    pub fn keys(row: String, what: impl Into<String>) -> Self {
        Self { place: "log_keys", row, column: None, what: what.into() }
    }

    /// About a time stamp, by the size of its checkpoint.
    pub fn stamp(size: u64, column: Option<&'static str>, what: impl Into<String>) -> Self {
        Self { place: "log_stamps", row: format!("checkpoint of {size} entries"), column, what: what.into() }
    }

    /// About a checkpoint in a file.
    pub fn file(name: &str, what: impl Into<String>) -> Self {
        Self { place: "file", row: name.to_owned(), column: None, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.place, self.row)?;
        match self.column {
            Some(column) => write!(f, ", column {column}: {}", self.what),
            None => write!(f, ": {}", self.what),
        }
    }
}

/// What was found, as far as it is kept.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    more: u64,
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        if self.kept.len() < MOST { self.kept.push(finding) } else { self.more += 1 }
    }

    /// Adds several.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// Adds what somebody else found.
    pub fn append(&mut self, others: Self) {
        self.more += others.more;
        self.extend(others.kept);
    }

    /// Those that are kept, in the order in which they were found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many more there were.
    pub const fn more(&self) -> u64 {
        self.more
    }

    /// Those that are kept, and how many more there were.
    pub fn into_parts(self) -> (Vec<Finding>, u64) {
        (self.kept, self.more)
    }

    /// Whether nothing was found.
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

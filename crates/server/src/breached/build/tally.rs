//! What was read and what was left out, and why.

use countersign_core::breached::{BadLine, HashKind, Shape};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bad lines that are described one by one.
const MOST_SAMPLES: usize = 5;

/// A bad line: where it is and what it looks like. What it says stays where it is; it may be somebody's password.
#[derive(Debug)]
pub struct Sample {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// Why it is bad.
    pub reason: BadLine,
    /// What it looks like; nothing for one that was too long to be looked at.
    pub shape: Option<Shape>,
}

/// Counts of lines.
#[derive(Debug, Default)]
pub struct Tally {
    /// All lines, without empty ones.
    pub lines: u64,
    /// Taken.
    pub taken: u64,
    /// Seen less often than asked for.
    pub below: u64,
    /// Padding of the range API: seen 0 times.
    pub padding: u64,
    /// Bad ones by reason.
    pub bad: BTreeMap<BadLine, u64>,
    /// Some of them.
    pub samples: Vec<Sample>,
    /// Files in directories that are no range files.
    pub skipped_files: u64,
}

impl Tally {
    pub(super) fn bad(&mut self, reason: BadLine, file: &Path, line: u64, text: Option<&[u8]>) {
        self.lines += 1;
        *self.bad.entry(reason).or_default() += 1;
        if self.samples.len() < MOST_SAMPLES {
            self.samples.push(Sample { file: file.to_owned(), line, reason, shape: text.map(Shape::of) });
        }
    }

    /// All bad lines.
    pub fn bad_lines(&self) -> u64 {
        self.bad.values().sum()
    }

    /// Lines that hold a hash, taken or not.
    pub const fn good(&self) -> u64 {
        self.taken + self.below + self.padding
    }

    pub(super) fn hint(&self, hash: HashKind) -> String {
        match self.bad.get(&BadLine::OtherHash) {
            Some(others) if *others > 0 => format!(": try --hash {}", hash.other().as_str()),
            _ if self.skipped_files > 0 => ": a directory must hold range files, such as 00000.txt".to_owned(),
            _ => String::new(),
        }
    }
}

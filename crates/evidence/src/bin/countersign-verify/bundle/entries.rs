//! The entries of a bundle, read line by line.

use crate::verdict::Verdict;
use countersign_evidence::Hash;
use countersign_evidence::bundle::{BadBundle, Disclosure, Line, MOST_LINE_BYTES, RangeProof};
use countersign_evidence::content::Content;
use countersign_evidence::tree::Head;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

/// How much of the entries is told.
#[derive(Default)]
pub struct Told {
    pub opened: u64,
    pub erased: u64,
    pub withheld: u64,
}

/// Checks every line, and that they are what the proof says.
pub fn check(path: &Path, proof: &RangeProof, head: &Head) -> Result<Told, Verdict> {
    let file = File::open(path).map_err(|error| cannot(&error))?;
    let mut lines = Lines { file: BufReader::new(file), number: 0, told: Told::default(), broken: None };
    let proven = proof.verify(&mut lines, head);
    if let Some(broken) = lines.broken {
        return Err(broken);
    }
    proven.map_err(|bad| Verdict::disproven(format!("the entries are not those of the log: {bad}")))?;
    Ok(lines.told)
}

fn cannot(error: &io::Error) -> Verdict {
    Verdict::unreadable(format!("entries.ndjson: {error}"))
}

/// Each line's index and leaf; ends at the first that is broken, and keeps why.
struct Lines {
    file: BufReader<File>,
    number: u64,
    told: Told,
    broken: Option<Verdict>,
}

impl Iterator for &mut Lines {
    type Item = (u64, Hash);

    fn next(&mut self) -> Option<Self::Item> {
        self.read().unwrap_or_else(|broken| {
            self.broken = Some(broken);
            None
        })
    }
}

impl Lines {
    fn read(&mut self) -> Result<Option<(u64, Hash)>, Verdict> {
        let mut text = String::new();
        // One more for the line feed, and one to see that it is too long.
        let most = MOST_LINE_BYTES as u64 + 2;
        (&mut self.file).take(most).read_line(&mut text).map_err(|error| cannot(&error))?;
        if text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let broken = |bad: BadBundle| Verdict::disproven(format!("line {} of entries.ndjson: {bad}", self.number));
        let line = text.strip_suffix('\n').ok_or(BadBundle::Line("it does not end")).and_then(Line::parse);
        let line = line.map_err(broken)?;
        self.count(&line)?;
        Ok(Some((line.index, line.leaf())))
    }

    fn count(&mut self, line: &Line) -> Result<(), Verdict> {
        match &line.disclosure {
            Disclosure::Opened(opening) => {
                let number = self.number;
                let bad = |bad| Verdict::disproven(format!("line {number} of entries.ndjson: {bad}"));
                Content::read(&opening.payload).map_err(bad)?;
                self.told.opened += 1;
            }
            Disclosure::Erased => self.told.erased += 1,
            Disclosure::Withheld => self.told.withheld += 1,
        }
        Ok(())
    }
}

//! What is read: files, directories of range files, standard input; in pieces, each line once.

use super::parts::Parts;
use super::{Build, BuildError, Step, Tally, is_stdin};
use countersign_core::breached::{Line, Lines, is_range_name, parse};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 18;
/// Directories in directories that are followed.
const MOST_DEPTH: usize = 4;

/// Bytes of all inputs; `None` where one cannot say.
pub fn size(inputs: &[PathBuf]) -> Option<u64> {
    inputs.iter().map(|path| if is_stdin(path) { None } else { size_of(path, 0) }).sum()
}

fn size_of(path: &Path, depth: usize) -> Option<u64> {
    let meta = fs::metadata(path).ok()?;
    if !meta.is_dir() {
        return meta.is_file().then_some(meta.len());
    }
    let entries = fs::read_dir(path).ok()?.filter_map(Result::ok).filter(|entry| depth < MOST_DEPTH || !is_dir(entry));
    Some(entries.filter_map(|entry| size_of(&entry.path(), depth + 1)).sum())
}

fn is_dir(entry: &fs::DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// Reads inputs into parts.
pub struct Reading<'a> {
    ask: &'a Build,
    parts: Parts,
    tally: Tally,
    bytes: u64,
    piece: Vec<u8>,
}

impl<'a> Reading<'a> {
    /// Nothing read so far.
    pub fn new(ask: &'a Build, parts: Parts) -> Self {
        Self { ask, parts, tally: Tally::default(), bytes: 0, piece: vec![0; PIECE_BYTES] }
    }

    /// What was read.
    pub fn finish(self) -> (Parts, Tally) {
        (self.parts, self.tally)
    }

    /// Reads one input.
    pub fn take(&mut self, path: &Path, each: &mut dyn FnMut(Step)) -> Result<(), BuildError> {
        if is_stdin(path) {
            return self.stream(path, b"", io::stdin().lock(), each);
        }
        let failed = |error| BuildError::Read(path.to_owned(), error);
        if fs::metadata(path).map_err(failed)?.is_dir() { self.directory(path, 0, each) } else { self.file(path, each) }
    }

    /// Range files, and directories with them; whatever else is there is counted and left alone.
    fn directory(&mut self, path: &Path, depth: usize, each: &mut dyn FnMut(Step)) -> Result<(), BuildError> {
        let failed = |error| BuildError::Read(path.to_owned(), error);
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if is_dir(&entry) && depth < MOST_DEPTH {
                self.directory(&entry.path(), depth + 1, each)?;
            } else if entry.file_name().to_str().is_some_and(is_range_name) {
                self.file(&entry.path(), each)?;
            } else {
                self.tally.skipped_files += 1;
            }
        }
        Ok(())
    }

    /// A file whose name says what its lines lack, or a whole list.
    fn file(&mut self, path: &Path, each: &mut dyn FnMut(Step)) -> Result<(), BuildError> {
        let name = path.file_name().and_then(|name| name.to_str()).filter(|name| is_range_name(name));
        let prefix = name.map_or(&b""[..], |name| &name.as_bytes()[..5]);
        let file = File::open(path).map_err(|error| BuildError::Read(path.to_owned(), error))?;
        self.stream(path, prefix, file, each)
    }

    fn stream(
        &mut self,
        path: &Path,
        prefix: &[u8],
        mut input: impl Read,
        each: &mut dyn FnMut(Step),
    ) -> Result<(), BuildError> {
        let (mut lines, mut number) = (Lines::default(), 0);
        let mut piece = std::mem::take(&mut self.piece);
        loop {
            let length = match input.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(BuildError::Read(path.to_owned(), error)),
            };
            self.lines(path, prefix, &mut number, |line| lines.feed(&piece[..length], line))?;
            self.bytes += length as u64;
            each(Step::Read { bytes: self.bytes, hashes: self.tally.taken });
        }
        self.piece = piece;
        self.lines(path, prefix, &mut number, |line| lines.finish(line))
    }

    /// Takes the lines that `feed` hands out.
    fn lines(
        &mut self,
        path: &Path,
        prefix: &[u8],
        number: &mut u64,
        feed: impl FnOnce(&mut dyn FnMut(Line<'_>)),
    ) -> Result<(), BuildError> {
        let mut failed = None;
        feed(&mut |line| {
            *number += 1;
            if failed.is_none() {
                failed = self.line(path, prefix, *number, line).err();
            }
        });
        failed.map_or(Ok(()), |error| Err(BuildError::Write(self.ask.out.clone(), error)))
    }

    fn line(&mut self, path: &Path, prefix: &[u8], number: u64, line: Line<'_>) -> io::Result<()> {
        let entry = match line.and_then(|line| parse(self.ask.hash, prefix, line)) {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(()),
            Err(reason) => {
                self.tally.bad(reason, path, number, line.ok());
                return Ok(());
            }
        };
        self.tally.lines += 1;
        if entry.count == 0 {
            self.tally.padding += 1;
        } else if entry.count < self.ask.min_count {
            self.tally.below += 1;
        } else {
            self.tally.taken += 1;
            self.parts.add(&entry)?;
        }
        Ok(())
    }
}

//! Makes a file from published lists: in one pass over them, in bounded memory, whole or not at all.
//!
//! The hashes are dealt into parts by their first bits, in temporary files beside the output that have no name, so that
//! nothing of them is left however this ends. Each part is then sorted and written, one after the other.

mod input;
mod output;
mod parts;
mod tally;

pub use tally::{Sample, Tally};

use countersign_core::breached::{Form, HashKind, Header, WriteError, Writer};
use input::Reading;
use output::Output;
use parts::{MOST_IN_PART, Parts};
use std::io;
use std::path::{Path, PathBuf};

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Build {
    /// Files, directories of range files, or `-` for standard input.
    pub inputs: Vec<PathBuf>,
    /// The file to make; one that is there is replaced when the new one is whole.
    pub out: PathBuf,
    /// How it holds its hashes.
    pub form: Form,
    /// Which hashes.
    pub hash: HashKind,
    /// Hashes that were seen less often are left out.
    pub min_count: u32,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// So many bytes are to be read; `None` where nobody knows.
    Begun(Option<u64>),
    /// So many were read, with so many hashes in them.
    Read {
        /// Bytes.
        bytes: u64,
        /// Hashes that will be in the file.
        hashes: u64,
    },
    /// So many hashes are to be sorted and written.
    Sorting(u64),
    /// So many are.
    Written(u64),
}

/// What came of it.
#[derive(Debug)]
pub struct Built {
    /// What the file says of itself.
    pub header: Header,
    /// What was read and left out.
    pub tally: Tally,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file could not be read.
    #[error("{0}: {1}")]
    Read(PathBuf, io::Error),
    /// The output or a temporary file beside it could not be written.
    #[error("{0}: {1}; nothing was left behind")]
    Write(PathBuf, io::Error),
    /// Somebody else builds the same file.
    #[error("{0}: is being built by another process")]
    Busy(PathBuf),
    /// No hash in it.
    #[error("no {hash} hash was found in {lines} lines{hint}")]
    Nothing {
        /// Which were looked for.
        hash: &'static str,
        /// Lines that were read.
        lines: u64,
        /// What may be the matter.
        hint: String,
    },
    /// More bad lines than good ones: another file was meant.
    #[error("{bad} of {lines} lines are no {hash} hashes{hint}; is it the right file?")]
    MostlyBad {
        /// Which were looked for.
        hash: &'static str,
        /// Bad lines.
        bad: u64,
        /// All lines.
        lines: u64,
        /// What may be the matter.
        hint: String,
    },
    /// Hashes are evenly spread; these are not, and one part of them is larger than the memory that was thought of.
    #[error("{0} hashes begin with the same bits: these are no hashes of passwords")]
    Uneven(u64),
    /// The form cannot hold them.
    #[error("{0}: {1}")]
    Form(PathBuf, WriteError),
}

/// Builds a file.
///
/// # Errors
/// `BuildError`; the output is as it was before.
pub fn build(ask: &Build, each: &mut dyn FnMut(Step)) -> Result<Built, BuildError> {
    let output = Output::begin(&ask.out)?;
    let parts = Parts::new(&output, ask.form, ask.hash).map_err(|error| written(ask, error))?;
    let mut reading = Reading::new(ask, parts);
    each(Step::Begun(input::size(&ask.inputs)));
    for path in &ask.inputs {
        reading.take(path, each)?;
    }
    let (parts, tally) = reading.finish();
    check(ask, &tally)?;
    let header = write(ask, &output, parts, each)?;
    output.finish().map_err(|error| written(ask, error))?;
    Ok(Built { header, tally })
}

fn written(ask: &Build, error: io::Error) -> BuildError {
    BuildError::Write(ask.out.clone(), error)
}

fn check(ask: &Build, tally: &Tally) -> Result<(), BuildError> {
    let (hash, lines, hint) = (ask.hash.as_str(), tally.lines, tally.hint(ask.hash));
    if tally.good() == 0 {
        return Err(BuildError::Nothing { hash, lines, hint });
    }
    let bad = tally.bad_lines();
    if bad > tally.good() { Err(BuildError::MostlyBad { hash, bad, lines, hint }) } else { Ok(()) }
}

fn write(ask: &Build, output: &Output, mut parts: Parts, each: &mut dyn FnMut(Step)) -> Result<Header, BuildError> {
    if parts.largest() > MOST_IN_PART {
        return Err(BuildError::Uneven(parts.largest()));
    }
    each(Step::Sorting(parts.total()));
    let failed = |error| match error {
        WriteError::Io(error) => written(ask, error),
        other => BuildError::Form(ask.out.clone(), other),
    };
    let mut writer = Writer::new(output.file(), ask.form, ask.hash, parts.total(), ask.min_count).map_err(failed)?;
    let mut done = 0;
    for part in 0..parts::PARTS {
        let records = parts.sorted(part).map_err(|error| written(ask, error))?;
        for (hash, count) in records.iter() {
            writer.push(hash, count).map_err(failed)?;
        }
        done += records.len() as u64;
        each(Step::Written(done));
    }
    let (_, header) = writer.finish().map_err(failed)?;
    Ok(header)
}

/// Whether a path stands for standard input.
fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

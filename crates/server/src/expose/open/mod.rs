//! Opens a leak: what it is packed in, what its letters are, and its bytes as UTF-8 in blocks.
//!
//! Never: writes what it unpacks anywhere; takes a name in an archive for a path; unpacks without a limit; opens an archive
//! within an archive.
//! In: a path, or anything that can be read.   Out: sources; each says what it is, and gives its bytes in blocks.
//! I/O for this room: this is it.   Tests: beside the code.
//!
//! Each source is unpacked by a thread of its own, a few blocks ahead of whoever takes them.

mod error;
mod kind;
mod limit;
mod pump;
mod raw;
#[cfg(test)]
mod tests;
mod text;
mod zip;

pub use error::{Broken, OpenError};
pub use limit::Limits;
pub use pump::Blocks;
pub use text::Letters;

use kind::Kind;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is looked at to tell what a leak is: enough for some thousand records.
pub const SAMPLE_BYTES: usize = 1 << 20;

/// What a leak is packed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// Nothing.
    Plain,
    /// gzip (RFC 1952), of one or more members.
    Gzip,
    /// Zstandard (RFC 8878), of one or more frames.
    Zstd,
    /// A member of a zip archive.
    Zip,
}

impl Packing {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
        }
    }
}

/// One leak, or a part of one, that has not been read yet.
#[derive(Debug)]
pub struct Source {
    /// For people: the file's name, and the member's behind it; without control characters, and never a path to open.
    pub label: String,
    /// What it is packed in.
    pub packing: Packing,
    /// What its letters are.
    pub letters: Letters,
    /// How many bytes it has as it lies, packed; `None` where nobody knows.
    pub size: Option<u64>,
    origin: Origin,
    limits: Limits,
    done: Done,
    /// The first bytes, unpacked and in UTF-8.
    sample: Vec<u8>,
    /// Whether `sample` is all.
    whole: bool,
}

/// Bytes that have been taken of a source, as it lies; others may look while it is read.
#[derive(Clone, Debug, Default)]
pub struct Done(Arc<AtomicU64>);

impl Done {
    /// How many.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// What whoever opens a source asks for.
#[derive(Clone, Copy, Debug)]
struct Ask {
    letters: Option<Letters>,
    limits: Limits,
    /// Bytes of the sample.
    sample: usize,
}

/// Where the bytes come from.
enum Origin {
    File(PathBuf),
    Member(PathBuf, usize),
    /// What has been read already, and the rest.
    Stream(Vec<u8>, Box<dyn Read + Send>),
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File",
            Self::Member(..) => "Member",
            Self::Stream(..) => "Stream",
        })
    }
}

/// Opens a file: one source, or one for each member of a zip archive.
///
/// # Errors
/// [`OpenError`], which names the file and what to do.
pub fn open(path: &Path, letters: Option<Letters>, limits: Limits) -> Result<Vec<Source>, OpenError> {
    let label = label_of(path);
    let failed = |error| OpenError::Io { label: label.clone(), error };
    let mut file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if meta.is_dir() {
        return Err(OpenError::Directory { label });
    }
    let head = raw::head(&mut file, kind::HEAD_BYTES).map_err(failed)?;
    let origin = match meta.is_file() {
        true => Origin::File(path.to_owned()),
        // A pipe is read once.
        false => Origin::Stream(head.clone(), Box::new(file)),
    };
    match kind::packing(&head).map_err(|what| what.refused(&label))? {
        Kind::Zip if meta.is_file() => zip::members(path, &label, letters, limits),
        Kind::Zip => Err(OpenError::ZipStream { label }),
        Kind::One(packing) => {
            let size = meta.is_file().then_some(meta.len());
            let ask = Ask { letters, limits, sample: SAMPLE_BYTES };
            Ok(vec![Source::new(label, packing, size, origin, ask)?])
        }
    }
}

/// Opens what comes from somewhere else, such as an upload: one source. A zip archive is refused, since its list of members
/// is at its end.
///
/// # Errors
/// [`OpenError`].
pub fn open_stream(
    label: &str,
    mut bytes: Box<dyn Read + Send>,
    size: Option<u64>,
    letters: Option<Letters>,
    limits: Limits,
) -> Result<Source, OpenError> {
    let label = clean(label);
    let head = raw::head(&mut bytes, SAMPLE_BYTES).map_err(|error| OpenError::Io { label: label.clone(), error })?;
    match kind::packing(&head).map_err(|what| what.refused(&label))? {
        Kind::Zip => Err(OpenError::ZipStream { label }),
        Kind::One(packing) => {
            let ask = Ask { letters, limits, sample: SAMPLE_BYTES };
            Source::new(label, packing, size, Origin::Stream(head, bytes), ask)
        }
    }
}

impl Source {
    fn new(label: String, packing: Packing, size: Option<u64>, origin: Origin, ask: Ask) -> Result<Self, OpenError> {
        let broken = |error| OpenError::Broken { label: label.clone(), error };
        let (head, whole) = pump::first(&origin, packing, ask.limits, ask.sample).map_err(broken)?;
        if head.is_empty() {
            return Err(OpenError::Empty { label });
        }
        if packing != Packing::Plain
            && let Some(what) = kind::nested(&head)
        {
            return Err(OpenError::Nested { label, what });
        }
        let letters = ask.letters.map_or_else(|| text::guess(&head), |told| told.marked(&head));
        let sample = text::whole(&head, letters);
        Ok(Self { label, packing, letters, size, origin, limits: ask.limits, done: Done::default(), sample, whole })
    }

    /// Its first bytes, unpacked and in UTF-8: a MiB, or all there is.
    pub fn sample(&self) -> &[u8] {
        &self.sample
    }

    /// Whether the sample is all there is.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// How many of its bytes have been taken.
    pub fn done(&self) -> Done {
        self.done.clone()
    }

    /// The file, and how many bytes at its front are none of the text: where it is UTF-8 in no packing, so that it may be mapped
    /// and read as it lies.
    pub fn as_it_lies(&self) -> Option<(&Path, usize)> {
        match &self.origin {
            Origin::File(path) if self.packing == Packing::Plain => Some((path, self.letters.front()?)),
            _ => None,
        }
    }

    /// Starts the thread that unpacks it.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn blocks(self) -> io::Result<Blocks> {
        pump::start(self)
    }
}

fn label_of(path: &Path) -> String {
    clean(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

/// Most characters of a label.
const MAX_LABEL: usize = 200;

/// A name that somebody else chose, to be shown: no control characters, nothing that turns the line around, not endless.
fn clean(name: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    name.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).take(MAX_LABEL).collect()
}

//! Leaked passwords, offline: makes the file, holds it open, asks it.
//!
//! Never: sends a password or a part of its hash anywhere; logs one; answers from a file that was not checked from end to
//! end; leaves half a file under a name that somebody trusts.
//! In: lists as they are published, paths of files, passwords and their hashes.   Out: a file; leaked, not leaked, unknown.
//! I/O for this room: files.   Tests: tests/it/breached/; the format's are in core.

pub mod build;
mod corpus;

pub use corpus::{Corpus, OpenError};

use countersign_core::breached::{Form, Hash, HashKind, Prefix, pad};
use countersign_core::password;
use rand::Rng;
use std::path::Path;
use std::sync::OnceLock;

/// The files that this process asks: at most one of each hash. They are opened once; a new file is taken at the next start.
#[derive(Debug, Default)]
pub struct Source {
    sha1: OnceLock<Corpus>,
    ntlm: OnceLock<Corpus>,
}

/// What is known of a password or a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no file that could tell.
    Unknown,
    /// It is not in the file.
    Absent,
    /// It is in the file; in a filter, almost certainly.
    Leaked {
        /// How the file holds its hashes.
        form: Form,
        /// How often it was seen, where the file says.
        count: Option<u32>,
    },
}

/// A range as the range API says it.
#[derive(Debug)]
pub struct Range {
    /// `SUFFIX:COUNT`, with CR LF between.
    pub lines: String,
    /// Names the file that it is from.
    pub tag: String,
}

impl Source {
    /// Opens a file, checks it from end to end, and asks it from now on.
    ///
    /// # Errors
    /// `OpenError`.
    pub fn open(&self, path: &Path) -> Result<(), OpenError> {
        let corpus = Corpus::open(path)?;
        let kind = corpus.header().hash;
        self.place(kind).set(corpus).map_err(|_| OpenError::Twice(kind))
    }

    fn place(&self, kind: HashKind) -> &OnceLock<Corpus> {
        match kind {
            HashKind::Sha1 => &self.sha1,
            HashKind::Ntlm => &self.ntlm,
        }
    }

    /// The file of this hash, if there is one.
    pub fn file(&self, kind: HashKind) -> Option<&Corpus> {
        self.place(kind).get()
    }

    /// Asks for a hash.
    pub fn hash(&self, hash: &Hash) -> Answer {
        let Some(file) = self.file(hash.kind()) else { return Answer::Unknown };
        let leaked =
            |found: countersign_core::breached::Found| Answer::Leaked { form: file.header().form, count: found.count };
        file.find(hash).map_or(Answer::Absent, leaked)
    }

    /// Asks for a password, whichever hash there is a file of.
    pub fn password(&self, password: &str) -> Answer {
        let there = HashKind::ALL.into_iter().find(|kind| self.file(*kind).is_some());
        there.map_or(Answer::Unknown, |kind| self.hash(&Hash::of(kind, password)))
    }

    /// A range, if there is a file of this hash that holds whole hashes.
    pub fn range(&self, kind: HashKind, prefix: Prefix, padding: Option<&mut impl Rng>) -> Option<Range> {
        let file = self.file(kind)?;
        let (mut lines, count) = file.range(prefix)?;
        if let Some(rng) = padding {
            pad(&mut lines, count, file.largest_range(), kind, rng);
        }
        let tag = data_encoding::HEXLOWER.encode(&file.header().content[..8]);
        Some(Range { lines, tag })
    }

    /// Whether some file holds whole hashes.
    pub fn has_ranges(&self) -> bool {
        HashKind::ALL.into_iter().filter_map(|kind| self.file(kind)).any(|file| file.header().form == Form::Ranges)
    }
}

impl password::Corpus for Source {
    fn holds(&self, password: &str) -> bool {
        matches!(self.password(password), Answer::Leaked { .. })
    }
}

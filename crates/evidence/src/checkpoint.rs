//! Checkpoints (C2SP tlog-checkpoint): the size and the root of a log at a moment, to be signed as a note.
//!
//! Never: reads a number or a hash in a second spelling.
//! In: texts of notes.   Out: `Checkpoint`.
//! I/O for this room: none.   Tests: beside the code.

use crate::hash::Hash;
use crate::note::{self, Note, SigningKey};
use crate::tile::decimal;
use crate::tree::Head;
use std::fmt;

/// What a log says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: its URL prefix without scheme.
    pub origin: String,
    /// How many entries, and the root over them.
    pub head: Head,
    /// Further lines; ours has none.
    pub extensions: Vec<String>,
}

/// The text of a note is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the note is not a checkpoint: it must have a line each for origin, size and root")]
pub struct BadCheckpoint;

impl Checkpoint {
    /// A checkpoint without extensions.
    pub fn new(origin: &str, head: Head) -> Self {
        Self { origin: origin.to_owned(), head, extensions: Vec::new() }
    }

    /// Reads the text of a note, with its last line feed.
    ///
    /// # Errors
    /// [`BadCheckpoint`].
    pub fn parse(text: &str) -> Result<Self, BadCheckpoint> {
        Self::read(text).ok_or(BadCheckpoint)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return None;
        }
        let head = Head { size: decimal(size).filter(|_| !size.is_empty())?, root: Hash::from_base64(root)? };
        Some(Self { origin: origin.to_owned(), head, extensions })
    }

    /// Signs it: the note that is published.
    pub fn sign(&self, key: &SigningKey) -> Note {
        let text = self.to_string();
        Note { signatures: vec![key.sign(&text)], text }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, self.head.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Whether `origin` can name a log here: a key's name, since the key is named after the log.
pub fn is_origin(origin: &str) -> bool {
    note::is_key_name(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    #[test]
    fn it_reads_back() {
        let text = format!("log.example.org/evidence\n0\n{ROOT}\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!((checkpoint.head.size, checkpoint.head.root), (0, Hash::EMPTY_ROOT));
        assert_eq!(checkpoint.to_string(), text);
        let extended = format!("{text}more\n");
        assert_eq!(Checkpoint::parse(&extended).unwrap().to_string(), extended);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            String::new(),
            format!("a\n0\n{ROOT}"),
            format!("a\n00\n{ROOT}\n"),
            format!("a\n\n{ROOT}\n"),
            format!("a\n+1\n{ROOT}\n"),
            format!("a\n18446744073709551616\n{ROOT}\n"),
            format!("\n0\n{ROOT}\n"),
            format!("a\n0\n{ROOT}\n\n"),
            format!("a\n0\n{}\n", &ROOT[..40]),
            "a\n0\n".to_owned(),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(BadCheckpoint), "{text:?}");
        }
    }
}

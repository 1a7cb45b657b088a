//! A log's files in a directory.

use countersign_evidence::mirror::Source;
use countersign_evidence::tile::{HEIGHT, Kind, TilePath};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// What is read at first; most tiles and bundles are smaller.
const USUAL_BYTES: usize = 16 * 1024;
/// A tile's path has at most eight folders.
const MOST_DEPTH: usize = 10;

/// A directory with `checkpoint`, `tile/…` and `tile/entries/…`.
pub struct Dir {
    root: PathBuf,
    /// The name that was read last, kept for its memory.
    name: String,
}

impl Dir {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), name: String::new() }
    }
}

impl Source for Dir {
    type Error = io::Error;

    fn read(&mut self, path: TilePath, most: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        self.name.clear();
        write!(self.name, "{path}").map_err(io::Error::other)?;
        let file = match File::open(self.root.join(&self.name)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        fill(file, most, into).map(|()| true)
    }
}

/// Reads a file to its end, or to one byte more than `most`.
fn fill(mut file: File, most: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let mut length = 0;
    loop {
        if length == into.len() {
            into.resize((2 * length).clamp(USUAL_BYTES, (most + 1).max(USUAL_BYTES)), 0);
        }
        match file.read(&mut into[length..])? {
            0 => break,
            read => length += read,
        }
        if length > most {
            break;
        }
    }
    into.truncate(length.min(most + 1));
    Ok(())
}

/// What is in a mirror besides the files of its checkpoint's size.
#[derive(Default)]
pub struct Others {
    /// Partial files of smaller sizes.
    pub older: Vec<TilePath>,
    /// Files of larger sizes.
    pub newer: u64,
    /// Files that are no part of a log.
    pub strange: u64,
}

impl Others {
    fn add(&mut self, path: Option<TilePath>, size: u64) {
        let Some(path) = path else {
            self.strange += 1;
            return;
        };
        let of_level = match path.kind {
            Kind::Entries => size,
            Kind::Hashes(level) => size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0),
        };
        let behind = path.index.saturating_mul(256).saturating_add(u64::from(path.width));
        let is_current = path.width < 256 && behind == of_level;
        match behind <= of_level {
            false => self.newer += 1,
            true if path.width < 256 && !is_current => self.older.push(path),
            true => {}
        }
    }
}

/// Looks at the name of every file below `tile/`.
pub fn others(root: &Path, size: u64) -> io::Result<Others> {
    let mut others = Others::default();
    walk(&root.join("tile"), "tile", size, &mut others, MOST_DEPTH)?;
    Ok(others)
}

fn walk(folder: &Path, name: &str, size: u64, others: &mut Others, depth: usize) -> io::Result<()> {
    let list = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        list => list?,
    };
    for item in list {
        let item = item?;
        let path = format!("{name}/{}", item.file_name().to_string_lossy());
        if item.file_type()?.is_dir() && depth > 0 {
            walk(&item.path(), &path, size, others, depth - 1)?;
        } else {
            others.add(TilePath::parse(&path), size);
        }
    }
    Ok(())
}

//! The files of a bundle under way: hashed as they are written, in a directory that gets its name only when it is whole.

use countersign_evidence::Hash;
use countersign_evidence::hash::Hasher;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A directory that is removed again unless it is put in place.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    placed: bool,
}

impl Unfinished {
    /// A directory beside `out`, for this user only.
    ///
    /// # Errors
    /// Of the file system; `AlreadyExists` where `out` is there and not an empty directory.
    pub fn beside(out: &Path, mark: u64) -> io::Result<Self> {
        match std::fs::read_dir(out).map(|mut inside| inside.next().is_some()) {
            Ok(true) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let name = out.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
        let path = out.with_file_name(format!(".{name}.{mark:016x}"));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(false).create(&path)?;
        Ok(Self { path, placed: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, whole or not at all.
    ///
    /// # Errors
    /// Of the file system.
    pub fn place(mut self, out: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, out)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.placed
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, "a bundle that was not finished could not be removed");
        }
    }
}

/// The files so far.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    hashes: BTreeMap<String, Hash>,
}

/// A file that grows.
#[derive(Debug)]
pub struct Growing {
    name: &'static str,
    file: BufWriter<File>,
    hasher: Hasher,
}

impl Growing {
    /// Writes a line and its line feed.
    ///
    /// # Errors
    /// Of the file system.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        for part in [line.as_bytes(), b"\n"] {
            self.hasher.update(part);
            self.file.write_all(part)?;
        }
        Ok(())
    }
}

impl Files {
    /// None yet, in a directory that is there.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), hashes: BTreeMap::new() }
    }

    /// Begins a file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn grow(&self, name: &'static str) -> io::Result<Growing> {
        let file = File::create_new(self.dir.join(name))?;
        Ok(Growing { name, file: BufWriter::with_capacity(1 << 18, file), hasher: Hasher::new() })
    }

    /// Ends a file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn end(&mut self, growing: Growing) -> io::Result<()> {
        growing.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        self.hashes.insert(growing.name.to_owned(), growing.hasher.finish());
        Ok(())
    }

    /// Writes a whole file, which may be in a folder.
    ///
    /// # Errors
    /// Of the file system.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write(name, bytes)?;
        self.hashes.insert(name.to_owned(), Hash::of(bytes));
        Ok(())
    }

    /// The same for a file that the manifest does not name.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.dir.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// The hash of every file, by its name.
    pub const fn hashes(&self) -> &BTreeMap<String, Hash> {
        &self.hashes
    }
}

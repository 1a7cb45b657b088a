//! The file that is being made: `OUT.part` until it is whole, locked, so that two builds do not write into one.

use super::BuildError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A file that takes its name when it is whole and goes away when it is not.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    part: PathBuf,
    file: File,
    kept: bool,
}

impl Output {
    /// Begins it. What a build that was killed left under this name is overwritten.
    pub fn begin(path: &Path) -> Result<Self, BuildError> {
        let part = beside(path, ".part");
        let failed = |error| BuildError::Write(part.clone(), error);
        let file = open(&part, false).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BuildError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Between opening and locking, another build may have come to its end and given the file its name.
        if !is_at(&file, &part).map_err(failed)? {
            return Err(BuildError::Busy(path.to_owned()));
        }
        let output = Self { path: path.to_owned(), part: part.clone(), file, kept: false };
        output.file.set_len(0).map_err(failed)?;
        Ok(output)
    }

    /// Where to write.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// A file beside it that has no name any more: the system frees it when it is closed, also after a crash.
    pub fn nameless(&self, number: usize) -> io::Result<File> {
        let path = beside(&self.part, &format!(".{number}"));
        let file = open(&path, true)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }

    /// Makes it durable and gives it its name.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        self.kept = true;
        sync_directory(&self.path)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.kept {
            // It has no header, so that nobody takes it for a file even where it cannot be removed.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Readable by all and writable by one: what it holds is public, and nobody else may change it.
fn open(path: &Path, truncate: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(truncate);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options.open(path)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (ours, named) = (file.metadata()?, std::fs::metadata(path));
    Ok(named.is_ok_and(|named| (named.dev(), named.ino()) == (ours.dev(), ours.ino())))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if cfg!(unix) { File::open(parent.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

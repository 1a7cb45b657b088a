//! The last checkpoint that this machine has seen of the log, kept beside the database and not in it: a database that was put
//! back to an older state does not take this file along, so that it is found out.
//!
//! Never: takes part in a decision itself; keeps anything secret.
//! In: a signed checkpoint.   Out: the one that was written last.
//! I/O for this room: this is it.   Tests: tests/it/log/.

use std::io;
use std::path::Path;

/// The file's name in the data directory.
pub const FILE_NAME: &str = "evidence.checkpoint";

/// What was written last; `None` where nothing was.
///
/// # Errors
/// Of the file system, but for a file that is not there. An empty file is one that a power cut left behind, and nothing.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `checkpoint` in the place of the one before, whole or not at all. It is not forced to the disk: after a power cut an
/// older one may be there, which is seen by no less than a newer one would be.
///
/// # Errors
/// Of the file system.
pub fn write(path: &Path, checkpoint: &str) -> io::Result<()> {
    let beside = path.with_extension("checkpoint.new");
    std::fs::write(&beside, checkpoint)?;
    std::fs::rename(&beside, path)
}

//! Replaces a file so that a crash leaves the old content or the new one, and nothing between.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Why a file was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum NotReplaced {
    /// Nothing has changed (a full disk, missing rights): it may be tried again.
    #[error("the new content could not be written: {0}")]
    Before(io::Error),
    /// Nobody knows what the disk holds. After a failed fsync the kernel may call pages clean that never reached the
    /// disk, so a second try that succeeds proves nothing; only a new start, which reads the file, does.
    #[error("the new content may or may not be on the disk: {0}")]
    InDoubt(io::Error),
}

/// Replaces `directory/name`. When it returns `Ok` the content survives a loss of power: the file is synced before it
/// gets its name, and the directory after.
///
/// # Errors
/// [`NotReplaced`].
pub fn replace(directory: &Path, name: &str, content: &[u8]) -> Result<(), NotReplaced> {
    let fresh = directory.join(format!("{name}.new"));
    // What an earlier try left is overwritten.
    let mut file = File::create(&fresh).map_err(NotReplaced::Before)?;
    file.write_all(content).map_err(NotReplaced::Before)?;
    file.sync_all().map_err(NotReplaced::InDoubt)?;
    std::fs::rename(&fresh, directory.join(name)).map_err(NotReplaced::InDoubt)?;
    sync_directory(directory).map_err(NotReplaced::InDoubt)
}

/// Makes the names in a directory durable.
///
/// # Errors
/// Those of the system.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Makes a directory, and its name durable in the one above it.
///
/// # Errors
/// Those of the system.
pub fn make_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    path.parent().filter(|above| !above.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_left_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.new"), "half of something longer").unwrap();
        replace(dir.path(), "a", b"whole").unwrap();
        assert_eq!(std::fs::read(dir.path().join("a")).unwrap(), b"whole");
        assert!(!dir.path().join("a.new").exists());
    }

    #[test]
    fn without_a_directory_nothing_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        let replaced = replace(&dir.path().join("none"), "a", b"x");
        assert!(matches!(replaced, Err(NotReplaced::Before(_))));
    }
}

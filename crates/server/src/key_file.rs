//! Files that hold a private key.
//!
//! Never: reads one that others may read; replaces one that is there, unless it is kept under another name.
//! In: a path.   Out: the text, or why it is not to be used.
//! I/O for this room: this is it.   Tests: beside the code, keyring.rs.

use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What can be wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody else may read it.
    #[error("{0}: others may read or write this key; run `chmod 600` on it, and change the key if they did")]
    Exposed(PathBuf),
}

/// The text of a key file; `None` where there is none.
///
/// # Errors
/// `KeyFileError`.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            refuse_exposed(path)?;
            Ok(Some(text))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyFileError::Io { path: path.to_owned(), source }),
    }
}

/// Writes a key file that only its owner may read, and makes it durable.
///
/// # Errors
/// `Io`, also when there is a file already.
pub fn write_new(path: &Path, text: &str) -> Result<(), KeyFileError> {
    write(path, text).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })
}

/// Puts `next` in the place of `path`, whole or not at all, and makes it durable. What was there gets the name `old` first.
///
/// # Errors
/// `Io`.
pub fn replace(path: &Path, next: &Path, old: Option<&Path>) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    match old.map(|old| std::fs::hard_link(path, old)) {
        Some(Err(error)) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    std::fs::rename(next, path).and_then(|()| sync_directory(path)).map_err(failed)
}

/// Makes a new name, or the end of one, durable.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if cfg!(unix) { std::fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync_directory(path)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(path).map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
    if meta.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::Exposed(path.to_owned())) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_there_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.key");
        assert!(read(&path).unwrap().is_none());
        write_new(&path, "one").unwrap();
        assert!(write_new(&path, "two").is_err());
        assert_eq!(read(&path).unwrap().unwrap().as_str(), "one");
    }

    #[test]
    fn a_key_that_is_replaced_is_kept_also_when_it_is_done_twice() {
        let dir = tempfile::tempdir().unwrap();
        let [path, next, old] = ["a.key", "a.key.new", "a.key.old"].map(|name| dir.path().join(name));
        write_new(&path, "one").unwrap();
        write_new(&next, "two").unwrap();
        std::fs::hard_link(&path, &old).unwrap();
        replace(&path, &next, Some(&old)).unwrap();
        assert_eq!((read(&path).unwrap().unwrap().as_str(), read(&old).unwrap().unwrap().as_str()), ("two", "one"));
        assert!(!next.exists());
    }
}

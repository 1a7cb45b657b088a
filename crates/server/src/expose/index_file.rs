//! The index of the directory as a file: written beside the old one, which it replaces by its name, and mapped to be asked.

use countersign_core::expose::index::{Broken, Builder, Bytes, Index};
use countersign_mapped::{MapError, Mapped};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It cannot be mapped, or should not be.
    #[error(transparent)]
    Map(#[from] MapError),
    /// It cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not one that can be asked here.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// A mapped file, as `Index` takes it.
struct Bounded(Mapped);

impl AsRef<[u8]> for Bounded {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Maps a file that was made under a key (`HashKey::id`).
///
/// # Errors
/// `IndexError`.
pub fn open(path: &Path, key: [u8; 8]) -> Result<Index, IndexError> {
    let bytes: Bytes = Arc::new(Bounded(Mapped::open(path)?));
    let index = Index::open(bytes)?;
    if index.header().key == key { Ok(index) } else { Err(Broken::Key.into()) }
}

/// Makes the index, and where there is a path puts it there and maps it. A file of that name is replaced when the new one is
/// whole; whoever has mapped it keeps it.
///
/// # Errors
/// `IndexError`; the old file is there still.
pub fn finish(builder: Builder, path: Option<&Path>) -> Result<Index, IndexError> {
    let built = builder.finish()?;
    let Some(path) = path else { return Ok(built) };
    let beside = beside(path);
    let written = write(&built, &beside).and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = written {
        // It may not be there; the error that counts is the other one.
        let _ = std::fs::remove_file(&beside);
        return Err(error.into());
    }
    let key = built.header().key;
    drop(built);
    open(path, key)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn write(index: &Index, path: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = BufWriter::new(options.open(path)?);
    index.write(&mut out)?;
    out.flush()?;
    // The name must not be there before the bytes are.
    out.get_ref().sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::expose::index::{Entry, Header};
    use countersign_core::expose::key::{HashKey, Kind};

    fn builder(key: &HashKey, value: &[u8]) -> Builder {
        let mut builder = Builder::new(Header { key: key.id(), accounts: 8, ..Header::default() });
        builder.push(Entry { hash: key.hash(Kind::Phone, value), account: 7 });
        builder
    }

    #[test]
    fn a_new_file_takes_the_name_and_the_old_one_is_asked_on() {
        let dir = tempfile::tempdir().unwrap();
        let (path, key) = (dir.path().join("directory.index"), HashKey::new(&[1; 16]));
        let asked = |index: &Index, value: &[u8]| index.accounts(key.hash(Kind::Phone, value)).count();
        let old = finish(builder(&key, b"a"), Some(&path)).unwrap();
        let new = finish(builder(&key, b"b"), Some(&path)).unwrap();
        assert_eq!((asked(&old, b"a"), asked(&new, b"a"), asked(&new, b"b")), (1, 0, 1));
        assert_eq!(open(&path, key.id()).unwrap().header().accounts, 8);
        let other = open(&path, HashKey::new(&[2; 16]).id()).unwrap_err();
        assert!(matches!(other, IndexError::Broken(Broken::Key)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn without_a_place_it_stays_in_memory() {
        let key = HashKey::new(&[1; 16]);
        assert_eq!(finish(builder(&key, b"a"), None).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let key = HashKey::new(&[1; 16]);
        let path = dir.path().join("a-directory");
        std::fs::create_dir_all(path.join("full")).unwrap();
        assert!(finish(builder(&key, b"a"), Some(&path)).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

//! A file, mapped into memory to be read.
//!
//! Never: writes; maps what another user may change or cut while it is read; holds `unsafe` beyond the one call that maps.
//! In: a path.   Out: its bytes, shared by all processes that map it.
//! I/O for this room: this is it.   Tests: beside the code.

use memmap2::{Advice, Mmap};
use std::fs::{File, Metadata};
use std::io;
use std::ops::Deref;
use std::path::Path;

/// Why a file is not mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// What the system said.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A directory, a pipe, a device.
    #[error("is no ordinary file")]
    NoFile,
    /// Another user could cut it while it is read, which would end this process.
    #[error("may be changed by other users: run `chmod go-w` on it")]
    Writable,
    /// The same, because it is theirs.
    #[error("belongs to another user: it must be root's or that of the user who runs this")]
    Foreign,
}

/// A file's bytes.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a file. It is expected to be replaced by renaming, as `countersign passwords build` does: then this keeps what
    /// it has mapped, and whoever opens it again gets the new one.
    ///
    /// # Errors
    /// `MapError`.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(MapError::NoFile);
        }
        refuse_shared(&meta)?;
        // SAFETY: the bytes must not change, and the file must not be cut, while the map lives. Only root and the user who
        // runs this process can do either (checked above, on the open file and not on its name); our own writer never
        // changes a file that has its final name, it renames a new one over it. Readers check every offset, so bytes that
        // changed all the same give wrong answers and no wrong reads.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self(map))
    }

    /// Says that single places will be read, so that the system does not read ahead.
    pub fn read_at_random(&self) {
        // Advice: where it is not taken, reads are a little slower.
        let _ = self.0.advise(Advice::Random);
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(unix)]
fn refuse_shared(meta: &Metadata) -> Result<(), MapError> {
    use std::os::unix::fs::MetadataExt;
    if meta.mode() & 0o022 != 0 {
        return Err(MapError::Writable);
    }
    let us = std::fs::metadata("/proc/self").map(|process| process.uid());
    match us {
        Ok(us) if meta.uid() != us && meta.uid() != 0 => Err(MapError::Foreign),
        // Without /proc nobody tells us who we are; the mode has to do.
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn refuse_shared(_: &Metadata) -> Result<(), MapError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]
    fn file(dir: &Path, mode: u32) -> std::path::PathBuf {
        let path = dir.join(format!("{mode:o}"));
        std::fs::write(&path, b"bytes").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_file_of_ones_own_is_mapped_and_stays_when_another_takes_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), 0o644);
        let mapped = Mapped::open(&path).unwrap();
        std::fs::rename(file(dir.path(), 0o600), &path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&mapped[..], b"bytes");
    }

    #[test]
    fn what_others_may_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o664, 0o646, 0o666] {
            assert!(matches!(Mapped::open(&file(dir.path(), mode)), Err(MapError::Writable)));
        }
    }

    #[test]
    fn a_directory_is_refused_and_an_empty_file_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Mapped::open(dir.path()), Err(MapError::NoFile)));
        let empty = dir.path().join("empty");
        std::fs::write(&empty, b"").unwrap();
        std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Mapped::open(&empty).unwrap().is_empty());
    }
}

//! The witness's key: made once, kept where only its owner reads, bound to the witness's name.
//!
//! The file holds one line, `PRIVATE+KEY+name+id+key`, as Go's `sumdb/note` writes signing keys, with the type byte of
//! cosignature/v1 before the seed.

use super::durable;
use crate::key_file::{self, KeyFileError};
use countersign_evidence::base64;
use countersign_evidence::note::{Algorithm, BadKey, SigningKey};
use rand::Rng;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The key's name in the witness's directory.
pub const FILE: &str = "key";

const PREFIX: &str = "PRIVATE+KEY+";
/// The type byte of cosignature/v1 (C2SP tlog-cosignature).
const COSIGNATURE_V1: u8 = 0x04;

/// What can be wrong with the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or written, or others may read it.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The file does not hold a key.
    #[error("{0}: not a witness's key (PRIVATE+KEY+name+id+key); restore the file from your backup")]
    Malformed(PathBuf),
    /// There is none yet, and nobody said what it is to be called.
    #[error("{0} does not exist yet; name the witness with --name, such as --name witness.example.org")]
    Unnamed(PathBuf),
    /// Another name was asked for. The name is part of the key: another name is another witness.
    #[error("the key in {0} is named {1}; a witness cannot be renamed, another name needs another directory")]
    Renamed(PathBuf, String),
    /// A name that no key may have.
    #[error("name: {0}")]
    Name(#[from] BadKey),
}

/// The key in `directory`; `Ok(None)` where there is none. With `name` it must be the key of that name.
///
/// # Errors
/// `File`, `Malformed`, `Renamed`.
pub fn read(directory: &Path, name: Option<&str>) -> Result<Option<SigningKey>, KeyError> {
    let path = directory.join(FILE);
    let Some(text) = key_file::read(&path)? else { return Ok(None) };
    let Some(key) = parse(text.trim_end()) else { return Err(KeyError::Malformed(path)) };
    let found = key.verifier().name();
    if name.is_some_and(|name| name != found) {
        return Err(KeyError::Renamed(path, found.to_owned()));
    }
    Ok(Some(key))
}

/// Makes the key; the caller holds the directory's lock and has found none.
///
/// # Errors
/// `Unnamed`, `Name`, `File`.
pub fn make(directory: &Path, name: Option<&str>, rng: &mut impl Rng) -> Result<SigningKey, KeyError> {
    let path = directory.join(FILE);
    let Some(name) = name else { return Err(KeyError::Unnamed(path)) };
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut_slice());
    let key = SigningKey::from_seed(name, Algorithm::CosignatureV1, &seed)?;
    key_file::write_new(&path, &Zeroizing::new(write(&key, &seed)))?;
    durable::sync_directory(directory).map_err(|source| KeyFileError::Io { path, source })?;
    Ok(key)
}

fn write(key: &SigningKey, seed: &[u8; 32]) -> String {
    let typed = Zeroizing::new([&[COSIGNATURE_V1][..], seed].concat());
    let id = data_encoding::HEXLOWER.encode(&key.verifier().id());
    format!("{PREFIX}{}+{id}+{}\n", key.verifier().name(), base64::encode(&typed))
}

fn parse(line: &str) -> Option<SigningKey> {
    let mut parts = line.strip_prefix(PREFIX)?.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let typed = Zeroizing::new(base64::decode(key)?);
    let (COSIGNATURE_V1, seed) = typed.split_first().map(|(kind, seed)| (*kind, seed))? else { return None };
    let key = SigningKey::from_seed(name, Algorithm::CosignatureV1, seed.try_into().ok()?).ok()?;
    (data_encoding::HEXLOWER.encode(&key.verifier().id()) == id).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    const NAME: Option<&str> = Some("witness.example.org");

    fn made() -> (tempfile::TempDir, SigningKey) {
        let dir = tempfile::tempdir().unwrap();
        let key = make(dir.path(), NAME, &mut StdRng::seed_from_u64(1)).unwrap();
        (dir, key)
    }

    #[test]
    fn a_key_reads_back_under_its_name_only() {
        let (dir, key) = made();
        for name in [None, NAME] {
            assert_eq!(read(dir.path(), name).unwrap().unwrap().verifier(), key.verifier());
        }
        assert!(matches!(read(dir.path(), Some("other.example.org")), Err(KeyError::Renamed(..))));
    }

    #[test]
    fn there_is_no_key_without_a_name() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path(), None).unwrap().is_none());
        assert!(matches!(make(dir.path(), None, &mut StdRng::seed_from_u64(1)), Err(KeyError::Unnamed(_))));
        assert!(matches!(make(dir.path(), Some("a b"), &mut StdRng::seed_from_u64(1)), Err(KeyError::Name(_))));
    }

    #[test]
    fn a_key_that_was_changed_or_cut_is_none() {
        let (dir, _) = made();
        let path = dir.path().join(FILE);
        let good = std::fs::read_to_string(&path).unwrap();
        for bad in [&good[..good.len() - 9], &good.replace("witness.", "witless."), "", "PRIVATE+KEY+a"] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(read(dir.path(), None), Err(KeyError::Malformed(_))), "{bad:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, _) = made();
        let path = dir.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(dir.path(), None), Err(KeyError::File(KeyFileError::Exposed(_)))));
    }
}

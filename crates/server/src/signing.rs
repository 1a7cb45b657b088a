//! The key that signs the evidence log's checkpoints: Ed25519, as a PKCS#8 file in PEM (RFC 8410, RFC 7468), so that other
//! programs can make and read it.
//!
//! Never: makes a new key beside a log that exists; shows the private half.
//! In: a path, the log's origin.   Out: `SigningKey`.
//! I/O for this room: key_file.rs.   Tests: beside the code.

use crate::key_file::{self, KeyFileError};
use countersign_evidence::note::{self, Algorithm, BadKey, SigningKey};
use rand::Rng;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The key's name in the data directory.
pub const FILE_NAME: &str = "evidence.key";

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Base64 characters in a line (RFC 7468, 2).
const LINE: usize = 64;

/// What can be wrong with the key.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The file could not be read or written, or others may read it.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The file does not hold an Ed25519 key.
    #[error(
        "{0}: not an Ed25519 key in PKCS#8 (PEM); `openssl genpkey -algorithm ed25519` makes one, a backup restores one"
    )]
    Malformed(PathBuf),
    /// The log's origin cannot be a key's name.
    #[error(
        "evidence.origin: {0:?} has a space or a plus in it, or is empty; a log is named like example.org/evidence"
    )]
    Origin(String),
    /// A log exists and its key does not.
    #[error(
        "{0} is missing, but the evidence log is there: restore the file from your backup, or, if it is lost for good, \
         start a new log with `countersign evidence new-log`"
    )]
    Missing(PathBuf),
}

/// Reads the key from `path` under the name `origin`, or makes one where there is no log yet.
///
/// # Errors
/// `SigningError`.
pub fn load_or_create(
    path: &Path,
    origin: &str,
    log_exists: bool,
    rng: &mut impl Rng,
) -> Result<SigningKey, SigningError> {
    match key_file::read(path)? {
        Some(text) => parse(&text, origin, path),
        None if log_exists => Err(SigningError::Missing(path.to_owned())),
        None => create(path, origin, rng),
    }
}

/// Makes a new key at `path`, where there must be none.
///
/// # Errors
/// `SigningError`.
pub fn create(path: &Path, origin: &str, rng: &mut impl Rng) -> Result<SigningKey, SigningError> {
    if !note::is_key_name(origin) {
        return Err(SigningError::Origin(origin.to_owned()));
    }
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut_slice());
    let text = pem(&seed);
    let key = parse(&text, origin, path)?;
    key_file::write_new(path, &text)?;
    Ok(key)
}

/// Reads the key from `path`, which must be there.
///
/// # Errors
/// `SigningError`.
pub fn load(path: &Path, origin: &str) -> Result<SigningKey, SigningError> {
    match key_file::read(path)? {
        Some(text) => parse(&text, origin, path),
        None => Err(SigningError::Missing(path.to_owned())),
    }
}

fn pem(seed: &[u8; 32]) -> Zeroizing<String> {
    let der = Zeroizing::new(note::pkcs8(seed));
    let base64 = Zeroizing::new(data_encoding::BASE64.encode(&der));
    let lines: Vec<&str> = base64.as_bytes().chunks(LINE).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", lines.join("\n")))
}

fn parse(text: &str, origin: &str, path: &Path) -> Result<SigningKey, SigningError> {
    let malformed = || SigningError::Malformed(path.to_owned());
    let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or_else(malformed)?;
    let base64: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(data_encoding::BASE64.decode(base64.as_bytes()).map_err(|_| malformed())?);
    SigningKey::from_pkcs8(origin, Algorithm::Ed25519, &der).map_err(|error| match error {
        BadKey::Name => SigningError::Origin(origin.to_owned()),
        _ => malformed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    const ORIGIN: &str = "login.example.org/evidence";

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let made = load_or_create(&path, ORIGIN, false, &mut StdRng::seed_from_u64(1)).unwrap();
        let read = load_or_create(&path, ORIGIN, true, &mut StdRng::seed_from_u64(2)).unwrap();
        assert_eq!(made.verifier(), read.verifier());
    }

    #[test]
    fn a_log_without_its_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let refused = load_or_create(&path, ORIGIN, true, &mut StdRng::seed_from_u64(1));
        assert!(matches!(refused, Err(SigningError::Missing(_))));
        std::fs::write(&path, "no key").unwrap();
        let exposed = load_or_create(&path, ORIGIN, true, &mut StdRng::seed_from_u64(1));
        assert!(matches!(exposed, Err(SigningError::File(_))));
    }

    #[test]
    fn other_texts_and_names_are_refused() {
        let path = Path::new("evidence.key");
        let good = pem(&[7; 32]);
        assert!(parse(&good, ORIGIN, path).is_ok());
        assert!(matches!(parse(&good, "a b", path), Err(SigningError::Origin(_))));
        for bad in ["", "MC4CAQA", &good.replace("MC4C", "MC5C"), &good.replace(" PRIVATE", " PUBLIC")] {
            assert!(matches!(parse(bad, ORIGIN, path), Err(SigningError::Malformed(_))), "{bad}");
        }
    }
}

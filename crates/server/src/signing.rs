//! The key that signs the evidence log's checkpoints: Ed25519, as a PKCS#8 file in PEM (RFC 8410, RFC 7468), so that other
//! programs can make and read it.
//!
//! Never: makes a new key beside a log that exists; shows the private half; loses the only copy of a key.
//! In: a path, the log's origin.   Out: `SigningKey`.
//! I/O for this room: key_file.rs.   Tests: beside the code, tests/it/log/rotation.rs.
//!
//! A key changes in three steps: the next key is written beside the file of the old one (`evidence.key.new`), the database
//! records that the old key handed over, the files change places. The file of the next key is looked into wherever the key
//! is read, so that after a crash between any two steps the right key is found.

use crate::key_file::{self, KeyFileError};
use countersign_evidence::note::{self, Algorithm, BadKey, SigningKey, VerifierKey};
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
    /// A file that was named is not there.
    #[error("{0}: there is no such file")]
    Absent(PathBuf),
    /// A key waits for its turn, and it is not the one that was given.
    #[error(
        "{0} holds another key, left by a rotation that did not come to its end: remove it, or rotate without --key-file"
    )]
    Other(PathBuf),
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

/// Where the next key waits for its turn.
pub fn next_path(path: &Path) -> PathBuf {
    beside(path, "new")
}

/// Where a key that handed over is kept, by its id.
pub fn old_path(path: &Path, key: &VerifierKey) -> PathBuf {
    beside(path, &data_encoding::HEXLOWER.encode(&key.id()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Reads the key that `wanted` is the public half of: from `path`, or from where the next key waits; then its turn has come,
/// and the files change places. `None` where neither holds it.
///
/// # Errors
/// `SigningError`, also where the files cannot change places.
pub fn settle(path: &Path, wanted: &VerifierKey) -> Result<Option<SigningKey>, SigningError> {
    if let Some(key) = read_if(path, wanted.name())?.filter(|key| key.verifier() == wanted) {
        return Ok(Some(key));
    }
    let next = read_if(&next_path(path), wanted.name())?.filter(|key| key.verifier() == wanted);
    if next.is_some() {
        put_in_place(path, wanted)?;
    }
    Ok(next)
}

/// Which file beside `path` holds the key that `wanted` is the public half of, if one does.
pub fn holder(path: &Path, wanted: &VerifierKey) -> Option<PathBuf> {
    let places = [path.to_owned(), next_path(path), old_path(path, wanted)];
    let holds = |place: &PathBuf| read_if(place, wanted.name()).ok().flatten().is_some_and(|k| k.verifier() == wanted);
    places.into_iter().find(holds)
}

/// Makes the next key, or takes the one in the file `given`, and writes it to where it waits for its turn. A key that waits
/// there already is the next one.
///
/// # Errors
/// `SigningError`; `Other` where another key waits than the one that is given.
pub fn prepare(
    path: &Path,
    origin: &str,
    given: Option<&Path>,
    rng: &mut impl Rng,
) -> Result<SigningKey, SigningError> {
    let next = next_path(path);
    match (read_if(&next, origin)?, given) {
        (Some(waiting), None) => Ok(waiting),
        (None, None) => create(&next, origin, rng),
        (waiting, Some(given)) => {
            let text = key_file::read(given)?.ok_or_else(|| SigningError::Absent(given.to_owned()))?;
            let key = parse(&text, origin, given)?;
            match waiting {
                None => key_file::write_new(&next, &text)?,
                Some(waiting) if waiting.verifier() == key.verifier() => {}
                Some(_) => return Err(SigningError::Other(next)),
            }
            Ok(key)
        }
    }
}

/// The key that waited, `next`, takes the place of the old one, which is kept under its id. Whatever is cut off on the way,
/// each of the two keys is in a file; it may have been done by another process meanwhile.
///
/// # Errors
/// `SigningError`.
pub fn put_in_place(path: &Path, next: &VerifierKey) -> Result<(), SigningError> {
    let is_done = || Ok::<_, SigningError>(read_if(path, next.name())?.is_some_and(|key| key.verifier() == next));
    if is_done()? {
        return Ok(());
    }
    let old = read_if(path, next.name())?.map(|key| old_path(path, key.verifier()));
    match key_file::replace(path, &next_path(path), old.as_deref()) {
        Err(_) if is_done()? => Ok(()),
        replaced => Ok(replaced?),
    }
}

/// The key in `path`; `None` where there is no file.
fn read_if(path: &Path, origin: &str) -> Result<Option<SigningKey>, SigningError> {
    key_file::read(path)?.map(|text| parse(&text, origin, path)).transpose()
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

//! The keys, one for each purpose, all derived from one 256-bit master key (HKDF-SHA-256, RFC 5869).
//!
//! Never: writes a key to the database or a log; starts with a key file that others may read; makes a new master key
//! beside an existing database.
//! In: the master key's bytes.   Out: `Keyring`.
//! I/O for this room: `load_or_create`.   Tests: beside the code.

use crate::key_file::{self, KeyFileError};
use countersign_core::secret::Key;
use hkdf::Hkdf;
use rand::Rng;
use sha2::Sha256;
use std::path::{Path, PathBuf};

/// The master key's name in the data directory.
pub const FILE_NAME: &str = "master.key";

/// The keys, each for one purpose.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Derives link secrets, codes and countersign codes from stored random nonces.
    pub derive: Key,
    /// Hashes secrets, codes and API keys before they are stored or looked up.
    pub hash: Key,
    /// Hashes identifiers and mailboxes for limits and look-ups.
    pub subject: Key,
    /// Signs known-device tokens.
    pub device: Key,
    /// Signs proof-of-work challenges.
    pub proof: Key,
    /// Signs form tokens and cookies of the hosted pages.
    pub form: Key,
    /// Makes the keys of the directory's hashes, a new one for each rotation.
    pub expose: Key,
    /// Encrypts what must be read back: TOTP secrets.
    seal: ring::aead::LessSafeKey,
}

impl Keyring {
    /// Derives every key from the master key.
    pub fn derive(master: &[u8; 32]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"countersign keyring v1"), master);
        let key = |purpose: &str| {
            let mut out = [0; 32];
            match hkdf.expand(purpose.as_bytes(), &mut out) {
                Ok(()) => Key::new(out),
                Err(_) => unreachable!("32 bytes are within HKDF's limit"),
            }
        };
        Self {
            derive: key("derive"),
            hash: key("hash"),
            subject: key("subject"),
            device: key("device"),
            proof: key("proof"),
            form: key("form"),
            expose: key("expose"),
            seal: sealing(&hkdf),
        }
    }

    /// Encrypts with AES-256-GCM, bound to `context`. `nonce` is random: with 96 bits and one secret an account, a
    /// repetition is out of sight (NIST SP 800-38D, 8.3: up to 2^32 uses of a key).
    pub fn seal(&self, context: &[u8], nonce: [u8; 12], secret: &[u8]) -> Vec<u8> {
        let mut out = secret.to_vec();
        let unique = ring::aead::Nonce::assume_unique_for_key(nonce);
        match self.seal.seal_in_place_append_tag(unique, ring::aead::Aad::from(context), &mut out) {
            Ok(()) => [nonce.as_slice(), &out].concat(),
            Err(_) => unreachable!("AES-GCM takes secrets up to 64 GiB"),
        }
    }

    /// Opens what `seal` made; `None` for anything else.
    pub fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(12)?;
        let nonce = ring::aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = zeroize::Zeroizing::new(body.to_vec());
        let length = self.seal.open_in_place(nonce, ring::aead::Aad::from(context), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

fn sealing(hkdf: &Hkdf<Sha256>) -> ring::aead::LessSafeKey {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    let expanded = hkdf.expand(b"seal", bytes.as_mut_slice());
    match (expanded, ring::aead::UnboundKey::new(&ring::aead::AES_256_GCM, bytes.as_slice())) {
        (Ok(()), Ok(key)) => ring::aead::LessSafeKey::new(key),
        _ => unreachable!("32 bytes are a key for AES-256"),
    }
}

/// What can be wrong with the master key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or written, or others may read it.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The file does not hold 64 hex digits.
    #[error("{0}: not a master key: 64 hex digits are expected; restore the file from your backup")]
    Malformed(PathBuf),
    /// The database exists and its key does not.
    #[error(
        "{0} is missing, but a database is there: without its key no secret in it can be checked; restore the file"
    )]
    Missing(PathBuf),
}

/// Reads the master key from `path`, or makes one where there is neither a key nor a database yet.
pub fn load_or_create(path: &Path, database_exists: bool, rng: &mut impl Rng) -> Result<Keyring, KeyError> {
    let mut master = [0; 32];
    match key_file::read(path)? {
        Some(text) => {
            let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
            let bytes = decoded.ok().filter(|b| b.len() == 32).ok_or_else(|| KeyError::Malformed(path.to_owned()))?;
            master.copy_from_slice(&bytes);
        }
        None if database_exists => return Err(KeyError::Missing(path.to_owned())),
        None => {
            rng.fill_bytes(&mut master);
            key_file::write_new(path, &format!("{}\n", data_encoding::HEXLOWER.encode(&master)))?;
        }
    }
    Ok(Keyring::derive(&master))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/master.key");
        let first = load_or_create(&path, false, &mut StdRng::seed_from_u64(1)).unwrap();
        let second = load_or_create(&path, true, &mut StdRng::seed_from_u64(2)).unwrap();
        assert_eq!(first.hash.mac(&[b"x"]), second.hash.mac(&[b"x"]));
        assert_ne!(first.hash.mac(&[b"x"]), first.derive.mac(&[b"x"]));
    }

    #[test]
    fn what_is_sealed_opens_for_its_context_only() {
        let keys = Keyring::derive(&[5; 32]);
        let sealed = keys.seal(b"acc_1", [9; 12], b"secret");
        assert_eq!(keys.unseal(b"acc_1", &sealed).unwrap().as_slice(), b"secret");
        assert!(keys.unseal(b"acc_2", &sealed).is_none());
        assert!(Keyring::derive(&[6; 32]).unseal(b"acc_1", &sealed).is_none());
        assert!(keys.unseal(b"acc_1", &sealed[..5]).is_none());
    }

    #[test]
    fn a_database_without_its_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let made = load_or_create(&dir.path().join("master.key"), true, &mut StdRng::seed_from_u64(1));
        assert!(matches!(made, Err(KeyError::Missing(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        load_or_create(&path, false, &mut StdRng::seed_from_u64(1)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let read = load_or_create(&path, true, &mut StdRng::seed_from_u64(1));
        assert!(matches!(read, Err(KeyError::File(KeyFileError::Exposed(_)))));
    }
}

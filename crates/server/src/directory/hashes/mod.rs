//! Verifies password hashes as other systems export them, and makes our own: argon2id in PHC form.
//!
//! Never: runs a hash whose cost is beyond the limits named here (an import must not be able to burn the machine); tells
//! in `Debug` or in an error what a hash is; rounds an unknown form to a known one.
//! In: a hash's text, a password.   Out: `StoredHash` or `BadHash`; yes or no.
//! I/O for this room: none; every function here is busy for up to a few seconds, callers use `spawn_blocking`.
//! Tests: beside the code; tests/it/hashes.rs with the real Django and the real htpasswd.

mod argon;
mod crypt;
mod derive;

pub use argon::{BadParams, Params};

use countersign_core::secret::SecretText;
use std::fmt;
use subtle::ConstantTimeEq;

/// The longest text that is taken for a hash, in bytes; the longest real ones have about 200.
pub const MAX_HASH_BYTES: usize = 512;

/// Longer passwords match nothing: the configuration allows at most 4096 characters of up to four bytes.
pub const MAX_PASSWORD_BYTES: usize = 16 * 1024;

/// Shortest and longest derived key that is compared, in bytes: below 16 two passwords might share one.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// Longest salt, in bytes.
const MAX_SALT_BYTES: usize = 128;

/// A hash that was understood and may be verified.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredHash(Scheme);

#[derive(Clone, PartialEq, Eq)]
enum Scheme {
    Argon2(argon::Argon2Hash),
    Bcrypt(crypt::BcryptHash),
    Scrypt(derive::ScryptHash),
    Pbkdf2(derive::Pbkdf2Hash),
}

/// Why a text is not a hash that is taken. Says which scheme, never what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    /// No known scheme.
    #[error("password_hash: is not in a known form")]
    Unknown,
    /// A known scheme that is not taken, and why.
    #[error("password_hash: {scheme} is not taken: {why}; import the account without a hash")]
    Refused {
        /// What it is.
        scheme: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// A known scheme that is damaged.
    #[error("password_hash: is not a whole {scheme} hash")]
    Malformed {
        /// What it looks like.
        scheme: &'static str,
    },
    /// It would take too much memory or time to verify.
    #[error("password_hash: the {scheme} hash costs more than allowed ({what})")]
    TooCostly {
        /// What it is.
        scheme: &'static str,
        /// Which limit it breaks.
        what: &'static str,
    },
}

impl BadHash {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "hash_unknown",
            Self::Refused { .. } => "hash_refused",
            Self::Malformed { .. } => "hash_malformed",
            Self::TooCostly { .. } => "hash_too_costly",
        }
    }
}

impl StoredHash {
    /// Reads a hash: PHC forms of argon2 and scrypt, bcrypt, and Django's five.
    ///
    /// # Errors
    /// [`BadHash`]; nothing of the text is repeated in it.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        if text.len() > MAX_HASH_BYTES {
            return Err(BadHash::Unknown);
        }
        let (scheme, rest) = text.strip_prefix('$').unwrap_or(text).split_once('$').ok_or_else(|| unsupported(text))?;
        let scheme = match (text.starts_with('$'), scheme) {
            (true, "argon2id" | "argon2i" | "argon2d") => Scheme::Argon2(argon::Argon2Hash::parse(text)?),
            (true, "scrypt") => Scheme::Scrypt(derive::ScryptHash::parse_phc(rest)?),
            (true, "2a" | "2b" | "2y") => Scheme::Bcrypt(crypt::BcryptHash::parse(text, false)?),
            (false, "argon2") => Scheme::Argon2(argon::Argon2Hash::parse(&format!("${rest}"))?),
            (false, "scrypt") => Scheme::Scrypt(derive::ScryptHash::parse_django(rest)?),
            (false, "bcrypt") => Scheme::Bcrypt(crypt::BcryptHash::parse(rest, false)?),
            (false, "bcrypt_sha256") => Scheme::Bcrypt(crypt::BcryptHash::parse(rest, true)?),
            (false, "pbkdf2_sha256") => Scheme::Pbkdf2(derive::Pbkdf2Hash::parse_django(rest)?),
            _ => return Err(unsupported(text)),
        };
        Ok(Self(scheme))
    }

    /// The scheme's name: `argon2id`, `bcrypt`, …
    pub const fn scheme(&self) -> &'static str {
        match &self.0 {
            Scheme::Argon2(hash) => hash.name(),
            Scheme::Bcrypt(_) => "bcrypt",
            Scheme::Scrypt(_) => "scrypt",
            Scheme::Pbkdf2(_) => "pbkdf2_sha256",
        }
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredHash({})", self.scheme())
    }
}

/// Whether the password is the one behind the hash; compared in constant time. Takes as long as the hash's cost says.
///
/// The password is taken byte for byte. Other systems did not always normalise theirs: a sign-in tries what was typed, and
/// then its NFC form if that differs.
pub fn verify(hash: &StoredHash, password: &SecretText) -> bool {
    let password = password.expose().as_bytes();
    if password.len() > MAX_PASSWORD_BYTES {
        return false;
    }
    match &hash.0 {
        Scheme::Argon2(hash) => hash.verify(password),
        Scheme::Bcrypt(hash) => hash.verify(password),
        Scheme::Scrypt(hash) => hash.verify(password),
        Scheme::Pbkdf2(hash) => hash.verify(password),
    }
}

/// Whether a successful sign-in should replace the hash: it is not argon2id, or it costs less than `params`.
pub fn needs_rehash(hash: &StoredHash, params: &Params) -> bool {
    match &hash.0 {
        Scheme::Argon2(hash) => hash.is_below(params),
        _ => true,
    }
}

/// A new argon2id hash (RFC 9106) in PHC form. `salt` is 128 random bits, fresh for each hash (RFC 9106, 3.1).
pub fn hash_new(password: &SecretText, params: &Params, salt: &[u8; 16]) -> String {
    argon::hash_new(password.expose().as_bytes(), params, salt)
}

/// Forms that are known and not taken, with the reason. MD5 and SHA forms of htpasswd and old Unix are tried at 10^9
/// to 10^11 guesses a second on one graphics card: to keep them is to keep nearly every password readable.
fn unsupported(text: &str) -> BadHash {
    const FAST: &str = "it is guessed too fast to be kept";
    const PREFIXES: &[(&str, &str, &str)] = &[
        ("$apr1$", "apr1 (MD5)", FAST),
        ("$1$", "md5-crypt", FAST),
        ("{SHA}", "unsalted SHA-1", FAST),
        ("{SSHA}", "salted SHA-1", FAST),
        ("md5$", "MD5", FAST),
        ("sha1$", "SHA-1", FAST),
        ("pbkdf2_sha1$", "PBKDF2 with SHA-1", "no system that is in use writes it"),
        ("$2x$", "bcrypt 2x", "it marks hashes of a faulty program"),
        ("$5$", "sha256-crypt", "it is not implemented"),
        ("$6$", "sha512-crypt", "it is not implemented"),
        ("$y$", "yescrypt", "it is not implemented"),
        ("$7$", "scrypt in crypt form", "it is not implemented"),
    ];
    let known = PREFIXES.iter().find(|(prefix, ..)| text.starts_with(prefix));
    known.map_or(BadHash::Unknown, |(_, scheme, why)| BadHash::Refused { scheme, why })
}

fn equal(computed: &[u8], stored: &[u8]) -> bool {
    computed.ct_eq(stored).into()
}

/// A decimal number without sign and leading zero, as PHC strings have them.
fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Base 64 with or without padding, held to a length.
fn base64(text: &str, bytes: std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    let plain = text.trim_end_matches('=');
    let decoded = data_encoding::BASE64_NOPAD.decode(plain.as_bytes()).ok()?;
    bytes.contains(&decoded.len()).then_some(decoded)
}

#[cfg(test)]
mod tests;

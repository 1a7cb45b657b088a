//! bcrypt, plain and with Django's SHA-256 before it.

use super::BadHash;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// 2^15 rounds take about two seconds of one core; systems in use write 10 to 14.
pub const MAX_COST: u32 = 15;

const SCHEME: &str = "bcrypt";

#[derive(Clone, PartialEq, Eq)]
pub(super) struct BcryptHash {
    text: String,
    /// Whether the password is first turned into the hex of its SHA-256, which keeps bcrypt from cutting it at 72 bytes.
    prehashed: bool,
}

impl BcryptHash {
    /// `$2b$12$` and 53 characters of salt and hash.
    pub(super) fn parse(text: &str, prehashed: bool) -> Result<Self, BadHash> {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| BadHash::Malformed { scheme: SCHEME })?;
        match parts.get_cost() {
            0..4 => Err(BadHash::Malformed { scheme: SCHEME }),
            4..=MAX_COST if !text.starts_with("$2x$") => Ok(Self { text: text.to_owned(), prehashed }),
            4..=MAX_COST => Err(super::unsupported(text)),
            _ => Err(BadHash::TooCostly { scheme: SCHEME, what: "cost above 15" }),
        }
    }

    /// bcrypt reads 72 bytes of a password and no more; the systems that made the hash did the same.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let matches = |password: &[u8]| bcrypt::verify(password, &self.text).unwrap_or(false);
        if !self.prehashed {
            return matches(password);
        }
        let hex = Zeroizing::new(data_encoding::HEXLOWER.encode(&Sha256::digest(password)));
        matches(hex.as_bytes())
    }
}

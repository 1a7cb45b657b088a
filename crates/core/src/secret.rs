//! Secrets as types: what may be stored is a keyed hash, and `Debug` says nothing.
//!
//! Never: draws randomness, prints a secret, compares one in variable time.
//! In: keys and bytes.   Out: HMAC-SHA-256 digests, constant-time comparisons.
//! I/O for this room: server/src/keyring.rs.   Tests: beside the code.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A 256-bit key for one purpose.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// Wraps key bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 (RFC 2104) over `parts`, each preceded by its length (u64, big-endian), so that no two lists of
    /// parts give the same input.
    pub fn mac(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = self.start();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Digest(mac.finalize().into_bytes().into())
    }

    /// HMAC-SHA-256 over the bytes as they are, for formats of others (ALTCHA).
    pub fn mac_raw(&self, bytes: &[u8]) -> Digest {
        let mut mac = self.start();
        mac.update(bytes);
        Digest(mac.finalize().into_bytes().into())
    }

    fn start(&self) -> Hmac<Sha256> {
        match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mac) => mac,
            // HMAC takes keys of every length; the type says otherwise.
            Err(_) => unreachable!("a 32-byte key is a valid HMAC key"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A 256-bit keyed hash; safe to store, compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Wraps stored bytes; `None` unless there are exactly 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for the store.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes as lower-case hex.
    pub fn hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// The first eight bytes as a number, for hash tables.
    pub fn short(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// A text that must not be seen: a password, a token, a code. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; every call is a place to look at in review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing() {
        let shown =
            format!("{:?} {:?} {:?}", Key::new([7; 32]), SecretText::new("hunter2"), Key::new([7; 32]).mac(&[]));
        assert_eq!(shown, "Key(…) SecretText(…) Digest(…)");
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let key = Key::new([1; 32]);
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
        assert_ne!(key.mac(&[b""]), key.mac(&[]));
    }

    #[test]
    fn raw_matches_the_vector_of_rfc_4231() {
        let mut bytes = [0; 32];
        bytes[..20].copy_from_slice(&[0x0b; 20]);
        // RFC 4231 case 1: a key shorter than the block is padded with zeros, so 20 bytes and 32 with zeros are one key.
        let got = Key::new(bytes).mac_raw(b"Hi There").hex();
        assert_eq!(got, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
}

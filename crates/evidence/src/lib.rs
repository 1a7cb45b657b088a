//! Evidence: what an entry commits to, byte for byte.
//!
//! Never: does I/O, reads a clock, draws a salt; knows what the entries are about.
//!
//! An entry's public form is one version byte and one salted commitment; what happened stays with whoever may know it
//! and can be erased without breaking a proof (invariant E4).

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The first byte of every public entry: this format.
pub const VERSION: u8 = 1;

/// Separates commitments from every other use of SHA-256 here.
const DOMAIN: &[u8] = b"countersign evidence commitment v1\n";

/// SHA-256 over a domain, the salt and the payload, each preceded by its length (u64, big-endian).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// Commits to `payload` under `salt` (32 random bytes, so that a guess at the content cannot be confirmed).
    pub fn new(salt: &[u8], payload: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        for part in [salt, payload] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public entry: version byte, then the commitment.
    pub fn entry(&self) -> [u8; 33] {
        let mut out = [VERSION; 33];
        out[1..].copy_from_slice(&self.0);
        out
    }
}

/// What an entry says, before it is committed to.
#[derive(Debug, Clone)]
pub struct Payload<'a> {
    /// The entry's id.
    pub id: &'a str,
    /// Microseconds since 1970, UTC.
    pub at_micros: i64,
    /// What kind of thing happened: `recovery.requested`.
    pub kind: &'a str,
    /// Whom it is about, if it is about an account.
    pub subject: Option<&'a str>,
    /// What happened.
    pub what: Value,
}

impl Payload<'_> {
    /// Canonical bytes: one JSON object, keys sorted by code point, no white space, integers only.
    ///
    /// `serde_json` keeps object keys in a `BTreeMap` (its `preserve_order` feature is off, a test holds that).
    pub fn canonical(&self) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("at".into(), self.at_micros.into());
        object.insert("id".into(), self.id.into());
        object.insert("kind".into(), self.kind.into());
        if let Some(subject) = self.subject {
            object.insert("subject".into(), subject.into());
        }
        object.insert("what".into(), self.what.clone());
        object.insert("v".into(), VERSION.into());
        Value::Object(object).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn canonical_bytes_are_sorted_and_tight() {
        let payload = Payload {
            id: "evi_1",
            at_micros: 5,
            kind: "a.b",
            subject: None,
            what: json!({"z": 1, "a": {"y": 2, "b": 3}}),
        };
        let text = String::from_utf8(payload.canonical()).unwrap();
        assert_eq!(text, r#"{"at":5,"id":"evi_1","kind":"a.b","v":1,"what":{"a":{"b":3,"y":2},"z":1}}"#);
    }

    #[test]
    fn the_entry_says_nothing_but_version_and_commitment() {
        let entry = Commitment::new(&[1; 32], b"x").entry();
        assert_eq!((entry.len(), entry[0]), (33, VERSION));
    }

    proptest! {
        #[test]
        fn every_bit_of_salt_and_payload_counts(salt: [u8; 32], payload: Vec<u8>, bit in 0_usize..4096) {
            let whole = Commitment::new(&salt, &payload);
            let mut bytes = [salt.as_slice(), &payload].concat();
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(whole, Commitment::new(&bytes[..32], &bytes[32..]));
        }
    }
}

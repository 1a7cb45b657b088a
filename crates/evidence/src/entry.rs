//! What an entry commits to, byte for byte.
//!
//! Never: shows anything of what happened in the public entry; draws a salt.
//! In: what happened, a salt.   Out: canonical bytes, commitments, public entries.
//! I/O for this room: none.   Tests: beside the code.
//!
//! An entry's public form is one version byte and one salted commitment; what happened stays with whoever may know it
//! and can be erased without breaking a proof (invariant E4).

use crate::base64;
use crate::hash::Hash;
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

    /// Wraps 32 stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The commitment in a public entry; `None` for bytes of another form.
    pub fn from_entry(entry: &[u8]) -> Option<Self> {
        let (version, commitment) = entry.split_first()?;
        commitment.try_into().ok().filter(|_| *version == VERSION).map(Self)
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

    /// The leaf that stands for the entry in the tree.
    pub fn leaf(&self) -> Hash {
        Hash::leaf(&self.entry())
    }
}

/// Whom an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// Named: for entries that are shown to staff and auditors.
    Named(&'a str),
    /// As a hash of the entry's id and the subject: for entries that are shown to outsiders (a message's, to whoever
    /// holds its code), who shall not learn which account it is.
    Hashed(&'a str),
}

/// The hash under which a disclosable entry names its subject.
pub fn subject_hash(entry_id: &str, subject: &str) -> Hash {
    Hash::of(format!("countersign evidence subject v1\n{entry_id}\n{subject}").as_bytes())
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
    pub subject: Option<Subject<'a>>,
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
        match self.subject {
            Some(Subject::Named(subject)) => object.insert("subject".into(), subject.into()),
            Some(Subject::Hashed(subject)) => {
                object.insert("subject_hash".into(), subject_hash(self.id, subject).to_hex().into())
            }
            None => None,
        };
        object.insert("what".into(), self.what.clone());
        object.insert("v".into(), VERSION.into());
        Value::Object(object).to_string().into_bytes()
    }
}

/// What opens a commitment: shown to whoever may know what an entry says, gone when it is erased.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The salt.
    pub salt: [u8; 32],
    /// The canonical bytes that were committed to, never written anew.
    pub payload: Vec<u8>,
}

impl Opening {
    /// The commitment that it opens.
    pub fn commitment(&self) -> Commitment {
        Commitment::new(&self.salt, &self.payload)
    }

    /// `{"payload":"…","salt":"…"}`, both in Base64.
    pub fn encode(&self) -> Vec<u8> {
        let mut object = Map::new();
        object.insert("payload".into(), base64::encode(&self.payload).into());
        object.insert("salt".into(), base64::encode(&self.salt).into());
        Value::Object(object).to_string().into_bytes()
    }

    /// Reads what `encode` wrote; `None` for anything else.
    pub fn decode(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(text).ok()?;
        let object = value.as_object().filter(|object| object.len() == 2)?;
        let bytes = |name: &str| object.get(name).and_then(Value::as_str).and_then(base64::decode);
        let opening = Self { salt: bytes("salt")?.try_into().ok()?, payload: bytes("payload")? };
        // No white space, no key twice, one order: one opening has one spelling.
        (opening.encode() == text).then_some(opening)
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_subject_is_named_or_hashed() {
        let payload =
            |subject| Payload { id: "evi_1", at_micros: 5, kind: "a.b", subject, what: json!({}) }.canonical();
        let named = String::from_utf8(payload(Some(Subject::Named("acc_1")))).unwrap();
        assert_eq!(named, r#"{"at":5,"id":"evi_1","kind":"a.b","subject":"acc_1","v":1,"what":{}}"#);
        let hashed = String::from_utf8(payload(Some(Subject::Hashed("acc_1")))).unwrap();
        assert!(!hashed.contains("acc_1") && hashed.contains(&subject_hash("evi_1", "acc_1").to_hex()), "{hashed}");
    }

    #[test]
    fn an_opening_reads_back() {
        let opening = Opening { salt: [7; 32], payload: b"{}".to_vec() };
        assert_eq!(Opening::decode(&opening.encode()), Some(opening.clone()));
        assert_eq!(format!("{opening:?}"), "Opening(…)");
        for bad in [&b"{}"[..], b"[]", br#"{"payload":"e30=","salt":"AA=="}"#] {
            assert!(Opening::decode(bad).is_none());
        }
        assert!(Opening::decode(&[opening.encode().as_slice(), b" "].concat()).is_none());
    }

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
        let commitment = Commitment::new(&[1; 32], b"x");
        let entry = commitment.entry();
        assert_eq!((entry.len(), entry[0]), (33, VERSION));
        assert_eq!(Commitment::from_entry(&entry), Some(commitment));
        assert_eq!(Commitment::from_entry(&entry[..32]), None);
        assert_eq!(Commitment::from_entry(&[2; 33]), None);
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

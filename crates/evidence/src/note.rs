//! Signed notes (C2SP signed-note): a text, and below it lines with signatures.
//!
//! Never: takes a note as verified on the strength of an unknown key; keeps a signing key where `Debug` shows it; calls a
//! note good in which a known key's signature fails.
//! In: texts, keys.   Out: notes, or why one is not to be trusted.
//! I/O for this room: none.   Tests: beside the code.

use crate::base64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// Largest note that is read; a checkpoint with a hundred cosignatures has some 13 000.
pub const MOST_BYTES: usize = 64 * 1024;
/// Most signature lines that are read. The specification asks for at least 16.
pub const MOST_SIGNATURES: usize = 128;
/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// What a key signs, as the type byte of its verifier key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519 over the note's text (type 0x01).
    Ed25519,
    /// A witness's cosignature/v1: Ed25519 with a time (type 0x04); see [`crate::cosignature`].
    CosignatureV1,
}

impl Algorithm {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }
}

/// The four bytes by which a signature line names its key.
pub type KeyId = [u8; 4];

/// A public key with its name, as people pin it: `name+hash+key`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: [u8; 32],
}

/// Why a text is not a verifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not of the form `name+hash+key`.
    #[error("a verifier key has the form name+hash+key")]
    Form,
    /// A name that is empty or has a space or a plus in it.
    #[error("a key's name is not empty and has no space and no plus in it")]
    Name,
    /// The hash is not that of name and key: a typing error, or another key.
    #[error("the verifier key's hash does not fit its name and key; it was mistyped")]
    Hash,
    /// A kind of key that this version does not know.
    #[error("the verifier key is of a type that is not known here (Ed25519 and cosignature/v1 are)")]
    Algorithm,
}

/// Whether a key may have this name: not empty, no Unicode space, no plus.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control())
}

impl VerifierKey {
    /// A key by its parts.
    ///
    /// # Errors
    /// `BadKey::Name`.
    pub fn new(name: &str, algorithm: Algorithm, key: [u8; 32]) -> Result<Self, BadKey> {
        if is_key_name(name) { Ok(Self { name: name.to_owned(), algorithm, key }) } else { Err(BadKey::Name) }
    }

    /// Reads `name+hash+key`.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadKey::Form);
        };
        let id = data_encoding::HEXLOWER.decode(hash.as_bytes()).map_err(|_| BadKey::Form)?;
        let bytes = base64::decode(key).ok_or(BadKey::Form)?;
        let (algorithm, key) = bytes.split_first().ok_or(BadKey::Form)?;
        let algorithm = match algorithm {
            0x01 => Algorithm::Ed25519,
            0x04 => Algorithm::CosignatureV1,
            _ => return Err(BadKey::Algorithm),
        };
        let read = Self::new(name, algorithm, key.try_into().map_err(|_| BadKey::Form)?)?;
        if read.id().as_slice() == id { Ok(read) } else { Err(BadKey::Hash) }
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The 32 bytes of the public key.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// SHA-256(name || 0x0A || type || key), its first four bytes.
    pub fn id(&self) -> KeyId {
        let hash = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', self.algorithm.byte()])
            .chain_update(self.key)
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether `signature` is this key's plain Ed25519 signature of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = data_encoding::HEXLOWER.encode(&self.id());
        let key = base64::encode(&[&[self.algorithm.byte()][..], &self.key].concat());
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A private key with its name.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

/// DER of a PKCS#8 version 1 Ed25519 private key (RFC 8410, 7) up to the 32 bytes of the seed.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The PKCS#8 document (DER) of the Ed25519 key with this seed.
pub fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    [PKCS8_PREFIX.as_slice(), seed].concat()
}

impl SigningKey {
    /// Reads a PKCS#8 document (DER), of version 1 or 2.
    ///
    /// # Errors
    /// `BadKey::Form` for anything but an Ed25519 key, `BadKey::Name`.
    pub fn from_pkcs8(name: &str, algorithm: Algorithm, der: &[u8]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| BadKey::Form)?;
        let key = pair.public_key().as_ref().try_into().map_err(|_| BadKey::Form)?;
        Ok(Self { verifier: VerifierKey::new(name, algorithm, key)?, pair })
    }

    /// The key with this seed (32 random bytes).
    ///
    /// # Errors
    /// `BadKey::Name`.
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, BadKey> {
        Self::from_pkcs8(name, algorithm, &pkcs8(seed))
    }

    /// The public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The plain Ed25519 signature.
    pub(crate) fn sign_raw(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// A signature line's content for a note with this text. Only for keys of the type Ed25519; a witness's key signs by
    /// [`crate::cosignature::cosign`].
    pub fn sign(&self, text: &str) -> Signature {
        Signature::new(&self.verifier, self.sign_raw(text.as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: KeyId,
    /// What follows the id.
    pub bytes: Vec<u8>,
}

impl Signature {
    pub(crate) fn new(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name.clone(), id: key.id(), bytes }
    }

    /// Whether the line names this key.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.id == key.id()
    }

    /// Reads one line, without its line feed.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = base64::decode(encoded)?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        let fits = is_key_name(name) && !bytes.is_empty();
        fits.then(|| Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DASH}{} {}", self.name, base64::encode(&[self.id.as_slice(), &self.bytes].concat()))
    }
}

/// A text and its signatures; nothing of it is to be trusted before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What was signed, with its last line feed.
    pub text: String,
    /// The lines below it.
    pub signatures: Vec<Signature>,
}

/// Why a note is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// Not a signed note.
    #[error("this is not a signed note")]
    Form,
    /// Longer than [`MOST_BYTES`], or more lines than [`MOST_SIGNATURES`].
    #[error("the note is too long")]
    TooLong,
    /// A known key's signature does not fit the text.
    #[error("the signature of {0} does not fit: the text or the signature was changed")]
    Forged(String),
    /// No known key signed.
    #[error("no key that is trusted here signed this")]
    NoKnownKey,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// `Form` or `TooLong`.
    pub fn parse(text: &str) -> Result<Self, BadNote> {
        if text.len() > MOST_BYTES {
            return Err(BadNote::TooLong);
        }
        if text.contains(|c: char| c < ' ' && c != '\n') {
            return Err(BadNote::Form);
        }
        let (signed, below) = text.rsplit_once("\n\n").ok_or(BadNote::Form)?;
        let lines = below.strip_suffix('\n').ok_or(BadNote::Form)?;
        let signatures: Option<Vec<_>> = lines.split('\n').take(MOST_SIGNATURES + 1).map(Signature::parse).collect();
        let signatures = signatures.ok_or(BadNote::Form)?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(BadNote::TooLong);
        }
        Ok(Self { text: format!("{signed}\n"), signatures })
    }

    /// The keys among `known` (of the type Ed25519) whose signatures are there; each is right.
    ///
    /// # Errors
    /// `Forged` when one of them is not; `NoKnownKey` when there is none.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, BadNote> {
        let mut found = Vec::new();
        for key in known.iter().filter(|k| k.algorithm == Algorithm::Ed25519) {
            for signature in self.signatures.iter().filter(|s| s.is_by(key)) {
                if !key.verifies(self.text.as_bytes(), &signature.bytes) {
                    return Err(BadNote::Forged(key.name.clone()));
                }
                if !found.contains(&key) {
                    found.push(key);
                }
            }
        }
        if found.is_empty() { Err(BadNote::NoKnownKey) } else { Ok(found) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SIGNED: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed("log.example.org/evidence", Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    #[test]
    fn the_vector_of_the_specification_verifies() {
        let (note, key) = (Note::parse(SIGNED).unwrap(), VerifierKey::parse(VKEY).unwrap());
        assert_eq!(note.verify(std::slice::from_ref(&key)), Ok(vec![&key]));
        assert_eq!((note.to_string().as_str(), key.to_string().as_str()), (SIGNED, VKEY));
    }

    #[test]
    fn a_changed_text_is_found_and_an_unknown_key_proves_nothing() {
        let known = [VerifierKey::parse(VKEY).unwrap()];
        let changed = Note::parse(&SIGNED.replace("example message", "example massage")).unwrap();
        assert_eq!(changed.verify(&known), Err(BadNote::Forged("example.com/foo".to_owned())));
        let other = [key(1).verifier().clone()];
        assert_eq!(Note::parse(SIGNED).unwrap().verify(&other), Err(BadNote::NoKnownKey));
    }

    #[test]
    fn a_known_key_that_fails_spoils_the_note_although_another_is_right() {
        let (one, two) = (key(1), key(2));
        let mut forged = two.sign("text\n");
        forged.bytes[3] ^= 1;
        let note = Note { text: "text\n".into(), signatures: vec![one.sign("text\n"), forged] };
        let known = [one.verifier().clone(), two.verifier().clone()];
        assert!(matches!(note.verify(&known), Err(BadNote::Forged(_))));
        assert!(note.verify(&known[..1]).is_ok());
    }

    #[test]
    fn keys_that_are_none_say_why() {
        for (text, why) in [
            ("example.com/foo", BadKey::Form),
            ("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadKey::Hash),
            ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadKey::Form),
            ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadKey::Name),
            ("a+530d903a+CekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadKey::Algorithm),
        ] {
            assert_eq!(VerifierKey::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn notes_that_are_none_are_refused() {
        for text in [
            "",
            "a\n",
            "a\n\n",
            "a\n\n\u{2014} x",
            "a\n\nx\n",
            "a\r\n\n\u{2014} a AAAAAAA=\n",
            "a\n\n\u{2014} a AAAAAA==\n",
        ] {
            assert!(Note::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_private_half_is_not_shown() {
        assert!(!format!("{:?}", key(7)).contains("0707"));
    }

    proptest! {
        #[test]
        fn what_is_signed_reads_back(text in "[^\\x00-\\x1f]{0,40}", seed: u8) {
            let key = key(seed);
            let text = format!("{text}\n");
            let note = Note { signatures: vec![key.sign(&text)], text };
            let read = Note::parse(&note.to_string()).unwrap();
            prop_assert!(read.verify(&[key.verifier().clone()]).is_ok());
            prop_assert_eq!(read, note);
            let vkey = key.verifier().to_string();
            prop_assert_eq!(&VerifierKey::parse(&vkey).unwrap(), key.verifier());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|(a|\n|\u{2014} |[A-Z=]){0,40}") {
            if let Ok(note) = Note::parse(&text) {
                prop_assert_eq!(&note.to_string(), &text);
            }
            let _ = VerifierKey::parse(&text);
        }
    }
}

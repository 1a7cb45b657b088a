//! Signs a message with DKIM (RFC 6376), `rsa-sha256` or `ed25519-sha256` (RFC 8463).
//!
//! lettre can sign too, but stamps the signature with the present time, so that a second try would send other bytes; it
//! takes no PKCS#8 keys, cannot oversign, and brings the `rsa` crate (RUSTSEC-2023-0071). ring is here with rustls anyway.

use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use sha2::{Digest, Sha256};
use std::fmt;

/// Headers that are signed. Each is named once more than it occurs ("oversigned", RFC 6376, 8.15), so that nobody can
/// add a second From or Subject to a genuine message and keep its signature.
const SIGNED: [&str; 10] = [
    "from",
    "reply-to",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-language",
    "auto-submitted",
];

/// A key, and where receivers find its public half.
pub struct Signer {
    domain: String,
    selector: String,
    key: SigningKey,
}

enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// Why a key cannot be used, or a message not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// The text holds no private key in PEM form.
    #[error("the DKIM key is not a private key in PEM form (openssl genpkey writes one)")]
    NotPem,
    /// Another kind of key, or an RSA key that is too short or too long.
    #[error("the DKIM key must be RSA with 2048 to 4096 bits, or Ed25519")]
    UnsuitableKey,
    /// The domain or the selector is not a DNS name.
    #[error("the DKIM domain or selector is not a DNS name in ASCII")]
    BadName,
    /// The message has no blank line after its header.
    #[error("the message has no header to sign")]
    NoHeader,
    /// The signing itself failed.
    #[error("the DKIM signature could not be computed")]
    Failed,
}

impl Signer {
    /// Reads a private key: PKCS#8 (`BEGIN PRIVATE KEY`) for both kinds, PKCS#1 (`BEGIN RSA PRIVATE KEY`) for RSA.
    ///
    /// # Errors
    /// Names what is wrong with the key or the names.
    pub fn from_pem(domain: &str, selector: &str, pem: &SecretText) -> Result<Self, DkimError> {
        if !is_dns_name(domain) || !is_dns_name(selector) {
            return Err(DkimError::BadName);
        }
        let der = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()).map_err(|_| DkimError::NotPem)?;
        let key = SigningKey::from_der(&der).ok_or(DkimError::UnsuitableKey)?;
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_ascii_lowercase(), key })
    }

    /// The name of the TXT record in which receivers look for the public key.
    pub fn dns_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// What that record must say.
    pub fn dns_record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.key.kind(), BASE64.encode(&self.key.public()))
    }

    /// The `DKIM-Signature` header for a message, with its line end; the same message and time give the same header.
    ///
    /// # Errors
    /// If there is no header, or the key fails.
    pub fn signature(&self, message: &[u8], at: Timestamp) -> Result<String, DkimError> {
        let split = find(message, b"\r\n\r\n").ok_or(DkimError::NoHeader)?;
        let header = std::str::from_utf8(&message[..split + 2]).map_err(|_| DkimError::NoHeader)?;
        let body_hash = BASE64.encode(&Sha256::digest(relaxed_body(&message[split + 4..])));
        let fields = fields(header);
        let (names, mut input) = select(&fields);
        let unsigned = self.tags(at, &names, &body_hash);
        input.push_str("dkim-signature:");
        input.push_str(&relaxed_value(&unsigned));
        let signature = self.key.sign(input.as_bytes()).ok_or(DkimError::Failed)?;
        Ok(format!("DKIM-Signature: {unsigned}{}\r\n", fold(&BASE64.encode(&signature))))
    }

    fn tags(&self, at: Timestamp, names: &str, body_hash: &str) -> String {
        let Self { domain, selector, key } = self;
        let (kind, time) = (key.kind(), at.secs());
        format!(
            "v=1; a={kind}-sha256; c=relaxed/relaxed; d={domain};\r\n s={selector}; t={time};\r\n h={names};\r\n bh={body_hash};\r\n b="
        )
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} {})", self.key.kind(), self.dns_name())
    }
}

impl SigningKey {
    fn from_der(der: &PrivateKeyDer<'_>) -> Option<Self> {
        let rsa = |pair: RsaKeyPair| Self::Rsa(Box::new(pair));
        match der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(rsa),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                // OpenSSL writes Ed25519 keys without the public half (PKCS#8 version 1).
                let ed25519 = || Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self::Ed25519);
                RsaKeyPair::from_pkcs8(der).ok().map(rsa).or_else(ed25519)
            }
            _ => None,
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa",
            Self::Ed25519(_) => "ed25519",
        }
    }

    /// As the TXT record wants it: SubjectPublicKeyInfo for RSA (RFC 6376, errata 3017), the bare 32 bytes for Ed25519.
    fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => subject_public_key_info(pair.public_key().as_ref()),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Both algorithms give the same signature for the same input; the generator only blinds RSA's arithmetic.
    fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let mut out = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut out).ok()?;
                Some(out)
            }
            // RFC 8463, 3: the key signs the SHA-256 of the input, not the input.
            Self::Ed25519(pair) => Some(pair.sign(&Sha256::digest(input)).as_ref().to_vec()),
        }
    }
}

fn is_dns_name(name: &str) -> bool {
    let label =
        |l: &str| !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    name.len() <= 253 && name.split('.').all(label)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// The header's fields, continuation lines joined, as (lower-case name, relaxed value).
fn fields(header: &str) -> Vec<(String, String)> {
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |line: &str| line.split_once(':').map(|(n, v)| (n.trim_end().to_ascii_lowercase(), relaxed_value(v)));
    unfolded.split("\r\n").filter_map(field).collect()
}

/// RFC 6376, 3.4.2: unfolded, runs of white space made one space, none at the ends.
fn relaxed_value(value: &str) -> String {
    value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The `h=` list, and the canonical form of the headers that are there. Those that are not, and the oversigned ones, add
/// nothing to the input (RFC 6376, 5.4).
fn select(fields: &[(String, String)]) -> (String, String) {
    let (mut names, mut input) = (Vec::new(), String::new());
    for name in SIGNED {
        // The last of several comes first (RFC 6376, 5.4.2).
        for (_, value) in fields.iter().rev().filter(|(n, _)| n == name) {
            names.push(name);
            input.push_str(&format!("{name}:{value}\r\n"));
        }
        names.push(name);
    }
    (wrap_names(&names), input)
}

fn wrap_names(names: &[&str]) -> String {
    names.chunks(6).map(|chunk| chunk.join(":")).collect::<Vec<_>>().join(":\r\n  ")
}

/// RFC 6376, 3.4.4: white space at line ends and empty lines at the end go, other runs become one space.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut kept = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        push_relaxed_line(line.strip_suffix(b"\r\n").unwrap_or(line), &mut out);
        if out.last().is_some_and(|b| *b != b'\n') {
            out.extend_from_slice(b"\r\n");
            kept = out.len();
        } else {
            out.extend_from_slice(b"\r\n");
        }
    }
    out.truncate(kept);
    out
}

fn push_relaxed_line(line: &[u8], out: &mut Vec<u8>) {
    let blank = |b: &u8| *b == b' ' || *b == b'\t';
    let end = line.iter().rposition(|b| !blank(b)).map_or(0, |last| last + 1);
    let mut previous_blank = false;
    for byte in &line[..end] {
        match (blank(byte), previous_blank) {
            (true, true) => {}
            (true, false) => out.push(b' '),
            (false, _) => out.push(*byte),
        }
        previous_blank = blank(byte);
    }
}

/// White space inside `b=` counts for nothing; lines stay below 78 characters (RFC 5322, 2.1.1).
fn fold(base64: &str) -> String {
    let chunks = base64.as_bytes().chunks(72).map(|c| String::from_utf8_lossy(c).into_owned());
    chunks.collect::<Vec<_>>().join("\r\n ")
}

/// Wraps PKCS#1's RSAPublicKey into SubjectPublicKeyInfo (RFC 5280, 4.1): `SEQ { SEQ { rsaEncryption, NULL }, BIT STRING }`.
fn subject_public_key_info(rsa_public_key: &[u8]) -> Vec<u8> {
    const ALGORITHM: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = der(0x03, &[&[0], rsa_public_key].concat());
    der(0x30, &[&ALGORITHM[..], &bits].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let significant = &len[len.iter().position(|b| *b != 0).unwrap_or(len.len() - 1)..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
    }
    out.extend_from_slice(significant);
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8463, appendix A.2, as PKCS#8: the prefix, then the 32 bytes of the seed.
    fn rfc_8463_key() -> SecretText {
        let seed = BASE64.decode(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
        let prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        let der = BASE64.encode(&[&prefix[..], &seed].concat());
        SecretText::new(format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"))
    }

    const MESSAGE: &str = "From: A <a@example.org>\r\nTo: m@example.org\r\nSubject: x\r\n\r\nBody  text \r\n\r\n";

    #[test]
    fn the_record_holds_the_public_key_of_rfc_8463() {
        let signer = Signer::from_pem("Football.example.com", "brisbane", &rfc_8463_key()).unwrap();
        assert_eq!(signer.dns_name(), "brisbane._domainkey.football.example.com");
        assert_eq!(signer.dns_record(), "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
        assert_eq!(format!("{signer:?}"), "Signer(ed25519 brisbane._domainkey.football.example.com)");
    }

    #[test]
    fn the_same_input_gives_the_same_header_and_from_is_oversigned() {
        let signer = Signer::from_pem("example.org", "s1", &rfc_8463_key()).unwrap();
        let sign = |message: &str| signer.signature(message.as_bytes(), Timestamp::from_secs(7)).unwrap();
        assert_eq!(sign(MESSAGE), sign(MESSAGE));
        assert_ne!(sign(MESSAGE), sign(&MESSAGE.replace("text", "test")));
        assert!(sign(MESSAGE).contains("h=from:from:reply-to:to:to:subject:\r\n  subject:date:"));
        assert!(sign(MESSAGE).split("\r\n").all(|line| line.len() <= 78));
    }

    #[test]
    fn the_body_is_relaxed_as_rfc_6376_says() {
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
    }

    #[test]
    fn bad_keys_and_names_are_refused() {
        let from = |pem: &str| Signer::from_pem("example.org", "s", &SecretText::new(pem)).map(|_| ());
        assert_eq!(from("hello"), Err(DkimError::NotPem));
        assert_eq!(
            from("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            Err(DkimError::UnsuitableKey)
        );
        let named = |domain, selector| Signer::from_pem(domain, selector, &rfc_8463_key()).map(|_| ());
        assert_eq!(named("example.org\r\nX: y", "s"), Err(DkimError::BadName));
        assert_eq!(named("example.org", ""), Err(DkimError::BadName));
    }
}

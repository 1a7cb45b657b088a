//! An authenticator in software, which can also do what none should: lie about the origin, count backwards, not look who
//! it is.

use countersign::flows::staff::passkeys::{Answer, Begun};
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// User present, user verified, attested credential data (Web Authentication, Level 3, 6.1).
const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const ATTESTED: u8 = 64;

/// One passkey on one authenticator.
pub struct Authenticator {
    key: EcdsaKeyPair,
    random: SystemRandom,
    pub id: Vec<u8>,
    pub origin: String,
    pub host: String,
    pub counter: u32,
    pub verifies: bool,
    pub handle: String,
}

impl Authenticator {
    /// One with a key of its own, for a site.
    pub fn new(origin: &str, id: u8) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap();
        Self {
            key,
            random,
            id: vec![id; 32],
            origin: origin.to_owned(),
            host: "localhost".to_owned(),
            counter: 1,
            verifies: true,
            handle: String::new(),
        }
    }

    /// Makes the passkey.
    pub fn create(&mut self, begun: &Begun) -> Answer {
        assert_eq!(begun.options["rp"]["id"], "localhost");
        let wanted = &begun.options["authenticatorSelection"];
        assert_eq!((&wanted["residentKey"], &wanted["userVerification"]), (&json!("required"), &json!("required")));
        self.handle = begun.options["user"]["id"].as_str().unwrap().to_owned();
        let object = [&[0xa3][..], &text("fmt"), &text("none"), &text("attStmt"), &[0xa0], &text("authData")].concat();
        let object = [object, bytes(&self.data(ATTESTED, &self.attested()))].concat();
        let response = json!({
            "attestationObject": BASE64URL_NOPAD.encode(&object),
            "clientDataJSON": BASE64URL_NOPAD.encode(self.client(begun, "webauthn.create").as_bytes()),
        });
        self.answer(begun, &response)
    }

    /// Uses it.
    pub fn get(&mut self, begun: &Begun) -> Answer {
        let client = self.client(begun, "webauthn.get");
        self.counter += 1;
        let data = self.data(0, &[]);
        let signed = [&data[..], digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&self.random, &signed).unwrap();
        let response = json!({
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "clientDataJSON": BASE64URL_NOPAD.encode(client.as_bytes()),
            "signature": BASE64URL_NOPAD.encode(signature.as_ref()),
            "userHandle": self.handle,
        });
        self.answer(begun, &response)
    }

    fn answer(&self, begun: &Begun, response: &Value) -> Answer {
        let id = BASE64URL_NOPAD.encode(&self.id);
        let credential = json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} });
        Answer { token: begun.token.clone(), credential }
    }

    fn client(&self, begun: &Begun, kind: &str) -> String {
        let challenge = &begun.options["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string()
    }

    fn data(&self, flags: u8, rest: &[u8]) -> Vec<u8> {
        let flags = flags | PRESENT | if self.verifies { VERIFIED } else { 0 };
        let host = digest(&SHA256, self.host.as_bytes());
        [host.as_ref(), &[flags], &self.counter.to_be_bytes(), rest].concat()
    }

    fn attested(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        // COSE_Key (RFC 9053, 7.1): EC2, ES256, P-256, x, y.
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..], &bytes(&point[1..33]), &[0x22], &bytes(&point[33..])];
        [&[0; 16][..], &(self.id.len() as u16).to_be_bytes(), &self.id, &key.concat()].concat()
    }
}

/// A text in CBOR, shorter than 24 bytes.
fn text(text: &str) -> Vec<u8> {
    [&[0x60 | text.len() as u8], text.as_bytes()].concat()
}

/// Bytes in CBOR.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    match bytes.len() {
        len @ 24..=255 => [&[0x58, len as u8], bytes].concat(),
        len => [&[0x59][..], &(len as u16).to_be_bytes(), bytes].concat(),
    }
}

//! Reading a signed note or a verifier key never panics, each has one spelling, and nothing verifies that was not signed.
#![no_main]

use countersign_evidence::note::{Note, VerifierKey};

/// The key of the specification's example; nobody here can sign with it.
const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SIGNED: &str = "This is an example message.\n";

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    let Ok(note) = Note::parse(text) else { return };
    assert_eq!(note.to_string(), text);
    let key = VerifierKey::parse(KEY).expect("the specification's");
    assert!(note.verify(&[key]).is_err() || note.text == SIGNED);
});

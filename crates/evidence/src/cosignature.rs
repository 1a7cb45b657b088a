//! Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1): "at this time I had seen this checkpoint, and every
//! earlier one that I had seen was its beginning".
//!
//! Never: takes a time for trusted beyond what the witness says of it.
//! In: checkpoints' texts, times in seconds since 1970.   Out: signatures, or the time that one names.
//! I/O for this room: none.   Tests: beside the code.

use crate::note::{Algorithm, Note, Signature, SigningKey, VerifierKey};

/// The bytes of a cosignature behind the key's id: a time (u64, big-endian) and an Ed25519 signature.
const BYTES: usize = 8 + 64;

fn message(time_secs: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_secs}\n{text}").into_bytes()
}

/// Cosigns the text of a checkpoint with a witness's key.
pub fn cosign(key: &SigningKey, text: &str, time_secs: u64) -> Signature {
    let signature = key.sign_raw(&message(time_secs, text));
    Signature::new(key.verifier(), [time_secs.to_be_bytes().as_slice(), &signature].concat())
}

/// When the witness cosigned, in seconds since 1970; `None` where the signature does not fit.
pub fn verify(key: &VerifierKey, text: &str, signature: &Signature) -> Option<u64> {
    if key.algorithm() != Algorithm::CosignatureV1 || signature.bytes.len() != BYTES || !signature.is_by(key) {
        return None;
    }
    let (time, raw) = signature.bytes.split_first_chunk::<8>()?;
    let time_secs = u64::from_be_bytes(*time);
    key.verifies(&message(time_secs, text), raw).then_some(time_secs)
}

/// The latest time at which `key` cosigned this note: `Ok(None)` where it did not.
///
/// # Errors
/// `Forged` where a line names this key and does not fit.
pub fn found(note: &Note, key: &VerifierKey) -> Result<Option<u64>, crate::note::BadNote> {
    let mut latest = None;
    for signature in note.signatures.iter().filter(|s| s.is_by(key)) {
        match verify(key, &note.text, signature) {
            Some(time) => latest = latest.max(Some(time)),
            None => return Err(crate::note::BadNote::Forged(key.name().to_owned())),
        }
    }
    Ok(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness() -> SigningKey {
        SigningKey::from_seed("witness.example.org", Algorithm::CosignatureV1, &[3; 32]).unwrap()
    }

    #[test]
    fn a_cosignature_names_its_time() {
        let signature = cosign(&witness(), "text\n", 1_768_123_800);
        assert_eq!(verify(witness().verifier(), "text\n", &signature), Some(1_768_123_800));
        assert_eq!(Signature::parse(&signature.to_string()), Some(signature));
    }

    #[test]
    fn every_bit_counts() {
        let good = cosign(&witness(), "text\n", 5);
        for bit in 0..good.bytes.len() * 8 {
            let mut bad = good.clone();
            bad.bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(witness().verifier(), "text\n", &bad), None, "bit {bit}");
        }
        assert_eq!(verify(witness().verifier(), "test\n", &good), None);
    }

    #[test]
    fn a_plain_signature_is_none_and_a_wrong_one_spoils_the_note() {
        let plain = SigningKey::from_seed("witness.example.org", Algorithm::Ed25519, &[3; 32]).unwrap();
        let note = Note { text: "text\n".into(), signatures: vec![plain.sign("text\n")] };
        assert_eq!(found(&note, witness().verifier()), Ok(None));
        let mut bad = cosign(&witness(), "text\n", 5);
        bad.bytes[0] ^= 1;
        let note = Note { text: "text\n".into(), signatures: vec![cosign(&witness(), "text\n", 5), bad] };
        assert!(found(&note, witness().verifier()).is_err());
    }
}

//! Reading a proof file, or the range proof of a bundle, never panics; each has one spelling, and none proves a leaf by itself.
#![no_main]

use countersign_evidence::Hash;
use countersign_evidence::bundle::RangeProof;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::tree::Head;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(proof) = ProofFile::parse(text) {
        assert_eq!(proof.to_string(), text);
        assert!(proof.verify(&Hash::of(b"leaf"), &[]).is_err());
    }
    if let Ok(proof) = RangeProof::parse(text) {
        assert_eq!(proof.to_string(), text);
        let head = Head { size: proof.size, root: Hash::of(b"root") };
        assert!(proof.verify([(proof.start, Hash::of(b"leaf"))], &head).is_err());
    }
});

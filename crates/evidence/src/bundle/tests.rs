//! A bundle's files read back, and in one spelling only.

use super::{
    BadBundle, Disclosure, Line, Manifest, RangeProof, check_signature, is_file_name, keys_from_file, keys_to_file,
    sign,
};
use crate::note::{Algorithm, SigningKey};
use crate::tree::{Head, ProofError};
use crate::{Commitment, Hash, Opening};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LOG: &str = "log.example.org/evidence";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(LOG, Algorithm::Ed25519, &[seed; 32]).unwrap()
}

fn manifest() -> Manifest {
    let files = ["checkpoint", "entries.ndjson", "proof", "keys", "timestamps/3.tsr"];
    Manifest {
        origin: LOG.into(),
        size: 9,
        first: 3,
        count: 4,
        made_at_secs: 1_768_123_800,
        from_secs: Some(1_768_000_000),
        to_secs: None,
        recipient: "Auditor of Example, ticket 7".into(),
        expires_at_secs: Some(1_800_000_000),
        csf: BTreeMap::from([("message.sealed".into(), vec!["PR.AA-03".into()])]),
        files: files.into_iter().map(|path| (path.to_owned(), Hash::of(path.as_bytes()))).collect(),
    }
}

fn line(index: u64) -> Line {
    let opening = Opening { salt: [index as u8; 32], payload: format!("{{\"n\":{index}}}").into_bytes() };
    Line { index, commitment: opening.commitment(), disclosure: Disclosure::Opened(opening) }
}

#[test]
fn a_manifest_reads_back() {
    let json = manifest().to_json();
    assert_eq!(Manifest::parse(&json).unwrap(), manifest());
    assert!(json.contains("\"last\": 6,"), "{json}");
    let empty = Manifest { count: 0, first: 9, ..manifest() };
    assert_eq!(Manifest::parse(&empty.to_json()).unwrap(), empty);
}

#[test]
fn a_manifest_with_a_wrong_field_names_it() {
    let json = manifest().to_json();
    for (from, to, field) in [
        ("bundle v1", "bundle v2", "format"),
        (LOG, "log example", "origin"),
        ("\"last\": 6", "\"last\": 7", "last"),
        ("\"last\": 6", "\"last\": null", "last"),
        ("\"size\": 9", "\"size\": 6", "count"),
        ("\"count\": 4", "\"count\": 4, \"more\": 1", "fields"),
        ("\"count\": 4", "\"count\": 4.0", "fields"),
        ("\"count\": 4", "\"count\":  4", "form"),
        ("\"count\": 4", "\"count\": -4", "fields"),
        ("Auditor of Example, ticket 7", "", "recipient"),
        ("PR.AA-03", "\\n", "csf"),
        ("timestamps/3.tsr", "../3.tsr", "files"),
        ("timestamps/3.tsr", "manifest.sig", "files"),
        ("\"proof\"", "\"proofs\"", "files"),
    ] {
        assert!(json.contains(from), "{from}");
        assert_eq!(Manifest::parse(&json.replacen(from, to, 1)), Err(BadBundle::Manifest(field)), "{from} {to}");
    }
}

#[test]
fn names_of_files_stay_in_the_directory() {
    for good in ["a", "index.html", "timestamps/70000.tsr", "A-b_c.1"] {
        assert!(is_file_name(good), "{good}");
    }
    let long = "a".repeat(101);
    for bad in ["", "/a", "a/", "a//b", "..", ".", "a/../b", ".a", "a/.b", "a/b/c", "a\\b", "ä", "a b", &long] {
        assert!(!is_file_name(bad), "{bad}");
    }
}

#[test]
fn the_signature_is_over_every_byte_of_the_manifest() {
    let json = manifest().to_json();
    let sig = sign(json.as_bytes(), &key(1)).to_string();
    let keys = [key(2).verifier().clone(), key(1).verifier().clone()];
    assert_eq!(check_signature(&sig, json.as_bytes(), &keys), Ok(&keys[1]));
    assert!(matches!(check_signature(&sig, json.as_bytes(), &keys[..1]), Err(BadBundle::Note(_))));
    for bit in 0..json.len() * 8 {
        let mut bytes = json.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(check_signature(&sig, &bytes, &keys), Err(BadBundle::OtherManifest));
    }
}

#[test]
fn lines_read_back_and_an_opening_opens_its_own_entry() {
    let commitment = Commitment::new(&[1; 32], b"x");
    let erased = Line { index: 7, commitment, disclosure: Disclosure::Erased };
    let withheld = Line { index: 7, commitment, disclosure: Disclosure::Withheld };
    for line in [line(0), erased, withheld] {
        assert_eq!(Line::parse(&line.to_string()).unwrap(), line);
    }
    let good = line(5).to_string();
    let other = Line { commitment, ..line(5) }.to_string();
    assert_eq!(Line::parse(&other), Err(BadBundle::Line("the opening is of another entry")));
    for (from, to) in [("\"index\":5", "\"index\": 5"), ("\"index\":5", "\"index\":5,\"index\":5"), ("}", "} ")] {
        assert_eq!(Line::parse(&good.replacen(from, to, 1)), Err(BadBundle::Line("form")), "{to}");
    }
}

#[test]
fn a_range_proof_is_about_these_lines() {
    let leaves: Vec<Hash> = (0..3).map(|n| line(n).leaf()).collect();
    let root = Hash::node(&Hash::node(&leaves[0], &leaves[1]), &leaves[2]);
    let head = Head { size: 3, root };
    let proof = RangeProof { start: 1, count: 2, size: 3, hashes: vec![leaves[0]] };
    assert_eq!(RangeProof::parse(&proof.to_string()).unwrap(), proof);
    let entries = |indices: [u64; 2]| indices.map(|index| (index, line(index).leaf()));
    assert_eq!(proof.verify(entries([1, 2]), &head), Ok(()));
    assert_eq!(proof.verify(entries([2, 1]), &head), Err(ProofError::WrongRoot));
    let renamed = [(2, leaves[1]), (2, leaves[2])];
    assert_eq!(proof.verify(renamed, &head), Err(ProofError::OutOfRange));
    let miscounted = RangeProof { count: 1, ..proof.clone() };
    assert_eq!(miscounted.verify(entries([1, 2]), &head), Err(ProofError::OutOfRange));
    let resized = Head { size: 4, ..head };
    assert_eq!(proof.verify(entries([1, 2]), &resized), Err(ProofError::OutOfRange));
    for (from, to) in [("start 1", "start 01"), ("start 1", "start "), ("v1", "v2"), ("size 3\n", "size 3\n\n")] {
        assert_eq!(RangeProof::parse(&proof.to_string().replacen(from, to, 1)), Err(BadBundle::Proof), "{to}");
    }
}

#[test]
fn keys_read_back() {
    let keys = [key(1).verifier().clone(), key(2).verifier().clone()];
    assert_eq!(keys_from_file(&keys_to_file(&keys)).unwrap(), keys);
    for bad in ["", "\n", "x\n", &keys[0].to_string(), &format!("{}\n\n", keys[0])] {
        assert!(keys_from_file(bad).is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in "\\PC{0,60}|([{}:,\"]|index|commitment|opening|erased|first|files|[0-9]{1,3}|countersign range proof v1\n|size |\n){0,30}"
    ) {
        if let Ok(line) = Line::parse(&text) {
            prop_assert_eq!(&line.to_string(), &text);
        }
        if let Ok(proof) = RangeProof::parse(&text) {
            prop_assert_eq!(&proof.to_string(), &text);
        }
        let _ = Manifest::parse(&text);
        let _ = keys_from_file(&text);
    }
}

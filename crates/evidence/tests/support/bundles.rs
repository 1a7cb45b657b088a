//! Writes a bundle as an export does.

use super::{Log, ORIGIN, key, policy, write};
use countersign_evidence::Commitment;
use countersign_evidence::Hash;
use countersign_evidence::bundle::{self, Disclosure, Line, Manifest, RangeProof};
use countersign_evidence::note::SigningKey;
use std::collections::BTreeMap;
use std::path::Path;

/// Entries `start..end` of the log at its whole size; entry `start` is erased, the one behind it withheld.
pub fn write_bundle(log: &Log, root: &Path, start: u64, end: u64) {
    write_bundle_by(&key(1), log, root, start, end);
}

pub fn write_bundle_by(by: &SigningKey, log: &Log, root: &Path, start: u64, end: u64) {
    let size = log.size();
    let checkpoint = log.checkpoint_by(by, size, &[11, 12]).to_string();
    let proof = RangeProof { start, count: end - start, size, hashes: log.range_proof(start, end, size) };
    let lines: String = (start..end).map(|index| format!("{}\n", line(log, start, index))).collect();
    let stamped = log.checkpoint_by(by, size - 1, &[]).to_string();
    // As much of a token as can be had without a time-stamping authority: where it holds the digest.
    let token = [b"0\x31\x04\x20", Hash::of(stamped.as_bytes()).bytes().as_slice(), b"rest"].concat();
    let files: [(&str, Vec<u8>); 8] = [
        (bundle::CHECKPOINT, checkpoint.into_bytes()),
        (bundle::ENTRIES, lines.into_bytes()),
        (bundle::PROOF, proof.to_string().into_bytes()),
        (bundle::KEYS, bundle::keys_to_file(&[by.verifier().clone()]).into_bytes()),
        (bundle::POLICY, policy().into_bytes()),
        (bundle::INDEX_HTML, b"<!doctype html><title>Entries</title>\n".to_vec()),
        ("timestamps/first.checkpoint", stamped.into_bytes()),
        ("timestamps/first.tsr", token),
    ];
    files.iter().for_each(|(name, bytes)| write(root, name, bytes));
    let hashes = files.iter().map(|(name, bytes)| ((*name).to_owned(), Hash::of(bytes)));
    seal(by, root, &manifest(size, start, end, hashes.collect()));
}

/// Writes a manifest and signs it.
pub fn seal(by: &SigningKey, root: &Path, manifest: &Manifest) {
    let json = manifest.to_json();
    write(root, bundle::MANIFEST, json.as_bytes());
    write(root, bundle::MANIFEST_SIG, bundle::sign(json.as_bytes(), by).to_string().as_bytes());
}

fn line(log: &Log, start: u64, index: u64) -> Line {
    let opening = log.openings[index as usize].clone();
    let disclosure = match index - start {
        0 => Disclosure::Erased,
        1 => Disclosure::Withheld,
        _ => Disclosure::Opened(opening),
    };
    let commitment = Commitment::from_entry(&log.entries[index as usize]).unwrap();
    Line { index, commitment, disclosure }
}

fn manifest(size: u64, start: u64, end: u64, files: BTreeMap<String, Hash>) -> Manifest {
    Manifest {
        origin: ORIGIN.into(),
        size,
        first: start,
        count: end - start,
        made_at_secs: 1_768_123_800,
        from_secs: None,
        to_secs: None,
        recipient: "An auditor".into(),
        expires_at_secs: Some(1_800_000_000),
        csf: BTreeMap::from([("test.happened".into(), vec!["PR.PS-04".into()])]),
        files,
    }
}

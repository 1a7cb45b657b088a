//! A small log, its mirror, a mail and a bundle, for the tests that read them as outsiders do.
#![allow(dead_code, reason = "each test binary takes the part that it needs")]

pub mod bundles;
pub mod mail;

use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::cosignature::cosign;
use countersign_evidence::note::{Algorithm, Note, SigningKey};
use countersign_evidence::proof::ProofFile;
use countersign_evidence::tile::{self, Edge, FullTile, Kind, TilePath};
use countersign_evidence::tree::{self, Head, Nodes};
use countersign_evidence::{Hash, Opening, Payload};
use std::convert::Infallible;
use std::fs;
use std::path::Path;

pub const ORIGIN: &str = "log.example.org/evidence";
/// 2026-01-11 09:30 UTC.
pub const NOW_SECS: u64 = 1_768_123_800;

/// The log's key with this seed.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, Algorithm::Ed25519, &[seed; 32]).unwrap()
}

pub fn vkey(seed: u8) -> String {
    key(seed).verifier().to_string()
}

pub fn witness(seed: u8) -> SigningKey {
    SigningKey::from_seed(&format!("witness{seed}.example.org"), Algorithm::CosignatureV1, &[seed; 32]).unwrap()
}

/// Two of three witnesses, with the seeds 11 to 13.
pub fn policy() -> String {
    let line = |seed| format!("witness w{seed} {}\n", witness(seed).verifier());
    let lines: String = (11..14).map(line).collect();
    format!("log {}\n{lines}group all 2 w11 w12 w13\nquorum all\n", vkey(1))
}

/// The entry with this index, opened.
pub fn opening(index: u64) -> Opening {
    let what = serde_json::json!({ "n": index });
    let at_micros = (NOW_SECS * 1_000_000) as i64 + index as i64;
    let id = format!("evi_{index}");
    let payload = Payload { id: &id, at_micros, kind: "test.happened", subject: None, what };
    Opening { salt: *Hash::of(&index.to_be_bytes()).bytes(), payload: payload.canonical() }
}

/// A log in memory.
#[derive(Clone)]
pub struct Log {
    pub openings: Vec<Opening>,
    pub entries: Vec<[u8; 33]>,
    leaves: Vec<Hash>,
}

impl Nodes for &Log {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            return Ok(self.leaves[index as usize]);
        }
        Ok(Hash::node(&self.node(level - 1, 2 * index)?, &self.node(level - 1, 2 * index + 1)?))
    }
}

impl Log {
    pub fn new(size: u64) -> Self {
        Self::of((0..size).map(opening).collect())
    }

    pub fn of(openings: Vec<Opening>) -> Self {
        let entries: Vec<[u8; 33]> = openings.iter().map(|opening| opening.commitment().entry()).collect();
        let leaves = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        Self { openings, entries, leaves }
    }

    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn head(&self, size: u64) -> Head {
        let mut nodes = self;
        Head { size, root: tree::root(&mut nodes, size).unwrap() }
    }

    /// Signed by the key with the seed 1, and cosigned.
    pub fn checkpoint(&self, size: u64, witnesses: &[u8]) -> Note {
        self.checkpoint_by(&key(1), size, witnesses)
    }

    pub fn checkpoint_by(&self, key: &SigningKey, size: u64, witnesses: &[u8]) -> Note {
        let mut note = Checkpoint::new(ORIGIN, self.head(size)).sign(key);
        for seed in witnesses {
            let signature = cosign(&witness(*seed), &note.text, NOW_SECS + u64::from(*seed));
            note.signatures.push(signature);
        }
        note
    }

    pub fn proof(&self, index: u64, size: u64, witnesses: &[u8]) -> ProofFile {
        let mut nodes = self;
        ProofFile {
            extra: Some(self.openings[index as usize].encode()),
            index,
            path: tree::inclusion(&mut nodes, index, size).unwrap().unwrap(),
            checkpoint: self.checkpoint(size, witnesses),
        }
    }

    pub fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        let mut nodes = self;
        tree::consistency(&mut nodes, old, new).unwrap().unwrap()
    }

    pub fn range_proof(&self, start: u64, end: u64, size: u64) -> Vec<Hash> {
        let mut nodes = self;
        tree::range_proof(&mut nodes, start, end, size).unwrap().unwrap()
    }

    /// Writes the static files of the log as it was at each of `sizes`; the last one's checkpoint stays.
    pub fn write_mirror(&self, root: &Path, sizes: &[u64]) {
        for size in sizes {
            self.write_tiles(root, *size);
            for path in tile::bundles(*size) {
                let first = path.index as usize * 256;
                let entries = &self.entries[first..first + usize::from(path.width)];
                let bytes = tile::encode_entries(entries.iter().map(<[u8; 33]>::as_slice)).unwrap();
                write(root, &path.to_string(), &bytes);
            }
            write(root, "checkpoint", self.checkpoint(*size, &[11, 12]).to_string().as_bytes());
        }
    }

    fn write_tiles(&self, root: &Path, size: u64) {
        let mut edge = Edge::new();
        for leaf in &self.leaves[..size as usize] {
            edge.push(*leaf, |FullTile { level, index, hashes }| {
                let path = TilePath { kind: Kind::Hashes(level), index, width: 256 };
                write(root, &path.to_string(), &tile::encode(&hashes));
            });
        }
        for path in tile::tiles(size).filter(|path| path.width < 256) {
            let Kind::Hashes(level) = path.kind else { unreachable!() };
            write(root, &path.to_string(), &tile::encode(&edge.partial_tiles()[usize::from(level)]));
        }
    }
}

pub fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Every file below a directory, by its name with `/`, in order.
pub fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        for item in fs::read_dir(root.join(&folder)).unwrap() {
            let item = item.unwrap();
            let name = format!("{folder}{}", item.file_name().to_str().unwrap());
            if item.file_type().unwrap().is_dir() { open.push(format!("{name}/")) } else { found.push(name) }
        }
    }
    found.sort();
    found
}

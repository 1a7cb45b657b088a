//! How fast a mirror of a million entries is verified on one core, against bare SHA-256 in the same run.
//!
//! `cargo bench -p countersign-evidence --bench verify`, or with the number of entries behind `--`. It writes the mirror
//! (entries of 33 bytes) below the directory for temporary files, verifies it as `countersign-verify log` does (every
//! entry, every tile, the checkpoint, consistency with a kept one), and hashes:
//!
//! - the same messages, one by one, with a plain hasher: each leaf's and each inner node's input;
//! - the bytes of the same files as one stream. A Merkle tree hashes each byte of them about three times over, so this is
//!   no bound that a verifier could reach.
//!
//! Rounds alternate, and each figure is the best of its rounds: other programs on the machine only ever slow one down.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "it measures")]

#[path = "../src/bin/countersign-verify/dir.rs"]
mod dir;

use countersign_evidence::Hash;
use countersign_evidence::mirror::{MOST_BUNDLE_BYTES, Outcome, Plan, Source as _, audit};
use countersign_evidence::tile::{self, Edge, FullTile, Kind, TilePath};
use countersign_evidence::tree::Head;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

const ENTRIES: u64 = 1_000_000;
const ROUNDS: usize = 7;

/// A public entry: a version byte and 32 bytes that look random.
fn entry(n: u64) -> [u8; 33] {
    let mut entry = [1; 33];
    entry[1..].copy_from_slice(Hash::of(&n.to_be_bytes()).bytes());
    entry
}

fn write(root: &Path, path: TilePath, bytes: &[u8]) {
    let file = root.join(path.to_string());
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

/// Writes the files of a log; its head, and the head at half its size.
fn mirror(root: &Path, size: u64) -> (Head, Head) {
    let mut edge = Edge::new();
    let mut kept = Head { size: 0, root: Hash::EMPTY_ROOT };
    for n in 0..size {
        if n == size / 2 + 1 {
            kept = Head { size: n, root: edge.root() };
        }
        edge.push(Hash::leaf(&entry(n)), |FullTile { level, index, hashes }| {
            write(root, TilePath { kind: Kind::Hashes(level), index, width: 256 }, &tile::encode(&hashes));
        });
    }
    for path in tile::tiles(size).filter(|path| path.width < 256) {
        let Kind::Hashes(level) = path.kind else { unreachable!() };
        write(root, path, &tile::encode(&edge.partial_tiles()[usize::from(level)]));
    }
    for path in tile::bundles(size) {
        let entries: Vec<_> = (0..u64::from(path.width)).map(|at| entry(path.index * 256 + at)).collect();
        write(root, path, &tile::encode_entries(entries.iter().map(<[u8; 33]>::as_slice)).unwrap());
    }
    (Head { size, root: edge.root() }, kept)
}

fn verify(root: &Path, head: Head, kept: Head) -> Outcome {
    let others = dir::others(root, head.size).unwrap();
    let plan = Plan { head, kept: &[kept], older: &others.older };
    audit(&mut dir::Dir::new(root), &plan, |_| {}).unwrap()
}

/// Reads what the verification reads, and does nothing with it.
fn read(root: &Path, size: u64) -> usize {
    let (mut files, mut buffer) = (dir::Dir::new(root), Vec::new());
    let mut bytes = 0;
    for path in tile::bundles(size).chain(tile::tiles(size)) {
        assert!(files.read(path, MOST_BUNDLE_BYTES, &mut buffer).unwrap());
        bytes += buffer.len();
    }
    bytes
}

/// Every message of the tree with a plain hasher: as many nodes as leaves, but for the last.
fn hash_messages(entries: &[[u8; 34]], nodes: &[[u8; 65]]) -> u8 {
    let leaves = entries.iter().fold(0, |all, message| all ^ Sha256::digest(message)[0]);
    let inner = (0..entries.len() - 1).fold(0, |all, n| all ^ Sha256::digest(nodes[n % nodes.len()])[0]);
    leaves ^ inner
}

fn timed<T>(best: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = black_box(work());
    *best = (*best).min(start.elapsed());
    out
}

fn main() {
    let size = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(ENTRIES);
    let temp = tempfile::tempdir().unwrap();
    println!("writing a mirror of {size} entries");
    let (head, kept) = mirror(temp.path(), size);
    let messages: Vec<[u8; 34]> = (0..size)
        .map(|n| {
            let mut message = [0; 34];
            message[1..].copy_from_slice(&entry(n));
            message
        })
        .collect();
    let nodes: Vec<[u8; 65]> = (0..4096_u64).map(|n| [(n % 251) as u8; 65]).collect();
    let bytes = verify(temp.path(), head, kept).bytes;
    let stream = vec![7; usize::try_from(bytes).unwrap()];

    let [mut whole, mut bare, mut streamed, mut files] = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        timed(&mut whole, || verify(temp.path(), head, kept));
        timed(&mut files, || read(temp.path(), size));
        timed(&mut bare, || hash_messages(&messages, &nodes));
        timed(&mut streamed, || Sha256::digest(&stream));
    }
    let ratio = |other: Duration| other.as_secs_f64() / whole.as_secs_f64() * 100.0;
    let rate = size as f64 / whole.as_secs_f64() / 1e6;
    println!("verification             {whole:>10.1?}  {rate:.2} million entries a second, {bytes} bytes of files");
    println!("  of it reading files    {files:>10.1?}");
    println!("bare SHA-256, messages   {bare:>10.1?}  verification runs at {:.0} % of its speed", ratio(bare));
    println!("bare SHA-256, one stream {streamed:>10.1?}  verification runs at {:.0} % of its speed", ratio(streamed));
}

//! Hashes of the Merkle tree (RFC 6962, 2.1): SHA-256, leaves and inner nodes told apart by their first byte.
//!
//! Never: hashes a leaf and a node alike; reads Base64 in more than one spelling.
//! In: entries, pairs of hashes.   Out: `Hash`.
//! I/O for this room: none.   Tests: beside the code.

use crate::base64;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Where the hash of every message begins (FIPS 180-4, 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// Longest entry whose leaf fits one block: it shares it with the leaf's first byte, the padding's, and the length.
const MOST_IN_ONE_BLOCK: usize = BLOCK - 1 - 1 - 8;

/// A SHA-256 value, 32 bytes; shown in Base64 as the formats of C2SP do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Bytes of a hash.
    pub const SIZE: usize = 32;
    /// The root of a tree without entries: SHA-256 of nothing.
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// Wraps 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Wraps a slice; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// SHA-256 of `bytes`, for what is no part of the tree.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of an entry: SHA-256(0x00 || entry).
    pub fn leaf(entry: &[u8]) -> Self {
        if entry.len() > MOST_IN_ONE_BLOCK {
            return Self(Sha256::new().chain_update([0]).chain_update(entry).finalize().into());
        }
        // Verifying a log is hashing short messages; laying out their blocks here saves a fifth of it.
        Self(compress(&[leaf_block(entry)]))
    }

    /// The hash of an inner node: SHA-256(0x01 || left || right).
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut blocks = NODE_BLOCKS;
        blocks[0][1..=Self::SIZE].copy_from_slice(&left.0);
        blocks[0][1 + Self::SIZE..].copy_from_slice(&right.0[..Self::SIZE - 1]);
        blocks[1][0] = right.0[Self::SIZE - 1];
        Self(compress(&blocks))
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the one Base64 spelling of a hash.
    pub fn from_base64(text: &str) -> Option<Self> {
        base64::decode(text).and_then(|bytes| Self::from_slice(&bytes))
    }

    /// Reads 64 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| Self::from_slice(&bytes))
    }

    /// 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

/// SHA-256 of what comes in pieces.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Of nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// The last two bytes of the padding: how many bits a short message has.
const fn bits(bytes: usize) -> [u8; 2] {
    // At most 1 032.
    ((bytes * 8) as u16).to_be_bytes()
}

/// The blocks of an inner node before its two hashes are in them.
const NODE_BLOCKS: [[u8; BLOCK]; 2] = {
    let mut blocks = [[0; BLOCK]; 2];
    blocks[0][0] = 1;
    blocks[1][1] = 0x80;
    [blocks[1][BLOCK - 2], blocks[1][BLOCK - 1]] = bits(1 + 2 * Hash::SIZE);
    blocks
};

/// The block of a leaf whose entry is short.
fn leaf_block(entry: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[1..=entry.len()].copy_from_slice(entry);
    block[1 + entry.len()] = 0x80;
    block[BLOCK - 2..].copy_from_slice(&bits(1 + entry.len()));
    block
}

/// Hashes many leaves, or many nodes, at a time. Their blocks are all laid out before the first is compressed: a processor
/// must wait when it reads in one piece what it has just written in several.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    leaves: Vec<[u8; BLOCK]>,
    nodes: Vec<[[u8; BLOCK]; 2]>,
}

impl Batch {
    /// Takes in an entry.
    pub(crate) fn push_leaf(&mut self, entry: &[u8], out: &mut Vec<u8>) {
        if entry.len() <= MOST_IN_ONE_BLOCK {
            self.leaves.push(leaf_block(entry));
            return;
        }
        self.finish_leaves(out);
        out.extend_from_slice(Hash::leaf(entry).bytes());
    }

    /// Puts the hashes of all entries that were taken in behind `out`.
    pub(crate) fn finish_leaves(&mut self, out: &mut Vec<u8>) {
        self.leaves.drain(..).for_each(|block| out.extend_from_slice(&compress(&[block])));
    }

    /// Hashes each pair of neighbours in `hashes` into the first half of it.
    pub(crate) fn halve(&mut self, hashes: &mut [u8]) {
        let pairs = hashes.len() / (2 * Hash::SIZE);
        self.nodes.resize(self.nodes.len().max(pairs), NODE_BLOCKS);
        for (blocks, pair) in self.nodes.iter_mut().zip(hashes.chunks_exact(2 * Hash::SIZE)) {
            blocks[0][1..].copy_from_slice(&pair[..BLOCK - 1]);
            blocks[1][0] = pair[BLOCK - 1];
        }
        for (blocks, out) in self.nodes[..pairs].iter().zip(hashes.chunks_exact_mut(Hash::SIZE)) {
            out.copy_from_slice(&compress(blocks));
        }
    }
}

/// SHA-256 of a message whose blocks are laid out already.
fn compress(blocks: &[[u8; BLOCK]]) -> [u8; 32] {
    let mut state = START;
    compress256(&mut state, blocks);
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::of(b""), Hash::EMPTY_ROOT);
        assert_eq!(Hash::EMPTY_ROOT.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn pieces_are_hashed_as_one() {
        let mut hasher = Hasher::new();
        [&b"a"[..], b"", b"bc"].into_iter().for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finish(), Hash::of(b"abc"));
    }

    /// The blocks that are laid out here against the hasher that lays out its own.
    #[test]
    fn leaves_and_nodes_are_plain_sha_256() {
        for length in 0..200 {
            let entry: Vec<u8> = (0..length).map(|n| n as u8 ^ 0x5a).collect();
            assert_eq!(Hash::leaf(&entry), Hash::of(&[&[0], entry.as_slice()].concat()), "{length}");
            let (left, right) = (Hash::of(&entry), Hash::leaf(&entry));
            let node = Hash::of(&[&[1], left.0.as_slice(), &right.0].concat());
            assert_eq!(Hash::node(&left, &right), node, "{length}");
        }
    }

    #[test]
    fn a_batch_hashes_as_one_by_one() {
        let entries: Vec<Vec<u8>> = (0..100).map(|n| vec![n; usize::from(n)]).collect();
        let (mut batch, mut out) = (Batch::default(), Vec::new());
        entries.iter().for_each(|entry| batch.push_leaf(entry, &mut out));
        batch.finish_leaves(&mut out);
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        assert_eq!(out.chunks(32).filter_map(Hash::from_slice).collect::<Vec<_>>(), leaves);
        for _ in 0..2 {
            let mut halved = out.clone();
            batch.halve(&mut halved);
            let nodes: Vec<Hash> = leaves.chunks(2).map(|pair| Hash::node(&pair[0], &pair[1])).collect();
            assert_eq!(halved[..1600].chunks(32).filter_map(Hash::from_slice).collect::<Vec<_>>(), nodes);
        }
    }

    #[test]
    fn base64_reads_back_in_one_spelling() {
        let hash = Hash::of(b"x");
        assert_eq!(Hash::from_base64(&hash.to_string()), Some(hash));
        assert_eq!(Hash::from_base64(hash.to_string().trim_end_matches('=')), None);
        assert_eq!(Hash::from_base64("AA=="), None);
    }

    #[test]
    fn hex_reads_back_in_one_spelling() {
        let hash = Hash::of(b"x");
        assert_eq!(Hash::from_hex(&hash.to_hex()), Some(hash));
        assert_eq!(Hash::from_hex(&hash.to_hex().to_uppercase()), None);
        assert_eq!(Hash::from_hex("00"), None);
    }
}

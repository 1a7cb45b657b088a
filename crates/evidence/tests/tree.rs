//! The tree against a naive one, built as RFC 6962, 2.1 writes it down, for every size up to 2 100.

use countersign_evidence::Hash;
use countersign_evidence::tile::{Edge, FromTiles, Kind, TilePath, Tiles, tiles};
use countersign_evidence::tree::{self, Head, Nodes, ProofError, verify_consistency, verify_inclusion};
use std::collections::HashMap;
use std::convert::Infallible;

const MOST: u64 = 2_100;

fn leaf(n: u64) -> Hash {
    Hash::leaf(&n.to_be_bytes())
}

/// MTH, literally.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [one] => *one,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            Hash::node(&naive(&leaves[..k]), &naive(&leaves[k..]))
        }
    }
}

/// PATH, literally.
fn naive_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let mut k = 1;
    while k * 2 < leaves.len() {
        k *= 2;
    }
    let (mut path, other) = if m < k {
        (naive_path(m, &leaves[..k]), naive(&leaves[k..]))
    } else {
        (naive_path(m - k, &leaves[k..]), naive(&leaves[..k]))
    };
    path.push(other);
    path
}

/// SUBPROOF, literally.
fn naive_proof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { vec![] } else { vec![naive(leaves)] };
    }
    let mut k = 1;
    while k * 2 < leaves.len() {
        k *= 2;
    }
    let (mut path, other) = if m <= k {
        (naive_proof(m, &leaves[..k], whole), naive(&leaves[k..]))
    } else {
        (naive_proof(m - k, &leaves[k..], false), naive(&leaves[..k]))
    };
    path.push(other);
    path
}

/// Perfect subtrees of a list, each computed once.
#[derive(Default)]
struct Kept {
    leaves: Vec<Hash>,
    known: HashMap<(u32, u64), Hash>,
}

impl Nodes for Kept {
    type Error = Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            return Ok(self.leaves[index as usize]);
        }
        if let Some(known) = self.known.get(&(level, index)) {
            return Ok(*known);
        }
        let hash = Hash::node(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?);
        self.known.insert((level, index), hash);
        Ok(hash)
    }
}

#[test]
fn roots_and_tiles_of_every_size_are_those_of_the_naive_tree() {
    let leaves: Vec<Hash> = (0..MOST).map(leaf).collect();
    let mut kept = Kept { leaves: leaves.clone(), ..Kept::default() };
    let mut edge = Edge::new();
    let mut full = HashMap::new();
    for size in 0..=MOST {
        let root = edge.root();
        assert_eq!(root, naive(&leaves[..size as usize]), "size {size}");
        assert_eq!(tree::root(&mut kept, size).unwrap(), root, "size {size}");
        let partial = edge.partial_tiles().to_vec();
        assert_eq!(Edge::from_partial_tiles(size, partial.clone()).as_ref(), Some(&edge));
        for path in tiles(size) {
            let Kind::Hashes(level) = path.kind else { unreachable!() };
            let there = if path.width == 256 { &full[&(level, path.index)] } else { &partial[level as usize] };
            assert_eq!(there.len(), path.width as usize, "size {size} {path}");
        }
        if size < MOST {
            edge.push(leaves[size as usize], |tile| {
                full.insert((tile.level, tile.index), tile.hashes);
            });
        }
    }
}

#[test]
fn inclusion_proofs_of_every_size_are_those_of_the_naive_tree() {
    let leaves: Vec<Hash> = (0..MOST).map(leaf).collect();
    let mut kept = Kept { leaves: leaves.clone(), ..Kept::default() };
    for size in 1..=MOST {
        let root = tree::root(&mut kept, size).unwrap();
        // All entries of small trees, some of large ones: the first, the last, and a few that wander.
        let all = size < 130;
        let some = [0, size - 1, size / 2, (size * 7919) % size.max(1), size.saturating_sub(2)];
        let indices: Vec<u64> =
            if all { (0..size).collect() } else { some.into_iter().filter(|i| *i < size).collect() };
        for index in indices {
            let path = tree::inclusion(&mut kept, index, size).unwrap().unwrap();
            if size < 300 || index == size / 2 {
                assert_eq!(path, naive_path(index as usize, &leaves[..size as usize]), "{index} of {size}");
            }
            let hash = &leaves[index as usize];
            assert_eq!(verify_inclusion(hash, index, size, &path, &root), Ok(()));
            assert_eq!(verify_inclusion(&leaf(MOST), index, size, &path, &root), Err(ProofError::WrongRoot));
            assert!(verify_inclusion(hash, index ^ 1, size, &path, &root).is_err());
            let longer = [path.clone(), vec![root]].concat();
            assert_eq!(verify_inclusion(hash, index, size, &longer, &root), Err(ProofError::WrongLength));
            if let Some((_, shorter)) = path.split_last() {
                assert_eq!(verify_inclusion(hash, index, size, shorter, &root), Err(ProofError::WrongLength));
            }
        }
        assert_eq!(tree::inclusion(&mut kept, size, size).unwrap(), None);
    }
}

#[test]
fn consistency_proofs_of_every_pair_are_those_of_the_naive_tree() {
    let leaves: Vec<Hash> = (0..MOST).map(leaf).collect();
    let mut kept = Kept { leaves: leaves.clone(), ..Kept::default() };
    let sizes = (0..=130).chain([255, 256, 257, 511, 512, 513, 777, 1023, 1024, 1025, 2047, 2048, 2049, MOST]);
    let sizes: Vec<u64> = sizes.collect();
    for new in &sizes {
        let after = Head { size: *new, root: tree::root(&mut kept, *new).unwrap() };
        for old in sizes.iter().filter(|old| *old <= new) {
            let before = Head { size: *old, root: tree::root(&mut kept, *old).unwrap() };
            let path = tree::consistency(&mut kept, *old, *new).unwrap().unwrap();
            if *old > 0 {
                assert_eq!(path, naive_proof(*old as usize, &leaves[..*new as usize], true), "{old} to {new}");
            }
            assert_eq!(verify_consistency(&before, &after, &path), Ok(()), "{old} to {new}");
            let forged = Head { root: leaf(MOST), ..before };
            assert!(verify_consistency(&forged, &after, &path).is_err(), "{old} to {new}");
            let longer = [path.clone(), vec![after.root]].concat();
            assert!(verify_consistency(&before, &after, &longer).is_err(), "{old} to {new}");
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify_consistency(&before, &after, shorter).is_err(), "{old} to {new}");
            }
        }
        assert_eq!(tree::consistency(&mut kept, new + 1, *new).unwrap(), None);
    }
}

/// Every range of every size up to 33, and some of larger ones.
#[test]
fn range_proofs_prove_their_range_and_nothing_else() {
    let leaves: Vec<Hash> = (0..MOST).map(leaf).collect();
    let mut kept = Kept { leaves: leaves.clone(), ..Kept::default() };
    let some = [255, 256, 257, 1_000, 1_024, MOST].map(|size| (size, [0, 1, 3, size / 3, size / 2, size - 1, size]));
    let some = some.into_iter().flat_map(|(size, at)| at.into_iter().flat_map(move |s| at.map(|e| (s, e, size))));
    let all = (0..=33).flat_map(|size| (0..=size).flat_map(move |s| (s..=size).map(move |e| (s, e, size))));
    for (start, end, size) in all.chain(some.filter(|(start, end, _)| start <= end)) {
        let root = naive(&leaves[..size as usize]);
        let proof = tree::range_proof(&mut kept, start, end, size).unwrap().unwrap();
        Range { leaves: &leaves[start as usize..end as usize], start, size, proof, root }.check();
    }
    for (start, end, size) in [(2, 1, 3), (0, 4, 3), (4, 4, 3)] {
        assert_eq!(tree::range_proof(&mut kept, start, end, size).unwrap(), None);
    }
    assert_eq!(tree::verify_range([], 9, 3, &[], &leaves[0]), Err(ProofError::WrongLength));
}

/// A range and its proof.
struct Range<'a> {
    leaves: &'a [Hash],
    start: u64,
    size: u64,
    proof: Vec<Hash>,
    root: Hash,
}

impl Range<'_> {
    fn verify(&self, leaves: &[Hash], proof: &[Hash]) -> Result<u64, ProofError> {
        tree::verify_range(leaves.iter().copied(), self.start, self.size, proof, &self.root)
    }

    fn check(&self) {
        let name = format!("{} from {} of {}", self.leaves.len(), self.start, self.size);
        assert_eq!(self.verify(self.leaves, &self.proof), Ok(self.leaves.len() as u64), "{name}");
        self.check_proofs(&name);
        if let Some((last, fewer)) = self.leaves.split_last() {
            assert!(self.verify(fewer, &self.proof).is_err(), "{name}");
            let more = [self.leaves, &[*last]].concat();
            assert!(self.verify(&more, &self.proof).is_err(), "{name}");
            let mut swapped = self.leaves.to_vec();
            swapped.reverse();
            assert!(self.leaves.len() < 2 || self.verify(&swapped, &self.proof).is_err(), "{name}");
            let (leaves, start) = (self.leaves.iter().copied(), self.start + 1);
            assert!(tree::verify_range(leaves, start, self.size, &self.proof, &self.root).is_err(), "{name}");
        }
    }

    fn check_proofs(&self, name: &str) {
        let longer = [self.proof.clone(), vec![self.root]].concat();
        assert_eq!(self.verify(self.leaves, &longer), Err(ProofError::WrongLength), "{name}");
        if let Some((_, shorter)) = self.proof.split_last() {
            assert_eq!(self.verify(self.leaves, shorter), Err(ProofError::WrongLength), "{name}");
        }
        for at in 0..self.proof.len() {
            let mut other = self.proof.clone();
            other[at] = leaf(MOST);
            assert_eq!(self.verify(self.leaves, &other), Err(ProofError::WrongRoot), "{name}");
        }
    }
}

/// Tiles as files would hold them.
struct Files(HashMap<TilePath, Vec<Hash>>);

impl Tiles for &Files {
    type Error = String;

    fn tile(&mut self, path: TilePath) -> Result<Vec<Hash>, String> {
        self.0.get(&path).cloned().ok_or_else(|| format!("{path} is missing"))
    }

    fn too_short(&self, path: TilePath) -> String {
        format!("{path} is too short")
    }
}

#[test]
fn proofs_out_of_tiles_are_the_same() {
    let size = 66_000;
    let mut kept = Kept { leaves: (0..size).map(leaf).collect(), ..Kept::default() };
    let mut files = Files(HashMap::new());
    let mut edge = Edge::new();
    for n in 0..size {
        edge.push(leaf(n), |tile| {
            let path = TilePath { kind: Kind::Hashes(tile.level), index: tile.index, width: 256 };
            files.0.insert(path, tile.hashes);
        });
    }
    for path in tiles(size).filter(|path| path.width < 256) {
        let Kind::Hashes(level) = path.kind else { unreachable!() };
        files.0.insert(path, edge.partial_tiles()[level as usize].clone());
    }
    assert_eq!(files.0.keys().count(), tiles(size).count());
    let mut from_tiles = FromTiles::new(&files, size);
    assert_eq!(tree::root(&mut from_tiles, size).unwrap(), edge.root());
    for index in [0, 1, 255, 256, 65_535, 65_536, 65_900, size - 1] {
        let path = tree::inclusion(&mut from_tiles, index, size).unwrap().unwrap();
        assert_eq!(path, tree::inclusion(&mut kept, index, size).unwrap().unwrap());
    }
    for old in [1, 255, 256, 257, 65_535, 65_536, 65_537, size] {
        let path = tree::consistency(&mut from_tiles, old, size).unwrap().unwrap();
        assert_eq!(path, tree::consistency(&mut kept, old, size).unwrap().unwrap());
    }
    let missing = TilePath { kind: Kind::Hashes(0), index: 3, width: 256 };
    files.0.remove(&missing);
    let mut from_tiles = FromTiles::new(&files, size);
    assert_eq!(tree::inclusion(&mut from_tiles, 800, size), Err("tile/0/003 is missing".to_owned()));
}

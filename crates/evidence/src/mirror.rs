//! Verifies a whole log from its files: every entry, every tile, the root, and the roots that were kept from before.
//!
//! Never: believes a tile; every hash is computed from the entries and then compared with what the tiles say.
//! In: the bytes of files by their paths, a checkpoint's head.   Out: `Outcome`, or the first thing that is broken.
//! I/O for this room: its `Source`; the program `countersign-verify`.   Tests: beside the code, tests/verify/.

use crate::hash::{Batch, Hash};
use crate::tile::{HEIGHT, Kind, MOST_ENTRY_BYTES, TilePath, WIDTH, bundles};
use crate::tree::{Compact, Head};
use std::collections::HashMap;

/// Bytes of a full tile.
pub const TILE_BYTES: usize = WIDTH * Hash::SIZE;
/// Most bytes of a bundle: 256 entries behind their lengths.
pub const MOST_BUNDLE_BYTES: usize = WIDTH * (2 + MOST_ENTRY_BYTES);

/// Where the files come from.
pub trait Source {
    /// Why a file cannot be read.
    type Error;

    /// Puts the bytes of a file into `into`, in place of what it holds; `false` where there is no such file. A file longer
    /// than `most` bytes may be cut behind one byte more.
    ///
    /// # Errors
    /// Whatever keeps a file that is there from being read.
    fn read(&mut self, path: TilePath, most: usize, into: &mut Vec<u8>) -> Result<bool, Self::Error>;
}

/// What is to be verified.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// Size and root that the checkpoint names; its signature is the caller's to check.
    pub head: Head,
    /// Heads from before, of which this log must be the continuation.
    pub kept: &'a [Head],
    /// Partial files that are there besides those of this size, left from smaller ones. Each must be the beginning of the
    /// one that took its place.
    pub older: &'a [TilePath],
}

/// How much was verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Entries.
    pub entries: u64,
    /// Files with entries.
    pub bundles: u64,
    /// Files with hashes.
    pub tiles: u64,
    /// Partial files of smaller sizes.
    pub older: u64,
    /// Bytes of all files, as far as they were compared.
    pub bytes: u64,
}

/// What is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken<E> {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Read(TilePath, E),
    /// A file is missing.
    #[error("{0} is missing")]
    Missing(TilePath),
    /// A file of entries does not hold as many whole ones as it must.
    #[error("{0} does not hold the entries that it must")]
    Bundle(TilePath),
    /// A tile has another length than it must.
    #[error("{0} does not have the length that it must")]
    Length(TilePath),
    /// A tile says another hash than follows from the entries.
    #[error("{path} does not follow from the entries: its hash {hash} (from 0) is another")]
    Tile {
        /// Which tile.
        path: TilePath,
        /// The first hash in it that differs, from 0.
        hash: usize,
    },
    /// A partial file of a smaller size is not the beginning of what came after it.
    #[error("{0} is not the beginning of the file that took its place")]
    Older(TilePath),
    /// The entries lead to another root.
    #[error("the entries lead to another root than the checkpoint's")]
    Root,
    /// The log is not the continuation of what was kept.
    #[error("the log is not the continuation of the kept checkpoint of size {0}")]
    Kept(u64),
    /// The log is smaller than it was.
    #[error("the log is smaller than the kept checkpoint of size {0}")]
    Shrunk(u64),
}

/// Verifies a log. `progress` is told, after each file of entries, how many entries are done.
///
/// # Errors
/// [`Broken`].
pub fn audit<S: Source>(
    source: &mut S,
    plan: &Plan<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Outcome, Broken<S::Error>> {
    let mut audit = Audit::new(source, plan)?;
    for path in bundles(plan.head.size) {
        audit.bundle(path)?;
        progress(audit.done.entries);
    }
    audit.finish()
}

struct Audit<'a, S> {
    source: &'a mut S,
    older: HashMap<(Kind, u64), Vec<TilePath>>,
    kept: Vec<Head>,
    head: Head,
    tree: Compact,
    /// For each level of tiles the hashes of the tile in progress.
    levels: Vec<Vec<u8>>,
    batch: Batch,
    /// The file that was read last.
    file: Vec<u8>,
    /// A partial file of a smaller size.
    old_file: Vec<u8>,
    done: Outcome,
}

impl<'a, S: Source> Audit<'a, S> {
    fn new(source: &'a mut S, plan: &Plan<'_>) -> Result<Self, Broken<S::Error>> {
        let mut older: HashMap<_, Vec<TilePath>> = HashMap::new();
        for path in plan.older {
            older.entry((path.kind, path.index)).or_default().push(*path);
        }
        let mut audit = Self {
            source,
            older,
            kept: plan.kept.to_vec(),
            head: plan.head,
            tree: Compact::new(),
            levels: vec![Vec::with_capacity(TILE_BYTES)],
            batch: Batch::default(),
            file: Vec::with_capacity(TILE_BYTES + 1),
            old_file: Vec::new(),
            done: Outcome::default(),
        };
        match plan.kept.iter().find(|kept| kept.size > plan.head.size) {
            Some(larger) => Err(Broken::Shrunk(larger.size)),
            None => audit.compare_kept(0).map(|()| audit),
        }
    }

    /// Takes in the entries of one file, and checks every tile that is complete with them.
    fn bundle(&mut self, path: TilePath) -> Result<(), Broken<S::Error>> {
        let found = self.read(path, MOST_BUNDLE_BYTES)?;
        let used = leaves(&mut self.batch, &self.file, usize::from(path.width), &mut self.levels[0]);
        let used = used.ok_or(Broken::Bundle(path))?;
        if found == path && used != self.file.len() {
            return Err(Broken::Bundle(path));
        }
        self.done.bundles += 1;
        self.done.bytes += used as u64;
        self.done.entries += u64::from(path.width);
        self.compare_older(path, |file, width| walk(file, width, |_| ()))?;
        self.compare_kept(path.width)?;
        self.tile(0, path.index, path.width)
    }

    /// Compares a tile with the file that should say the same, and hashes it upward when it is full.
    fn tile(&mut self, level: u8, index: u64, width: u16) -> Result<(), Broken<S::Error>> {
        let path = TilePath { kind: Kind::Hashes(level), index, width };
        let found = self.read(path, TILE_BYTES)?;
        let expected = &self.levels[usize::from(level)];
        if self.file.len() != usize::from(found.width) * Hash::SIZE {
            return Err(Broken::Length(path));
        }
        if self.file[..expected.len()] != expected[..] {
            let hashes = expected.chunks(Hash::SIZE).zip(self.file.chunks(Hash::SIZE));
            return Err(Broken::Tile { path, hash: hashes.take_while(|(a, b)| a == b).count() });
        }
        self.done.tiles += 1;
        self.done.bytes += expected.len() as u64;
        self.compare_older(path, |file, width| Some(width * Hash::SIZE).filter(|bytes| *bytes <= file.len()))?;
        if usize::from(width) == WIDTH { self.upward(level, index) } else { Ok(()) }
    }

    /// The root of a full tile becomes a hash of the level above.
    fn upward(&mut self, level: u8, index: u64) -> Result<(), Broken<S::Error>> {
        let at = usize::from(level);
        let root = perfect_in_place(&mut self.batch, &mut self.levels[at]);
        self.levels[at].clear();
        if level == 0 {
            self.tree.push(HEIGHT, root);
        }
        if self.levels.len() == at + 1 {
            self.levels.push(Vec::with_capacity(TILE_BYTES));
        }
        self.levels[at + 1].extend_from_slice(root.bytes());
        if index % WIDTH as u64 == WIDTH as u64 - 1 { self.tile(level + 1, index / WIDTH as u64, 256) } else { Ok(()) }
    }

    /// Compares kept heads whose size is reached with the entries at hand: the last `width` leaves.
    fn compare_kept(&mut self, width: u16) -> Result<(), Broken<S::Error>> {
        let base = self.tree.size();
        let reached = |size: u64| size <= base + u64::from(width) && (size > base || (size == 0 && width == 0));
        for kept in self.kept.iter().filter(|kept| reached(kept.size)) {
            let mut tree = self.tree.clone();
            let leaves = self.levels[0].chunks_exact(Hash::SIZE).filter_map(Hash::from_slice);
            leaves.take((kept.size - base) as usize).for_each(|leaf| {
                tree.push(0, leaf);
            });
            if tree.root() != kept.root {
                return Err(Broken::Kept(kept.size));
            }
        }
        Ok(())
    }

    /// Compares the partial files that this one took the place of. `length` says how many bytes of the file at hand so many
    /// entries or hashes take.
    fn compare_older(
        &mut self,
        path: TilePath,
        length: impl Fn(&[u8], usize) -> Option<usize>,
    ) -> Result<(), Broken<S::Error>> {
        let Some(older) = self.older.remove(&(path.kind, path.index)) else { return Ok(()) };
        for old in older.into_iter().filter(|old| old.width < path.width) {
            let most = self.file.len();
            let read = self.source.read(old, most, &mut self.old_file).map_err(|e| Broken::Read(old, e))?;
            let fits = length(&self.file, usize::from(old.width)).is_some_and(|end| self.old_file == self.file[..end]);
            if !read || !fits {
                return Err(Broken::Older(old));
            }
            self.done.older += 1;
        }
        Ok(())
    }

    /// Reads a file, or the full one that took its place; which it was.
    fn read(&mut self, path: TilePath, most: usize) -> Result<TilePath, Broken<S::Error>> {
        for path in [path, path.full()] {
            if self.source.read(path, most, &mut self.file).map_err(|e| Broken::Read(path, e))? {
                return if self.file.len() <= most { Ok(path) } else { Err(Broken::Length(path)) };
            }
        }
        Err(Broken::Missing(path))
    }

    /// What is left at the right edge: partial tiles above the entries, and the root.
    fn finish(mut self) -> Result<Outcome, Broken<S::Error>> {
        for level in 1..self.levels.len() {
            let width = u16::try_from(self.levels[level].len() / Hash::SIZE).unwrap_or(u16::MAX);
            if width > 0 {
                let level = u8::try_from(level).unwrap_or(u8::MAX);
                self.tile(level, (self.head.size >> (HEIGHT * u32::from(level))) / WIDTH as u64, width)?;
            }
        }
        for leaf in self.levels[0].chunks_exact(Hash::SIZE).filter_map(Hash::from_slice) {
            self.tree.push(0, leaf);
        }
        if self.tree.root() == self.head.root { Ok(self.done) } else { Err(Broken::Root) }
    }
}

/// Hashes the first `count` entries of a bundle into `out`; how many bytes they take. `None` when there are fewer.
fn leaves(batch: &mut Batch, bundle: &[u8], count: usize, out: &mut Vec<u8>) -> Option<usize> {
    let length = walk(bundle, count, |entry| batch.push_leaf(entry, out));
    batch.finish_leaves(out);
    length
}

/// Looks at the first `count` entries of a bundle; how many bytes they take. `None` when there are fewer.
fn walk(bundle: &[u8], count: usize, mut each: impl FnMut(&[u8])) -> Option<usize> {
    let mut rest = bundle;
    for _ in 0..count {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let (entry, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        each(entry);
        rest = behind;
    }
    Some(bundle.len() - rest.len())
}

/// The root over a full tile, which is overwritten on the way.
fn perfect_in_place(batch: &mut Batch, tile: &mut [u8]) -> Hash {
    let mut bytes = tile.len();
    while bytes > Hash::SIZE {
        batch.halve(&mut tile[..bytes]);
        bytes /= 2;
    }
    Hash::from_slice(&tile[..Hash::SIZE]).unwrap_or(Hash::EMPTY_ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::{self, Edge, encode_entries};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A log in memory, with the tiles of every size that is named.
    #[derive(Clone)]
    struct Files(BTreeMap<TilePath, Vec<u8>>);

    impl Source for Files {
        type Error = ();

        fn read(&mut self, path: TilePath, most: usize, into: &mut Vec<u8>) -> Result<bool, ()> {
            into.clear();
            let Some(bytes) = self.0.get(&path) else { return Ok(false) };
            into.extend_from_slice(&bytes[..bytes.len().min(most + 1)]);
            Ok(true)
        }
    }

    fn entry(n: u64) -> Vec<u8> {
        vec![n as u8 ^ 0x33; (n % 70) as usize]
    }

    fn head(size: u64) -> Head {
        let mut edge = Edge::new();
        (0..size).for_each(|n| edge.push(Hash::leaf(&entry(n)), |_| {}));
        Head { size, root: edge.root() }
    }

    /// The files of a log that was published at each of `sizes`, the last being its size now.
    fn log(sizes: &[u64]) -> (Files, Vec<TilePath>) {
        let mut files = Files(BTreeMap::new());
        let mut edge = Edge::new();
        let last = *sizes.last().unwrap();
        let mut published = Vec::new();
        for n in 0..=last {
            if sizes.contains(&n) {
                for path in tile::tiles(n).filter(|path| path.width < 256) {
                    let Kind::Hashes(level) = path.kind else { unreachable!() };
                    published.push((path, tile::encode(&edge.partial_tiles()[usize::from(level)])));
                }
                for path in bundles(n) {
                    let of = (0..u64::from(path.width)).map(|at| entry(path.index * 256 + at)).collect::<Vec<_>>();
                    published.push((path, encode_entries(of.iter().map(Vec::as_slice)).unwrap()));
                }
            }
            edge.push(Hash::leaf(&entry(n)), |full| {
                let path = TilePath { kind: Kind::Hashes(full.level), index: full.index, width: 256 };
                published.push((path, tile::encode(&full.hashes)));
            });
        }
        files.0.extend(published);
        let now: Vec<TilePath> = tile::tiles(last).chain(bundles(last)).collect();
        let older = files.0.keys().filter(|path| !now.contains(path) && path.width < 256).copied().collect();
        (files, older)
    }

    fn verify(files: &mut Files, older: &[TilePath], size: u64, kept: &[Head]) -> Result<Outcome, Broken<()>> {
        audit(files, &Plan { head: head(size), kept, older }, |_| {})
    }

    #[test]
    fn a_log_of_any_size_verifies_against_every_kept_head() {
        for size in [0, 1, 2, 255, 256, 257, 600, 65_536, 65_537, 66_000] {
            let (mut files, older) = log(&[size]);
            let kept = [0, 1, 200, 256, 257, 599, 65_536, size].map(|kept| head(kept.min(size)));
            let done = verify(&mut files, &older, size, &kept).unwrap();
            let tiles = tile::tiles(size).count() as u64;
            assert_eq!((done.entries, done.tiles, done.bundles), (size, tiles, size.div_ceil(256)), "{size}");
        }
    }

    #[test]
    fn a_head_that_does_not_fit_is_found() {
        let (mut files, _) = log(&[600]);
        let forged = |size| Head { root: Hash::of(b"x"), ..head(size) };
        for size in [0, 1, 256, 300, 600] {
            assert_eq!(verify(&mut files, &[], 600, &[forged(size)]), Err(Broken::Kept(size)));
        }
        assert_eq!(verify(&mut files, &[], 600, &[head(601)]), Err(Broken::Shrunk(601)));
        let plan = Plan { head: forged(600), kept: &[], older: &[] };
        assert_eq!(audit(&mut files, &plan, |_| {}), Err(Broken::Root));
    }

    #[test]
    fn a_full_file_stands_in_for_a_partial_one() {
        let (mut files, _) = log(&[300, 600]);
        files.0.retain(|path, _| path.width != 44);
        let done = verify(&mut files, &[], 300, &[]).unwrap();
        assert_eq!((done.entries, done.bundles), (300, 2));
    }

    #[test]
    fn files_of_smaller_sizes_are_compared_too() {
        let (mut files, older) = log(&[3, 256, 270, 300]);
        assert_eq!(older.len(), 4, "{older:?}");
        assert_eq!(verify(&mut files, &older, 300, &[]).unwrap().older, 4);
        for path in &older {
            let mut broken = files.clone();
            broken.0.get_mut(path).unwrap()[1] ^= 1;
            assert_eq!(verify(&mut broken, &older, 300, &[]), Err(Broken::Older(*path)));
        }
    }

    #[test]
    fn a_missing_file_and_a_swapped_pair_are_found() {
        let (files, _) = log(&[600]);
        for path in files.0.keys() {
            let mut broken = files.clone();
            broken.0.remove(path);
            assert!(matches!(verify(&mut broken, &[], 600, &[]), Err(Broken::Missing(_))), "{path}");
        }
        let mut swapped = files.clone();
        let path = |index| TilePath { kind: Kind::Entries, index, width: 256 };
        let (zero, one) = (files.0[&path(0)].clone(), files.0[&path(1)].clone());
        swapped.0.extend([(path(0), one), (path(1), zero)]);
        assert!(matches!(verify(&mut swapped, &[], 600, &[]), Err(Broken::Tile { .. })));
    }

    proptest! {
        #[test]
        fn every_bit_of_every_file_counts(which: prop::sample::Index, bit: prop::sample::Index, cut: bool) {
            let (mut files, older) = log(&[3, 520]);
            let path = *which.get(&files.0.keys().copied().collect::<Vec<_>>());
            let bytes = files.0.get_mut(&path).unwrap();
            let bit = bit.index(bytes.len() * 8);
            if cut { bytes.truncate(bit / 8) } else { bytes[bit / 8] ^= 1 << (bit % 8) }
            prop_assert!(verify(&mut files, &older, 520, &[]).is_err(), "{} {}", path, bit);
        }
    }
}

//! Tiles (C2SP tlog-tiles): the tree cut into files of up to 256 hashes, and entry bundles of up to 256 entries.
//!
//! Never: hashes a partial tile upward; takes a path in a second spelling.
//! In: sizes, hashes, paths.   Out: tiles, paths, bundles.
//! I/O for this room: none.   Tests: beside the code, tests/tree.rs.

use crate::hash::Hash;
use crate::tree::{self, Nodes};
use std::collections::BTreeSet;
use std::fmt;

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: usize = 256;
/// The binary levels of the tree that one level of tiles spans.
pub const HEIGHT: u32 = 8;
/// Most levels of tiles: 256^8 entries are more than a `u64` counts.
pub const MOST_LEVELS: u8 = 8;
/// Most bytes of one entry (its length is a u16).
pub const MOST_ENTRY_BYTES: usize = 65_535;

/// What a tile path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Hashes of a level: 0 are leaves, level l+1 has one hash for each full tile of level l.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// The name of one file: `tile/0/x001/067`, `tile/1/000.p/12`, `tile/entries/000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    /// Hashes of which level, or entries.
    pub kind: Kind,
    /// Which tile of its level, from 0.
    pub index: u64,
    /// How many hashes or entries: 1 to 256.
    pub width: u16,
}

impl TilePath {
    /// Reads a path relative to the log's prefix.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let kind = match level {
            "entries" => Kind::Entries,
            digits => Kind::Hashes(decimal(digits).and_then(|l| u8::try_from(l).ok()).filter(|l| *l < 64)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, decimal(width).filter(|w| (1..256).contains(w))?),
            None => (rest, 256),
        };
        let index = parse_index(number)?;
        Some(Self { kind, index, width: u16::try_from(width).ok()? })
    }

    /// The full tile in whose place a partial one stands.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: 256, ..self }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
            Kind::Entries => write!(f, "tile/entries/")?,
        }
        f.write_str(&index_path(self.index))?;
        if self.width < 256 { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// `x001/x234/067`: groups of three digits, all but the last with an `x`.
fn index_path(index: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    groups.join("/")
}

fn parse_index(text: &str) -> Option<u64> {
    let mut index = 0_u64;
    let groups: Vec<&str> = text.split('/').collect();
    let (last, first) = groups.split_last()?;
    let plain = first.iter().map(|g| g.strip_prefix('x')).chain([Some(*last)]);
    for group in plain {
        let group = group.filter(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()))?;
        index = index.checked_mul(1000)?.checked_add(group.parse().ok()?)?;
    }
    // One spelling: no leading group of zeros.
    (index_path(index) == text).then_some(index)
}

/// Decimal digits without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Every tile of hashes that a tree of `size` entries has, the partial ones included, level by level.
pub fn tiles(size: u64) -> impl Iterator<Item = TilePath> {
    (0..MOST_LEVELS).flat_map(move |level| {
        let hashes = size >> (HEIGHT * u32::from(level));
        tiles_of(Kind::Hashes(level), hashes)
    })
}

/// Every bundle of entries of a tree of `size` entries.
pub fn bundles(size: u64) -> impl Iterator<Item = TilePath> {
    tiles_of(Kind::Entries, size)
}

fn tiles_of(kind: Kind, count: u64) -> impl Iterator<Item = TilePath> {
    let full = (0..count / 256).map(move |index| TilePath { kind, index, width: 256 });
    let rest = u16::try_from(count % 256).unwrap_or(0);
    full.chain((rest > 0).then_some(TilePath { kind, index: count / 256, width: rest }))
}

/// The hash of the perfect subtree of `2^level` hashes at `index` within a tile's hashes.
pub fn within(hashes: &[Hash], level: u32, index: usize) -> Option<Hash> {
    let width = 1_usize << level;
    let part = hashes.get(index * width..(index + 1) * width)?;
    Some(perfect(part))
}

/// The root over a power of two of hashes.
fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        [left, right] => Hash::node(left, right),
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            Hash::node(&perfect(left), &perfect(right))
        }
    }
}

/// The right edge of a growing tree: for each level of tiles the hashes that are not yet a full tile. It is all that is
/// needed to append entries and to compute the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    levels: Vec<Vec<Hash>>,
    size: u64,
}

/// A tile that is full, as it comes to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Its level.
    pub level: u8,
    /// Which tile of its level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of `size` entries, from its partial tiles, level 0 first (an empty one where a level has none).
    /// `None` unless each has as many hashes as the size says.
    pub fn from_partial_tiles(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let fits = (0..MOST_LEVELS).all(|level| {
            let width = (size >> (HEIGHT * u32::from(level))) % 256;
            levels.get(usize::from(level)).map_or(0, Vec::len) as u64 == width
        });
        (fits && levels.len() <= usize::from(MOST_LEVELS)).then_some(Self { levels, size })
    }

    /// How many entries the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of each level that are not yet a full tile, level 0 first.
    pub fn partial_tiles(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Appends a leaf hash; every tile that becomes full by it is handed to `full`, level 0 first.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(FullTile)) {
        let mut hash = leaf;
        for level in 0..MOST_LEVELS {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::with_capacity(WIDTH));
            }
            self.levels[at].push(hash);
            if self.levels[at].len() < WIDTH {
                break;
            }
            let hashes = std::mem::replace(&mut self.levels[at], Vec::with_capacity(WIDTH));
            hash = perfect(&hashes);
            full(FullTile { level, index: self.size >> (HEIGHT * (u32::from(level) + 1)), hashes });
        }
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut parts = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (part, others) = rest.split_at(1 << rest.len().ilog2());
                parts.push(perfect(part));
                rest = others;
            }
        }
        tree::fold(&parts)
    }
}

/// Where whole tiles come from; makes a `Nodes` of them by `FromTiles`.
pub trait Tiles {
    /// Why a tile is not there.
    type Error;

    /// The hashes of a tile: at least as many as its path says.
    ///
    /// # Errors
    /// Whatever keeps the tile from being read.
    fn tile(&mut self, path: TilePath) -> Result<Vec<Hash>, Self::Error>;

    /// What to say of a tile that has fewer hashes than its path says.
    fn too_short(&self, path: TilePath) -> Self::Error;
}

/// Hashes of subtrees out of tiles, the last tile of each level kept at hand.
#[derive(Debug)]
pub struct FromTiles<T> {
    tiles: T,
    size: u64,
    kept: Vec<Option<(u64, Vec<Hash>)>>,
}

impl<T: Tiles> FromTiles<T> {
    /// Reads from the tiles of a tree of `size` entries.
    pub fn new(tiles: T, size: u64) -> Self {
        Self { tiles, size, kept: vec![None; usize::from(MOST_LEVELS)] }
    }
}

impl<T: Tiles> Nodes for FromTiles<T> {
    type Error = T::Error;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, T::Error> {
        let (tile_level, inside) = (level / HEIGHT, level % HEIGHT);
        // The tile's hashes are of binary level `tile_level * 8`; this node spans 2^inside of them.
        let first = index << inside;
        let (tile, offset) = (first / 256, first % 256);
        let at = tile_level as usize;
        let path = path_at(self.size, tile_level, tile);
        if self.kept[at].as_ref().is_none_or(|(kept, _)| *kept != tile) {
            self.kept[at] = Some((tile, self.tiles.tile(path)?));
        }
        let hashes = self.kept[at].as_ref().map_or(&[][..], |(_, hashes)| hashes);
        let found = usize::try_from(offset >> inside).ok().and_then(|i| within(hashes, inside, i));
        found.ok_or_else(|| self.tiles.too_short(path))
    }
}

/// Which tiles a computation over a tree of `size` entries needs: run it once with this, fetch them, and run it again over
/// [`FromTiles`]. So the tree's algorithms need no asynchronous variant.
#[derive(Debug, Clone)]
pub struct Wanted {
    size: u64,
    paths: BTreeSet<TilePath>,
}

impl Wanted {
    /// Nothing yet.
    pub const fn new(size: u64) -> Self {
        Self { size, paths: BTreeSet::new() }
    }

    /// The tiles that were asked for.
    pub const fn paths(&self) -> &BTreeSet<TilePath> {
        &self.paths
    }
}

impl Nodes for Wanted {
    type Error = std::convert::Infallible;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error> {
        let tile_level = level / HEIGHT;
        self.paths.insert(path_at(self.size, tile_level, (index << (level % HEIGHT)) / 256));
        Ok(Hash::EMPTY_ROOT)
    }
}

/// The path of tile `index` of `level` as it is at a size.
fn path_at(size: u64, level: u32, index: u64) -> TilePath {
    let width = (size >> (HEIGHT * level)).saturating_sub(index * 256).min(256);
    let kind = Kind::Hashes(u8::try_from(level).unwrap_or(MOST_LEVELS));
    TilePath { kind, index, width: u16::try_from(width).unwrap_or(256) }
}

/// Hashes as the bytes of a tile.
pub fn encode(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|h| h.bytes()).copied().collect()
}

/// The bytes of a tile as hashes; `None` unless there are 1 to 256 whole ones.
pub fn decode(bytes: &[u8]) -> Option<Vec<Hash>> {
    let fits = bytes.len().is_multiple_of(Hash::SIZE) && (1..=WIDTH).contains(&(bytes.len() / Hash::SIZE));
    fits.then(|| bytes.chunks_exact(Hash::SIZE).filter_map(Hash::from_slice).collect())
}

/// Entries as the bytes of a bundle: each behind its length (u16, big-endian). `None` for an entry that is too long.
pub fn encode_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Some(out)
}

/// The entries in the bytes of a bundle; `None` unless it holds 1 to 256 whole ones.
pub fn decode_entries(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bytes = rest;
    }
    (1..=WIDTH).contains(&entries.len()).then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |index, width| TilePath { kind: Kind::Hashes(0), index, width }.to_string();
        assert_eq!(path(0, 256), "tile/0/000");
        assert_eq!(path(1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1_000, 112), "tile/0/x001/000.p/112");
        assert_eq!(TilePath { kind: Kind::Entries, index: 255, width: 1 }.to_string(), "tile/entries/255.p/1");
        let all: Vec<_> = tiles(70_000).filter(|t| t.width < 256 || t.kind != Kind::Hashes(0)).collect();
        let shown: Vec<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn other_spellings_of_paths_are_refused() {
        for path in [
            "tile/0/0",
            "tile/00/000",
            "tile/64/000",
            "tile/0/x000/000",
            "tile/0/1000",
            "tile/0/001/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/data/000",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/x001/x000",
            "tile/0/",
            "tile/-1/000",
            "tile/0/99999999999999999999999",
        ] {
            assert_eq!(TilePath::parse(path), None, "{path}");
        }
        for tile in tiles(70_000).chain(bundles(70_000)) {
            assert_eq!(TilePath::parse(&tile.to_string()), Some(tile));
        }
    }

    #[test]
    fn bundles_read_back_and_broken_ones_are_refused() {
        let entries: [&[u8]; 3] = [b"", b"a", &[7; 300]];
        let bytes = encode_entries(entries).unwrap();
        assert_eq!(decode_entries(&bytes).unwrap(), entries);
        assert_eq!(decode_entries(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode_entries(&[]), None);
        assert_eq!(encode_entries([vec![0; MOST_ENTRY_BYTES + 1].as_slice()]), None);
    }
}

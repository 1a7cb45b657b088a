//! Grows the tree anew out of the entries, and compares it with every stored tile on the way.
//!
//! Where the two differ, what stands above decides which of them was changed: a tile whose hash is in the tile above it, or
//! that gives the signed root, is as it was, and then it is the entry that was changed.

use super::Finding;
use super::finding::Findings;
use crate::store::{Conn, StoreError, audit};
use countersign_evidence::Hash;
use countersign_evidence::tile::{self, Edge, FullTile, Kind, TilePath, WIDTH};
use countersign_evidence::tree::Head;
use std::collections::VecDeque;

/// Tiles that are read at once; 8 KiB each.
const TILES_AT_ONCE: i64 = 64;
/// Tiles too many that are told one by one.
const MOST_FOREIGN: i64 = 100;

/// A size at which the root is known from somewhere else.
#[derive(Debug, Clone)]
pub struct Waypoint {
    /// Size and root.
    pub head: Head,
    /// What is wrong where the tree had another root then.
    pub otherwise: Finding,
}

/// The tree as it grows.
#[derive(Debug)]
pub struct Tree {
    signed: Head,
    edge: Edge,
    /// Leaves of the tile that is being filled; `None` where the entry is missing.
    slots: Vec<Option<Hash>>,
    /// Stored tiles of level 0 from the one that is being filled on.
    stored: VecDeque<(i64, Option<Vec<u8>>)>,
    /// In descending order, so that the next one is the last.
    waypoints: Vec<Waypoint>,
    /// The number of the entry that comes next.
    next: u64,
    /// A leaf could not be had from anywhere: what depends on it cannot be compared.
    broken: bool,
    tiles: u64,
    findings: Findings,
}

/// What came of it.
#[derive(Debug)]
pub struct Grown {
    /// Tiles that were compared.
    pub tiles: u64,
    /// What is wrong.
    pub findings: Findings,
}

fn path(level: u8, index: u64, width: usize) -> TilePath {
    TilePath { kind: Kind::Hashes(level), index, width: u16::try_from(width).unwrap_or(256) }
}

impl Tree {
    /// A tree that should come to `signed` and pass the waypoints, none of which is beyond it.
    pub fn new(signed: Head, mut waypoints: Vec<Waypoint>) -> Self {
        waypoints.sort_by_key(|w| std::cmp::Reverse(w.head.size));
        let (edge, slots, stored) = (Edge::new(), Vec::with_capacity(WIDTH), VecDeque::new());
        let (next, broken, tiles, findings) = (1, false, 0, Findings::default());
        let mut tree = Self { signed, edge, slots, stored, waypoints, next, broken, tiles, findings };
        tree.pass();
        tree
    }

    /// How many entries it should have.
    pub const fn size(&self) -> u64 {
        self.signed.size
    }

    /// Takes the leaf of the entry `number`, which is not beyond the size; those between the last one and it are missing.
    pub async fn take(&mut self, conn: &mut Conn, number: u64, leaf: Hash) -> Result<(), StoreError> {
        self.missing_before(conn, number).await?;
        self.next += 1;
        self.put(conn, Some(leaf)).await
    }

    /// Notes which entries are missing before `number`.
    async fn missing_before(&mut self, conn: &mut Conn, number: u64) -> Result<(), StoreError> {
        if self.next >= number {
            return Ok(());
        }
        let (first, last) = (self.next, number - 1);
        let finding = if first == last {
            Finding::entry(first, None, "it is missing")
        } else {
            Finding { row: format!("entries {first} to {last}"), ..Finding::entry("", None, "they are missing") }
        };
        self.findings.push(finding);
        self.next = number;
        for _ in first..=last {
            self.put(conn, None).await?;
        }
        Ok(())
    }

    async fn put(&mut self, conn: &mut Conn, leaf: Option<Hash>) -> Result<(), StoreError> {
        if self.broken {
            return Ok(());
        }
        self.slots.push(leaf);
        if self.slots.len() == WIDTH { self.full(conn).await } else { Ok(()) }
    }

    /// The leaves of a whole tile are together.
    async fn full(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let index = self.edge.size() / WIDTH as u64;
        let stored = self.stored_leaves(conn, index, WIDTH).await?;
        let slots = std::mem::replace(&mut self.slots, Vec::with_capacity(WIDTH));
        let leaves = if let Some(leaves) = agreed(&slots, stored.as_deref()) {
            Some(leaves)
        } else {
            let above = above(conn, index).await?;
            self.settle(index, &slots, stored, |l| above.is_some() && tile::within(l, tile::HEIGHT, 0) == above)
        };
        self.grow(conn, leaves).await
    }

    /// Decides which leaves are right where entries and tile differ.
    fn settle(
        &mut self,
        index: u64,
        slots: &[Option<Hash>],
        stored: Option<Vec<Hash>>,
        fits_above: impl Fn(&[Hash]) -> bool,
    ) -> Option<Vec<Hash>> {
        let rows: Option<Vec<Hash>> = slots.iter().copied().collect();
        let Some(stored) = stored else { return rows };
        let path = path(0, index, slots.len());
        let differing = slots.iter().zip(&stored).zip(index * WIDTH as u64 + 1..);
        let differing = differing.filter(|((slot, leaf), _)| slot.is_some_and(|slot| slot != **leaf));
        let numbers: Vec<u64> = differing.map(|(_, number)| number).collect();
        let rows_fit = rows.as_ref().is_some_and(|rows| fits_above(rows));
        for number in numbers {
            self.findings.push(match (fits_above(&stored), rows_fit) {
                (true, _) => Finding::entry(number, Some("commitment"), "it is not the one that was signed"),
                (false, true) => Finding::tile(path, format!("the hash of entry {number} was changed")),
                (false, false) => {
                    Finding::entry(number, Some("commitment"), format!("it, or its hash in {path}, was changed"))
                }
            });
        }
        if rows_fit { rows } else { Some(stored) }
    }

    /// Puts leaves behind the others, and compares every tile above that is full by it.
    async fn grow(&mut self, conn: &mut Conn, leaves: Option<Vec<Hash>>) -> Result<(), StoreError> {
        let Some(leaves) = leaves else {
            self.broken = true;
            return Ok(());
        };
        let mut full = Vec::new();
        for leaf in leaves {
            self.edge.push(leaf, |tile| full.push(tile));
            self.pass();
        }
        for FullTile { level, index, hashes } in full.into_iter().filter(|tile| tile.level > 0) {
            self.compare(conn, level, index, &hashes).await?;
        }
        Ok(())
    }

    /// Looks whether the root is what it should be at this size.
    fn pass(&mut self) {
        while self.waypoints.last().is_some_and(|w| w.head.size == self.edge.size()) {
            let waypoint = self.waypoints.pop().filter(|w| w.head.root != self.edge.root());
            self.findings.extend(waypoint.map(|w| w.otherwise));
        }
    }

    /// The leaves of a stored tile, which should be so many.
    async fn stored_leaves(
        &mut self,
        conn: &mut Conn,
        index: u64,
        width: usize,
    ) -> Result<Option<Vec<Hash>>, StoreError> {
        let is_before = |(at, _): &(i64, _)| u64::try_from(*at).is_ok_and(|at| at < index);
        while self.stored.front().is_some_and(is_before) {
            self.stored.pop_front();
        }
        if self.stored.is_empty() {
            self.stored = audit::tiles(conn, 0, index, TILES_AT_ONCE).await?.into();
        }
        let found =
            self.stored.front().filter(|(at, _)| u64::try_from(*at) == Ok(index)).map(|(_, bytes)| bytes.clone());
        Ok(self.decode(path(0, index, width), found))
    }

    /// The hashes of a stored tile; what is wrong with it is told.
    fn decode(&mut self, path: TilePath, stored: Option<Option<Vec<u8>>>) -> Option<Vec<Hash>> {
        let width = usize::from(path.width);
        let Some(bytes) = stored else {
            self.findings.push(Finding::tile(path, "it is missing"));
            return None;
        };
        self.tiles += 1;
        let hashes = bytes.as_deref().and_then(tile::decode).filter(|hashes| hashes.len() >= width);
        let Some(mut hashes) = hashes else {
            self.findings.push(Finding::tile(path, "it does not hold so many hashes"));
            return None;
        };
        if hashes.len() > width {
            self.findings.push(Finding::tile(path, format!("it holds {} hashes", hashes.len())));
            hashes.truncate(width);
        }
        Some(hashes)
    }

    /// Compares a tile above level 0 with what the entries give.
    async fn compare(&mut self, conn: &mut Conn, level: u8, index: u64, hashes: &[Hash]) -> Result<(), StoreError> {
        let path = path(level, index, hashes.len());
        let stored = one_tile(conn, level, index).await?;
        let Some(stored) = self.decode(path, stored) else { return Ok(()) };
        let differing = stored.iter().zip(hashes).enumerate().filter(|(_, (stored, right))| stored != right);
        for (at, _) in differing {
            self.findings.push(Finding::tile(path, format!("hash {at} is not what the tile below it gives")));
        }
        Ok(())
    }

    /// Ends: what is missing behind the last entry, the partial tiles, the root, tiles that should not be there.
    pub async fn finish(mut self, conn: &mut Conn) -> Result<Grown, StoreError> {
        self.missing_before(conn, self.signed.size + 1).await?;
        if !self.slots.is_empty() {
            self.last_leaves(conn).await?;
        }
        if !self.broken {
            let partial: Vec<(u8, Vec<Hash>)> = (0..).zip(self.edge.partial_tiles().to_vec()).collect();
            for (level, hashes) in partial.into_iter().filter(|(level, hashes)| *level > 0 && !hashes.is_empty()) {
                let index = self.signed.size >> (tile::HEIGHT * (u32::from(level) + 1));
                self.compare(conn, level, index, &hashes).await?;
            }
            if self.edge.root() != self.signed.root {
                self.findings.push(Finding::head("note", "the entries do not give the root that was signed"));
            }
        }
        for (level, index) in audit::tiles_beyond(conn, self.signed.size, MOST_FOREIGN).await? {
            let row = format!("level {level}, index {index}");
            self.findings.push(Finding { row, ..Finding::tile("", "the log has no such tile") });
        }
        Ok(Grown { tiles: self.tiles, findings: self.findings })
    }

    /// The leaves behind the last whole tile: what decides between entry and tile is the signed root.
    async fn last_leaves(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let index = self.edge.size() / WIDTH as u64;
        let slots = std::mem::take(&mut self.slots);
        let stored = self.stored_leaves(conn, index, slots.len()).await?;
        let leaves = if let Some(leaves) = agreed(&slots, stored.as_deref()) {
            Some(leaves)
        } else {
            let (edge, root) = (self.edge.clone(), self.signed.root);
            self.settle(index, &slots, stored, |leaves| {
                let mut edge = edge.clone();
                leaves.iter().for_each(|leaf| edge.push(*leaf, |_| {}));
                edge.root() == root
            })
        };
        self.grow(conn, leaves).await
    }
}

/// The leaves, where every entry is there and the tile holds the same.
fn agreed(slots: &[Option<Hash>], stored: Option<&[Hash]>) -> Option<Vec<Hash>> {
    let stored = stored.filter(|stored| stored.len() == slots.len())?;
    let same = slots.iter().zip(stored).all(|(slot, leaf)| *slot == Some(*leaf));
    same.then(|| stored.to_vec())
}

async fn one_tile(conn: &mut Conn, level: u8, index: u64) -> Result<Option<Option<Vec<u8>>>, StoreError> {
    let found = audit::tiles(conn, level, index, 1).await?;
    Ok(found.into_iter().find(|(at, _)| u64::try_from(*at) == Ok(index)).map(|(_, bytes)| bytes))
}

/// The hash of a whole tile of level 0 as it stands in the tile above.
async fn above(conn: &mut Conn, index: u64) -> Result<Option<Hash>, StoreError> {
    let bytes = one_tile(conn, 1, index / WIDTH as u64).await?.flatten();
    let at = usize::try_from(index % WIDTH as u64).unwrap_or(0) * Hash::SIZE;
    Ok(bytes.and_then(|bytes| bytes.get(at..at + Hash::SIZE).and_then(Hash::from_slice)))
}

//! What outsiders are given: the published checkpoint, tiles, bundles of entries, proofs.

use super::Doubt;
use super::start::Chain;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::log::{self, EntryRow, LogHead};
use crate::store::{Conn, StoreError};
use countersign_core::time::Timestamp;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::Note;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::rotation;
use countersign_evidence::tile::{self, Edge, FromTiles, Kind, TilePath, Tiles, Wanted};
use countersign_evidence::tree::{self, Head, Nodes};
use countersign_evidence::{Commitment, Hash, Opening};
use std::collections::BTreeMap;

/// A signed checkpoint, as it is served.
#[derive(Debug, Clone)]
pub struct Published {
    /// The note with every signature.
    pub note: Note,
    /// Size and root that it signs.
    pub head: Head,
    /// Whether the policy's quorum has cosigned it.
    pub witnessed: bool,
    /// Since when it is served; for the newest, when it was signed.
    pub at: Timestamp,
}

/// Tiles that were fetched.
struct Fetched(BTreeMap<TilePath, Vec<Hash>>);

impl Tiles for &Fetched {
    type Error = TilePath;

    fn tile(&mut self, path: TilePath) -> std::result::Result<Vec<Hash>, TilePath> {
        self.0.get(&path).cloned().ok_or(path)
    }

    fn too_short(&self, path: TilePath) -> TilePath {
        path
    }
}

/// A computation over the tree, run twice: once to see which tiles it needs, once with them.
trait Computation {
    type Output;
    fn run<N: Nodes>(&self, nodes: &mut N) -> std::result::Result<Self::Output, N::Error>;
}

/// Runs a computation over the tiles of a tree of `size` entries.
async fn compute<C: Computation>(conn: &mut Conn, size: u64, what: &C) -> std::result::Result<C::Output, Doubt> {
    let mut wanted = Wanted::new(size);
    let Ok(_) = what.run(&mut wanted);
    let mut fetched = BTreeMap::new();
    for path in wanted.paths() {
        fetched.insert(*path, hashes(conn, path).await?);
    }
    let fetched = Fetched(fetched);
    what.run(&mut FromTiles::new(&fetched, size)).map_err(|path| Doubt::Tiles(format!("{path} is too short")))
}

/// The hashes of one tile, as many as its path says.
async fn hashes(conn: &mut Conn, path: &TilePath) -> std::result::Result<Vec<Hash>, Doubt> {
    let Kind::Hashes(level) = path.kind else { return Err(Doubt::Tiles(format!("{path} holds no hashes"))) };
    let bytes = log::tile(conn, level, path.index).await?;
    let bytes = bytes.ok_or_else(|| Doubt::Tiles(format!("{path} is missing")))?;
    let mut hashes = tile::decode(&bytes).ok_or_else(|| Doubt::Tiles(format!("{path} holds no hashes")))?;
    if hashes.len() < usize::from(path.width) {
        return Err(Doubt::Tiles(format!("{path} is too short")));
    }
    hashes.truncate(usize::from(path.width));
    Ok(hashes)
}

struct Root(u64);

impl Computation for Root {
    type Output = Hash;
    fn run<N: Nodes>(&self, nodes: &mut N) -> std::result::Result<Hash, N::Error> {
        tree::root(nodes, self.0)
    }
}

struct Inclusion(u64, u64);

impl Computation for Inclusion {
    type Output = Option<Vec<Hash>>;
    fn run<N: Nodes>(&self, nodes: &mut N) -> std::result::Result<Self::Output, N::Error> {
        tree::inclusion(nodes, self.0, self.1)
    }
}

struct Consistency(u64, u64);

impl Computation for Consistency {
    type Output = Option<Vec<Hash>>;
    fn run<N: Nodes>(&self, nodes: &mut N) -> std::result::Result<Self::Output, N::Error> {
        tree::consistency(nodes, self.0, self.1)
    }
}

struct Side(u64, u64, u64);

impl Computation for Side {
    type Output = Option<Vec<Hash>>;
    fn run<N: Nodes>(&self, nodes: &mut N) -> std::result::Result<Self::Output, N::Error> {
        tree::range_proof(nodes, self.0, self.1, self.2)
    }
}

/// Proves that the entries `start..end` stand side by side in the tree over the first `size` entries, out of the tiles of a
/// tree of `newest`; `None` where they are not within it.
pub(super) async fn range(
    conn: &mut Conn,
    newest: u64,
    (start, end, size): (u64, u64, u64),
) -> std::result::Result<Option<Vec<Hash>>, Doubt> {
    compute(conn, newest, &Side(start, end, size)).await
}

/// The root over the first `old` entries, out of the tiles of a tree of `size`.
pub(super) async fn sized_hash(conn: &mut Conn, size: u64, old: u64) -> std::result::Result<Hash, Doubt> {
    compute(conn, size, &Root(old)).await
}

/// Proves that the first `old` entries are the beginning of the tree of `size`; `None` where `old` is beyond it.
///
/// # Errors
/// `Doubt::Tiles`, `Doubt::Store`.
pub async fn consistency(conn: &mut Conn, old: u64, size: u64) -> std::result::Result<Option<Vec<Hash>>, Doubt> {
    compute(conn, size, &Consistency(old, size)).await
}

/// The right edge of the tree that `head` names, checked against its root.
pub(super) async fn edge_at(conn: &mut Conn, head: &Head) -> std::result::Result<Edge, Doubt> {
    let mut levels = vec![Vec::new(); usize::from(tile::MOST_LEVELS)];
    for path in tile::tiles(head.size).filter(|path| path.width < 256) {
        if let Kind::Hashes(level) = path.kind {
            levels[usize::from(level)] = hashes(conn, &path).await?;
        }
    }
    while levels.last().is_some_and(Vec::is_empty) {
        levels.pop();
    }
    let edge = Edge::from_partial_tiles(head.size, levels).filter(|edge| edge.root() == head.root);
    edge.ok_or_else(|| Doubt::Tiles("the right edge gives another root".to_owned()))
}

/// A note in the database as a checkpoint.
pub(super) fn read_note(text: &str) -> Result<(Note, Checkpoint)> {
    let bad = |what: String| AppError::internal(format!("a checkpoint in the database: {what}"));
    let note = Note::parse(text).map_err(|error| bad(error.to_string()))?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(|error| bad(error.to_string()))?;
    Ok((note, checkpoint))
}

async fn head(conn: &mut Conn) -> Result<LogHead> {
    log::head(conn).await?.ok_or_else(|| AppError::unavailable("the log has no head"))
}

fn as_published(text: &str, witnessed: bool, at: Timestamp) -> Result<Published> {
    let (note, checkpoint) = read_note(text)?;
    Ok(Published { note, head: checkpoint.head, witnessed, at })
}

/// The checkpoint that is served.
///
/// # Errors
/// 503 while there is none.
pub async fn published(app: &App) -> Result<Published> {
    let row = head(&mut app.store.read().await?).await?;
    as_published(&row.published, row.witnessed, row.published_at)
}

/// The newest checkpoint, published or not.
///
/// # Errors
/// 503 while there is none.
pub async fn newest(app: &App) -> Result<Published> {
    let row = head(&mut app.store.read().await?).await?;
    as_published(&row.note, false, row.signed_at)
}

/// Every hand-over of the log's key, as one file.
///
/// # Errors
/// 503, also in doubt about them.
pub async fn rotations(app: &App) -> Result<String> {
    let keys = log::keys(&mut app.store.read().await?).await?;
    Ok(rotation::to_file(Chain::read(&keys)?.rotations()))
}

/// What can be proven of the entry with `number` (from 1): its place, against the checkpoint that is served. `None` while
/// that does not reach so far; the sequencer is at most a moment behind, witnesses a little more.
///
/// # Errors
/// 503 and 500.
pub async fn proof(app: &App, number: u64, opening: Option<&Opening>) -> Result<Option<ProofFile>> {
    let mut conn = app.store.read().await?;
    let row = head(&mut conn).await?;
    let Some(index) = number.checked_sub(1).filter(|index| *index < row.published_size) else { return Ok(None) };
    let (checkpoint, parsed) = read_note(&row.published)?;
    let path = compute(&mut conn, row.head.size, &Inclusion(index, parsed.head.size)).await?;
    let extra = opening.map(Opening::encode);
    Ok(path.map(|path| ProofFile { extra, index, path, checkpoint }))
}

/// An entry's opening; `None` once it is erased.
pub fn opening(row: &EntryRow) -> Option<Opening> {
    let (salt, payload) = (row.salt.as_ref()?, row.payload.as_ref()?);
    Some(Opening { salt: salt.as_slice().try_into().ok()?, payload: payload.clone() })
}

/// A file of the log: a tile of hashes or a bundle of entries. `None` for one that the published checkpoint does not imply.
///
/// # Errors
/// 503 and 500.
pub async fn file(app: &App, path: &TilePath) -> Result<Option<Vec<u8>>> {
    let mut conn = app.store.read().await?;
    let size = head(&mut conn).await?.published_size;
    if !implied(path, size) {
        return Ok(None);
    }
    match path.kind {
        Kind::Hashes(_) => Ok(Some(tile::encode(&hashes(&mut conn, path).await?))),
        Kind::Entries => bundle(&mut conn, path).await.map(Some),
    }
}

/// Whether a tree of `size` entries, or one that it was before, has this file.
fn implied(path: &TilePath, size: u64) -> bool {
    let hashes = match path.kind {
        Kind::Hashes(level) if level < tile::MOST_LEVELS => size >> (tile::HEIGHT * u32::from(level)),
        Kind::Hashes(_) => 0,
        Kind::Entries => size,
    };
    path.index
        .checked_mul(256)
        .and_then(|first| first.checked_add(u64::from(path.width)))
        .is_some_and(|end| end <= hashes)
}

async fn bundle(conn: &mut Conn, path: &TilePath) -> Result<Vec<u8>> {
    let rows = log::commitments(conn, path.index * 256, i64::from(path.width)).await?;
    let entries: Vec<[u8; 33]> = rows.iter().map(|(_, commitment)| Commitment::entry(commitment)).collect();
    let whole = rows.len() == usize::from(path.width);
    let bytes = tile::encode_entries(entries.iter().map(<[u8; 33]>::as_slice)).filter(|_| whole);
    bytes.ok_or_else(|| AppError::internal(format!("{path}: entries are missing")))
}

impl From<Doubt> for StoreError {
    /// For works that answer with the store's errors only.
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Store(error) => error,
            other => Self::Damaged(other.to_string()),
        }
    }
}

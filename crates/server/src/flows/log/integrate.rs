//! Grows the tree by what was committed, signs, and moves the head: one step of the sequencer.

use super::read::{edge_at, sized_hash};
use super::{Doubt, Log};
use crate::app::App;
use crate::store::evidence::Written;
use crate::store::log::{self, LogHead, TileRow};
use crate::store::{Conn, StoreError};
use countersign_core::time::Timestamp;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{SigningKey, VerifierKey};
use countersign_evidence::tile::{self, Edge};
use countersign_evidence::tree::Head;
use countersign_evidence::{Commitment, Hash};
use std::collections::BTreeMap;

/// Entries in one step, so that a long backlog is published bit by bit.
const MOST: usize = 1 << 16;

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integrated {
    /// Entries in the log now.
    pub size: u64,
    /// How many came with this step.
    pub added: u64,
    /// Whether more are waiting.
    pub more: bool,
}

/// Integrates what is committed and not yet in the tree. Several nodes may do so at the same time: one of them moves the
/// head, the others find it moved and come again.
///
/// # Errors
/// A `Doubt`; but for a database that is away it is remembered, and nothing is signed from then on.
pub async fn integrate(app: &App) -> Result<Integrated, Doubt> {
    let mut edge = app.log.edge.lock().await;
    let step = match one(app, &mut edge).await {
        Err(Stop::Turn(wanted)) => match follow(app, &wanted) {
            // A rotation at the same moment again would be a doubt.
            Ok(()) => one(app, &mut edge).await.map_err(|stop| stop.doubt(app)),
            Err(doubt) => Err(doubt),
        },
        step => step.map_err(|stop| stop.doubt(app)),
    };
    match &step {
        Err(Doubt::Store(StoreError::Sql(_) | StoreError::Stopped)) => *edge = None,
        Err(doubt) => {
            *edge = None;
            app.log.stop(doubt);
        }
        Ok(_) => {}
    }
    step
}

/// Why a step was not recorded.
enum Stop {
    Doubt(Doubt),
    /// Another key signs now: this one.
    Turn(String),
}

impl Stop {
    fn doubt(self, app: &App) -> Doubt {
        match self {
            Self::Doubt(doubt) => doubt,
            Self::Turn(wanted) => {
                VerifierKey::parse(&wanted).map_or_else(|e| Doubt::Rotation(e.to_string()), |k| app.log.another_key(&k))
            }
        }
    }
}

impl From<Doubt> for Stop {
    fn from(doubt: Doubt) -> Self {
        Self::Doubt(doubt)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Doubt(error.into())
    }
}

/// The key was rotated beside this process: goes on with the next one, if it is where the key is.
fn follow(app: &App, wanted: &str) -> Result<(), Doubt> {
    let wanted = VerifierKey::parse(wanted).map_err(|error| Doubt::Rotation(error.to_string()))?;
    app.log.follow(&wanted)?;
    tracing::info!(key = %wanted, "the evidence log's key was rotated: signing with the new one");
    Ok(())
}

async fn one(app: &App, edge: &mut Option<Edge>) -> Result<Integrated, Stop> {
    match app.store.fresh() {
        Some(fresh) => on_sqlite(app, edge, fresh.take()).await,
        None => on_postgres(app, edge).await,
    }
}

/// SQLite numbers by its one writer, so what is committed can be read and hashed outside the transaction.
async fn on_sqlite(app: &App, kept: &mut Option<Edge>, fresh: Vec<Written>) -> Result<Integrated, Stop> {
    let mut conn = app.store.read().await?;
    let old = log::head(&mut conn).await?.ok_or(NO_HEAD)?;
    let edge = edge_for(&mut conn, kept, &old).await?;
    let added = match continuing(&fresh, old.head.size) {
        Some(added) => added,
        None => consecutive(log::commitments(&mut conn, old.head.size, MOST as i64).await?, old.head.size)?,
    };
    drop(conn);
    if added.is_empty() {
        *kept = Some(edge);
        return Ok(Integrated { size: old.head.size, added: 0, more: false });
    }
    let step = Step::new(edge, &added, &app.log.key(), app.clock.now(), publishes_at_once(app));
    let (edge, done) = (step.edge.clone(), step.integrated(added.len()));
    let moved: Result<bool, Stop> =
        app.store.write(move |conn| Box::pin(async move { step.record(conn, &old).await })).await;
    *kept = moved?.then_some(edge);
    Ok(if kept.is_some() { done } else { Integrated { more: true, added: 0, ..done } })
}

/// On PostgreSQL entries commit in any order; they are numbered under the head's lock.
async fn on_postgres(app: &App, kept: &mut Option<Edge>) -> Result<Integrated, Stop> {
    let (cached, key, now, publishes) = (kept.take(), app.log.key(), app.clock.now(), publishes_at_once(app));
    let stepped: Result<(Edge, Integrated), Stop> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let old = log::head_locked(conn).await?.ok_or(NO_HEAD)?;
                let mut cached = cached;
                let edge = edge_for(conn, &mut cached, &old).await?;
                let new = log::number_new(conn, old.head.size, MOST as i64).await?;
                let added = consecutive(new, old.head.size)?;
                if added.is_empty() {
                    return Ok((edge, Integrated { size: old.head.size, added: 0, more: false }));
                }
                let step = Step::new(edge, &added, &key, now, publishes);
                let (edge, done) = (step.edge.clone(), step.integrated(added.len()));
                if step.record(conn, &old).await? { Ok((edge, done)) } else { Err(Doubt::Head.into()) }
            })
        })
        .await;
    let (edge, done) = stepped?;
    *kept = Some(edge);
    Ok(done)
}

const NO_HEAD: Doubt = Doubt::Incomplete { there: "been begun", absent: "head" };

/// Whether a checkpoint is served as soon as it is signed; with witnesses it waits for them.
fn publishes_at_once(app: &App) -> bool {
    app.log.policy().witnesses().is_empty()
}

/// The edge that belongs to `head`: the one at hand, or the one in the tiles where another node has moved the head.
async fn edge_for(conn: &mut Conn, kept: &mut Option<Edge>, head: &LogHead) -> Result<Edge, Doubt> {
    match kept.take() {
        Some(edge) if edge.size() == head.head.size && edge.root() == head.head.root => Ok(edge),
        Some(edge) if edge.size() > head.head.size => Err(Doubt::Older { seen: edge.size(), found: head.head.size }),
        _ => edge_at(conn, &head.head).await,
    }
}

/// What was kept in memory, if it goes on exactly where the tree ends.
fn continuing(fresh: &[Written], size: u64) -> Option<Vec<Commitment>> {
    let mut next = size + 1;
    let mut added = Vec::new();
    for run in fresh {
        if u64::try_from(run.first) != Ok(next) {
            return None;
        }
        next += run.commitments.len() as u64;
        added.extend_from_slice(&run.commitments);
    }
    (!added.is_empty()).then_some(added)
}

/// The commitments, if their numbers follow `size` without a gap.
fn consecutive(numbered: Vec<(u64, Commitment)>, size: u64) -> Result<Vec<Commitment>, Doubt> {
    let expected = size + 1..;
    match numbered.iter().zip(expected).find(|((number, _), expected)| number != expected) {
        Some((_, missing)) => Err(Doubt::Gap(missing)),
        None => Ok(numbered.into_iter().map(|(_, commitment)| commitment).collect()),
    }
}

/// A grown tree, signed, before it is recorded.
struct Step {
    edge: Edge,
    tiles: Vec<TileRow>,
    head: Head,
    note: String,
    /// The key that signed it.
    vkey: String,
    at: Timestamp,
    publishes: bool,
}

impl Step {
    fn new(mut edge: Edge, added: &[Commitment], key: &SigningKey, at: Timestamp, publishes: bool) -> Self {
        let old_size = edge.size();
        let mut tiles = BTreeMap::new();
        for commitment in added {
            edge.push(commitment.leaf(), |full| {
                tiles.insert((full.level, full.index), tile::encode(&full.hashes));
            });
        }
        tiles.extend(grown(&edge, old_size));
        let head = Head { size: edge.size(), root: edge.root() };
        let note = Checkpoint::new(key.verifier().name(), head).sign(key).to_string();
        let row = |((level, index), hashes)| TileRow { level, index, hashes };
        let vkey = key.verifier().to_string();
        Self { edge, tiles: tiles.into_iter().map(row).collect(), head, note, vkey, at, publishes }
    }

    const fn integrated(&self, added: usize) -> Integrated {
        Integrated { size: self.head.size, added: added as u64, more: added >= MOST }
    }

    /// Records the step; `false` where the head has moved meanwhile, and then nothing is recorded. What an old key signed
    /// is not recorded either: no checkpoint beyond a rotation bears its signature.
    async fn record(self, conn: &mut Conn, old: &LogHead) -> Result<bool, Stop> {
        if let Some(wanted) = log::last_vkey(conn).await?.filter(|vkey| *vkey != self.vkey) {
            return Err(Stop::Turn(wanted));
        }
        if !log::advance(conn, &old.head, &self.head, &self.note, self.at).await? {
            return Ok(false);
        }
        log::put_tiles(conn, self.tiles).await?;
        if self.publishes {
            log::publish(conn, self.head.size, &self.note, false, self.at).await?;
        }
        Ok(true)
    }
}

/// The partial tiles that are not what they were at `old_size`.
fn grown(edge: &Edge, old_size: u64) -> impl Iterator<Item = ((u8, u64), Vec<u8>)> {
    let changed = move |level: u8| edge.size() >> (8 * u32::from(level)) != old_size >> (8 * u32::from(level));
    let levels = edge.partial_tiles().iter().zip(0_u8..).filter(|(hashes, _)| !hashes.is_empty());
    let row = |(hashes, level): (&Vec<Hash>, u8)| {
        ((level, edge.size() >> (8 * (u32::from(level) + 1))), tile::encode(hashes))
    };
    levels.filter(move |(_, level)| changed(*level)).map(row)
}

/// Whether the hash of an old checkpoint is the beginning of the log as it stands in the tiles.
///
/// # Errors
/// `Doubt::Tiles`, `Doubt::Store`.
pub async fn holds(conn: &mut Conn, current: &Head, old: &Head) -> Result<bool, Doubt> {
    Ok(old.size <= current.size && sized_hash(conn, current.size, old.size).await? == old.root)
}

impl Log {
    /// Takes the edge that a new start has checked.
    pub(super) async fn set_edge(&self, edge: Edge) {
        *self.edge.lock().await = Some(edge);
    }
}

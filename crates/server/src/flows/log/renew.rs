//! Begins a new log in the place of one that cannot be gone on with: a newer state was lost, or the key was.
//!
//! The new log has another name, so that nobody takes it for the old one, and says of which checkpoint of the old one was
//! last known. The entries that are there come into it with their numbers; what a hole in them held is lost, and is said to be.

use super::own::{By, LOST_KIND, RENEWED, blank_id};
use super::spans::Spans;
use super::start::Chain;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::evidence::{self, Draft};
use crate::store::log::{self, LogHead, LogKey, TileRow};
use crate::store::old_logs::{self, Ending};
use crate::store::{Conn, Store, StoreError};
use countersign_core::time::Timestamp;
use countersign_evidence::Commitment;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Note, SigningKey, VerifierKey};
use countersign_evidence::tile::{self, Edge, FullTile};
use countersign_evidence::tree::Head;
use rand::rngs::StdRng;
use serde_json::json;

/// Longest reason, in characters.
const MOST_REASON: usize = 200;
/// Entries that are read at once.
const PAGE: i64 = 4096;

/// What a new log is begun with.
#[derive(Debug)]
pub struct Renewal {
    /// Signs it; its name is the new log's.
    pub key: SigningKey,
    /// The name of the log before.
    pub old_origin: String,
    /// Why, in the operator's words; they stay for ever and must not name anybody.
    pub reason: String,
    /// The checkpoint that lay beside the database.
    pub last_seen: Option<String>,
    /// By whom.
    pub by: By,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// The first checkpoint of the new log.
    pub note: String,
    /// Entries that were there and are in the new log.
    pub kept: u64,
    /// Numbers whose entries are lost.
    pub lost: Spans,
    /// Size of the last checkpoint that is known of the old log.
    pub old_size: Option<u64>,
}

/// The names of the log that is there, or was last seen, and of the one that would follow it.
///
/// # Errors
/// The store's.
pub async fn names(conn: &mut Conn, last_seen: Option<&str>, configured: &str) -> Result<(String, String)> {
    let old = log::last_vkey(conn).await?.and_then(|vkey| VerifierKey::parse(&vkey).ok()).map(|k| k.name().to_owned());
    let old = old.or_else(|| last_seen.and_then(checkpoint).map(|checkpoint| checkpoint.origin));
    let old = old.unwrap_or_else(|| configured.to_owned());
    let before = old_logs::origins(conn).await?;
    let first = before.first().unwrap_or(&old);
    let new = format!("{first}/{}", before.len() + 2);
    Ok((old, new))
}

fn checkpoint(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse(&Note::parse(note).ok()?.text).ok()
}

/// Puts the old log aside and begins the new one, in one transaction.
///
/// # Errors
/// 422 for a reason that is too long or none; 503, also where an entry's commitment cannot be read.
pub async fn renew(store: &Store, renewal: Renewal, now: Timestamp, mut rng: StdRng) -> Result<Renewed> {
    let length = renewal.reason.chars().count();
    if !(1..=MOST_REASON).contains(&length) || renewal.reason.contains(char::is_control) {
        let public =
            format!("A reason of 1 to {MOST_REASON} printable characters is needed; it must not name anybody.");
        return Err(AppError::invalid("reason", "reason_invalid", public));
    }
    store.write(move |conn| Box::pin(async move { record(conn, &renewal, now, &mut rng).await })).await
}

async fn record(conn: &mut Conn, renewal: &Renewal, now: Timestamp, rng: &mut StdRng) -> Result<Renewed> {
    let last = last_known(conn, renewal).await?;
    let Renewal { old_origin, reason, last_seen, .. } = renewal;
    let (origin, reason, last_seen) = (old_origin.clone(), reason.clone(), last_seen.clone());
    old_logs::put_aside(conn, &Ending { origin, at: now, reason, last_seen }).await?;
    let mut growing = Growing::default();
    growing.all(conn).await?;
    let head = growing.end(conn).await?;
    old_logs::number_after(conn, head.size).await?;
    let note = begin(conn, renewal, head, now).await?;
    let old = last.as_deref().and_then(checkpoint);
    let what = json!({
        "origin": renewal.key.verifier().name(), "vkey": renewal.key.verifier().to_string(),
        "old_origin": renewal.old_origin, "old_size": old.as_ref().map(|old| old.head.size),
        "old_root": old.as_ref().map(|old| old.head.root.to_string()), "old_checkpoint": last,
        "reason": renewal.reason, "kept": head.size - growing.lost.count(), "lost": growing.lost.to_json(),
        "by": renewal.by.as_str(),
    });
    evidence::append(conn, vec![Draft::new(RENEWED, None, what, now, rng)]).await?;
    let (kept, old_size) = (head.size - growing.lost.count(), old.map(|old| old.head.size));
    Ok(Renewed { note, kept, lost: growing.lost, old_size })
}

/// The largest checkpoint of the old log that is at hand.
async fn last_known(conn: &mut Conn, renewal: &Renewal) -> Result<Option<String>> {
    let head = match log::head(conn).await {
        Err(error) if error.is_about_content() => None,
        head => head?,
    };
    let ours = |note: &String| checkpoint(note).is_some_and(|c| c.origin == renewal.old_origin);
    let notes = head.map(|head| head.note).into_iter().chain(renewal.last_seen.clone()).filter(ours);
    Ok(notes.max_by_key(|note| checkpoint(note).map(|c| c.head.size)))
}

/// The tree over the entries that are there.
#[derive(Default)]
struct Growing {
    edge: Edge,
    full: Vec<FullTile>,
    lost: Spans,
}

impl Growing {
    async fn all(&mut self, conn: &mut Conn) -> std::result::Result<(), StoreError> {
        loop {
            let page = log::commitments(conn, self.edge.size(), PAGE).await?;
            let Some((last, _)) = page.last().copied() else { return Ok(()) };
            for (number, commitment) in page {
                while self.edge.size() + 1 < number {
                    let hole = self.edge.size() + 1;
                    old_logs::fill(conn, hole, &blank_id(LOST_KIND, hole), LOST_KIND).await?;
                    self.lost.push(hole);
                    self.push(Commitment::from_bytes([0; 32]));
                }
                self.push(commitment);
            }
            debug_assert_eq!(self.edge.size(), last);
            self.write(conn).await?;
        }
    }

    fn push(&mut self, commitment: Commitment) {
        self.edge.push(commitment.leaf(), |tile| self.full.push(tile));
    }

    async fn write(&mut self, conn: &mut Conn) -> std::result::Result<(), StoreError> {
        let row = |t: FullTile| TileRow { level: t.level, index: t.index, hashes: tile::encode(&t.hashes) };
        log::put_tiles(conn, self.full.drain(..).map(row).collect()).await
    }

    async fn end(&mut self, conn: &mut Conn) -> std::result::Result<Head, StoreError> {
        let size = self.edge.size();
        let partial = (0_u8..).zip(self.edge.partial_tiles()).filter(|(_, hashes)| !hashes.is_empty());
        let row = |(level, hashes): (u8, &Vec<_>)| TileRow {
            level,
            index: size >> (tile::HEIGHT * (u32::from(level) + 1)),
            hashes: tile::encode(hashes),
        };
        log::put_tiles(conn, partial.map(row).collect()).await?;
        Ok(Head { size, root: self.edge.root() })
    }
}

async fn begin(conn: &mut Conn, renewal: &Renewal, head: Head, now: Timestamp) -> Result<String> {
    let key = renewal.key.verifier();
    let note = Checkpoint::new(key.name(), head).sign(&renewal.key).to_string();
    let first = LogKey { position: 0, vkey: key.to_string(), from_size: 0, rotation: None };
    Chain::read(std::slice::from_ref(&first)).map_err(AppError::from)?;
    log::add_key(conn, &first).await?;
    let row = LogHead {
        head,
        note: note.clone(),
        signed_at: now,
        published_size: head.size,
        published: note.clone(),
        published_at: now,
        witnessed: false,
    };
    log::create_head(conn, &row).await?;
    Ok(note)
}

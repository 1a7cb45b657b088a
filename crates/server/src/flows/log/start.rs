//! Begins the log at the first start, and looks at all of it that can be looked at quickly at every other.
//!
//! What this cannot see, `countersign evidence verify` does: it reads everything.

use super::read::edge_at;
use super::{Doubt, integrate};
use crate::app::App;
use crate::store::evidence::{self, Draft};
use crate::store::log::{self, LogHead, LogKey};
use crate::store::old_logs;
use crate::store::{Conn, StoreError};
use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Note, VerifierKey};
use countersign_evidence::rotation::{self, Rotation};
use countersign_evidence::tile::{self, Kind, TilePath};
use countersign_evidence::tree::Head;
use serde_json::json;
use std::time::Duration;

/// Nodes' clocks may differ by this much.
pub(super) const TOLERANCE: Duration = Duration::from_secs(10);

/// The key that signs the log of this database now; `None` where none was begun. Whether it followed from the first one is
/// looked at by [`start`].
///
/// # Errors
/// The store's, and a key that is none.
pub async fn last_key(conn: &mut Conn) -> Result<Option<VerifierKey>, Doubt> {
    let last = log::last_vkey(conn).await?.map(|vkey| VerifierKey::parse(&vkey));
    last.transpose().map_err(|error| Doubt::Rotation(error.to_string()))
}

/// Begins the log, or checks the one that is there.
///
/// `last_seen` is the checkpoint that this machine kept beside the database.
///
/// # Errors
/// `Doubt`: then nothing may be signed.
pub async fn start(app: &App, last_seen: Option<&str>) -> Result<(), Doubt> {
    let mut conn = app.store.read().await?;
    let (head, keys) = (log::head(&mut conn).await?, log::keys(&mut conn).await?);
    drop(conn);
    match (head, keys.is_empty()) {
        (None, true) => begin(app, last_seen).await,
        (None, false) => Err(Doubt::Incomplete { there: "keys", absent: "head" }),
        (Some(_), true) => Err(Doubt::Incomplete { there: "a head", absent: "keys" }),
        (Some(head), false) => check(app, &head, &keys, last_seen).await,
    }
}

/// The first start: the key is written down, an entry says so, and a checkpoint of nothing is signed. What was in the
/// evidence table before there was a log comes into it like everything else.
async fn begin(app: &App, last_seen: Option<&str>) -> Result<(), Doubt> {
    if let Some((_, head)) = last_seen.and_then(seen) {
        return Err(Doubt::Older { seen: head.size, found: 0 });
    }
    let (now, key) = (app.clock.now(), app.log.key());
    let vkey = key.verifier().to_string();
    let head = Head { size: 0, root: Hash::EMPTY_ROOT };
    let note = Checkpoint::new(key.verifier().name(), head).sign(&key).to_string();
    let what = json!({ "vkey": vkey, "origin": key.verifier().name() });
    let entry = Draft::new("log.began", None, what, now, &mut app.rng());
    let row = LogHead {
        head,
        note: note.clone(),
        signed_at: now,
        published_size: 0,
        published: note,
        published_at: now,
        witnessed: false,
    };
    let began: Result<bool, StoreError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let first = LogKey { position: 0, vkey, from_size: 0, rotation: None };
                let ours = log::add_key(conn, &first).await? && log::create_head(conn, &row).await?;
                if ours {
                    evidence::append(conn, vec![entry]).await?;
                }
                Ok(ours)
            })
        })
        .await;
    if began? {
        return Ok(());
    }
    // Another node was first: its log is the log, if its key is ours.
    let mut conn = app.store.read().await?;
    let (head, keys) = (log::head(&mut conn).await?, log::keys(&mut conn).await?);
    drop(conn);
    let head = head.ok_or(Doubt::Incomplete { there: "keys", absent: "head" })?;
    check(app, &head, &keys, last_seen).await
}

async fn check(app: &App, head: &LogHead, keys: &[LogKey], last_seen: Option<&str>) -> Result<(), Doubt> {
    let chain = Chain::read(keys)?;
    let ours = app.log.key().verifier().clone();
    if *chain.last() != ours {
        return Err(app.log.another_key(chain.last()));
    }
    chain.signed(&head.note, &head.head)?;
    check_published(head, &chain)?;
    check_clock(head.signed_at.since(app.clock.system_now()))?;
    let mut conn = app.store.read().await?;
    let edge = edge_at(&mut conn, &head.head).await?;
    let found = log::highest(&mut conn).await?;
    if found < head.head.size {
        return Err(Doubt::Shrunk { size: head.head.size, found });
    }
    last_entries(&mut conn, &head.head).await?;
    if let Some(text) = last_seen {
        compare(&mut conn, &head.head, text, &chain).await?;
    }
    app.log.set_edge(edge).await;
    Ok(())
}

/// The log's keys, each handed over by the one before it.
#[derive(Debug, Clone)]
pub struct Chain {
    first: VerifierKey,
    rotations: Vec<Rotation>,
}

impl Chain {
    /// Reads the keys of the database and follows them.
    ///
    /// # Errors
    /// `Doubt::Rotation`.
    pub fn read(keys: &[LogKey]) -> Result<Self, Doubt> {
        Self::follow(keys).map_err(Doubt::Rotation)
    }

    fn follow(keys: &[LogKey]) -> Result<Self, String> {
        let (first, later) = keys.split_first().ok_or("there is none")?;
        if first.position != 0 || first.from_size != 0 || first.rotation.is_some() {
            return Err("the first key is not the first".to_owned());
        }
        let first = VerifierKey::parse(&first.vkey).map_err(|error| error.to_string())?;
        let mut rotations = Vec::new();
        for (row, position) in later.iter().zip(1..) {
            let rotation = Rotation::parse(row.rotation.as_deref().unwrap_or_default()).map_err(|e| e.to_string())?;
            let fits = rotation.new_key().to_string() == row.vkey && rotation.size() == row.from_size;
            if row.position != position || !fits {
                return Err(format!("key {position} is not the one that was handed over to"));
            }
            rotations.push(rotation);
        }
        rotation::keys_after(&first, &rotations).map_err(|error| error.to_string())?;
        Ok(Self { first, rotations })
    }

    /// The key that signs now.
    pub fn last(&self) -> &VerifierKey {
        self.rotations.last().map_or(&self.first, Rotation::new_key)
    }

    /// The key that the log was begun with.
    pub const fn first(&self) -> &VerifierKey {
        &self.first
    }

    /// Every key, the first one first.
    pub fn keys(&self) -> Vec<VerifierKey> {
        let later = self.rotations.iter().map(|rotation| rotation.new_key().clone());
        std::iter::once(self.first.clone()).chain(later).collect()
    }

    /// Every hand-over.
    pub fn rotations(&self) -> &[Rotation] {
        &self.rotations
    }

    /// The note is a checkpoint of this log over `head`, signed by the key whose turn it was.
    ///
    /// # Errors
    /// `Doubt::Checkpoint`, `Doubt::Head`.
    pub fn signed(&self, text: &str, head: &Head) -> Result<(), Doubt> {
        let bad = |what: String| Doubt::Checkpoint(what);
        let note = Note::parse(text).map_err(|error| bad(error.to_string()))?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(|error| bad(error.to_string()))?;
        if checkpoint != Checkpoint::new(self.first.name(), *head) {
            return Err(Doubt::Head);
        }
        let turn = rotation::keys_at(&self.first, &self.rotations, head.size).map_err(|e| bad(e.to_string()))?;
        note.verify(&turn).map(|_| ()).map_err(|error| bad(error.to_string()))
    }
}

fn check_published(head: &LogHead, chain: &Chain) -> Result<(), Doubt> {
    let checkpoint = Note::parse(&head.published).ok().and_then(|note| Checkpoint::parse(&note.text).ok());
    let checkpoint = checkpoint.ok_or_else(|| Doubt::Checkpoint("the published one is none".to_owned()))?;
    if checkpoint.head.size != head.published_size || head.published_size > head.head.size {
        return Err(Doubt::Head);
    }
    chain.signed(&head.published, &checkpoint.head)
}

fn check_clock(behind: Duration) -> Result<(), Doubt> {
    if behind > TOLERANCE { Err(Doubt::Clock { behind_secs: behind.as_secs() }) } else { Ok(()) }
}

/// The entries under the last tile are those that were signed.
async fn last_entries(conn: &mut Conn, head: &Head) -> Result<(), Doubt> {
    let Some(last) = head.size.checked_sub(1) else { return Ok(()) };
    let (index, width) = (last / 256, last % 256 + 1);
    let kind = Kind::Hashes(0);
    let path = TilePath { kind, index, width: u16::try_from(width).unwrap_or(256) };
    let bytes = log::tile(conn, 0, index).await?.unwrap_or_default();
    let leaves = tile::decode(&bytes).filter(|leaves| leaves.len() as u64 == width);
    let leaves = leaves.ok_or_else(|| Doubt::Tiles(format!("{path} has another width")))?;
    let rows = log::commitments(conn, index * 256, i64::from(path.width)).await?;
    for (expected, leaf) in (index * 256 + 1..).zip(&leaves) {
        match rows.get((expected - index * 256 - 1) as usize) {
            Some((number, commitment)) if *number == expected && commitment.leaf() == *leaf => {}
            Some((number, _)) if *number == expected => return Err(Doubt::Entry(expected)),
            _ => return Err(Doubt::Gap(expected)),
        }
    }
    Ok(())
}

/// What was kept beside the database: a checkpoint's signature is not looked at here, only what it says.
fn seen(text: &str) -> Option<(String, Head)> {
    let checkpoint = Checkpoint::parse(&Note::parse(text).ok()?.text).ok()?;
    Some((checkpoint.origin, checkpoint.head))
}

/// What this machine saw last is the beginning of what is there.
async fn compare(conn: &mut Conn, head: &Head, text: &str, chain: &Chain) -> Result<(), Doubt> {
    let damaged = |what: &str| Doubt::LastSeen { path: crate::last_seen::FILE_NAME.to_owned(), what: what.to_owned() };
    let (origin, kept) = seen(text).ok_or_else(|| damaged("it holds no checkpoint"))?;
    if old_logs::origins(conn).await?.contains(&origin) {
        // A new log was begun, and the first checkpoint of it is not written there yet.
        return Ok(());
    }
    if chain.signed(text, &kept).is_err() {
        return Err(damaged("it holds a checkpoint of another log or by another key"));
    }
    if kept.size > head.size {
        return Err(Doubt::Older { seen: kept.size, found: head.size });
    }
    let same = integrate::holds(conn, head, &kept).await?;
    if same { Ok(()) } else { Err(Doubt::Forked { who: "this machine".to_owned(), size: kept.size }) }
}

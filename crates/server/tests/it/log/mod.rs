//! The evidence log: grown, signed, served, proven; re-checked, erased from, handed on; on both databases, with several nodes,
//! over kills.

mod audit;
mod browse;
pub mod dir;
mod doubts;
mod erase;
mod export;
mod files;
mod growth;
mod kill;
mod new_log;
mod nodes;
mod rotation;
mod scene;
mod tamper;

use crate::support::db::Db;
use crate::support::house::{House, log};
use countersign::app::App;
use countersign::flows::log::integrate::integrate;
use countersign::flows::log::{read, start};
use countersign::store::StoreError;
use countersign::store::evidence::{self, Draft};
use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::Note;
use countersign_evidence::tile::Edge;
use countersign_evidence::tree::Head;
use serde_json::json;

/// A house whose log was begun.
async fn begun(db: Db) -> House {
    let house = House::new(db).await;
    start::start(&house.app, None).await.unwrap();
    house
}

/// Appends `count` entries in one transaction.
pub async fn append(app: &App, count: usize) {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let drafts = (0..count).map(|n| Draft::new("test.entry", None, json!({ "n": n }), now, &mut rng)).collect();
    let done: Result<(), StoreError> =
        app.store.write(move |conn| Box::pin(async move { evidence::append(conn, drafts).await })).await;
    done.unwrap();
}

/// Integrates all that there is; how many entries the log has.
pub async fn grow(app: &App) -> u64 {
    loop {
        let done = integrate(app).await.unwrap();
        if !done.more {
            return done.size;
        }
    }
}

/// The published checkpoint, its signature checked.
async fn checkpoint(app: &App) -> Head {
    signed(&read::published(app).await.unwrap().note)
}

/// What a checkpoint says, its signature checked with the key that every test's log has.
fn signed(note: &Note) -> Head {
    note.verify(&[log().key().verifier().clone()]).unwrap();
    let checkpoint = Checkpoint::parse(&note.text).unwrap();
    assert_eq!(checkpoint.origin, "login.example.org/evidence");
    checkpoint.head
}

/// The root over entries, computed from nothing but them.
fn root_of<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut edge = Edge::new();
    entries.into_iter().for_each(|entry| edge.push(Hash::leaf(entry), |_| {}));
    edge.root()
}

/// What a checkpoint says, its signature checked with the keys that the database names.
fn signed_by_chain(keys: &[countersign::store::log::LogKey], text: &str) -> Head {
    let note = Note::parse(text).unwrap();
    let head = Checkpoint::parse(&note.text).unwrap().head;
    start::Chain::read(keys).unwrap().signed(text, &head).unwrap();
    head
}

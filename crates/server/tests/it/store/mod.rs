//! Every method of the store, each body on SQLite and on PostgreSQL.
//!
//! Never: goes through a flow; what a flow makes of these methods is tested in recovery/.
//! In: a database for each test.   Out: rows that come back as they were put, and conditions that hold once.
//! I/O for this room: the databases.   Tests: these.

mod accounts;
mod commits;
mod gate;
mod keys;
mod messages;
mod opening;
mod passkeys;
mod profile;
mod races;
mod register;
mod requests;
mod tickets;
mod traffic;

use crate::support::db::Db;
use crate::support::people::{self, Person};
use countersign::store::Conn;
use countersign_core::ids::AccountId;
use countersign_core::secret::{Digest, Key};
use countersign_core::time::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1_768_400_000);

fn later(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

fn earlier(secs: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(secs))
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(5)
}

/// Some hash, another one for each name.
fn digest(name: &str) -> Digest {
    Key::new([1; 32]).mac(&[name.as_bytes()])
}

/// An open database with a schema, and a connection to it.
async fn ready(db: &Db) -> Conn {
    db.open().await;
    db.conn().await
}

async fn add(conn: &mut Conn, person: &Person) -> AccountId {
    // Each account has dice of its own, so that ids differ.
    let mut dice = StdRng::seed_from_u64(digest(person.user).short());
    people::insert(conn, person, NOW, &mut dice).await
}

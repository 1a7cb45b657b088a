//! The server does not start on a log that it has reason to doubt, and says what to do.

use super::scene::Scene;
use crate::support::db::{Db, on_both};
use crate::support::house::START;
use countersign::flows::log::{read, start};
use countersign::store::db::sql;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::rotation::Rotation;
use countersign_evidence::tree::Head;

on_both! {
    every_doubt_says_what_it_is_about_and_what_to_do
    a_clock_that_went_back_is_a_doubt
    what_this_machine_saw_last_is_held_against_the_database
    a_log_that_is_as_it_was_left_starts
}

async fn scene(db: Db) -> Scene {
    let scene = Scene::new(db).await;
    scene.write(299).await;
    scene.grow().await;
    scene
}

/// Why a node that is started now does not.
async fn refused(scene: &Scene, last_seen: Option<&str>) -> String {
    let app = scene.house.another().await;
    start::start(&app, last_seen).await.unwrap_err().to_string()
}

/// Changes the log, starts a node, and changes the log back.
async fn refused_after(scene: &Scene, change: &str, back: &str) -> String {
    let mut conn = scene.house.db.conn().await;
    let run = async |text: &str, conn: &mut _| {
        for statement in text.split(';') {
            sql(statement.to_owned()).execute(conn).await.unwrap();
        }
    };
    run(change, &mut conn).await;
    let why = refused(scene, None).await;
    run(back, &mut conn).await;
    why
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("login.example.org/evidence", Algorithm::Ed25519, &[seed; 32]).unwrap()
}

async fn every_doubt_says_what_it_is_about_and_what_to_do(db: Db) {
    let scene = scene(db).await;
    let newest = read::newest(&scene.house.app).await.unwrap();
    let mut conn = scene.house.db.conn().await;
    for (copy, table) in [("k", "log_keys"), ("h", "log_head"), ("t", "log_tiles"), ("e", "evidence")] {
        sql(format!("CREATE TABLE {copy} AS SELECT * FROM {table}")).execute(&mut conn).await.unwrap();
    }
    let n = if scene.on_postgres() { "num" } else { "seq" };
    let (other, rotation) = (key(9).verifier().to_string(), Rotation::sign(300, &key(9), &key(8)).unwrap());
    let foreign = Checkpoint::new("login.example.org/evidence", newest.head).sign(&key(9));
    let keys = "DELETE FROM log_keys; INSERT INTO log_keys SELECT * FROM k";
    let head = "DELETE FROM log_head; INSERT INTO log_head SELECT * FROM h";
    let tiles = "DELETE FROM log_tiles; INSERT INTO log_tiles SELECT * FROM t";
    let entries = "DELETE FROM evidence; INSERT INTO evidence SELECT * FROM e";
    let shorter = "UPDATE log_tiles SET hashes = substr(hashes, 1, 64) WHERE level = 0 AND idx = 1".to_owned();
    let unfollowed = format!(
        "INSERT INTO log_keys (position, vkey, from_size, rotation) VALUES (1, '{}', 300, '{rotation}')",
        key(8).verifier(),
    );
    let cases = [
        ("no head", "DELETE FROM log_head".to_owned(), head),
        ("no keys", "DELETE FROM log_keys".to_owned(), keys),
        ("another key", format!("UPDATE log_keys SET vkey = '{other}'"), keys),
        ("keys that do not follow", unfollowed, keys),
        ("a note that is none", "UPDATE log_head SET note = 'x'".to_owned(), head),
        ("a note by another key", format!("UPDATE log_head SET note = '{foreign}'"), head),
        ("a head that says another size", "UPDATE log_head SET size = 299".to_owned(), head),
        ("a served note that is none", "UPDATE log_head SET published = 'x'".to_owned(), head),
        ("served more than signed", "UPDATE log_head SET published_size = 301".to_owned(), head),
        ("no tiles", "DELETE FROM log_tiles".to_owned(), tiles),
        ("a tile that is too short", shorter, tiles),
        ("the last entries gone", format!("DELETE FROM evidence WHERE {n} > 290"), entries),
        ("one of the last entries gone", format!("DELETE FROM evidence WHERE {n} = 290"), entries),
        (
            "one of the last entries changed",
            format!("UPDATE evidence SET commitment = (SELECT commitment FROM e WHERE {n} = 1) WHERE {n} = 290"),
            entries,
        ),
    ];
    let mut told = String::new();
    for (name, change, back) in cases {
        let why = refused_after(&scene, &change, back).await;
        told.push_str(&format!("{name}: {why}\n"));
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(told, @r"
        no head: the evidence log has keys but no head; restore the database from a backup that is whole
        no keys: the evidence log has a head but no keys; restore the database from a backup that is whole
        another key: the evidence log is signed by login.example.org/evidence+e6f78bf5+Af0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY, but the key file holds login.example.org/evidence+a20396a8+AYqHX/8es4RRV3rNWv7kBUVlaN18ieCQhjoFV7x69J8X: put the right key back. Keys are changed by `countersign evidence rotate-key`, which writes down that the old key handed over; if that key is lost for good, start a new log with `countersign evidence new-log`
        keys that do not follow: the log's keys do not follow from one another (no key rotation leads to or from the key login.example.org/evidence+a20396a8+AYqHX/8es4RRV3rNWv7kBUVlaN18ieCQhjoFV7x69J8X); restore the database from a backup
        a note that is none: the newest checkpoint in the database is not one of ours (this is not a signed note); restore the database from a backup
        a note by another key: the newest checkpoint in the database is not one of ours (no key that is trusted here signed this); restore the database from a backup
        a head that says another size: the log's head is not what its checkpoint says; restore the database from a backup
        a served note that is none: the newest checkpoint in the database is not one of ours (the published one is none); restore the database from a backup
        served more than signed: the log's head is not what its checkpoint says; restore the database from a backup
        no tiles: the log's tiles do not give the root that was signed (tile/0/001.p/44 is missing); restore the database from a backup
        a tile that is too short: the log's tiles do not give the root that was signed (tile/0/001.p/44 is too short); restore the database from a backup
        the last entries gone: 300 entries were signed, but only 290 are there; restore the database from a backup
        one of the last entries gone: entry 290 of the evidence is missing; restore the database from a backup
        one of the last entries changed: entry 290 of the evidence is not the one that was signed; restore the database from a backup
        ");
    }
    let app = scene.house.another().await;
    start::start(&app, None).await.unwrap();
}

async fn a_clock_that_went_back_is_a_doubt(db: Db) {
    let scene = scene(db).await;
    let at = |secs_before: i64| Timestamp::from_micros(START.micros() - secs_before * 1_000_000);
    let app = scene.house.restarted(at(60)).await.app;
    let why = start::start(&app, None).await.unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(why, @"the clock is 60 s behind the newest checkpoint: set it right; if it was wrong when that was signed, wait, or start a new log with `countersign evidence new-log`");
    }
    let app = scene.house.restarted(at(9)).await.app;
    start::start(&app, None).await.unwrap();
}

async fn what_this_machine_saw_last_is_held_against_the_database(db: Db) {
    let scene = scene(db).await;
    let newest = read::newest(&scene.house.app).await.unwrap();
    let signed = |origin: &str, size, root, seed| {
        let named = SigningKey::from_seed(origin, Algorithm::Ed25519, &[seed; 32]).unwrap();
        Checkpoint::new(origin, Head { size, root }).sign(&named).to_string()
    };
    let log = "login.example.org/evidence";
    let cases = [
        ("more than there is", signed(log, 301, Hash::of(b""), 6)),
        ("another log of this size", signed(log, 300, Hash::of(b""), 6)),
        ("another log before", signed(log, 7, Hash::of(b""), 6)),
        ("another key", signed(log, 300, newest.head.root, 9)),
        ("another name", signed("other.example.org", 300, newest.head.root, 6)),
        ("no checkpoint", "x".to_owned()),
    ];
    let mut told = String::new();
    for (name, last_seen) in &cases {
        told.push_str(&format!("{name}: {}\n", refused(&scene, Some(last_seen)).await));
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(told, @r"
        more than there is: this machine saw 301 entries in the log, the database has 300: it was put back to an older state. Restore the newest backup; if what was written since is lost for good, start a new log with `countersign evidence new-log`, which says so in public
        another log of this size: this machine saw a checkpoint of 300 entries that is not the beginning of this log: the database is another one than before. Restore the right one, or start a new log with `countersign evidence new-log`, which says so in public
        another log before: this machine saw a checkpoint of 7 entries that is not the beginning of this log: the database is another one than before. Restore the right one, or start a new log with `countersign evidence new-log`, which says so in public
        another key: evidence.checkpoint: it holds a checkpoint of another log or by another key; it says what this machine last saw of the log. If it is damaged, look why, then remove it
        another name: evidence.checkpoint: it holds a checkpoint of another log or by another key; it says what this machine last saw of the log. If it is damaged, look why, then remove it
        no checkpoint: evidence.checkpoint: it holds no checkpoint; it says what this machine last saw of the log. If it is damaged, look why, then remove it
        ");
    }
}

async fn a_log_that_is_as_it_was_left_starts(db: Db) {
    let scene = scene(db).await;
    let before = read::newest(&scene.house.app).await.unwrap().note.to_string();
    scene.write(10).await;
    let app = scene.house.another().await;
    start::start(&app, Some(&before)).await.unwrap();
    scene.grow().await;
    start::start(&app, Some(&before)).await.unwrap();
}

/// A database that is not there although this machine has seen a log is not begun anew.
#[tokio::test]
async fn an_empty_database_beside_a_checkpoint_is_a_doubt() {
    let scene = scene(Db::sqlite()).await;
    let newest = read::newest(&scene.house.app).await.unwrap().note.to_string();
    let house = crate::support::house::House::new(Db::sqlite()).await;
    let why = start::start(&house.app, Some(&newest)).await.unwrap_err();
    insta::assert_snapshot!(why, @"this machine saw 300 entries in the log, the database has 0: it was put back to an older state. Restore the newest backup; if what was written since is lost for good, start a new log with `countersign evidence new-log`, which says so in public");
}

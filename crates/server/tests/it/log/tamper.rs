//! One change anywhere in the log's tables is found, and where it is said to be is where it was made.

use super::scene::Scene;
use crate::support::db::{Db, on_both};
use crate::support::people;
use countersign::flows::log::audit::{Ask, audit};
use countersign::flows::log::erase::{Erase, erase};
use countersign::flows::log::own::By;
use countersign::flows::log::rotate;
use countersign::store::Conn;
use countersign::store::db::{Arg, Row, sql};
use countersign_evidence::Commitment;
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;
use countersign_evidence::tile::{self, Edge};
use std::fmt::Write as _;

on_both! {
    every_column_of_every_entry_counts
    every_column_of_tiles_head_keys_and_stamps_counts
    rows_cannot_be_swapped_taken_away_or_added
    a_log_that_is_rewritten_whole_lacks_the_signature
}

/// Two whole tiles and a partial one; entries of every kind, an erasure, a stamp, a rotation.
async fn scene(db: Db) -> Scene {
    let scene = Scene::new(db).await;
    let tomo = scene.house.add(&people::TOMO).await;
    scene.write(540).await;
    scene.write_about(&tomo, 3).await;
    scene.grow().await;
    let ask = Erase { account: tomo, reason: "request".into(), by: By::CommandLine };
    assert_eq!(erase(&scene.house.app, &ask, |_| {}).await.unwrap().entries, 3);
    scene.grow().await;
    scene.stamp().await;
    let next = SigningKey::from_seed("login.example.org/evidence", Algorithm::Ed25519, &[8; 32]).unwrap();
    rotate::rotate(&scene.house.app, next, By::CommandLine).await.unwrap();
    scene.write(3).await;
    scene.grow().await;
    assert_eq!(scene.findings().await, [""; 0]);
    scene
}

/// A change that is taken back after a look at what is found.
struct Change<'s> {
    scene: &'s Scene,
    conn: Conn,
}

impl<'s> Change<'s> {
    async fn begin(scene: &'s Scene) -> Self {
        let mut conn = scene.house.db.conn().await;
        sql("BEGIN").execute(&mut conn).await.unwrap();
        Self { scene, conn }
    }

    async fn run(&mut self, text: &str, args: Vec<Arg>) {
        let changed = sql(text.to_owned()).bind_all(args).execute(&mut self.conn).await.unwrap();
        assert!(changed > 0, "{text} changed nothing");
    }

    async fn findings(mut self) -> Vec<String> {
        let (policy, now) = (Policy::none(), self.scene.house.clock.now());
        let report = audit(&mut self.conn, &Ask { kept: &[], policy: &policy, now }, |_, _| {}).await.unwrap();
        sql("ROLLBACK").execute(&mut self.conn).await.unwrap();
        assert_eq!(report.is_sound(), report.findings.kept().is_empty());
        report.findings.kept().iter().map(ToString::to_string).collect()
    }
}

/// A column of a row, and its value with one bit changed.
struct Flip {
    table: &'static str,
    /// How the row is found.
    key: String,
    column: &'static str,
    changed: Arg,
}

impl Flip {
    async fn found(&self, scene: &Scene) -> Vec<String> {
        let mut change = Change::begin(scene).await;
        let text = format!("UPDATE {} SET {} = $1 WHERE {}", self.table, self.column, self.key);
        change.run(&text, vec![self.changed.clone()]).await;
        change.findings().await
    }
}

#[derive(Clone, Copy)]
enum Is {
    /// An integer, of which this bit is changed.
    Int(u32),
    Text,
    Bytes,
    /// A text that was NULL.
    NoText,
}

/// Every flip of a column: of texts and bytes at the beginning, in the middle and at the end.
fn flips(row: &Row, at: usize, is: Is) -> Vec<Arg> {
    let places = |length: usize| [0, length / 2, length - 1];
    match is {
        Is::Int(bit) => vec![(row.int(at).unwrap() ^ 1 << bit).into()],
        Is::NoText => vec!["x".into()],
        Is::Text => {
            let text = row.text(at).unwrap().into_bytes();
            let ascii = |place: &usize| text[*place].is_ascii();
            let places = places(text.len()).into_iter().filter(ascii);
            let flip = |place: usize| {
                let mut text = text.clone();
                text[place] ^= 2;
                String::from_utf8(text).unwrap().into()
            };
            places.map(flip).collect()
        }
        Is::Bytes => {
            let bytes = row.bytes(at).unwrap();
            let flip = |place: usize| {
                let mut bytes = bytes.clone();
                bytes[place] ^= 0x10;
                bytes.into()
            };
            places(bytes.len()).into_iter().map(flip).collect()
        }
    }
}

async fn all_flips(scene: &Scene, table: &'static str, key: &str, columns: &[(&'static str, Is)]) -> Vec<Flip> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let text = format!("SELECT {} FROM {table} WHERE {key}", names.join(", "));
    let row = sql(text).fetch_one(&mut scene.house.db.conn().await).await.unwrap();
    let of = |(at, (column, is)): (usize, &(&'static str, Is))| {
        let flip = |changed| Flip { table, key: key.to_owned(), column, changed };
        flips(&row, at, *is).into_iter().map(flip).collect::<Vec<_>>()
    };
    columns.iter().enumerate().flat_map(of).collect()
}

/// What is found first of each, and how much there is.
async fn told(scene: &Scene, flips: Vec<Flip>) -> String {
    let mut told = String::new();
    for flip in flips {
        let found = flip.found(scene).await;
        let first = found.first().unwrap_or_else(|| panic!("{}.{} where {}", flip.table, flip.column, flip.key));
        let line = format!("{}.{} where {}: {first}", flip.table, flip.column, flip.key);
        let line = if found.len() > 1 { format!("{line} [+{}]", found.len() - 1) } else { line };
        if !told.contains(&line) {
            writeln!(told, "{line}").unwrap();
        }
    }
    told.replace("seq", "num")
}

const fn number(scene: &Scene) -> &'static str {
    if scene.on_postgres() { "num" } else { "seq" }
}

async fn every_column_of_every_entry_counts(db: Db) {
    let scene = scene(db).await;
    let n = number(&scene);
    let open = [
        (n, Is::Int(40)),
        ("id", Is::Text),
        ("at", Is::Int(0)),
        ("kind", Is::Text),
        ("payload", Is::Bytes),
        ("salt", Is::Bytes),
        ("commitment", Is::Bytes),
    ];
    let blank = [
        (n, Is::Int(40)),
        ("id", Is::Text),
        ("at", Is::Int(0)),
        ("kind", Is::Text),
        ("subject", Is::NoText),
        ("commitment", Is::Bytes),
    ];
    let mut all = Vec::new();
    for (kind, subject) in [
        ("log.began", Is::NoText),
        ("test.named", Is::Text),
        ("test.hashed", Is::Text),
        ("test.nobody", Is::NoText),
        ("evidence.erased", Is::NoText),
        ("log.time_stamped", Is::NoText),
        ("log.key_rotated", Is::NoText),
    ] {
        let key = format!("{n} = (SELECT min({n}) FROM evidence WHERE kind = '{kind}')");
        let key = format!("{n} = {}", scene.int(&format!("SELECT {n} FROM evidence WHERE {key}")).await);
        all.extend(all_flips(&scene, "evidence", &key, &open).await);
        all.extend(all_flips(&scene, "evidence", &key, &[("subject", subject)]).await);
    }
    let erased = scene.int(&format!("SELECT min({n}) FROM evidence WHERE kind = 'erased'")).await;
    all.extend(all_flips(&scene, "evidence", &format!("{n} = {erased}"), &blank).await);
    for column in ["payload", "salt"] {
        let (table, key, changed) = ("evidence", format!("{n} = {erased}"), b"x".as_slice().into());
        all.push(Flip { table, key, column, changed });
        let changed = Arg::Bytes(None);
        all.push(Flip { table, key: format!("{n} = 2"), column, changed });
    }
    let told = told(&scene, all).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(told, @r"
    evidence.num where num = 1: evidence, entry 1099511627777: it does not follow the entry before it: its number was changed, or those between are missing [+2]
    evidence.id where num = 1: evidence, entry 1, column id: it is not what the content says
    evidence.at where num = 1: evidence, entry 1, column at: it is not what the content says
    evidence.kind where num = 1: evidence, entry 1, column kind: it is not what the content says
    evidence.payload where num = 1: evidence, entry 1: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.salt where num = 1: evidence, entry 1: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.commitment where num = 1: evidence, entry 1: payload, salt and commitment do not fit: one of the three was changed [+2]
    evidence.subject where num = 1: evidence, entry 1, column subject: it is not what the content says
    evidence.num where num = 2: evidence, entry 1099511627778: it does not follow the entry before it: its number was changed, or those between are missing [+1]
    evidence.id where num = 2: evidence, entry 2, column id: it is not what the content says
    evidence.at where num = 2: evidence, entry 2, column at: it is not what the content says
    evidence.kind where num = 2: evidence, entry 2, column kind: it is not what the content says
    evidence.payload where num = 2: evidence, entry 2: payload, salt and commitment do not fit: one of the three was changed
    evidence.salt where num = 2: evidence, entry 2: payload, salt and commitment do not fit: one of the three was changed
    evidence.commitment where num = 2: evidence, entry 2: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.subject where num = 2: evidence, entry 2, column subject: it is not what the content says
    evidence.num where num = 3: evidence, entry 1099511627779: it does not follow the entry before it: its number was changed, or those between are missing [+1]
    evidence.id where num = 3: evidence, entry 3, column id: it is not what the content says
    evidence.at where num = 3: evidence, entry 3, column at: it is not what the content says
    evidence.kind where num = 3: evidence, entry 3, column kind: it is not what the content says
    evidence.payload where num = 3: evidence, entry 3: payload, salt and commitment do not fit: one of the three was changed
    evidence.salt where num = 3: evidence, entry 3: payload, salt and commitment do not fit: one of the three was changed
    evidence.commitment where num = 3: evidence, entry 3: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.subject where num = 3: evidence, entry 3, column subject: it is not what the content says
    evidence.num where num = 4: evidence, entry 1099511627780: it does not follow the entry before it: its number was changed, or those between are missing [+1]
    evidence.id where num = 4: evidence, entry 4, column id: it is not what the content says
    evidence.at where num = 4: evidence, entry 4, column at: it is not what the content says
    evidence.kind where num = 4: evidence, entry 4, column kind: it is not what the content says
    evidence.payload where num = 4: evidence, entry 4: payload, salt and commitment do not fit: one of the three was changed
    evidence.salt where num = 4: evidence, entry 4: payload, salt and commitment do not fit: one of the three was changed
    evidence.commitment where num = 4: evidence, entry 4: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.subject where num = 4: evidence, entry 4, column subject: it is not what the content says
    evidence.num where num = 545: evidence, entry 1099511628321: it does not follow the entry before it: its number was changed, or those between are missing [+1]
    evidence.id where num = 545: evidence, entry 545, column id: it is not what the content says
    evidence.at where num = 545: evidence, entry 545, column at: it is not what the content says
    evidence.kind where num = 545: evidence, entry 545, column kind: it is not what the content says
    evidence.payload where num = 545: evidence, entry 545: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.salt where num = 545: evidence, entry 545: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.commitment where num = 545: evidence, entry 545: payload, salt and commitment do not fit: one of the three was changed [+2]
    evidence.subject where num = 545: evidence, entry 545, column subject: it is not what the content says
    evidence.num where num = 546: evidence, entry 1099511628322: it does not follow the entry before it: its number was changed, or those between are missing [+1]
    evidence.id where num = 546: evidence, entry 546, column id: it is not what the content says
    evidence.at where num = 546: evidence, entry 546, column at: it is not what the content says
    evidence.kind where num = 546: evidence, entry 546, column kind: it is not what the content says
    evidence.payload where num = 546: evidence, entry 546: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.salt where num = 546: evidence, entry 546: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.commitment where num = 546: evidence, entry 546: payload, salt and commitment do not fit: one of the three was changed [+2]
    evidence.subject where num = 546: evidence, entry 546, column subject: it is not what the content says
    evidence.num where num = 547: evidence, entry 1099511628323: it does not follow the entry before it: its number was changed, or those between are missing [+1]
    evidence.id where num = 547: evidence, entry 547, column id: it is not what the content says
    evidence.at where num = 547: evidence, entry 547, column at: it is not what the content says
    evidence.kind where num = 547: evidence, entry 547, column kind: it is not what the content says
    evidence.payload where num = 547: evidence, entry 547: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.salt where num = 547: evidence, entry 547: payload, salt and commitment do not fit: one of the three was changed [+1]
    evidence.commitment where num = 547: evidence, entry 547: payload, salt and commitment do not fit: one of the three was changed [+2]
    evidence.subject where num = 547: evidence, entry 547, column subject: it is not what the content says
    evidence.num where num = 542: evidence, entry 1099511628318, column id: it is not what the row of an erased entry has [+4]
    evidence.id where num = 542: evidence, entry 542, column id: it is not what the row of an erased entry has
    evidence.at where num = 542: evidence, entry 542, column at: it is not what the row of an erased entry has
    evidence.kind where num = 542: evidence, entry 542, column payload: the content is gone, and the row does not say that it was erased [+1]
    evidence.subject where num = 542: evidence, entry 542, column subject: it is not what the row of an erased entry has
    evidence.commitment where num = 542: evidence, entry 542, column commitment: it is not the one that was signed
    evidence.payload where num = 542: evidence, entry 542, column salt: it is gone, and the payload is there [+1]
    evidence.payload where num = 2: evidence, entry 2, column payload: it is gone, and the salt is there
    evidence.salt where num = 542: evidence, entry 542, column payload: it is gone, and the salt is there [+1]
    evidence.salt where num = 2: evidence, entry 2, column salt: it is gone, and the payload is there
    ");
    }
}

async fn every_column_of_tiles_head_keys_and_stamps_counts(db: Db) {
    let scene = scene(db).await;
    let mut all = Vec::new();
    let tile = [("level", Is::Int(1)), ("idx", Is::Int(7)), ("hashes", Is::Bytes)];
    for key in ["level = 0 AND idx = 0", "level = 0 AND idx = 2", "level = 1 AND idx = 0"] {
        all.extend(all_flips(&scene, "log_tiles", key, &tile).await);
    }
    // Nothing signs the two times: a change is found that makes them implausible.
    let head = [
        ("one", Is::Int(0)),
        ("size", Is::Int(0)),
        ("root", Is::Bytes),
        ("note", Is::Text),
        ("signed_at", Is::Int(40)),
        ("published_size", Is::Int(0)),
        ("published", Is::Text),
        ("published_at", Is::Int(40)),
        ("witnessed", Is::Int(0)),
    ];
    all.extend(all_flips(&scene, "log_head", "one = 1", &head).await);
    let key = [("position", Is::Int(3)), ("vkey", Is::Text), ("from_size", Is::Int(0))];
    all.extend(all_flips(&scene, "log_keys", "position = 0", &key).await);
    all.extend(all_flips(&scene, "log_keys", "position = 0", &[("rotation", Is::NoText)]).await);
    all.extend(all_flips(&scene, "log_keys", "position = 1", &key).await);
    all.extend(all_flips(&scene, "log_keys", "position = 1", &[("rotation", Is::Text)]).await);
    let stamp = [
        ("size", Is::Int(0)),
        ("checkpoint", Is::Text),
        ("token", Is::Bytes),
        ("stamped_at", Is::Int(0)),
        ("authority", Is::Text),
    ];
    all.extend(all_flips(&scene, "log_stamps", "size > 0", &stamp).await);
    let told = told(&scene, all).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(told, @r"
    log_tiles.level where level = 0 AND idx = 0: log_tiles, tile/0/000, column hashes: it is missing [+1]
    log_tiles.idx where level = 0 AND idx = 0: log_tiles, tile/0/000, column hashes: it is missing [+1]
    log_tiles.hashes where level = 0 AND idx = 0: log_tiles, tile/0/000, column hashes: the hash of entry 1 was changed
    log_tiles.hashes where level = 0 AND idx = 0: log_tiles, tile/0/000, column hashes: the hash of entry 129 was changed
    log_tiles.hashes where level = 0 AND idx = 0: log_tiles, tile/0/000, column hashes: the hash of entry 256 was changed
    log_tiles.level where level = 0 AND idx = 2: log_tiles, tile/0/002.p/38, column hashes: it is missing [+1]
    log_tiles.idx where level = 0 AND idx = 2: log_tiles, tile/0/002.p/38, column hashes: it is missing [+1]
    log_tiles.hashes where level = 0 AND idx = 2: log_tiles, tile/0/002.p/38, column hashes: the hash of entry 513 was changed
    log_tiles.hashes where level = 0 AND idx = 2: log_tiles, tile/0/002.p/38, column hashes: the hash of entry 532 was changed
    log_tiles.hashes where level = 0 AND idx = 2: log_tiles, tile/0/002.p/38, column hashes: the hash of entry 550 was changed
    log_tiles.level where level = 1 AND idx = 0: log_tiles, tile/1/000.p/2, column hashes: it is missing [+1]
    log_tiles.idx where level = 1 AND idx = 0: log_tiles, tile/1/000.p/2, column hashes: it is missing [+1]
    log_tiles.hashes where level = 1 AND idx = 0: log_tiles, tile/1/000.p/2, column hashes: hash 0 is not what the tile below it gives
    log_tiles.hashes where level = 1 AND idx = 0: log_tiles, tile/1/000.p/2, column hashes: hash 1 is not what the tile below it gives
    log_head.one where one = 1: log_head, the head, column one: there should be one row, holding 1; there are [0]
    log_head.size where one = 1: log_head, the head, column size: it is not what the checkpoint says
    log_head.root where one = 1: log_head, the head, column root: it is not what the checkpoint says
    log_head.note where one = 1: log_head, the head, column note: it is a checkpoint of nogin.example.org/evidence, which is another log
    log_head.note where one = 1: log_head, the head, column note: no key that is trusted here signed this
    log_head.note where one = 1: log_head, the head, column note: this is not a signed note
    log_head.signed_at where one = 1: log_head, the head, column signed_at: it is later than the clock [+1]
    log_head.published_size where one = 1: log_head, the head, column published_size: it is not what the served checkpoint says
    log_head.published where one = 1: log_head, the head, column published: it is a checkpoint of nogin.example.org/evidence, which is another log
    log_head.published where one = 1: log_head, the head, column published: no key that is trusted here signed this
    log_head.published where one = 1: log_head, the head, column published: this is not a signed note
    log_head.published_at where one = 1: log_head, the head, column published_at: it is later than the clock
    log_head.witnessed where one = 1: log_head, the head, column witnessed: nobody has cosigned the served checkpoint
    log_keys.position where position = 0: log_keys, 2 rows: they do not follow from one another: the first key is not the first
    log_keys.vkey where position = 0: log_keys, 2 rows: they do not follow from one another: the verifier key's hash does not fit its name and key; it was mistyped
    log_keys.from_size where position = 0: log_keys, 2 rows: they do not follow from one another: the first key is not the first
    log_keys.rotation where position = 0: log_keys, 2 rows: they do not follow from one another: the first key is not the first
    log_keys.position where position = 1: log_keys, 2 rows: they do not follow from one another: key 1 is not the one that was handed over to
    log_keys.vkey where position = 1: log_keys, 2 rows: they do not follow from one another: key 1 is not the one that was handed over to
    log_keys.from_size where position = 1: log_keys, 2 rows: they do not follow from one another: key 1 is not the one that was handed over to
    log_keys.rotation where position = 1: log_keys, 2 rows: they do not follow from one another: this is not a key rotation (countersign key rotation v1)
    log_keys.rotation where position = 1: log_keys, 2 rows: they do not follow from one another: key rotation: the old key did not sign it
    log_keys.rotation where position = 1: log_keys, 2 rows: they do not follow from one another: key rotation: this is not a signed note
    log_stamps.size where size > 0: log_stamps, checkpoint of 544 entries, column size: it is not what the checkpoint says [+2]
    log_stamps.checkpoint where size > 0: log_stamps, checkpoint of 545 entries, column checkpoint: it is a checkpoint of nogin.example.org/evidence, which is another log [+2]
    log_stamps.checkpoint where size > 0: log_stamps, checkpoint of 545 entries, column checkpoint: no key that is trusted here signed this [+2]
    log_stamps.checkpoint where size > 0: log_stamps, checkpoint of 545 entries, column checkpoint: this is not a signed note [+2]
    log_stamps.token where size > 0: log_stamps, checkpoint of 545 entries: no entry says that this stamp was taken in this form: one of its columns was changed
    log_stamps.token where size > 0: log_stamps, checkpoint of 545 entries, column token: it is about other bytes than this checkpoint [+1]
    log_stamps.stamped_at where size > 0: log_stamps, checkpoint of 545 entries: no entry says that this stamp was taken in this form: one of its columns was changed
    log_stamps.authority where size > 0: log_stamps, checkpoint of 545 entries: no entry says that this stamp was taken in this form: one of its columns was changed
    ");
    }
}

async fn rows_cannot_be_swapped_taken_away_or_added(db: Db) {
    let scene = scene(db).await;
    let n = number(&scene);
    let set = |from: i64, to: i64| format!("UPDATE evidence SET {n} = {to} WHERE {n} = {from}");
    let last = scene.int(&format!("SELECT max({n}) FROM evidence")).await;
    let swap = [set(20, -1), set(21, 20), set(-1, 21)];
    let swap_far = [set(3, -1), set(last, 3), set(-1, last)];
    let delete = |which: String| vec![format!("DELETE FROM evidence WHERE {n} {which}")];
    let shifted = vec![
        format!("DELETE FROM evidence WHERE {n} = 530"),
        format!("UPDATE evidence SET {n} = {n} - 1 WHERE {n} = 531"),
    ];
    let cases: Vec<(&str, Vec<String>)> = vec![
        ("a swapped pair", swap.to_vec()),
        ("a swapped pair, far apart", swap_far.to_vec()),
        ("the last row gone", delete(format!("= {last}"))),
        ("the last ten gone", delete(format!("> {}", last - 10))),
        ("a row in the middle gone", delete("= 300".into())),
        ("rows in the middle gone", delete("BETWEEN 100 AND 400".into())),
        ("all rows gone", delete("> 0".into())),
        ("a row gone and the next in its place", shifted),
        ("a tile gone", vec!["DELETE FROM log_tiles WHERE level = 0 AND idx = 1".into()]),
        ("the last tile gone", vec!["DELETE FROM log_tiles WHERE level = 0 AND idx = 2".into()]),
        ("all tiles gone", vec!["DELETE FROM log_tiles".into()]),
        ("a tile too many", vec!["INSERT INTO log_tiles SELECT 0, 3, hashes FROM log_tiles WHERE level = 1".into()]),
        ("the head gone", vec!["DELETE FROM log_head".into()]),
        ("the last key gone", vec!["DELETE FROM log_keys WHERE position = 1".into()]),
        ("all keys gone", vec!["DELETE FROM log_keys".into()]),
        ("a stamp gone", vec!["DELETE FROM log_stamps".into()]),
    ];
    let mut told = String::new();
    for (name, statements) in cases {
        let mut change = Change::begin(&scene).await;
        for statement in &statements {
            change.run(statement, vec![]).await;
        }
        let found = change.findings().await;
        assert!(!found.is_empty(), "{name}");
        writeln!(told, "{name}:").unwrap();
        found.iter().take(3).for_each(|line| writeln!(told, "  {line}").unwrap());
        if found.len() > 3 {
            writeln!(told, "  and {} more", found.len() - 3).unwrap();
        }
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(told, @r"
        a swapped pair:
          evidence, entry 20, column commitment: it is not the one that was signed
          evidence, entry 21, column commitment: it is not the one that was signed
        a swapped pair, far apart:
          evidence, entry 3, column commitment: it is not the one that was signed
          evidence, entry 550, column commitment: it is not the one that was signed
        the last row gone:
          evidence, entry 550: it is missing
        the last ten gone:
          evidence, entries 541 to 550: they are missing
          log_keys, 2 rows: they are not the 1 that entries name
          log_stamps, checkpoint of 545 entries: no entry says that this stamp was taken in this form: one of its columns was changed
        a row in the middle gone:
          evidence, entry 300: it is missing
        rows in the middle gone:
          evidence, entries 100 to 400: they are missing
        all rows gone:
          evidence, entries 1 to 550: they are missing
          log_keys, 2 rows: they are not the 0 that entries name
          log_stamps, checkpoint of 545 entries: no entry says that this stamp was taken in this form: one of its columns was changed
        a row gone and the next in its place:
          evidence, entry 531: it is missing
          evidence, entry 530, column commitment: it is not the one that was signed
        a tile gone:
          log_tiles, tile/0/001, column hashes: it is missing
        the last tile gone:
          log_tiles, tile/0/002.p/38, column hashes: it is missing
        all tiles gone:
          log_tiles, tile/0/000, column hashes: it is missing
          log_tiles, tile/0/001, column hashes: it is missing
          log_tiles, tile/0/002.p/38, column hashes: it is missing
          and 1 more
        a tile too many:
          log_tiles, level 0, index 3, column hashes: the log has no such tile
        the head gone:
          log_head, the head, column one: the row is missing
        the last key gone:
          log_head, the head, column note: no key that is trusted here signed this
          log_head, the head, column published: no key that is trusted here signed this
          log_keys, 1 rows: they are not the 2 that entries name
        all keys gone:
          log_keys, 0 rows: they do not follow from one another: there is none
        a stamp gone:
          log_stamps, checkpoint of 545 entries: an entry says that it was taken, and it is missing
        ");
    }
}

/// An entry is replaced by one that fits itself, the tiles are made to fit, the head's root too: what is left is the note.
async fn a_log_that_is_rewritten_whole_lacks_the_signature(db: Db) {
    let scene = scene(db).await;
    let (n, mut change) = (number(&scene), Change::begin(&scene).await);
    let row = sql(format!("SELECT payload FROM evidence WHERE {n} = 4")).fetch_one(&mut change.conn).await.unwrap();
    let payload = String::from_utf8(row.bytes(0).unwrap()).unwrap().replace("Zoë", "Zoe").into_bytes();
    let commitment = Commitment::new(&[5; 32], &payload);
    let update = format!("UPDATE evidence SET payload = $1, salt = $2, commitment = $3 WHERE {n} = 4");
    let args = vec![payload.into(), vec![5; 32].into(), commitment.bytes().to_vec().into()];
    change.run(&update, args).await;
    let rows = sql(format!("SELECT commitment FROM evidence ORDER BY {n}")).fetch_all(&mut change.conn).await.unwrap();
    let (mut edge, mut full) = (Edge::new(), Vec::new());
    for row in &rows {
        let commitment = Commitment::from_bytes(row.bytes(0).unwrap().try_into().unwrap());
        edge.push(commitment.leaf(), |tile| full.push((tile.level, tile.index, tile.hashes)));
    }
    for (level, hashes) in (0..).zip(edge.partial_tiles()).filter(|(_, hashes)| !hashes.is_empty()) {
        full.push((level, edge.size() >> (8 * (u32::from(level) + 1)), hashes.clone()));
    }
    for (level, index, hashes) in full {
        let update = "UPDATE log_tiles SET hashes = $1 WHERE level = $2 AND idx = $3";
        change.run(update, vec![tile::encode(&hashes).into(), i64::from(level).into(), (index as i64).into()]).await;
    }
    let root = edge.root().bytes().to_vec();
    change.run("UPDATE log_head SET root = $1", vec![root.into()]).await;
    let found = change.findings().await.join("\n");
    insta::allow_duplicates! {
        insta::assert_snapshot!(found, @r"
        log_head, the head, column root: it is not what the checkpoint says
        log_stamps, checkpoint of 545 entries, column checkpoint: it is not the beginning of this log
        log_head, the head, column published: the served checkpoint is not the beginning of this log
        log_head, the head, column note: the entries do not give the root that was signed
        ");
    }
}

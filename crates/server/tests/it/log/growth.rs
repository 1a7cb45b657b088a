//! What is committed comes into the tree, in order, once; every entry can be proven, and every checkpoint is the beginning
//! of the next.

use super::{append, begun, checkpoint, grow, log, root_of, signed};
use crate::support::db::{Db, on_both};
use crate::support::house::{House, START};
use countersign::flows::log::{read, start};
use countersign::store::db::sql;
use countersign::store::evidence::{self, Draft};
use countersign::store::log as rows;
use countersign_evidence::tree::{verify_consistency, verify_inclusion};
use serde_json::json;
use std::time::Duration;

on_both! {
    every_entry_is_proven_at_every_size
    every_checkpoint_is_the_beginning_of_the_next
    a_restart_goes_on_where_it_was
    what_was_there_before_the_log_comes_into_it
    what_another_process_writes_comes_into_it
    an_entry_of_a_change_that_failed_is_not_there
    a_moved_head_is_found_out
    what_is_served_never_shrinks
}

/// Sizes around the edges of tiles, so that partial ones grow, fill and start anew.
const STEPS: [usize; 9] = [1, 2, 61, 190, 1, 1, 255, 256, 700];

async fn every_entry_is_proven_at_every_size(db: Db) {
    let house = begun(db).await;
    for step in STEPS {
        append(&house.app, step).await;
        let size = grow(&house.app).await;
        let head = checkpoint(&house.app).await;
        assert_eq!(head.size, size);
        let entries = rows::entries(&mut house.db.conn().await, 0, 10_000).await.unwrap();
        assert_eq!(entries.len() as u64, size);
        let public: Vec<_> = entries.iter().map(|e| e.commitment.entry()).collect();
        assert_eq!(root_of(public.iter().map(|e| e.as_slice())), head.root);
        for number in [1, 2, size / 2 + 1, size.saturating_sub(1).max(1), size] {
            let entry = &entries[number as usize - 1];
            let opening = read::opening(entry).unwrap();
            assert_eq!(opening.commitment(), entry.commitment);
            let proof = read::proof(&house.app, number, Some(&opening)).await.unwrap().unwrap();
            let checked = proof.verify(&entry.commitment.leaf(), &[log().key().verifier().clone()]).unwrap();
            assert_eq!((checked.head, proof.index), (head, number - 1));
        }
        assert_eq!(read::proof(&house.app, size + 1, None).await.unwrap(), None);
        assert_eq!(read::proof(&house.app, 0, None).await.unwrap(), None);
    }
    house.is_sound().await;
}

async fn every_checkpoint_is_the_beginning_of_the_next(db: Db) {
    let house = begun(db).await;
    let mut kept = vec![checkpoint(&house.app).await];
    for step in STEPS {
        append(&house.app, step).await;
        grow(&house.app).await;
        kept.push(checkpoint(&house.app).await);
    }
    let mut conn = house.app.store.read().await.unwrap();
    let newest = kept[kept.len() - 1];
    for old in &kept {
        let path = read::consistency(&mut conn, old.size, newest.size).await.unwrap().unwrap();
        verify_consistency(old, &newest, &path).unwrap();
    }
    assert_eq!(read::consistency(&mut conn, newest.size + 1, newest.size).await.unwrap(), None);
    // No tile is stored twice, however often it grew: 1 468 entries are six tiles of leaves and one above them.
    assert_eq!((newest.size, rows::count_tiles(&mut conn).await.unwrap()), (1_468, 7));
}

async fn a_restart_goes_on_where_it_was(db: Db) {
    let house = begun(db).await;
    append(&house.app, 300).await;
    grow(&house.app).await;
    let before = checkpoint(&house.app).await;
    append(&house.app, 40).await;
    let kept = read::published(&house.app).await.unwrap().note.to_string();
    let again = house.restarted(START).await;
    start::start(&again.app, Some(&kept)).await.unwrap();
    assert_eq!(checkpoint(&again.app).await, before);
    assert_eq!(grow(&again.app).await, before.size + 40);
    let after = checkpoint(&again.app).await;
    let path = read::consistency(&mut again.db.conn().await, before.size, after.size).await.unwrap().unwrap();
    verify_consistency(&before, &after, &path).unwrap();
}

async fn what_was_there_before_the_log_comes_into_it(db: Db) {
    let house = House::new(db).await;
    append(&house.app, 77).await;
    start::start(&house.app, None).await.unwrap();
    assert_eq!(checkpoint(&house.app).await.size, 0);
    assert_eq!(grow(&house.app).await, 78);
    assert_eq!(house.kinds().await.last().map(String::as_str), Some("log.began"));
}

async fn what_another_process_writes_comes_into_it(db: Db) {
    let house = begun(db).await;
    append(&house.app, 10).await;
    grow(&house.app).await;
    append(&house.app, 3).await;
    let drafts = (0..5).map(|n| Draft::new("test.other", None, json!({ "n": n }), START, &mut house.app.rng()));
    evidence::append(&mut house.db.conn().await, drafts.collect()).await.unwrap();
    append(&house.app, 4).await;
    assert_eq!(grow(&house.app).await, 1 + 10 + 3 + 5 + 4);
    let entries = rows::entries(&mut house.db.conn().await, 0, 100).await.unwrap();
    let public: Vec<_> = entries.iter().map(|e| e.commitment.entry()).collect();
    assert_eq!(root_of(public.iter().map(|e| e.as_slice())), checkpoint(&house.app).await.root);
}

async fn an_entry_of_a_change_that_failed_is_not_there(db: Db) {
    let house = begun(db).await;
    let failed: Result<(), countersign::store::StoreError> = house
        .app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let draft = Draft::new("test.failed", None, json!({}), START, &mut countersign::clock::generator());
                evidence::append(conn, vec![draft]).await?;
                sql("INSERT INTO meta (key, value) VALUES ('a', 'b')").execute(conn).await?;
                sql("no such statement").execute(conn).await.map(|_| ())
            })
        })
        .await;
    assert!(failed.is_err());
    append(&house.app, 1).await;
    assert_eq!(grow(&house.app).await, 2);
    assert_eq!(house.kinds().await, ["log.began", "test.entry"]);
    assert!(
        sql("SELECT key FROM meta WHERE key = 'a'").fetch_all(&mut house.db.conn().await).await.unwrap().is_empty()
    );
}

/// Somebody writes another head into the database while we run: we stop, and say so.
async fn a_moved_head_is_found_out(db: Db) {
    let house = begun(db).await;
    append(&house.app, 300).await;
    grow(&house.app).await;
    let before = checkpoint(&house.app).await;
    let older = "UPDATE log_head SET size = size - 1";
    sql(older).execute(&mut house.db.conn().await).await.unwrap();
    append(&house.app, 1).await;
    let doubt = countersign::flows::log::integrate::integrate(&house.app).await.unwrap_err();
    assert!(doubt.to_string().contains("put back to an older state"), "{doubt}");
    assert!(house.app.log.doubt().is_some());
    // Nothing was signed since.
    let row = rows::head(&mut house.db.conn().await).await.unwrap().unwrap();
    assert_eq!(signed(&row.note.parse_note()).size, before.size);
}

async fn what_is_served_never_shrinks(db: Db) {
    let house = begun(db).await;
    append(&house.app, 9).await;
    grow(&house.app).await;
    let old = read::published(&house.app).await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    append(&house.app, 1).await;
    grow(&house.app).await;
    let app = &house.app;
    assert!(!countersign::flows::log::publish::publish(app, old.head.size, &old.note, true).await.unwrap());
    assert_eq!(checkpoint(app).await.size, old.head.size + 1);
    // The same checkpoint with its cosignatures takes the place of the bare one, and not the other way round.
    let new = read::published(app).await.unwrap();
    assert!(countersign::flows::log::publish::publish(app, new.head.size, &new.note, true).await.unwrap());
    assert!(!countersign::flows::log::publish::publish(app, new.head.size, &new.note, false).await.unwrap());
    assert!(read::published(app).await.unwrap().witnessed);
    let entry = &rows::entries(&mut house.db.conn().await, 0, 1).await.unwrap()[0];
    let proof = read::proof(app, 1, None).await.unwrap().unwrap();
    verify_inclusion(&entry.commitment.leaf(), 0, new.head.size, &proof.path, &new.head.root).unwrap();
}

/// Texts of notes in the database.
trait ParseNote {
    fn parse_note(&self) -> countersign_evidence::note::Note;
}

impl ParseNote for String {
    fn parse_note(&self) -> countersign_evidence::note::Note {
        countersign_evidence::note::Note::parse(self).unwrap()
    }
}

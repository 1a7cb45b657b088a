//! Opening: the schema is brought up to date once, and what is in doubt is refused.

use super::{NOW, rng};
use crate::support::db::{Db, on_both, rows};
use countersign::store::db::sql;
use countersign::store::evidence::{self, Draft};
use countersign::store::migrate::inspect::inspect;
use countersign::store::migrate::{known, version};
use countersign::store::{Place, Store, StoreError};
use serde_json::json;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

on_both! {
    a_schema_is_applied_once
    nodes_that_start_together_take_turns
    a_newer_schema_is_refused
    an_edited_migration_is_refused
    inspecting_changes_nothing
}

async fn refused(db: &Db) -> StoreError {
    Store::open(&db.place, 2).await.unwrap_err()
}

async fn versions(db: &Db) -> Vec<String> {
    rows(&mut db.conn().await, "schema_versions", &["version", "digest"]).await
}

async fn a_schema_is_applied_once(db: Db) {
    db.open().await;
    let applied = versions(&db).await;
    assert_eq!(applied.len() as i64, known());
    let store = db.open().await;
    assert_eq!(versions(&db).await, applied);
    assert_eq!(version(&mut store.read().await.unwrap()).await.unwrap(), known());
    assert_eq!(store.engine(), if matches!(db.place, Place::Url(_)) { "postgresql" } else { "sqlite" });
}

async fn nodes_that_start_together_take_turns(db: Db) {
    let starts = (0..4).map(|_| {
        let place = db.place.clone();
        tokio::spawn(async move { Store::open(&place, 2).await.map(|_| ()) })
    });
    for one in starts.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    assert_eq!(versions(&db).await.len() as i64, known());
}

async fn a_newer_schema_is_refused(db: Db) {
    db.open().await;
    let text = "INSERT INTO schema_versions (version, digest) VALUES ($1, 'from the future')";
    sql(text).bind(known() + 1).execute(&mut db.conn().await).await.unwrap();
    let StoreError::Newer { found, known: ours } = refused(&db).await else { panic!("it was not refused as newer") };
    assert_eq!((found, ours), (known() + 1, known()));
}

async fn an_edited_migration_is_refused(db: Db) {
    db.open().await;
    let text = "UPDATE schema_versions SET digest = 'edited' WHERE version = 1";
    sql(text).execute(&mut db.conn().await).await.unwrap();
    let error = refused(&db).await;
    assert!(matches!(&error, StoreError::Damaged(what) if what.contains("migration 1")), "{error}");
}

async fn inspecting_changes_nothing(db: Db) {
    let patience = Duration::from_secs(5);
    let before = inspect(&db.place, patience).await.unwrap();
    assert!(before.is_none_or(|found| found.version == 0 && found.known == known()));
    db.open().await;
    let found = inspect(&db.place, patience).await.unwrap().unwrap();
    assert_eq!((found.version, found.known, found.writable), (known(), known(), true));
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let db = Db::sqlite();
    let Place::File(path) = &db.place else { unreachable!("made as a file") };
    {
        let store = db.open().await;
        for _ in 0..40 {
            let drafts = (0..50).map(|_| Draft::new("test.entry", None, json!({ "n": 1 }), NOW, &mut rng()));
            // The same dice give the same ids; each batch differs by what it replaces.
            let first = drafts.take(1).collect();
            let written: Result<(), StoreError> = store
                .write(move |conn| {
                    Box::pin(async move {
                        evidence::append(conn, first).await?;
                        sql("UPDATE evidence SET id = 'evi_' || seq").execute(conn).await.map(|_| ())
                    })
                })
                .await;
            written.unwrap();
        }
        sql("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&mut db.conn().await).await.unwrap();
    }
    let size = std::fs::metadata(path).unwrap().len();
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    for page in 2..size / 4096 {
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[0xA5; 512]).unwrap();
    }
    drop(file);
    let error = refused(&db).await;
    let damaged = matches!(&error, StoreError::Damaged(_)) || error.to_string().contains("malformed");
    assert!(damaged, "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let db = Db::sqlite();
    let Place::File(path) = &db.place else { unreachable!("made as a file") };
    std::fs::write(path, "Dear diary, this is not a database. ".repeat(200)).unwrap();
    let before = std::fs::read(path).unwrap();
    refused(&db).await;
    assert_eq!(std::fs::read(path).unwrap(), before);
}

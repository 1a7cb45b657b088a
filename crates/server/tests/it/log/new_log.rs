//! The way out where the log cannot be gone on with: another log, under another name, that says what it follows.

use super::dir::{Dir, grow, stderr, stdout, write};
use crate::support::db::{Db, on_both, rows};
use countersign::app::App;
use countersign::flows::log::own::By;
use countersign::flows::log::renew::{Renewal, Renewed, names, renew};
use countersign::flows::log::{read, start};
use countersign::serve::StartError;
use countersign::signing;
use countersign::store::db::sql;
use countersign::store::log;
use std::path::Path;

on_both! {
    a_log_whose_newer_state_is_lost_goes_on_under_another_name
    holes_are_named_as_lost
}

async fn renewed(dir: &Dir, app: &App, last_seen: Option<String>) -> Renewed {
    let mut conn = app.store.read().await.unwrap();
    let (old_origin, origin) = names(&mut conn, last_seen.as_deref(), "unused").await.unwrap();
    drop(conn);
    let key = signing::load(&dir.path("evidence.key"), &origin).unwrap();
    let reason = "the disk was lost, the backup was older".to_owned();
    let renewal = Renewal { key, old_origin, reason, last_seen, by: By::CommandLine };
    let renewed = renew(&app.store, renewal, app.clock.now(), app.rng()).await.unwrap();
    countersign::last_seen::write(&dir.path("evidence.checkpoint"), &renewed.note).unwrap();
    renewed
}

/// What the newest entry of the log says.
async fn newest(dir: &Dir) -> serde_json::Value {
    let mut conn = dir.db.conn().await;
    let size = log::highest(&mut conn).await.unwrap();
    let entry = log::entries(&mut conn, size - 1, 1).await.unwrap().remove(0);
    serde_json::from_slice(&entry.payload.unwrap()).unwrap()
}

async fn a_log_whose_newer_state_is_lost_goes_on_under_another_name(db: Db) {
    let dir = Dir::new(&db);
    let app = dir.with_entries(300).await;
    let seen = read::newest(&app).await.unwrap().note.to_string();
    // What a restored backup looks like: fewer entries, an older head.
    let older = Dir::new(&db);
    let app =
        if matches!(dir.db.place, countersign::store::Place::File(_)) { older.with_entries(20).await } else { app };
    let (dir, last_seen) =
        if matches!(dir.db.place, countersign::store::Place::File(_)) { (older, None) } else { (dir, Some(seen)) };
    let size = read::newest(&app).await.unwrap().head.size;
    let done = renewed(&dir, &app, last_seen).await;
    assert_eq!((done.kept, done.old_size, done.lost.count()), (size, Some(size), 0));
    drop(app);
    let app = dir.open().await;
    write(&app, 5).await;
    grow(&app).await;
    let published = read::published(&app).await.unwrap();
    assert!(
        published.note.text.starts_with("localhost:8080/evidence/2\n") || published.note.text.contains("/evidence/2\n")
    );
    let report = dir.audit().await;
    assert_eq!((report.findings.kept(), report.size), (&[][..], size + 6));
    let mut conn = dir.db.conn().await;
    let old = rows(&mut conn, "old_logs", &["position", "size", "reason"]).await;
    assert_eq!(old, [format!("position=0 size={size} reason=the disk was lost, the backup was older ")]);
    assert_eq!(sql("SELECT count(*) FROM old_log_keys").fetch_one(&mut conn).await.unwrap().int(0).unwrap(), 1);
    let again = renewed(&dir, &app, None).await;
    assert!(again.note.contains("/evidence/3\n"), "{}", again.note);
    grow(&dir.open().await).await;
    let said = newest(&dir).await;
    assert_eq!((said["kind"].as_str(), said["what"]["kept"].as_u64()), (Some("log.renewed"), Some(size + 6)));
    assert_eq!(dir.audit().await.findings.kept(), []);
}

async fn holes_are_named_as_lost(db: Db) {
    let dir = Dir::new(&db);
    let app = dir.with_entries(300).await;
    let mut conn = dir.db.conn().await;
    let n = if matches!(dir.db.place, countersign::store::Place::File(_)) { "seq" } else { "num" };
    for gone in ["BETWEEN 5 AND 7", "= 290", "= 301"] {
        sql(format!("DELETE FROM evidence WHERE {n} {gone}")).execute(&mut conn).await.unwrap();
    }
    let Err(StartError::Log(doubt)) = dir.try_open().await else { panic!("it starts") };
    assert!(doubt.to_string().contains("301 entries were signed, but only 300 are there"), "{doubt}");
    let done = renewed(&dir, &app, None).await;
    assert_eq!((done.lost.to_string().as_str(), done.kept), ("5–7, 290", 296));
    drop(app);
    let app = dir.open().await;
    write(&app, 1).await;
    grow(&app).await;
    let report = dir.audit().await;
    assert_eq!((report.findings.kept(), report.size), (&[][..], 302));
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

/// The whole story with the program: backup, more entries, disk lost, backup restored.
#[tokio::test]
async fn a_restored_backup_refuses_to_start_until_a_new_log_is_begun() {
    let dir = Dir::new(&Db::sqlite());
    let app = dir.with_entries(20).await;
    app.store.forget_old_pages().await.unwrap();
    copy(&dir.path("countersign.db"), &dir.path("backup"));
    write(&app, 5).await;
    grow(&app).await;
    let newest = read::newest(&app).await.unwrap();
    countersign::last_seen::write(&dir.path("evidence.checkpoint"), &newest.note.to_string()).unwrap();
    let fine = dir.run(&["evidence", "new-log", "--reason", "none"]);
    assert!(!fine.status.success() && stderr(&fine).contains("--force"), "{fine:?}");
    let restored = Dir::new(&Db::sqlite());
    copy(&dir.path("backup"), &restored.path("countersign.db"));
    for file in ["evidence.key", "master.key", "evidence.checkpoint"] {
        copy(&dir.path(file), &restored.path(file));
    }
    let dir = restored;
    let Err(StartError::Log(doubt)) = dir.try_open().await else { panic!("it starts") };
    insta::assert_snapshot!(doubt, @"this machine saw 26 entries in the log, the database has 21: it was put back to an older state. Restore the newest backup; if what was written since is lost for good, start a new log with `countersign evidence new-log`, which says so in public");
    let verified = dir.run(&["evidence", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    assert!(stdout(&verified).contains("the log was put back"), "{}", stdout(&verified));
    let begun = dir.run(&["evidence", "new-log", "--reason", "the disk was lost", "--json"]);
    let begun: serde_json::Value = serde_json::from_slice(&begun.stdout).unwrap();
    assert_eq!((begun["kept"].as_u64(), begun["old_size"].as_u64()), (Some(21), Some(26)));
    let app = dir.open().await;
    grow(&app).await;
    start::start(&app, None).await.unwrap();
    drop(app);
    let verified = dir.run(&["evidence", "verify"]);
    assert!(verified.status.success(), "{}", stdout(&verified));
}

/// A key that is lost for good is a reason as well.
#[tokio::test]
async fn without_its_key_a_log_is_ended_and_a_new_one_begun() {
    let dir = Dir::new(&Db::sqlite());
    drop(dir.with_entries(20).await);
    std::fs::remove_file(dir.path("evidence.key")).unwrap();
    assert!(matches!(dir.try_open().await, Err(StartError::Signing(_))));
    let begun = dir.run(&["evidence", "new-log", "--reason", "the key was lost"]);
    assert!(begun.status.success(), "{begun:?}");
    grow(&dir.open().await).await;
    assert!(dir.run(&["evidence", "verify"]).status.success());
}

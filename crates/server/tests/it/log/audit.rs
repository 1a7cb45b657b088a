//! The whole log re-checked, where nothing is wrong with it.

use super::dir::Dir;
use super::scene::Scene;
use crate::support::db::{Db, on_both};
use countersign::flows::log::audit::{Ask, Unchecked, audit};
use countersign::flows::log::read;
use countersign::store::db::sql;
use countersign::store::frozen;
use countersign_core::time::Timestamp;
use countersign_evidence::policy::Policy;
use std::time::Duration;

on_both! {
    a_sound_log_is_called_sound_and_what_was_not_checked_is_said
    what_comes_in_meanwhile_is_no_alarm
    beside_a_node_that_writes_there_is_no_false_alarm
    an_older_checkpoint_is_the_beginning
    without_a_log_nothing_is_checked
}

async fn a_sound_log_is_called_sound_and_what_was_not_checked_is_said(db: Db) {
    let scene = Scene::new(db).await;
    scene.write(700).await;
    scene.grow().await;
    scene.stamp().await;
    scene.grow().await;
    scene.write(2).await;
    let report = scene.audit().await;
    assert_eq!(report.findings.kept(), []);
    let shown = format!("{}\n{}\n{}", report.verdict(), report.checked().join("\n"), report.not_checked().join("\n"));
    insta::allow_duplicates! {
        insta::assert_snapshot!(shown, @r"
        Sound: 702 entries of login.example.org/evidence fit their commitments, give the root that was signed on 2026-01-14 at 14:13:20 UTC, and the 4 tiles are what they should be.
        1 key(s), each handed over by the one before it
        1 time stamp(s): about checkpoints that are the beginning of this log
        2 entries committed since the checkpoint: only their own commitments were checked
        whether the log was put back to an older state: no checkpoint kept elsewhere was given
        whether somebody was shown another log under this name: unwitnessed
        the signatures of time-stamp authorities: `openssl ts -verify` does that
        the columns signed_at and published_at, but for being plausible: nothing signs them
        whether what an entry says is true, and whether all that happened was written down
        ");
    }
}

async fn what_comes_in_meanwhile_is_no_alarm(db: Db) {
    let scene = Scene::new(db).await;
    scene.write(300).await;
    scene.grow().await;
    let mut conn = frozen::open(&scene.house.db.place, Duration::from_secs(10)).await.unwrap().unwrap();
    // The first statement takes the moment; from then on what others commit is not seen.
    countersign::store::evidence::count(&mut conn).await.unwrap();
    scene.write(600).await;
    scene.grow().await;
    let (policy, now) = (Policy::none(), scene.house.clock.now());
    let report = audit(&mut conn, &Ask { kept: &[], policy: &policy, now }, |_, _| {}).await.unwrap();
    assert_eq!((report.findings.kept(), report.size), (&[][..], 301));
    assert_eq!(scene.audit().await.size, 901);
}

async fn beside_a_node_that_writes_there_is_no_false_alarm(db: Db) {
    let scene = Scene::new(db).await;
    let write = async {
        for count in 1..60 {
            scene.write(count).await;
            scene.grow().await;
        }
    };
    let check = async {
        let mut sizes = Vec::new();
        for _ in 0..20 {
            let report = scene.audit().await;
            assert_eq!(report.findings.kept(), []);
            sizes.push(report.size);
        }
        sizes
    };
    let ((), sizes) = tokio::join!(write, check);
    assert!(sizes.is_sorted() && sizes.first() < sizes.last(), "{sizes:?}");
}

async fn an_older_checkpoint_is_the_beginning(db: Db) {
    let scene = Scene::new(db).await;
    let mut kept = Vec::new();
    for count in [1, 254, 1, 300] {
        scene.write(count).await;
        scene.grow().await;
        kept.push((format!("after {count}"), read::newest(&scene.house.app).await.unwrap().note.to_string()));
    }
    let report = scene.audit_against(&kept).await;
    assert_eq!((report.findings.kept(), report.kept), (&[][..], 4));
}

async fn without_a_log_nothing_is_checked(db: Db) {
    drop(db.open().await);
    let mut conn = frozen::open(&db.place, Duration::from_secs(10)).await.unwrap().unwrap();
    let ask = Ask { kept: &[], policy: &Policy::none(), now: Timestamp::from_secs(5) };
    assert!(matches!(audit(&mut conn, &ask, |_, _| {}).await, Err(Unchecked::NotBegun)));
}

/// Every file of a directory but those by which SQLite's readers agree with writers.
fn contents(dir: &Dir) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(dir.dir.path()).unwrap().map(|file| file.unwrap().path());
    let mut all: Vec<(String, Vec<u8>)> = files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    all.retain(|(name, _)| !name.ends_with("-shm") && !name.ends_with("-wal"));
    all.sort();
    all
}

#[tokio::test]
async fn the_command_writes_nothing_and_its_exit_code_says_what_it_found() {
    let none = Dir::new(&Db::sqlite());
    let verified = none.run(&["evidence", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(2), "{verified:?}");
    assert!(contents(&none).is_empty());
    let dir = Dir::new(&Db::sqlite());
    let app = dir.with_entries(300).await;
    app.store.forget_old_pages().await.unwrap();
    drop(app);
    let before = contents(&dir);
    let verified = dir.run(&["evidence", "verify"]);
    assert_eq!((verified.status.code(), contents(&dir) == before), (Some(0), true), "{verified:?}");
    sql("UPDATE evidence SET at = at + 1 WHERE seq = 77").execute(&mut dir.db.conn().await).await.unwrap();
    let verified = dir.run(&["evidence", "verify", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((verified.status.code(), &report["sound"]), (Some(1), &serde_json::json!(false)));
    insta::assert_snapshot!(report["findings"], @r#"[{"column":"at","place":"evidence","row":"entry 77","what":"it is not what the content says"}]"#);
    std::fs::write(dir.path("other"), "x").unwrap();
    let other = dir.path("other");
    let verified = dir.run(&["evidence", "verify", "--checkpoint", other.to_str().unwrap(), "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 2, "{report}");
}

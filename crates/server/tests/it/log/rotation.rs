//! One key hands over to the next: cut off anywhere, followed by whoever runs, by the old key never signed beyond.

use super::dir::{Dir, grow, stderr, stdout, write};
use crate::support::db::{Db, on_both};
use crate::support::{not_run, program};
use countersign::app::App;
use countersign::flows::log::integrate::integrate;
use countersign::flows::log::own::By;
use countersign::flows::log::{Doubt, read, rotate};
use countersign::serve::StartError;
use countersign::signing;
use countersign_evidence::note::{SigningKey, VerifierKey};
use countersign_evidence::rotation;
use std::process::Command;

on_both! {
    a_node_that_runs_follows_and_a_reader_who_pinned_the_old_key_too
    cut_off_before_the_record_the_old_key_goes_on
    cut_off_after_the_record_the_new_key_is_found
    a_node_without_the_new_key_signs_nothing_more
    a_key_does_not_come_back
}

fn prepare(dir: &Dir, app: &App) -> SigningKey {
    signing::prepare(&dir.path("evidence.key"), &app.log.origin(), None, &mut app.rng()).unwrap()
}

async fn record(app: &App, next: SigningKey) -> VerifierKey {
    rotate::rotate(app, next, By::CommandLine).await.unwrap().new
}

async fn signers(app: &App) -> Vec<String> {
    let note = read::newest(app).await.unwrap().note;
    let keys = rotation::from_file(&read::rotations(app).await.unwrap()).unwrap();
    let mut all: Vec<VerifierKey> = keys.iter().flat_map(|r| [r.old().clone(), r.new_key().clone()]).collect();
    all.push(app.log.key().verifier().clone());
    note.verify(&all).unwrap().into_iter().map(ToString::to_string).collect()
}

async fn a_node_that_runs_follows_and_a_reader_who_pinned_the_old_key_too(db: Db) {
    let dir = Dir::new(&db);
    let running = dir.with_entries(3).await;
    let pinned = running.log.key().verifier().clone();
    let at = read::newest(&running).await.unwrap().head.size;
    let beside = dir.open().await;
    let new = record(&beside, prepare(&dir, &beside)).await;
    signing::put_in_place(&dir.path("evidence.key"), &new).unwrap();
    write(&running, 1).await;
    grow(&running).await;
    assert_eq!(signers(&running).await, [new.to_string()]);
    let rotations = rotation::from_file(&read::rotations(&running).await.unwrap()).unwrap();
    assert_eq!(rotation::keys_after(&pinned, &rotations).unwrap(), [pinned.clone(), new.clone()]);
    assert_eq!(rotation::keys_at(&pinned, &rotations, at + 1).unwrap(), [new]);
    assert_eq!(dir.audit().await.findings.kept(), []);
    assert!(signing::old_path(&dir.path("evidence.key"), &pinned).exists());
}

async fn cut_off_before_the_record_the_old_key_goes_on(db: Db) {
    let dir = Dir::new(&db);
    let app = dir.with_entries(3).await;
    let old = app.log.key().verifier().to_string();
    let waiting = prepare(&dir, &app).verifier().clone();
    drop(app);
    let app = dir.open().await;
    write(&app, 1).await;
    grow(&app).await;
    assert_eq!(signers(&app).await, [old]);
    // Run again, it goes on with the key that waits.
    assert_eq!(prepare(&dir, &app).verifier(), &waiting);
}

async fn cut_off_after_the_record_the_new_key_is_found(db: Db) {
    let dir = Dir::new(&db);
    let app = dir.with_entries(3).await;
    let running = dir.open().await;
    let new = record(&app, prepare(&dir, &app)).await;
    drop(app);
    let next = signing::next_path(&dir.path("evidence.key"));
    assert!(next.exists());
    write(&running, 1).await;
    grow(&running).await;
    assert_eq!(signers(&running).await, [new.to_string()]);
    assert!(!next.exists(), "whoever finds it puts it in place");

    let newer = record(&running, prepare(&dir, &running)).await;
    drop(running);
    let app = dir.open().await;
    write(&app, 1).await;
    grow(&app).await;
    assert_eq!(signers(&app).await, [newer.to_string()]);
    assert!(!next.exists());
}

async fn a_node_without_the_new_key_signs_nothing_more(db: Db) {
    let (here, there) = (Dir::new(&db), Dir::new(&db));
    let running = here.with_entries(3).await;
    let other = Dir { db: here.db.clone(), ..there };
    for file in ["evidence.key", "master.key"] {
        std::fs::copy(here.path(file), other.path(file)).unwrap();
    }
    let elsewhere = other.open().await;
    let new = record(&elsewhere, prepare(&other, &elsewhere)).await;
    signing::put_in_place(&other.path("evidence.key"), &new).unwrap();
    let before = read::newest(&running).await.unwrap().head.size;
    write(&running, 1).await;
    let doubt = integrate(&running).await.unwrap_err();
    assert!(matches!(doubt, Doubt::Key { .. }), "{doubt}");
    assert!(running.log.doubt().is_some());
    assert_eq!(read::newest(&running).await.unwrap().head.size, before);
    let Err(StartError::Log(doubt)) = here.try_open().await else { panic!("it starts") };
    let shown = doubt.to_string().replace(&new.to_string(), "NEW");
    let old = running.log.key().verifier().to_string();
    insta::allow_duplicates! {
        insta::assert_snapshot!(shown.replace(&old, "OLD"), @"the evidence log is signed by NEW, but the key file holds OLD: put the right key back. Keys are changed by `countersign evidence rotate-key`, which writes down that the old key handed over; if that key is lost for good, start a new log with `countersign evidence new-log`");
    }
    // With the file where the next key waits it starts, and what waited is signed.
    std::fs::copy(other.path("evidence.key"), here.path("evidence.key.new")).unwrap();
    let app = here.open().await;
    grow(&app).await;
    assert_eq!(signers(&app).await, [new.to_string()]);
}

async fn a_key_does_not_come_back(db: Db) {
    let dir = Dir::new(&db);
    let app = dir.with_entries(3).await;
    let first = std::fs::read(dir.path("evidence.key")).unwrap();
    let new = record(&app, prepare(&dir, &app)).await;
    signing::put_in_place(&dir.path("evidence.key"), &new).unwrap();
    std::fs::write(dir.path("evidence.key.new"), first).unwrap();
    make_private(&dir.path("evidence.key.new"));
    let refused = rotate::rotate(&app, prepare(&dir, &app), By::CommandLine).await.unwrap_err();
    assert_eq!((refused.status, refused.field), (422, Some("key")));
    grow(&app).await;
    assert_eq!(dir.audit().await.findings.kept(), []);
}

fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn the_commands_show_the_key_and_rotate_it() {
    let dir = Dir::new(&Db::sqlite());
    let none = dir.run(&["evidence", "key"]);
    assert!(!none.status.success() && stderr(&none).contains("first start of the server"), "{none:?}");
    drop(dir.with_entries(3).await);
    let before = stdout(&dir.run(&["evidence", "key"]));
    VerifierKey::parse(before.trim_end()).unwrap();
    let rotated = dir.run(&["evidence", "rotate-key", "--json"]);
    let rotated: serde_json::Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert_eq!(rotated["old_vkey"], before.trim_end());
    let shown: serde_json::Value = serde_json::from_str(&stdout(&dir.run(&["evidence", "key", "--json"]))).unwrap();
    assert_eq!((&shown["vkey"], &shown["rotations"][0]["old"]), (&rotated["vkey"], &rotated["old_vkey"]));
    assert_eq!(shown["held_by"], shown["key_file"]);
    let verified = dir.run(&["evidence", "verify"]);
    assert!(verified.status.success(), "{}", stdout(&verified));
}

#[tokio::test]
async fn a_key_that_openssl_made_takes_over() {
    let Some(openssl) = program("openssl") else {
        return not_run("a key of another program for the evidence log", "install openssl");
    };
    let dir = Dir::new(&Db::sqlite());
    drop(dir.with_entries(3).await);
    let theirs = dir.path("theirs.pem");
    let made = Command::new(openssl).args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&theirs).output().unwrap();
    assert!(made.status.success());
    std::fs::set_permissions(&theirs, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let exposed = dir.run(&["evidence", "rotate-key", "--key-file", theirs.to_str().unwrap()]);
    assert!(!exposed.status.success() && stderr(&exposed).contains("chmod 600"), "{exposed:?}");
    make_private(&theirs);
    let rotated = dir.run(&["evidence", "rotate-key", "--key-file", theirs.to_str().unwrap()]);
    assert!(rotated.status.success(), "{rotated:?}");
    assert_eq!(std::fs::read(&theirs).unwrap(), std::fs::read(dir.path("evidence.key")).unwrap());
    let app = dir.open().await;
    grow(&app).await;
    assert_eq!(dir.audit().await.findings.kept(), []);
}

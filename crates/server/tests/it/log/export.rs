//! Bundles, judged by the program that outsiders use.

use super::dir::{Dir, grow, stderr, stdout};
use super::scene::Scene;
use crate::support;
use crate::support::db::{Db, on_both};
use countersign::app::App;
use countersign::flows::log::erase::{Erase, erase};
use countersign::flows::log::export::{Bound, Export, Exported, Range, export};
use countersign::flows::log::own::By;
use countersign::flows::log::rotate;
use countersign_core::time::Timestamp;
use countersign_evidence::note::{Algorithm, SigningKey};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

on_both! {
    a_bundle_is_proven_and_one_changed_bit_in_any_file_is_not
    without_contents_it_proves_the_same_and_shows_nothing
    ranges_are_numbers_or_times
    a_place_that_is_taken_and_a_range_that_is_none_are_refused
    an_export_is_an_entry
}

fn ask(from: Option<Bound>, to: Option<Bound>) -> Export {
    Export {
        range: Range { from, to },
        recipient: "An auditor & <co>".into(),
        keep_until: Some(Timestamp::from_secs(1_800_000_000)),
        commitments_only: false,
        by: By::CommandLine,
    }
}

fn numbers(from: u64, to: u64) -> Export {
    ask(Some(Bound::Number(from)), Some(Bound::Number(to)))
}

async fn made(app: &App, ask: &Export, out: &Path) -> Exported {
    export(app, ask, out, |_, _| {}).await.unwrap()
}

/// Entries of every kind, an erasure, a stamp, a rotation.
async fn scene(db: Db) -> Scene {
    let scene = Scene::new(db).await;
    scene.write(1_200).await;
    scene.grow().await;
    scene.stamp().await;
    let next = SigningKey::from_seed("login.example.org/evidence", Algorithm::Ed25519, &[8; 32]).unwrap();
    rotate::rotate(&scene.house.app, next, By::CommandLine).await.unwrap();
    scene
}

fn verifier() -> Option<PathBuf> {
    support::verifier("an exported bundle against countersign-verify")
}

/// Its exit code and what it says, for whoever pinned the log's first key.
fn judged(program: &Path, bundle: &Path) -> (Option<i32>, String) {
    let key = SigningKey::from_seed("login.example.org/evidence", Algorithm::Ed25519, &[6; 32]).unwrap();
    let output =
        Command::new(program).arg("bundle").arg(bundle).args(["--key", &key.verifier().to_string()]).output().unwrap();
    (output.status.code(), format!("{}{}", stdout(&output), stderr(&output)))
}

/// Every file of a directory, by its path.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for item in std::fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            all.extend(files(&path).into_iter().map(|(inside, bytes)| (format!("{name}/{inside}"), bytes)));
        } else {
            all.insert(name, std::fs::read(&path).unwrap());
        }
    }
    all
}

async fn a_bundle_is_proven_and_one_changed_bit_in_any_file_is_not(db: Db) {
    let Some(program) = verifier() else { return };
    let scene = scene(db).await;
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("bundle");
    let exported = made(&scene.house.app, &ask(None, None), &out).await;
    assert_eq!((exported.manifest.count, exported.opened), (1203, 1203));
    let (code, said) = judged(&program, &out);
    assert_eq!(code, Some(0), "{said}");
    insta::allow_duplicates! {
        insta::assert_snapshot!(said, @"Proven: the bundle's 1203 entries (0 to 1202) stand side by side in the log login.example.org/evidence at 1203 entries, and say what the bundle shows; not proven: the words of index.html, the signatures on its time stamps (1; `openssl ts -verify` checks them), that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
    }
    let all = files(&out);
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    insta::allow_duplicates! {
        insta::assert_snapshot!(names.join(" "), @"checkpoint entries-0001.html entries-0002.html entries.ndjson index.html keys manifest.json manifest.sig proof rotations timestamps/1201.checkpoint timestamps/1201.tsr");
    }
    for (name, bytes) in &all {
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            std::fs::write(out.join(name), &changed).unwrap();
            let (code, said) = judged(&program, &out);
            assert!(matches!(code, Some(1 | 2)), "{name}, byte {place}: {said}");
        }
        std::fs::write(out.join(name), bytes).unwrap();
    }
    assert_eq!(judged(&program, &out).0, Some(0));
}

async fn without_contents_it_proves_the_same_and_shows_nothing(db: Db) {
    let scene = scene(db).await;
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("bundle");
    let ask = Export { commitments_only: true, ..numbers(2, 20) };
    let exported = made(&scene.house.app, &ask, &out).await;
    assert_eq!((exported.opened, exported.withheld), (0, 19));
    assert!(exported.manifest.csf.is_empty());
    for (name, bytes) in files(&out) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("Zo") && !text.contains("test.") && !text.contains("acc_"), "{name}: {text}");
    }
    if let Some(program) = verifier() {
        assert_eq!(judged(&program, &out).0, Some(0));
    }
}

async fn ranges_are_numbers_or_times(db: Db) {
    let scene = Scene::new(db).await;
    for _ in 0..3 {
        scene.house.pass(3600);
        scene.write(2).await;
    }
    scene.grow().await;
    let app = &scene.house.app;
    let at = |hours: i64| Some(Bound::At(Timestamp::from_micros(1_768_400_000_000_000 + hours * 3_600_000_000)));
    let dir = tempfile::tempdir().unwrap();
    let number = |n| Some(Bound::Number(n));
    let mut told = Vec::new();
    for (from, to) in [
        (None, None),
        (number(2), number(2)),
        (at(1), at(2)),
        (at(2), None),
        (None, at(1)),
        (at(5), at(6)),
        (at(-2), at(-1)),
        (number(3), at(2)),
    ] {
        let out = dir.path().join(told.len().to_string());
        let manifest = made(app, &ask(from, to), &out).await.manifest;
        told.push(format!("{} from {}", manifest.count, manifest.first + 1));
        if let Some(program) = verifier() {
            let (code, said) = judged(&program, &out);
            assert_eq!(code, Some(0), "{said}");
        }
    }
    // Each export is an entry itself.
    let expected = ["7 from 1", "1 from 2", "4 from 2", "7 from 4", "3 from 1", "0 from 13", "0 from 1", "3 from 3"];
    assert_eq!(told, expected);
}

async fn a_place_that_is_taken_and_a_range_that_is_none_are_refused(db: Db) {
    let scene = Scene::new(db).await;
    scene.write(5).await;
    let app = &scene.house.app;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "x").unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let mut told = String::new();
    for (ask, out) in [
        (numbers(1, 2), dir.path().to_owned()),
        (numbers(1, 2), dir.path().join("file")),
        (numbers(3, 2), dir.path().join("a")),
        (numbers(9, 9), dir.path().join("a")),
        (numbers(2, 9), dir.path().join("a")),
        (Export { recipient: "a\nb".into(), ..numbers(1, 2) }, dir.path().join("a")),
        (Export { recipient: String::new(), ..numbers(1, 2) }, dir.path().join("a")),
    ] {
        let refused = export(app, &ask, &out, |_, _| {}).await.unwrap_err();
        told.push_str(&format!("{} {}: {}\n", refused.field.unwrap(), refused.code, refused.public));
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(told, @r"
    out out_taken: There is something at this place already; name another one.
    out out_taken: There is something at this place already; name another one.
    to range_reversed: The range ends before it begins.
    from range_beyond_log: The log has 6 entries.
    to range_beyond_log: The log has 6 entries.
    recipient recipient_invalid: A recipient has 1 to 200 printable characters.
    recipient recipient_invalid: A recipient has 1 to 200 printable characters.
    ");
    }
    made(app, &numbers(1, 2), &dir.path().join("empty")).await;
    // Nothing half-done is left, also where it is hidden.
    let mut left: Vec<String> =
        std::fs::read_dir(dir.path()).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["empty", "file"]);
}

async fn an_export_is_an_entry(db: Db) {
    let scene = Scene::new(db).await;
    scene.write(8).await;
    scene.grow().await;
    let app = &scene.house.app;
    let ask_erase = Erase { account: scene.mara.clone(), reason: "request".into(), by: By::CommandLine };
    erase(app, &ask_erase, |_| {}).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let exported = made(app, &numbers(1, 10), &dir.path().join("bundle")).await;
    assert_eq!((exported.opened, exported.erased), (4, 6));
    let kinds = scene.house.kinds().await;
    assert_eq!(kinds.last().unwrap(), "evidence.exported");
    let page = std::fs::read_to_string(dir.path().join("bundle/entries-0001.html")).unwrap();
    assert!(page.contains("content erased by entry 10") && page.contains("id=\"entry-9\""), "{page}");
    let index = std::fs::read_to_string(dir.path().join("bundle/index.html")).unwrap();
    assert!(index.contains("An auditor &#38; &#60;co&#62;") && !index.contains("<script"), "{index}");
    assert!(index.contains("RS.AN-06") && index.contains("NIST CSWP 29"), "{index}");
    // The next bundle has the entry about this one.
    scene.grow().await;
    made(app, &numbers(11, 11), &dir.path().join("next")).await;
    let lines = std::fs::read_to_string(dir.path().join("next/entries.ndjson")).unwrap();
    let line = countersign_evidence::bundle::Line::parse(lines.trim_end()).unwrap();
    let countersign_evidence::bundle::Disclosure::Opened(opening) = line.disclosure else { panic!("it is open") };
    let said = String::from_utf8(opening.payload).unwrap();
    assert!(said.contains(&exported.digest.to_hex()) && said.contains("\"opened\":4"), "{said}");
}

/// The command, with a rotation in between; and the same bundle is refused by whoever pinned another key.
#[tokio::test]
async fn the_command_exports_what_the_verifier_takes() {
    let dir = Dir::new(&Db::sqlite());
    let app = dir.with_entries(20).await;
    let key = app.log.key().verifier().to_string();
    drop(app);
    let out = dir.path("bundle");
    let path = out.to_str().unwrap();
    let made = dir.run(&["evidence", "export", "--from", "3", "--out", path, "--recipient", "An auditor", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!((made["count"].as_u64(), made["first"].as_u64()), (Some(19), Some(3)));
    let again = dir.run(&["evidence", "export", "--out", path]);
    assert!(!again.status.success() && stderr(&again).contains("something at this place"), "{again:?}");
    let wrong = dir.run(&["evidence", "export", "--out", path, "--from", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2));
    let Some(program) = verifier() else { return };
    let checked =
        |key: &str| Command::new(&program).arg("bundle").arg(&out).args(["--key", key]).output().unwrap().status.code();
    assert_eq!(checked(&key), Some(0));
    let other = SigningKey::from_seed(key.split('+').next().unwrap(), Algorithm::Ed25519, &[1; 32]).unwrap();
    assert_eq!(checked(&other.verifier().to_string()), Some(1));
    assert!(dir.run(&["evidence", "rotate-key"]).status.success());
    let later = dir.path("later");
    assert!(dir.run(&["evidence", "export", "--out", later.to_str().unwrap()]).status.success());
    let output = Command::new(&program).arg("bundle").arg(&later).args(["--key", &key]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let app = dir.open().await;
    grow(&app).await;
    assert_eq!(dir.audit().await.findings.kept(), []);
}

/// A kind that no table knows would be an entry without a place in the report.
#[test]
fn every_kind_of_entry_has_its_outcomes() {
    fn sources(dir: &Path, found: &mut Vec<String>) {
        for item in std::fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let literal = |rest: &str| rest.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned);
    let drafts = |text: &String| {
        let parts = ["Draft::new(", "Draft::disclosable("]
            .map(|call| text.split(call).skip(1).filter_map(literal).collect::<Vec<_>>());
        parts.concat()
    };
    let mut kinds: Vec<String> = texts.iter().flat_map(drafts).collect();
    let own = texts.iter().find(|text| text.contains("pub const BEGAN")).unwrap();
    let named = own
        .lines()
        .filter(|line| line.starts_with("pub const ") && line.contains("&str = \""))
        .map(|line| line.split('"').nth(1).unwrap().to_owned());
    kinds.extend(named.filter(|kind| kind.contains('.')));
    kinds.push(countersign_evidence::sealed::KIND.to_owned());
    assert!(kinds.len() > 20, "{kinds:?}");
    for kind in kinds {
        assert!(!countersign_core::csf::of_kind(&kind).is_empty(), "{kind} has no outcome in core/src/csf/evidence.rs");
    }
}

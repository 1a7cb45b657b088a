//! An exported bundle.

use crate::support::bundles::{seal, write_bundle, write_bundle_by};
use crate::support::{Log, files, key, vkey, write};
use crate::{run, said, unnoticed};
use countersign_evidence::Hash;
use countersign_evidence::bundle::{MANIFEST, Manifest};
use countersign_evidence::rotation::{Rotation, to_file};
use insta::assert_snapshot;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn exported() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_bundle(&Log::new(70), &dir.path().join("bundle"), 20, 27);
    dir
}

fn check(dir: &Path, more: &[&str]) -> String {
    said(dir, &[&["bundle", "bundle"], more].concat())
}

/// Changes a file, and signs the manifest anew with this key: what the log's own keeper could do.
fn forge(dir: &Path, seed: u8, name: &str, change: impl Fn(String) -> String) {
    let root = dir.join("bundle");
    let text = change(fs::read_to_string(root.join(name)).unwrap());
    write(&root, name, text.as_bytes());
    let mut manifest = Manifest::parse(&fs::read_to_string(root.join(MANIFEST)).unwrap()).unwrap();
    manifest.files.insert(name.to_owned(), Hash::of(text.as_bytes()));
    seal(&key(seed), &root, &manifest);
}

#[test]
fn a_bundle_proves_its_entries() {
    let dir = exported();
    assert_snapshot!(check(dir.path(), &["--key", &vkey(1)]), @"0 Proven: the bundle's 7 entries (20 to 26; 1 erased, 1 withheld) stand side by side in the log log.example.org/evidence at 70 entries, and say what the bundle shows, witnessed by w11, w12 as the sender's own policy asks; not proven: the words of index.html, the signatures on its time stamps (1; `openssl ts -verify` checks them), that these witnesses are independent (name your own policy with --policy), and that what the log records is true.");
    assert_snapshot!(check(dir.path(), &["--key", &vkey(1), "--json"]), @r#"0 {"cosigned":[{"time_secs":1768123811,"witness":"w11"},{"time_secs":1768123812,"witness":"w12"}],"count":7,"erased":1,"exit_code":0,"expires_at_secs":1800000000,"first":20,"not_proven":["the words of index.html","the signatures on its time stamps (1; `openssl ts -verify` checks them)","that these witnesses are independent (name your own policy with --policy)","that what the log records is true"],"opened":5,"origin":"log.example.org/evidence","recipient":"An auditor","result":"proven","root":"czOIpegAT708iKmQeSI7jV5JbDDOoVtYSe04nBRT9tc=","sentence":"Proven: the bundle's 7 entries (20 to 26; 1 erased, 1 withheld) stand side by side in the log log.example.org/evidence at 70 entries, and say what the bundle shows, witnessed by w11, w12 as the sender's own policy asks; not proven: the words of index.html, the signatures on its time stamps (1; `openssl ts -verify` checks them), that these witnesses are independent (name your own policy with --policy), and that what the log records is true.","size":70,"timestamps":1,"withheld":1,"witnessed":false}"#);
    assert_snapshot!(check(dir.path(), &[]), @"3 Not enough: the bundle agrees with itself, but no key was pinned, so anybody could have made it; name the key of log.example.org/evidence with --key.");
    assert_snapshot!(check(dir.path(), &["--key", &vkey(2)]), @"1 DISPROVEN: manifest.sig: no key that is trusted here signed this.");
}

#[test]
fn bundles_of_every_range_prove() {
    for (start, end) in [(0, 2), (0, 70), (68, 70), (33, 33), (70, 70), (64, 66)] {
        let dir = tempfile::tempdir().unwrap();
        write_bundle(&Log::new(70), &dir.path().join("bundle"), start, end);
        let said = check(dir.path(), &["--key", &vkey(1)]);
        assert!(said.starts_with("0 Proven"), "{start}..{end}: {said}");
    }
}

#[test]
fn a_changed_byte_in_any_file_is_found() {
    let dir = exported();
    let key = vkey(1);
    let all = files(&dir.path().join("bundle"));
    assert_eq!(all.len(), 10, "{all:?}");
    for file in all {
        let left = unnoticed(dir.path(), &format!("bundle/{file}"), 37, &["bundle", "bundle", "--key", &key]);
        assert_eq!(left, Vec::<usize>::new(), "{file}");
    }
}

#[test]
fn what_was_taken_away_or_put_in_is_found() {
    let dir = exported();
    let root = dir.path().join("bundle");
    let key = vkey(1);
    for file in files(&root) {
        let good = fs::read(root.join(&file)).unwrap();
        fs::remove_file(root.join(&file)).unwrap();
        assert_ne!(run(dir.path(), &["bundle", "bundle", "--key", &key]).0, 0, "{file}");
        fs::write(root.join(&file), good).unwrap();
    }
    write(&root, "timestamps/more/deep.tsr", b"x");
    assert_snapshot!(check(dir.path(), &["--key", &key]), @"1 DISPROVEN: timestamps/more is in the bundle, and the manifest does not name it.");
    fs::remove_dir_all(root.join("timestamps/more")).unwrap();
    write(&root, ".DS_Store", b"x");
    assert_eq!(run(dir.path(), &["bundle", "bundle", "--key", &key]).0, 0);
}

#[test]
fn the_keeper_of_the_key_cannot_show_other_entries() {
    let key_1 = vkey(1);
    let said = |name: &str, change: &dyn Fn(String) -> String| {
        let dir = exported();
        forge(dir.path(), 1, name, change);
        check(dir.path(), &["--key", &key_1])
    };
    let swap = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(3, 4);
        lines.iter().map(|line| format!("{line}\n")).collect()
    };
    assert_snapshot!(said("entries.ndjson", &swap), @"1 DISPROVEN: the entries are not those of the log: the proof leads to another root.");
    let drop_last = |text: String| text.lines().take(6).map(|line| format!("{line}\n")).collect();
    assert_snapshot!(said("entries.ndjson", &drop_last), @"1 DISPROVEN: the entries are not those of the log: the proof leads to another root.");
    let renumber = |text: String| text.replace("\"index\":24", "\"index\":25");
    assert_snapshot!(said("entries.ndjson", &renumber), @"1 DISPROVEN: the entries are not those of the log: the proof is about something outside the tree.");
    let other_size = |text: String| text.replace("size 70", "size 71");
    assert_snapshot!(said("proof", &other_size), @"1 DISPROVEN: the entries are not those of the log: the proof has another number of hashes than this tree asks for.");
    let older = Log::new(70).checkpoint(60, &[]).to_string();
    assert_snapshot!(said("timestamps/first.checkpoint", &|_| older.clone()), @"1 DISPROVEN: timestamps/first.tsr is not over timestamps/first.checkpoint.");
}

#[test]
fn a_bundle_signed_with_a_later_key_is_followed_from_the_pinned_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("bundle");
    write_bundle_by(&key(2), &Log::new(70), &root, 20, 27);
    let rotations = to_file(&[Rotation::sign(50, &key(1), &key(2)).unwrap()]);
    let mut manifest = Manifest::parse(&fs::read_to_string(root.join(MANIFEST)).unwrap()).unwrap();
    manifest.files.insert("rotations".into(), Hash::of(rotations.as_bytes()));
    write(&root, "rotations", rotations.as_bytes());
    seal(&key(2), &root, &manifest);
    for seed in [1, 2] {
        assert_eq!(run(dir.path(), &["bundle", "bundle", "--key", &vkey(seed)]).0, 0, "{seed}");
    }
    assert_eq!(run(dir.path(), &["bundle", "bundle", "--key", &vkey(3)]).0, 1);
}

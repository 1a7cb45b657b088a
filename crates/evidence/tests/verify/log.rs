//! A mirror of a whole log.

use crate::support::{Log, files, vkey, write};
use crate::{run, said, unnoticed};
use insta::assert_snapshot;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A mirror of 600 entries with partial files of earlier sizes, and checkpoints that were kept.
fn mirror() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(600);
    log.write_mirror(&dir.path().join("log"), &[3, 300, 600]);
    write(dir.path(), "kept", log.checkpoint(300, &[]).to_string().as_bytes());
    let forked = Log::of((1..601).map(crate::support::opening).collect());
    write(dir.path(), "forked", forked.checkpoint(300, &[]).to_string().as_bytes());
    dir
}

fn check(dir: &Path, more: &[&str]) -> String {
    said(dir, &[&["log", "log", "--key", &vkey(1)], more].concat())
}

#[test]
fn a_mirror_is_what_its_checkpoint_says() {
    let dir = mirror();
    assert_snapshot!(check(dir.path(), &[]), @"0 Proven: the log log.example.org/evidence at 600 entries has exactly the entries and tiles that its signed checkpoint says; not proven: that it continues what it was before (no kept checkpoint was named), that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
    assert_snapshot!(check(dir.path(), &["--kept", "kept", "--json"]), @r#"0 {"bundles":3,"bytes":40264,"cosigned":[],"entries":600,"exit_code":0,"files_not_looked_at":0,"not_proven":["that nobody was shown another version of the log (unwitnessed)","that what the log records is true"],"older_partial_files":5,"origin":"log.example.org/evidence","result":"proven","root":"AMDLx4Zdk9g4v4EcSIi23gZPxHLf35viZBMjAki6ILM=","sentence":"Proven: the log log.example.org/evidence at 600 entries has exactly the entries and tiles that its signed checkpoint says, and is the continuation of what it was at 300; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.","size":600,"tiles":4,"witnessed":false}"#);
    assert_snapshot!(check(dir.path(), &["--kept", "forked"]), @"1 DISPROVEN: the log is not the continuation of the kept checkpoint of size 300.");
    write(dir.path(), "log/tile/0/777", b"x");
    write(dir.path(), "log/tile/notes.txt", b"x");
    assert_snapshot!(check(dir.path(), &["--kept", "kept"]), @"0 Proven: the log log.example.org/evidence at 600 entries has exactly the entries and tiles that its signed checkpoint says, and is the continuation of what it was at 300; not proven: anything about 2 files that are not part of this checkpoint's log, that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
}

#[test]
fn one_changed_bit_in_any_file_is_found() {
    let dir = mirror();
    let all = files(&dir.path().join("log"));
    assert_eq!(all.len(), 13, "{all:?}");
    let key = vkey(1);
    for file in all {
        // Two places in a tile or a bundle; the program's own tests try every place.
        let name = format!("log/{file}");
        let length = fs::metadata(dir.path().join(&name)).unwrap().len() as usize;
        let step = if file == "checkpoint" { 1 } else { length.div_ceil(2) };
        let left = unnoticed(dir.path(), &name, step, &["log", "log", "--key", &key]);
        // The witnesses' words in the checkpoint are not asked for.
        let text = fs::read_to_string(dir.path().join(&name)).unwrap_or_default();
        let end = text.find("\u{2014} witness").unwrap_or(text.len());
        assert!(left.iter().all(|at| file == "checkpoint" && *at >= end), "{name}: {left:?}");
    }
}

#[test]
fn what_was_taken_away_or_swapped_is_found() {
    let dir = mirror();
    let log = dir.path().join("log");
    for file in ["tile/entries/002.p/88", "tile/0/001", "tile/1/000.p/2", "checkpoint"] {
        let good = fs::read(log.join(file)).unwrap();
        fs::remove_file(log.join(file)).unwrap();
        assert_ne!(run(dir.path(), &["log", "log", "--key", &vkey(1)]).0, 0, "{file}");
        fs::write(log.join(file), good).unwrap();
    }
    let last = log.join("tile/entries/002.p/88");
    let good = fs::read(&last).unwrap();
    fs::write(&last, &good[..good.len() - 35]).unwrap();
    assert_snapshot!(check(dir.path(), &[]), @"1 DISPROVEN: tile/entries/002.p/88 does not hold the entries that it must.");
    let (first, rest) = good.split_at(35);
    let (second, rest) = rest.split_at(35);
    fs::write(&last, [second, first, rest].concat()).unwrap();
    assert_snapshot!(check(dir.path(), &[]), @"1 DISPROVEN: tile/0/002.p/88 does not follow from the entries: its hash 0 (from 0) is another.");
    fs::write(&last, [good.as_slice(), b"\0"].concat()).unwrap();
    assert_snapshot!(check(dir.path(), &[]), @"1 DISPROVEN: tile/entries/002.p/88 does not hold the entries that it must.");
}

#[test]
fn a_log_that_was_cut_is_found_by_what_was_kept() {
    let dir = mirror();
    let cut = Log::new(200);
    cut.write_mirror(&dir.path().join("cut"), &[200]);
    let check = |more: &[&str]| said(dir.path(), &[&["log", "cut", "--key", &vkey(1)], more].concat());
    assert!(check(&[]).starts_with("0 "));
    assert_snapshot!(check(&["--kept", "kept"]), @"1 DISPROVEN: the log is smaller than the kept checkpoint of size 300.");
}

//! Checkpoints, consistency, entries.

use crate::support::{Log, key, policy, vkey, write};
use crate::{run, said, unnoticed};
use countersign_evidence::rotation::{Rotation, to_file};
use insta::assert_snapshot;
use tempfile::TempDir;

/// A log of 300 entries and what an outsider got of it.
fn outside() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(300);
    let root = dir.path();
    write(root, "old", log.checkpoint(200, &[11]).to_string().as_bytes());
    write(root, "new", log.checkpoint(300, &[11, 13]).to_string().as_bytes());
    let path: String = log.consistency(200, 300).iter().map(|hash| format!("{hash}\n")).collect();
    write(root, "consistency", path.as_bytes());
    write(root, "proof", log.proof(123, 300, &[11, 13]).to_string().as_bytes());
    write(root, "policy", policy().as_bytes());
    log.write_mirror(&root.join("log"), &[200, 300]);
    dir
}

#[test]
fn a_checkpoint_is_signed_and_witnessed_or_said_not_to_be() {
    let dir = outside();
    let check = |more: &[&str]| said(dir.path(), &[&["checkpoint"], more].concat());
    let key_1 = vkey(1);
    assert_snapshot!(check(&["new", "--key", &key_1]), @"0 Proven: the log log.example.org/evidence at 300 entries and root SyPjqp/VBk2eN7blHui8BObasb4GeCumnvxNvVNM5do= is signed by its key; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
    assert_snapshot!(check(&["new", "--policy", "policy"]), @"0 Proven: the log log.example.org/evidence at 300 entries and root SyPjqp/VBk2eN7blHui8BObasb4GeCumnvxNvVNM5do= is signed by its key, witnessed by w11, w13 as the policy asks; not proven: that what the log records is true.");
    assert_snapshot!(check(&["old", "--policy", "policy"]), @"3 Not enough: the quorum of witnesses that the policy asks for is not there (w11 cosigned), although the log log.example.org/evidence at 200 entries is signed by its key; not proven: that what the log records is true.");
    assert_snapshot!(check(&["new", "--key", &vkey(2)]), @"1 DISPROVEN: the checkpoint: no key that is trusted here signed this.");
    assert_snapshot!(check(&["new", "--key", "log+1+x"]), @"2 Unreadable: --key: a verifier key has the form name+hash+key.");
    assert_snapshot!(check(&["new"]), @"2 Unreadable: no key is given: name the log's with --key, or a policy with a log in it.");
    assert_snapshot!(check(&["policy", "--key", &key_1]), @"2 Unreadable: policy: this is not a signed note.");
    assert_snapshot!(check(&["absent", "--key", &key_1]), @"2 Unreadable: absent: No such file or directory (os error 2).");
    assert_snapshot!(check(&["new", "--policy", "policy", "--json"]), @r#"0 {"cosigned":[{"time_secs":1768123811,"witness":"w11"},{"time_secs":1768123813,"witness":"w13"}],"exit_code":0,"not_proven":["that what the log records is true"],"origin":"log.example.org/evidence","result":"proven","root":"SyPjqp/VBk2eN7blHui8BObasb4GeCumnvxNvVNM5do=","sentence":"Proven: the log log.example.org/evidence at 300 entries and root SyPjqp/VBk2eN7blHui8BObasb4GeCumnvxNvVNM5do= is signed by its key, witnessed by w11, w13 as the policy asks; not proven: that what the log records is true.","size":300,"witnessed":true}"#);
}

#[test]
fn a_rotated_key_is_followed_and_an_old_one_does_not_sign_on() {
    let dir = outside();
    let log = Log::new(300);
    let rotation = Rotation::sign(250, &key(1), &key(2)).unwrap();
    write(dir.path(), "rotations", to_file(&[rotation]).as_bytes());
    write(dir.path(), "by2", log.checkpoint_by(&key(2), 300, &[]).to_string().as_bytes());
    let check = |file, seed| run(dir.path(), &["checkpoint", file, "--key", &vkey(seed), "--rotations", "rotations"]).0;
    assert_eq!((check("by2", 1), check("by2", 2)), (0, 0));
    assert_eq!(check("new", 1), 1, "the old key signs a log that is larger than it may");
    assert_eq!(check("old", 1), 0);
    assert_eq!(check("by2", 3), 1, "a key that the rotations do not lead to");
}

#[test]
fn two_checkpoints_are_one_log_or_not() {
    let dir = outside();
    let forked = Log::of((1..401).map(crate::support::opening).collect());
    write(dir.path(), "forked", forked.checkpoint(300, &[]).to_string().as_bytes());
    let key = vkey(1);
    let check = |old, new, how: [&str; 2]| said(dir.path(), &["consistency", old, new, how[0], how[1], "--key", &key]);
    assert_snapshot!(check("old", "new", ["--proof", "consistency"]), @"0 Proven: the log log.example.org/evidence at 300 entries is the continuation of what it was at 200 entries; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
    assert_snapshot!(check("old", "new", ["--log", "log"]), @"0 Proven: the log log.example.org/evidence at 300 entries is the continuation of what it was at 200 entries; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.");
    assert_snapshot!(check("new", "old", ["--log", "log"]), @"1 DISPROVEN: the log has 200 entries and had 300: it was cut.");
    assert_snapshot!(check("old", "forked", ["--proof", "consistency"]), @"1 DISPROVEN: the log is not the continuation of what it was: the proof leads to another root.");
    assert_snapshot!(check("new", "forked", ["--log", "log"]), @"1 DISPROVEN: the log is not the continuation of what it was: the proof leads to another root.");
    let (code, usage) = run(dir.path(), &["consistency", "old", "new", "--key", &key]);
    assert!(code == 2 && usage.contains("--proof <FILE>|--log <DIR>"), "{usage}");
}

#[test]
fn an_entry_is_in_the_log_and_says_what_is_shown() {
    let dir = outside();
    let log = Log::new(300);
    let key = vkey(1);
    assert_snapshot!(said(dir.path(), &["entry", "--proof", "proof", "--key", &key]), @r#"
        0 Proven: entry 123 of the log log.example.org/evidence at 300 entries says test.happened, as shown; not proven: that nobody was shown another version of the log (unwitnessed), and that what the log records is true.
        {
          "about": null,
          "at_micros": 1768123800000123,
          "id": "evi_123",
          "kind": "test.happened",
          "what": {
            "n": 123
          }
        }
        "#);
    let bare = countersign_evidence::proof::ProofFile { extra: None, ..log.proof(123, 300, &[]) };
    write(dir.path(), "bare", bare.to_string().as_bytes());
    assert_snapshot!(said(dir.path(), &["entry", "--proof", "bare", "--key", &key]), @"3 Not enough: the proof has no opening in it, so nothing says which entry it is of; name the entry with --entry.");
    let hex = data_encoding::HEXLOWER.encode(&log.entries[123]);
    assert_snapshot!(said(dir.path(), &["entry", "--proof", "bare", "--entry", &hex, "--key", &key]), @"0 Proven: this is entry 123 of the log log.example.org/evidence at 300 entries; not proven: that nobody was shown another version of the log (unwitnessed), that what the log records is true, and what the entry says (it was not opened).");
    let other = data_encoding::HEXLOWER.encode(&log.entries[124]);
    assert_snapshot!(said(dir.path(), &["entry", "--proof", "bare", "--entry", &other, "--key", &key]), @"1 DISPROVEN: the entry is not in the log: the proof leads to another root.");
}

#[test]
fn a_changed_bit_is_found_in_every_file() {
    let dir = outside();
    let key = vkey(1);
    let all: [(&str, usize, &[&str]); 6] = [
        ("new", 1, &["checkpoint", "new", "--policy", "policy"]),
        ("policy", 3, &["checkpoint", "new", "--policy", "policy"]),
        ("old", 3, &["consistency", "old", "new", "--proof", "consistency", "--key", &key]),
        ("consistency", 1, &["consistency", "old", "new", "--proof", "consistency", "--key", &key]),
        ("proof", 3, &["entry", "--proof", "proof", "--key", &key]),
        ("log/tile/0/001.p/44", 1, &["consistency", "old", "new", "--log", "log", "--key", &key]),
    ];
    for (file, step, args) in all {
        assert_eq!(run(dir.path(), args).0, 0, "{args:?}");
        let left = unnoticed(dir.path(), file, step, args);
        // What is not read for this question may change: cosignatures without a policy, and names within one.
        let bytes = std::fs::read(dir.path().join(file)).unwrap();
        let is_read = |at: &&usize| !may_change(file, &bytes, **at);
        assert_eq!(left.iter().find(is_read), None, "{file}: {}", String::from_utf8_lossy(&bytes));
    }
}

/// Bytes that do not bear on the verdict: what a witness says where none is asked, and of a policy the log, whose key is
/// not the one that signed when it is changed, or the third witness, without which there is a quorum too.
fn may_change(file: &str, bytes: &[u8], at: usize) -> bool {
    let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |end| at + end);
    let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |line| line + 1);
    let line = String::from_utf8_lossy(&bytes[start..end]).into_owned();
    match file {
        "old" | "proof" => line.starts_with("\u{2014} witness"),
        "policy" => line.starts_with("witness w12"),
        "log/tile/0/001.p/44" => true,
        _ => false,
    }
}

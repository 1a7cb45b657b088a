//! `countersign passwords`: as a person calls it, with good lists and bad ones.

use super::{LEAKED, file, hex, list};
use crate::support::not_run;
use countersign::breached::build::{Build, BuildError, Step, build};
use countersign::breached::{Answer, Corpus, OpenError, Source};
use countersign_core::breached::{BadLine, Form, Hash, HashKind};
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn countersign(dir: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(dir).args(arguments).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_list_becomes_a_file_that_answers_and_repeats_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = list(dir.path(), HashKind::Sha1, &[(LEAKED, 7), ("password", 3), ("once", 1)]);
    let mut lines = std::fs::read_to_string(&path).unwrap();
    lines.push_str("hunter2\n8846F7EAEE8FB117AD06BDD830B7586C:1\n0123:x\n");
    std::fs::write(&path, lines).unwrap();
    for form in [&[][..], &["--exact"], &["--range"]] {
        let arguments =
            [&["--json", "passwords", "build", "sha1.txt", "--out", "leaked", "--min-count", "2"], form].concat();
        let built = countersign(dir.path(), &arguments, "");
        assert!(built.status.success(), "{built:?}");
        let said: Value = serde_json::from_slice(&built.stdout).unwrap();
        assert_eq!((&said["hashes"], &said["below_min_count"], &said["lines"]), (&2.into(), &1.into(), &6.into()));
        assert_eq!(said["bad_lines"], serde_json::json!({ "not_hex": 1, "other_hash": 1, "wrong_length": 1 }));
        assert_eq!(said["samples"][0]["shape"], "7 bytes, 0 hex digits in front, no colon");
        assert!(!out(&built).contains("hunter2") && !out(&built).contains("8846F7"));

        let info = countersign(dir.path(), &["passwords", "info", "leaked"], "");
        assert!(out(&info).contains("2 sha1 hashes, seen 2 times or more; form "), "{info:?}");
        let asked = countersign(dir.path(), &["passwords", "check", "leaked"], &format!("{LEAKED}\r\nonce\n"));
        assert_eq!(asked.status.code(), Some(1));
        let expected =
            if form == ["--range"] { "1: leaked, 7 times\n2: not leaked\n" } else { "1: leaked\n2: not leaked\n" };
        assert_eq!(out(&asked), expected);
        let hashes = format!("{}\nnone\n", hex(HashKind::Sha1, "password").to_lowercase());
        let asked = countersign(dir.path(), &["passwords", "check", "--hashes", "sha1", "leaked"], &hashes);
        assert!(out(&asked).starts_with("1: leaked") && out(&asked).ends_with("\n2: unreadable\n"), "{asked:?}");
        assert_eq!(names(dir.path()), ["leaked", "sha1.txt"]);
    }
}

#[test]
fn range_files_lists_and_standard_input_come_to_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let all = [("a", 1), ("b", 2), (LEAKED, 3)];
    for kind in HashKind::ALL {
        let path = list(dir.path(), kind, &all);
        let ranges = dir.path().join("ranges");
        std::fs::create_dir_all(ranges.join("deeper")).unwrap();
        for (at, (password, count)) in all.iter().enumerate() {
            let (prefix, suffix) = hex(kind, password).split_at(5).pipe();
            let name = if at == 0 { format!("deeper/{prefix}") } else { format!("{prefix}.txt") };
            std::fs::write(ranges.join(name), format!("{suffix}:{count}\n{}:0", "0".repeat(kind.digits() - 5)))
                .unwrap();
        }
        std::fs::write(ranges.join("README"), "no range").unwrap();
        let hash = kind.as_str();
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        let calls = [(path.to_str().unwrap(), "one"), ("ranges", "two"), ("-", "three")];
        for (input, output) in calls {
            let arguments = ["passwords", "build", input, "--out", output, "--range", "--hash", hash];
            let built = countersign(dir.path(), &arguments, &text);
            assert!(built.status.success(), "{built:?}");
        }
        let [one, two, three] = ["one", "two", "three"].map(|name| std::fs::read(dir.path().join(name)).unwrap());
        assert!(one == two && two == three);
        std::fs::remove_dir_all(ranges).unwrap();
    }
}

/// A pair of owned texts.
trait Pipe {
    fn pipe(self) -> (String, String);
}

impl Pipe for (&str, &str) {
    fn pipe(self) -> (String, String) {
        (self.0.to_owned(), self.1.to_owned())
    }
}

#[test]
fn a_wrong_file_is_told_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ntlm = list(dir.path(), HashKind::Ntlm, &[("a", 1), ("b", 1)]);
    let calls: [(&[&str], &str); 4] = [
        (&["ntlm.txt"], "no sha1 hash was found in 2 lines: try --hash ntlm\n"),
        (&["absent.txt"], "absent.txt: No such file or directory (os error 2)\n"),
        (&["."], "no sha1 hash was found in 0 lines: a directory must hold range files, such as 00000.txt\n"),
        (&["-"], "2 of 3 lines are no sha1 hashes; is it the right file?\n"),
    ];
    for (inputs, expected) in calls {
        let arguments = [&["passwords", "build", "--out", "leaked"], inputs].concat();
        let input = format!("hunter2\npassword\n{}\n", hex(HashKind::Sha1, "a"));
        let built = countersign(dir.path(), &arguments, &input);
        assert_eq!((built.status.code(), String::from_utf8(built.stderr).unwrap().as_str()), (Some(1), expected));
        assert_eq!(names(dir.path()), ["ntlm.txt"]);
    }
    assert!(ntlm.is_file());
}

#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_half_done() {
    let dir = tempfile::tempdir().unwrap();
    let before = file(dir.path(), Form::Exact, HashKind::Sha1, &[(LEAKED, 1)]);
    let old = std::fs::read(&before).unwrap();
    let many: String = (0..20_000).map(|n| format!("{}:1\n", hex(HashKind::Sha1, &n.to_string()))).collect();
    std::fs::write(dir.path().join("many.txt"), many).unwrap();
    // Files may not grow beyond a few blocks: writing fails as it does on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} passwords build many.txt --exact --out sha1.exact",
        env!("CARGO_BIN_EXE_countersign")
    );
    let built = Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).output().unwrap();
    let said = String::from_utf8(built.stderr).unwrap();
    assert_eq!(built.status.code(), Some(1), "{said}");
    assert!(said.contains("sha1.exact: File too large") && said.contains("nothing was left behind"), "{said}");
    assert_eq!(names(dir.path()), ["many.txt", "sha1.exact", "sha1.txt"]);
    assert_eq!(std::fs::read(&before).unwrap(), old);
}

#[test]
fn a_line_of_many_megabytes_and_broken_bytes_are_stepped_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut text = vec![b'A'; 5_000_000];
    text.extend_from_slice(b"\n\0\0\xff\xfe\n");
    for n in 0..5 {
        text.extend_from_slice(format!("{}\n", hex(HashKind::Sha1, &n.to_string())).as_bytes());
    }
    text.extend_from_slice(hex(HashKind::Sha1, LEAKED).as_bytes());
    std::fs::write(dir.path().join("list"), text).unwrap();
    let (inputs, out) = (vec![dir.path().join("list")], dir.path().join("out"));
    let ask = Build { inputs, out: out.clone(), form: Form::Filter, hash: HashKind::Sha1, min_count: 1 };
    let mut steps = vec![];
    let built = build(&ask, &mut |step| steps.push(step)).unwrap();
    assert_eq!((built.header.keys, built.tally.bad[&BadLine::TooLong], built.tally.bad[&BadLine::NotHex]), (6, 1, 1));
    assert!(matches!(steps[0], Step::Begun(Some(5_000_000..))));
    assert!(matches!(steps.last(), Some(Step::Written(6))));
    let corpus = Corpus::open(&out).unwrap();
    assert!(corpus.find(&Hash::of(HashKind::Sha1, LEAKED)).is_some());
}

#[test]
fn two_builds_of_one_file_do_not_meet() {
    let dir = tempfile::tempdir().unwrap();
    let other = std::fs::File::create(dir.path().join("sha1.filter.part")).unwrap();
    other.lock().unwrap();
    let inputs = vec![list(dir.path(), HashKind::Sha1, &[(LEAKED, 1)])];
    let out = dir.path().join("sha1.filter");
    let ask = Build { inputs, out, form: Form::Filter, hash: HashKind::Sha1, min_count: 1 };
    assert!(matches!(build(&ask, &mut |_| {}), Err(BuildError::Busy(_))));
    // What a build that was killed left is in nobody's way.
    drop(other);
    build(&ask, &mut |_| {}).unwrap();
    assert_eq!(names(dir.path()), ["sha1.filter", "sha1.txt"]);
}

#[test]
fn a_cut_a_changed_and_a_shared_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), Form::Filter, HashKind::Sha1, &[(LEAKED, 1)]);
    let whole = std::fs::read(&path).unwrap();
    let said = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Corpus::open(&path).unwrap_err().to_string()
    };
    assert!(said(&whole[..whole.len() - 1]).contains("it was cut off"));
    let mut changed = whole.clone();
    changed[257] ^= 1;
    assert_eq!(said(&changed), "is damaged (content): build or copy it again");
    assert_eq!(said(b"#!/bin/sh"), "is not a file that `countersign passwords build` made");
    std::fs::write(&path, &whole).unwrap();
    Corpus::open(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
    assert!(matches!(Corpus::open(&path), Err(OpenError::Map(_))));
}

#[test]
fn a_file_that_is_open_goes_on_while_a_new_one_is_built_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), Form::Exact, HashKind::Sha1, &[(LEAKED, 1)]);
    let source = Source::default();
    source.open(&path).unwrap();
    file(dir.path(), Form::Exact, HashKind::Sha1, &[("another", 1)]);
    assert!(matches!(source.password(LEAKED), Answer::Leaked { .. }));
    assert_eq!(source.password("another"), Answer::Absent);
    assert!(matches!(source.open(&path), Err(OpenError::Twice(HashKind::Sha1))));
}

#[test]
fn peak_memory_does_not_grow_with_the_list() {
    if !Path::new("/proc/self/status").is_file() {
        return not_run("the memory of a build", "/proc");
    }
    let dir = tempfile::tempdir().unwrap();
    // Hashes need not be of passwords to be counted.
    let line = |n: u64| {
        let bytes = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        format!("{}{:024X}:1\n", data_encoding::HEXUPPER.encode(&bytes), n)
    };
    let text: String = (0..600_000).map(line).collect();
    std::fs::write(dir.path().join("list"), &text).unwrap();
    let script = format!(
        "ulimit -v 1000000; exec {} --json passwords build list --range --out out",
        env!("CARGO_BIN_EXE_countersign")
    );
    let built = Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).output().unwrap();
    assert!(built.status.success(), "{built:?}");
}

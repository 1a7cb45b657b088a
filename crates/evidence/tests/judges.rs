//! Programs of other authors judge what we write: a Go program on golang.org/x/mod/sumdb (Debian), and the verifier of
//! sigstore-js (npm). Both must accept it, and refuse it once it is changed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]

mod support;

use countersign_evidence::Hash;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};
use support::{Log, vkey, write};

/// Says in one line what was not run and how to get it; with `COUNTERSIGN_TEST_REQUIRE=all` that is a failure.
fn not_run(what: &str, how: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap().insert(what.to_owned()) {
        std::io::stderr().write_all(format!("not run: {what} ({how})\n").as_bytes()).unwrap();
    }
    let required = std::env::var_os("COUNTERSIGN_TEST_REQUIRE").is_some_and(|v| v == "all");
    assert!(!required, "not run: {what} ({how})");
}

/// A program that the environment names, or one on the search path.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file());
    named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
    })
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The Go judge, compiled once; `None` without Go or its library.
fn go_judge() -> Option<&'static PathBuf> {
    static JUDGE: OnceLock<Option<PathBuf>> = OnceLock::new();
    JUDGE.get_or_init(build_go_judge).as_ref()
}

fn build_go_judge() -> Option<PathBuf> {
    let sources = std::env::var_os("COUNTERSIGN_TEST_GOPATH").unwrap_or_else(|| OsString::from("/usr/share/gocode"));
    let library = Path::new(&sources).join("src/golang.org/x/mod/sumdb/tlog");
    let go = program("COUNTERSIGN_TEST_GO", "go").filter(|_| library.is_dir());
    let Some(go) = go else {
        not_run("the Go judge of tiles and proofs", "apt-get install golang-go golang-golang-x-mod-dev");
        return None;
    };
    let temp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let judge = temp.join("judge");
    let mut build = Command::new(go);
    build.args(["build", "-o"]).arg(&judge).arg(here("go/judge.go"));
    build.env("GO111MODULE", "off").env("GOFLAGS", "").env("GOPATH", sources).env("GOCACHE", temp.join("go-cache"));
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(judge)
}

/// A log's mirror with claims of ours about it.
fn mirror(dir: &Path, size: u64) -> Log {
    let log = Log::new(size);
    log.write_mirror(dir, &[size]);
    let hashes = |path: Vec<Hash>| path.iter().map(|hash| format!(" {hash}")).collect::<String>();
    let mut claims = String::new();
    for part in [1, 2, size / 3, size / 2, size - 1, size].into_iter().filter(|part| (1..=size).contains(part)) {
        claims += &format!("root {part} {}\n", log.head(part).root);
        claims += &format!("consistency {part} {size}{}\n", hashes(log.consistency(part, size)));
        let index = part - 1;
        claims += &format!("inclusion {index} {size}{}\n", hashes(log.proof(index, size, &[]).path));
    }
    write(dir, "claims", claims.as_bytes());
    log
}

fn judge(program: &Path, dir: &Path, key: &str) -> Output {
    Command::new(program).arg(dir).arg(key).output().unwrap()
}

#[test]
fn go_computes_the_same_tiles_roots_and_proofs() {
    let Some(program) = go_judge() else { return };
    for size in [1, 2, 3, 255, 256, 257, 600, 65_537, 70_000] {
        let dir = tempfile::tempdir().unwrap();
        mirror(dir.path(), size);
        let output = judge(program, dir.path(), &vkey(1));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{size}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.starts_with(&format!("{size} entries, ")), "{said}");
    }
}

#[test]
fn go_refuses_what_was_changed() {
    let Some(program) = go_judge() else { return };
    let dir = tempfile::tempdir().unwrap();
    mirror(dir.path(), 600);
    let refused = |what: &str| {
        let output = judge(program, dir.path(), &vkey(1));
        assert!(!output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stdout));
    };
    for (file, at) in [
        ("checkpoint", 26),
        ("checkpoint", 30),
        ("checkpoint", 120),
        ("tile/entries/000", 5),
        ("tile/entries/002.p/88", 88 * 35 - 1),
        ("tile/0/001", 4_000),
        ("tile/0/002.p/88", 0),
        ("tile/1/000.p/2", 63),
    ] {
        let path = dir.path().join(file);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).unwrap();
        refused(&format!("{file} at {at}"));
        fs::write(&path, good).unwrap();
    }
    let claims = fs::read_to_string(dir.path().join("claims")).unwrap();
    for line in claims.lines() {
        let (rest, last) = line.rsplit_once(' ').unwrap();
        let forged =
            if last.len() == 44 { format!("{rest} {}", Hash::of(b"x")) } else { format!("{line} {}", Hash::of(b"x")) };
        write(dir.path(), "claims", forged.as_bytes());
        refused(&forged);
    }
    write(dir.path(), "claims", claims.as_bytes());
    assert!(!judge(program, dir.path(), &vkey(2)).status.success(), "another key");
    assert!(judge(program, dir.path(), &vkey(1)).status.success());
}

/// Node and the directory with `@sigstore/verify`.
fn sigstore() -> Option<(PathBuf, OsString)> {
    let node = program("COUNTERSIGN_TEST_NODE", "node");
    let modules = std::env::var_os("COUNTERSIGN_TEST_NODE_MODULES")
        .filter(|dir| Path::new(dir).join("@sigstore/verify/dist/tlog/merkle.js").is_file());
    if node.is_none() || modules.is_none() {
        not_run("the judge from sigstore-js", "npm install @sigstore/verify, and COUNTERSIGN_TEST_NODE_MODULES");
    }
    Some((node?, modules?))
}

fn ask_sigstore((node, modules): &(PathBuf, OsString), proof: &str, key: &str, entry: &[u8]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "proof", proof.as_bytes());
    let mut command = Command::new(node);
    command.arg(here("js/sigstore.js")).arg(modules).arg(dir.path().join("proof")).arg(key);
    command.arg(data_encoding::HEXLOWER.encode(entry)).output().unwrap()
}

#[test]
fn sigstore_accepts_our_proofs_and_refuses_changed_ones() {
    let Some(tools) = sigstore() else { return };
    let log = Log::new(300);
    let key = vkey(1);
    for (index, size) in [(0, 1), (0, 300), (123, 300), (299, 300), (255, 256)] {
        let proof = log.proof(index, size, &[11]).to_string();
        let output = ask_sigstore(&tools, &proof, &key, &log.entries[index as usize]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("entry {index} of {size}\n"));
    }
    let good = log.proof(123, 300, &[]);
    let (text, entry) = (good.to_string(), &log.entries[123]);
    let mut other_path = good.clone();
    other_path.path[2] = Hash::of(b"x");
    let mut shorter = good;
    shorter.path.pop();
    for (what, proof, key, entry) in [
        ("another entry", &text, &key, &log.entries[124]),
        ("another key", &text, &vkey(2), entry),
        ("another index", &text.replace("index 123", "index 122"), &key, entry),
        ("another hash", &other_path.to_string(), &key, entry),
        ("a hash too few", &shorter.to_string(), &key, entry),
        ("another size", &text.replace("\n300\n", "\n301\n"), &key, entry),
        ("another origin", &text.replace("\n\nlog.", "\n\nlag."), &key, entry),
    ] {
        let output = ask_sigstore(&tools, proof, key, entry);
        assert!(!output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

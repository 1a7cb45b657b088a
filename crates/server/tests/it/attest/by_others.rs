//! A witness by another author (aics-witness, from PyPI): our client with its server, its client with our server.

use super::log::TestLog;
use super::{PATIENCE, Running, ask, http, is_cosigned, status};
use crate::support::not_run;
use countersign::attest::{Ours, Outcome, Seen, Witness, look_back};
use countersign_evidence::cosignature;
use countersign_evidence::note::{Note, Signature, VerifierKey};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const NAME: &str = "witness.example.org/other";

/// A Python that has it; says so, or fails where nothing may be skipped, if there is none.
fn python() -> Option<String> {
    let named = setting("COUNTERSIGN_TEST_PYTHON");
    let has = |python: &String| {
        Command::new(python).args(["-c", "import aics_witness"]).output().is_ok_and(|output| output.status.success())
    };
    let found = named.into_iter().chain(["python3".to_owned()]).find(has);
    if found.is_none() {
        let how = "pip install --ignore-requires-python aics-witness, and set COUNTERSIGN_TEST_PYTHON";
        not_run("witnessing with a witness by another author", how);
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "tests look for their counterparts in the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Its server, which lives as long as this value.
struct Theirs {
    child: Child,
    witness: Witness,
}

impl Theirs {
    fn start(python: &str, dir: &Path, log: &TestLog) -> Self {
        let call = |args: &[&str]| {
            let mut command = Command::new(python);
            command.args(["-m", "aics_witness"]).args(args).args(["--config", "witness.json"]).current_dir(dir);
            command
        };
        let made = call(&["init", "--name", NAME, "--listen", "127.0.0.1:0"]).output().unwrap();
        let key = VerifierKey::parse(String::from_utf8(made.stdout).unwrap().trim()).unwrap();
        for vkey in log.keys() {
            let added = call(&["add-log", "--origin", log.origin(), "--vkey", &vkey.to_string()]).output().unwrap();
            assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        }
        let mut child = call(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let listens = |line: String| line.split_once("listening on ").map(|(_, rest)| rest.to_owned());
        let said = lines.find_map(listens).unwrap();
        let url = said.split(' ').next().unwrap().to_owned();
        // It must not meet a closed pipe when it logs.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, witness: Witness::new("theirs", key, &url, &http()).unwrap() }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn their_witness_cosigns_our_log() {
    let Some(python) = python() else { return };
    let (dir, log) = (tempfile::tempdir().unwrap(), TestLog::new(1).grown(5, "a"));
    let theirs = Theirs::start(&python, dir.path(), &log);
    let witness = &theirs.witness;
    assert_eq!(witness.latest(log.origin()).await, Ok(None));
    assert!(is_cosigned(&ask(&log, witness, 0).await));
    // Told the wrong size, by a new key, the same once more.
    let grown = log.clone().grown(60, "a").signed_by(2);
    assert_eq!(witness.cosign(0, &[], &grown.checkpoint()).await, Outcome::Behind { size: 5 });
    for _ in 0..2 {
        let answer = ask(&grown, witness, 0).await;
        assert!(is_cosigned(&answer), "{answer:?}");
    }
    assert_eq!(status(&ask(&grown.clone().signed_by(9), witness, 65).await), 403);
    assert_eq!(status(&ask(&TestLog::named("other.example.org", 1), witness, 0).await), 404);
    let fork = ask(&log.clone().grown(90, "b"), witness, 0).await;
    assert_eq!((status(&fork), fork.contradiction.unwrap().1), (422, Seen::Forked { head: grown.head() }));
    let (keys, behind) = (log.keys(), grown.clone().cut(64));
    let ours = Ours { origin: log.origin(), keys: &keys, head: behind.head(), proofs: &|_| None };
    let looked = look_back(std::slice::from_ref(witness), &ours, PATIENCE).await.remove(0);
    assert_eq!(looked.found, Ok(Some(Seen::Larger { head: grown.head() })), "a restored backup is found out");
}

#[tokio::test]
async fn our_witness_cosigns_for_their_client() {
    let Some(python) = python() else { return };
    let (dir, log) = (tempfile::tempdir().unwrap(), TestLog::new(1).grown(5, "a"));
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let steps = [log.clone(), log.clone().grown(3, "a"), log.clone().grown(700, "a"), log.clone().grown(900, "b"), log];
    let told = their_client(&python, &running, &steps);
    for (step, line) in steps.iter().zip(&told[..3]) {
        let signature = Signature::parse(line["cosigned"].as_str().unwrap().trim_end()).unwrap();
        assert!(cosignature::verify(&running.key, &step.checkpoint().text, &signature).is_some());
    }
    assert_eq!(told[3], json!({ "error": "WitnessRejected", "status": 422 }));
    assert_eq!(told[4], json!({ "error": "WitnessAhead", "status": null }));
}

/// Lets their client submit each of these; what it says of each.
fn their_client(python: &str, running: &Running, steps: &[TestLog]) -> Vec<serde_json::Value> {
    let of = |log: &TestLog| {
        let proofs: serde_json::Map<String, serde_json::Value> = (1..=log.head().size)
            .filter_map(|old| {
                Some((old.to_string(), json!(log.proof(old)?.iter().map(ToString::to_string).collect::<Vec<_>>())))
            })
            .collect();
        json!({ "note": Note::to_string(&log.checkpoint()), "proofs": proofs })
    };
    let input = json!({
        "url": running.url, "key": running.key.to_string(), "steps": steps.iter().map(of).collect::<Vec<_>>(),
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/py/witness_client.py");
    let mut command = Command::new(python);
    // It logs what it refuses, too.
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

//! Our server as strangers meet it: every status of C2SP tlog-witness, and starts that are refused.

use super::log::{ORIGIN, TestLog};
use super::{Running, ask, command, is_cosigned};
use countersign_evidence::Hash;
use countersign_evidence::note::Note;
use reqwest::{Client, Response, StatusCode};
use std::process::{Command, Output};

fn web() -> Client {
    crate::support::web().build().unwrap()
}

struct Posted {
    status: u16,
    kind: String,
    text: String,
}

async fn posted(running: &Running, body: impl Into<reqwest::Body>) -> Posted {
    read(web().post(format!("{}/add-checkpoint", running.url)).body(body).send().await.unwrap()).await
}

async fn read(response: Response) -> Posted {
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    Posted { status: response.status().as_u16(), kind, text: response.text().await.unwrap() }
}

fn body(old: u64, proof: &[Hash], note: &Note) -> String {
    let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
    format!("old {old}\n{lines}\n{note}")
}

#[tokio::test]
async fn each_wrong_has_its_status() {
    let dir = tempfile::tempdir().unwrap();
    let (log, other) = (TestLog::new(1).grown(5, "a"), TestLog::new(1).grown(5, "b"));
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let first = posted(&running, body(0, &[], &log.checkpoint())).await;
    assert_eq!((first.status, first.kind.as_str()), (200, "text/plain; charset=utf-8"));
    assert!(first.text.starts_with("\u{2014} witness.example.org ") && first.text.ends_with('\n'));

    let grown = log.clone().grown(2, "a");
    let proof = grown.proof(5).unwrap();
    let mut forged = grown.checkpoint();
    forged.signatures[0].bytes[7] ^= 1;
    let mut unsigned = grown.checkpoint();
    unsigned.signatures = TestLog::named("other.example.org", 1).checkpoint().signatures;
    let stranger = TestLog::named("other.example.org", 1).grown(1, "a");
    for (wrong, status) in [
        (String::new(), 400),
        ("old 5\n\nno note".to_owned(), 400),
        (body(5, &proof, &grown.checkpoint()).replace("old 5", "old 05"), 400),
        (body(5, &[vec![proof[0]; 64]].concat(), &grown.checkpoint()), 400),
        (body(8, &[], &grown.checkpoint()), 400),
        (body(0, &[], &stranger.checkpoint()), 404),
        (body(5, &proof, &forged), 403),
        (body(5, &proof, &unsigned), 403),
        (body(5, &proof, &grown.clone().signed_by(9).checkpoint()), 403),
        (body(4, &[], &grown.checkpoint()), 409),
        (body(0, &[], &log.clone().cut(3).checkpoint()), 409),
        (body(5, &proof[1..], &grown.checkpoint()), 422),
        (body(5, &[], &grown.checkpoint()), 422),
        (body(5, &[], &other.checkpoint()), 422),
        (body(5, &proof, &other.clone().grown(2, "b").checkpoint()), 422),
    ] {
        let refused = posted(&running, wrong.clone()).await;
        assert_eq!(refused.status, status, "{wrong}\n{}", refused.text);
        if status == 409 {
            assert_eq!((refused.kind.as_str(), refused.text.as_str()), ("text/x.tlog.size", "5\n"));
        }
    }
    assert_eq!(posted(&running, vec![b'x'; 200_000]).await.status, 400, "too long");
    assert_eq!(posted(&running, body(5, &proof, &grown.checkpoint())).await.status, 200, "none of it changed anything");
}

#[tokio::test]
async fn a_log_without_entries_has_one_root() {
    let dir = tempfile::tempdir().unwrap();
    let log = TestLog::new(1);
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let wrong = body(0, &[], &log.checkpoint()).replace("47DEQpj8", "57DEQpj8");
    assert_eq!(posted(&running, wrong).await.status, 403, "and it is not signed");
    assert_eq!(posted(&running, body(0, &[Hash::EMPTY_ROOT], &log.checkpoint())).await.status, 422);
    assert_eq!(posted(&running, body(0, &[], &log.checkpoint())).await.status, 200);
    assert_eq!(posted(&running, body(0, &[], &log.clone().grown(1, "a").checkpoint())).await.status, 200);
}

#[tokio::test]
async fn the_last_checkpoint_is_shown_under_the_hash_of_its_origin() {
    let dir = tempfile::tempdir().unwrap();
    let log = TestLog::new(1).grown(5, "a");
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let hash = data_encoding::HEXLOWER.encode(Hash::of(ORIGIN.as_bytes()).bytes());
    let get = |path: String| web().get(format!("{}/{path}", running.url)).send();
    assert_eq!(get(format!("{hash}/checkpoint")).await.unwrap().status(), StatusCode::NOT_FOUND);
    let line = posted(&running, body(0, &[], &log.checkpoint())).await.text;
    let shown = read(get(format!("{hash}/checkpoint")).await.unwrap()).await;
    assert_eq!((shown.status, shown.text), (200, format!("{}{line}", log.checkpoint())));
    for path in [format!("{}/checkpoint", hash.to_uppercase()), "..%2fkey/checkpoint".to_owned(), "key".to_owned()] {
        assert_eq!(get(path).await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    let wrong = web().get(format!("{}/add-checkpoint", running.url)).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn two_processes_never_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let log = TestLog::new(1).grown(1, "a");
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let second = command(dir.path(), &[&log.verifier()]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another witness runs on this directory"), "{said}");
    assert!(is_cosigned(&ask(&log, &running.client(), 0).await), "the first one is not disturbed");
    running.kill();
    let again = Running::start(dir.path(), &[&log.verifier()]);
    assert!(is_cosigned(&ask(&log, &again.client(), 1).await), "a killed one leaves no lock behind");
}

#[test]
fn the_key_is_made_once_and_printed() {
    let dir = tempfile::tempdir().unwrap();
    let key = |args: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["witness", "key", "--data", "d"]).args(args).current_dir(dir.path()).env_clear().output().unwrap()
    };
    let unnamed = key(&[]);
    assert_eq!(unnamed.status.code(), Some(1));
    assert!(String::from_utf8(unnamed.stderr).unwrap().contains("--name"));
    let made = String::from_utf8(key(&["--name", "witness.example.org"]).stdout).unwrap();
    assert!(made.starts_with("witness.example.org+"), "{made}");
    let json: serde_json::Value = serde_json::from_slice(&key(&["--json"]).stdout).unwrap();
    assert_eq!((json["name"].as_str(), json["key"].as_str()), (Some("witness.example.org"), Some(made.trim_end())));
    let renamed = key(&["--name", "other.example.org"]);
    assert_eq!(renamed.status.code(), Some(1));
    std::fs::remove_dir_all(dir.path().join("d/witness/logs")).unwrap();
    let log = TestLog::new(1).verifier();
    let forgot = command(&dir.path().join("d"), &[&log]).output().unwrap();
    assert!(String::from_utf8(forgot.stderr).unwrap().contains("a witness that forgets proves nothing"));
}

#[test]
fn arguments_that_are_wrong_are_told_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let witness = countersign_evidence::note::SigningKey::from_seed(
        "w.example.org",
        countersign_evidence::note::Algorithm::CosignatureV1,
        &[1; 32],
    );
    let not_a_log = command(dir.path(), &[witness.unwrap().verifier()]).output().unwrap();
    assert_eq!(not_a_log.status.code(), Some(2));
    assert!(String::from_utf8(not_a_log.stderr).unwrap().contains("a log's verifier key is of the type Ed25519"));
    let mut mistyped = command(dir.path(), &[]);
    let mistyped = mistyped.args(["--log", "log.example.org+00000000+AAAA"]).output().unwrap();
    assert_eq!(mistyped.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "and nothing was made");
}

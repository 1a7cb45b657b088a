//! `accounts import`, as a person calls it, and what is in the database afterwards.

use countersign::store::{Place, Store, directory, evidence};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CSV: &str = "external_id,user_names,emails,emails_unconfirmed,phones,locale,flags,password_hash\n\
    1,Jane;jdoe,Jane@example.org,j@example.net,+1 555 010 0123,en,staff,$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.\n\
    2,mallory,mallory@example.org,,,,,\n";

fn import(dir: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(dir).env_clear().args(["--data", "data", "--json", "accounts", "import"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses its arguments closes its end early.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// Imports a file and returns created, updated, unchanged, rejected.
fn counts(dir: &Path, name: &str, content: &str, more: &[&str]) -> Value {
    std::fs::write(dir.join(name), content).unwrap();
    summary(&import(dir, &[&[name], more].concat(), ""))
}

fn summary(output: &Output) -> Value {
    assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    json!([all["created"], all["updated"], all["unchanged"], all["rejected"]])
}

fn rejects(dir: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn in_store<T>(dir: &Path, look: impl AsyncFnOnce(Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let place = Place::File(dir.join("data/countersign.db"));
    runtime.block_on(async { look(Store::open(&place, 1).await.unwrap()).await })
}

#[test]
fn a_file_is_imported_once_and_changes_are_brought_over() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(counts(dir.path(), "a.csv", CSV, &[]), json!([2, 0, 0, 0]));
    assert_eq!(counts(dir.path(), "a.csv", CSV, &[]), json!([0, 0, 2, 0]));
    assert_eq!(counts(dir.path(), "a.csv", &CSV.replace("mallory@", "m@"), &[]), json!([0, 1, 1, 0]));
    assert!(!dir.path().join("a.csv.rejected.ndjson").exists());
    in_store(dir.path(), async |store| {
        let mut conn = store.read().await.unwrap();
        let jane = directory::by_identifier(&mut conn, "email", "jane@example.org").await.unwrap().unwrap();
        assert_eq!((jane.locale.as_deref(), jane.has_flag("staff")), (Some("en"), true));
        let confirmed = directory::confirmed_emails(&mut conn, &jane.id).await.unwrap();
        assert_eq!(confirmed.iter().map(|a| a.address.as_str()).collect::<Vec<_>>(), ["Jane@example.org"]);
        assert!(directory::by_identifier(&mut conn, "user", "jdoe").await.unwrap().is_some());
        assert!(directory::by_identifier(&mut conn, "phone", "+15550100123").await.unwrap().is_some());
        assert!(directory::by_identifier(&mut conn, "email", "mallory@example.org").await.unwrap().is_none());
        // One entry a batch; a run that changed nothing leaves none.
        assert_eq!(evidence::count_kind(&mut conn, "accounts.imported").await.unwrap(), 2);
    });
}

#[test]
fn a_password_changed_here_survives_the_old_export() {
    let dir = tempfile::tempdir().unwrap();
    counts(dir.path(), "a.csv", CSV, &[]);
    in_store(dir.path(), async |store| {
        let mut conn = store.read().await.unwrap();
        let jane = directory::by_identifier(&mut conn, "user", "jane").await.unwrap().unwrap();
        drop(conn);
        let set: Result<(), countersign::store::StoreError> = store
            .write(move |conn| {
                Box::pin(async move { directory::set_password(conn, &jane.id, Some("new"), Default::default()).await })
            })
            .await;
        set.unwrap();
    });
    assert_eq!(counts(dir.path(), "a.csv", &CSV.replace(",en,", ",de,"), &[]), json!([0, 1, 1, 0]));
    in_store(dir.path(), async |store| {
        let mut conn = store.read().await.unwrap();
        let jane = directory::by_identifier(&mut conn, "user", "jane").await.unwrap().unwrap();
        assert_eq!((jane.locale.as_deref(), jane.password_hash.as_deref()), (Some("de"), Some("new")));
    });
}

#[test]
fn bad_records_are_set_aside_with_their_reason_and_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let bad = format!(
        "{CSV}3,,mallory@example.org,,,,,\n4,x,,,,,,$apr1$pepper$pepper\n1,again,,,,,,\n5,,not-an-address,,,,,\n"
    );
    assert_eq!(counts(dir.path(), "a.csv", &bad, &[]), json!([2, 0, 0, 4]));
    let rejected = rejects(dir.path(), "a.csv.rejected.ndjson");
    let mut seen: Vec<(u64, &str)> =
        rejected.iter().map(|r| (r["line"].as_u64().unwrap(), r["code"].as_str().unwrap())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(4, "identifier_taken"), (5, "bad_password_hash"), (6, "repeated"), (7, "bad_identifier")]);
    assert!(!std::fs::read_to_string(dir.path().join("a.csv.rejected.ndjson")).unwrap().contains("pepper"));
    let fixed = counts(dir.path(), "a.csv", CSV, &[]);
    assert_eq!(fixed, json!([0, 0, 2, 0]));
    assert!(!dir.path().join("a.csv.rejected.ndjson").exists(), "a reject file of an earlier run is taken away");
}

#[test]
fn a_dry_run_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(counts(dir.path(), "a.csv", CSV, &["--dry-run"]), json!([2, 0, 0, 0]));
    assert_eq!(counts(dir.path(), "a.csv", CSV, &[]), json!([2, 0, 0, 0]));
}

#[test]
fn standard_input_is_read_and_a_totp_secret_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let line = r#"{"external_id":"7","user_names":["jane"],"totp_secret":"JBSWY3DPEHPK3PXP JBSWY3DPEHPK3PXP"}"#;
    let refused = import(dir.path(), &["-"], line);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(summary(&import(dir.path(), &["-", "--format", "ndjson"], line)), json!([1, 0, 0, 0]));
    in_store(dir.path(), async |store| {
        let mut conn = store.read().await.unwrap();
        let jane = directory::by_identifier(&mut conn, "user", "jane").await.unwrap().unwrap();
        let sealed = jane.totp_sealed.unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"Hello" || part == b"JBSWY"));
    });
}

#[test]
fn a_header_that_is_not_understood_stops_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), "external_id,mail\n1,jane@example.org\n").unwrap();
    let output = import(dir.path(), &["a.csv"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("column \"mail\" is not known"));
    assert!(!dir.path().join("data").exists());
}

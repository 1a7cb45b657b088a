//! `admin account`, as a person calls it.

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

const ACCOUNTS: &str = "external_id,user_names,emails,emails_unconfirmed,phones\n\
    crm-7,mara,Mara@example.org,mara.new@example.net,+1 555 010 0123\n\
    mara,tomo,tomo@example.org,,\n";

fn call(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(dir).env_clear().args(["--data", "data"]).args(arguments).output().unwrap()
}

fn account(dir: &Path, arguments: &[&str]) -> Value {
    let output = call(dir, &[&["--json", "admin", "account"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = call(dir, &[&["admin", "account"], arguments].concat());
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_account_is_shown_and_looked_after() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("accounts.csv"), ACCOUNTS).unwrap();
    assert!(call(dir, &["accounts", "import", "accounts.csv"]).status.success());

    let masked = account(dir, &["show", "mara@example.org"]);
    assert_eq!((&masked["external_id"], &masked["sessions"]), (&json!("c•••"), &json!(0)));
    assert!(!masked.to_string().contains("example") && !masked.to_string().contains("mara"), "{masked}");
    let id = masked["account"].as_str().unwrap();
    for name in [id, "crm-7", "+1 555 010 0123"] {
        assert_eq!(account(dir, &["show", name])["account"], id, "{name}");
    }
    assert!(refused(dir, &["show", "mara"]).contains("Name it by its id"), "a name of two accounts");
    assert!(refused(dir, &["show", "nobody"]).contains("There is no such account."));
    assert!(refused(dir, &["show", id, "--unmask"]).contains("--reason"));

    let clear = account(dir, &["show", id, "--unmask", "--reason", "ticket 7"]);
    assert_eq!(clear["emails"][0], json!({ "text": "Mara@example.org", "confirmed": true }));
    let text = String::from_utf8(call(dir, &["admin", "account", "show", id]).stdout).unwrap();
    assert!(text.contains("emails          M•••@e•••.org, m•••@e•••.net (not confirmed)"), "{text}");

    let ended = account(dir, &["end-sessions", id, "--devices", "--reason", "ticket 7"]);
    assert_eq!(ended, json!({ "account": id, "sessions": 0, "devices": 0 }));
    let held = account(dir, &["hold", id, "--for", "72h", "--reason", "ticket 7"]);
    assert_eq!((&held["links_closed"], &held["changes_cancelled"]), (&json!(0), &json!(0)));
    assert_eq!(account(dir, &["show", id])["held_until"], held["held_until"]);
    assert!(refused(dir, &["hold", id, "--for", "31d", "--reason", "ticket 7"]).contains("30 days at most"));
    assert!(refused(dir, &["hold", id, "--for", "72h", "--reason", " "]).contains("Say why"));
    assert_eq!(account(dir, &["release", id, "--reason", "ticket 7"])["released"], true);
    assert!(refused(dir, &["release", id, "--reason", "ticket 7"]).contains("is not held"));
}

//! The commands as a person calls them: exit codes, what goes to which stream, JSON.

use std::path::Path;
use std::process::{Command, Output};

fn countersign(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(directory).args(arguments).env_clear().output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_good_configuration_ends_with_ok() {
    let dir = tempfile::tempdir().unwrap();
    let output = countersign(dir.path(), &["check-config"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("\nok\n"));
}

#[test]
fn a_bad_configuration_is_exit_code_2_and_tells_all_problems() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("c.toml"), "[mail]\nhots = \"a\"\n[recovery]\nticket_ttl = 15\n").unwrap();
    let output = countersign(dir.path(), &["--config", "c.toml", "--json", "check-config"]);
    assert_eq!(output.status.code(), Some(2));
    let problems = json(&output)["problems"].clone();
    assert_eq!(problems[0]["key"], "mail.hots");
    assert_eq!(problems[1]["source"], "c.toml:4");
}

#[test]
fn the_printed_reference_is_itself_a_good_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let reference = countersign(dir.path(), &["check-config", "--defaults"]).stdout;
    std::fs::write(dir.path().join("c.toml"), reference).unwrap();
    assert_eq!(countersign(dir.path(), &["--config", "c.toml", "check-config"]).status.code(), Some(0));
}

#[test]
fn doctor_changes_nothing_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let output = countersign(dir.path(), &["doctor", "--json", "--data", "data"]);
    assert_eq!(output.status.code(), Some(1), "without a mail server nobody gets a message");
    let result = json(&output);
    let checks = result["checks"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|c| c["outcome"] == "fail").map(|c| &c["name"]).collect();
    assert_eq!(failed, ["mail server"]);
    assert!(checks.iter().all(|c| c["outcome"] != "fail" || c["advice"].is_string()));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn staff_are_looked_after_without_a_console() {
    let home = tempfile::tempdir().unwrap();
    let admin =
        |arguments: &[&str]| countersign(home.path(), &[&["--data", "data", "--json", "admin"], arguments].concat());
    let lines = |output: &Output| -> Vec<serde_json::Value> {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let invited = json(&admin(&["staff", "invite", "ana", "--role", "admin", "--shown-name", "Ana Lima"]));
    assert!(invited["url"].as_str().unwrap().starts_with("http://127.0.0.1:8080/console/welcome/"), "{invited}");
    assert_eq!(admin(&["staff", "invite", "ana", "--role", "viewer"]).status.code(), Some(1), "the name is taken");
    assert!(admin(&["staff", "roles", "ana", "--role", "admin", "--role", "auditor"]).status.success());
    assert_eq!(admin(&["staff", "disable", "ana"]).status.code(), Some(1), "the last admin stays");
    let listed = lines(&admin(&["staff", "list"]));
    assert_eq!((&listed[0]["name"], &listed[0]["roles"]), (&"ana".into(), &"admin auditor".into()));

    let told: Vec<String> =
        lines(&admin(&["audit"])).iter().map(|deed| deed["did"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    let unknown = admin(&["find", "AAAA-AAAA-AAAA"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("not from us")
            || String::from_utf8_lossy(&unknown.stderr).contains("Nothing was found")
    );
    assert!(admin(&["messages", "--state", "sent"]).stdout.is_empty());
}

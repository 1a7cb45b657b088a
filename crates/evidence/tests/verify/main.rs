//! The program `countersign-verify` as an outsider runs it: what it says, how it exits, and that it finds every change.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]

mod bundle;
mod log;
mod message;
mod small;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the program in a directory; its exit code and what it printed.
fn run(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign-verify")).current_dir(dir).args(args).output().unwrap();
    let printed = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

/// The same as one text.
fn said(dir: &Path, args: &[&str]) -> String {
    let (code, text) = run(dir, args);
    format!("{code} {text}")
}

/// Flips one bit of every `step`-th byte of a file, another bit each time; the places at which the program still says that
/// all is proven.
fn unnoticed(dir: &Path, file: &str, step: usize, args: &[&str]) -> Vec<usize> {
    let path = dir.join(file);
    let good = fs::read(&path).unwrap();
    let proven_when_changed = |at: &usize| {
        let mut bad = good.clone();
        bad[*at] ^= 1 << (*at % 8);
        fs::write(&path, bad).unwrap();
        run(dir, args).0 == 0
    };
    let found = (0..good.len()).step_by(step).filter(proven_when_changed).collect();
    fs::write(&path, &good).unwrap();
    found
}

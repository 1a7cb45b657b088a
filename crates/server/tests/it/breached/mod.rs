//! Leaked passwords: making the file, asking it, the doors.

mod build;
mod client;
mod doors;

use countersign::breached::build::{Build, build};
use countersign_core::breached::{Form, Hash, HashKind};
use std::path::{Path, PathBuf};

/// A password that the policy likes and that leaked.
pub const LEAKED: &str = "violet kettle argues with the moon";

/// A hash in hex.
pub fn hex(kind: HashKind, password: &str) -> String {
    data_encoding::HEXUPPER.encode(Hash::of(kind, password).bytes())
}

/// A list as it is published.
pub fn list(dir: &Path, kind: HashKind, passwords: &[(&str, u32)]) -> PathBuf {
    let path = dir.join(format!("{}.txt", kind.as_str()));
    let lines: String = passwords.iter().map(|(p, count)| format!("{}:{count}\r\n", hex(kind, p))).collect();
    std::fs::write(&path, lines).unwrap();
    path
}

/// A file of these passwords.
pub fn file(dir: &Path, form: Form, kind: HashKind, passwords: &[(&str, u32)]) -> PathBuf {
    let out = dir.join(format!("{}.{}", kind.as_str(), form.as_str()));
    let ask = Build { inputs: vec![list(dir, kind, passwords)], out: out.clone(), form, hash: kind, min_count: 1 };
    build(&ask, &mut |_| {}).unwrap();
    out
}

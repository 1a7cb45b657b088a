//! The pure crates stay pure: no I/O, no clock, no randomness of their own, no framework, no database.

use super::source::{code, mentions};
use super::{File, Finding};

/// The crates that are pure.
const PURE: [&str; 2] = ["crates/core/src/", "crates/evidence/src/"];

/// Paths that a pure crate must not name.
const FORBIDDEN: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "env"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "io", "stderr"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "net", "TcpStream"],
    &["std", "net", "TcpListener"],
    &["std", "net", "UdpSocket"],
    &["std", "net", "ToSocketAddrs"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["rand", "rng"],
    &["getrandom"],
    &["tokio"],
    &["sqlx"],
    &["axum"],
    &["countersign"],
];

/// Checks every path in the pure crates. Addresses (`std::net::IpAddr`) are data and the
/// traits of `std::io` are parameters, so both are allowed; a program in `src/bin`
/// is the edge and reads files.
pub fn check(files: &[File]) -> Vec<Finding> {
    let pure = |f: &&File| PURE.iter().any(|p| f.path.starts_with(p)) && f.path.ends_with(".rs");
    let inside = files.iter().filter(pure).filter(|f| !f.is_tests() && !f.path.contains("/src/bin/"));
    inside.flat_map(one).collect()
}

fn one(file: &File) -> Vec<Finding> {
    let bad = |names: &[String]| {
        FORBIDDEN.iter().find(|path| path.iter().zip(names).filter(|(a, b)| **a == b.as_str()).count() == path.len())
    };
    let found = mentions(&code(&file.text)).into_iter();
    found
        .filter_map(|m| bad(&m.names).map(|path| (m.line, path.join("::"))))
        .map(|(line, path)| Finding::new(&file.path, line, format!("a pure crate names `{path}`; make it a parameter")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&[File { path: "crates/core/src/gate/mod.rs".to_owned(), text: text.to_owned() }]).len()
    }

    #[test]
    fn input_and_output_are_found() {
        assert_eq!(findings("use std::{fs::File, time::{Duration, Instant}};"), 2);
        assert_eq!(findings("fn f() { tokio::spawn(g()); std::net::TcpStream::connect(a); }"), 2);
        assert_eq!(findings("use std::net::IpAddr; use std::time::Duration; use std::fmt;"), 0);
    }
}

//! Rules about the repository as a whole: documents, words, sizes, the number of packages.

use super::source::code;
use super::{File, Finding};

/// What somebody who comes here must find.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    ".ci/run",
    "docs/architecture.md",
    "docs/evidence.md",
    "docs/verify-messages.md",
    "docs/witness.md",
    "docs/benchmarks.md",
    "docs/roadmap.md",
    "crates/server/config.default.toml",
];

/// Places of one machine that mean nothing elsewhere. Written in two parts, or this file would be a finding.
const WORDS: &[&str] = &[concat!("/wo", "rk/"), concat!("../sh", "ared"), concat!("/tmp", "/cs/")];

/// Most locked packages, development ones included: every one is somebody else's code in a security product.
const MOST_PACKAGES: usize = 600;

/// Lines of code in one file (tests, comments and blank lines not counted) from which on it is worth a split.
const LONG_FILE: usize = 500;

/// Largest file. A database, a build or a corpus that slipped into a commit stays in the history for ever.
const MOST_BYTES: u64 = 512 * 1024;

/// The one crate that may hold `unsafe` and so cannot take the workspace's lints over (docs/decisions/0017).
const WITH_UNSAFE: &str = "crates/mapped/";

/// Checks the size of every file that git knows, text or not.
pub fn check_sizes(sizes: &[(String, u64)]) -> Vec<Finding> {
    let large = sizes.iter().filter(|(_, bytes)| *bytes > MOST_BYTES);
    let what = |bytes: u64| format!("{bytes} bytes, more than {MOST_BYTES}; what a script can make again stays out");
    large.map(|(path, bytes)| Finding::new(path, 1, what(*bytes))).collect()
}

/// Checks the repository as a whole.
pub fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = missing(files);
    findings.extend(packages(files));
    findings.extend(files.iter().filter_map(lints));
    findings.extend(files.iter().flat_map(words));
    findings.extend(files.iter().filter_map(long));
    findings
}

fn missing(files: &[File]) -> Vec<Finding> {
    let absent = DOCUMENTS.iter().filter(|name| !files.iter().any(|f| f.path == **name));
    absent.map(|name| Finding::new(name, 1, "is missing")).collect()
}

/// A crate without the workspace's lints could hold `unsafe`, and nobody would notice.
fn lints(file: &File) -> Option<Finding> {
    let crate_of_ours = file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml");
    let bound = file.text.contains("[lints]\nworkspace = true") || file.path.starts_with(WITH_UNSAFE);
    let what = "does not take the workspace's lints over: `[lints] workspace = true`";
    (crate_of_ours && !bound).then(|| Finding::new(&file.path, 1, what))
}

fn packages(files: &[File]) -> Option<Finding> {
    let lock = files.iter().find(|f| f.path == "Cargo.lock")?;
    let count = lock.text.lines().filter(|l| *l == "[[package]]").count();
    let what = format!("{count} locked packages, more than {MOST_PACKAGES}");
    (count > MOST_PACKAGES).then(|| Finding::new("Cargo.lock", 1, what))
}

fn words(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let found = lines.flat_map(|(at, line)| WORDS.iter().filter(|w| line.contains(**w)).map(move |w| (at + 1, *w)));
    found
        .map(|(line, word)| Finding::new(&file.path, line, format!("names `{word}`, a place of one machine")))
        .collect()
}

fn long(file: &File) -> Option<Finding> {
    if !file.path.ends_with(".rs") || file.is_tests() {
        return None;
    }
    let lines = code(&file.text).lines().filter(|l| !l.trim().is_empty()).count();
    let what = format!("{lines} lines of code, more than {LONG_FILE}; split it");
    (lines > LONG_FILE).then(|| Finding::warning(&file.path, 1, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> File {
        File { path: path.to_owned(), text }
    }

    #[test]
    fn a_large_file_is_found() {
        let sizes = [("a.png".to_owned(), MOST_BYTES), ("b.db".to_owned(), MOST_BYTES + 1)];
        assert_eq!(check_sizes(&sizes).len(), 1);
    }

    #[test]
    fn too_many_packages_are_found() {
        assert!(packages(&[file("Cargo.lock", "[[package]]\n".repeat(600))]).is_none());
        assert!(packages(&[file("Cargo.lock", "[[package]]\n".repeat(601))]).is_some());
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert!(lints(&file("crates/new/Cargo.toml", "[package]\n".to_owned())).is_some());
        assert!(lints(&file("crates/new/Cargo.toml", "[lints]\nworkspace = true\n".to_owned())).is_none());
        assert!(lints(&file("crates/mapped/Cargo.toml", String::new())).is_none());
    }

    #[test]
    fn places_of_one_machine_are_found_with_their_line() {
        let found = words(&file("README.md", format!("a\nsee {}x\n", WORDS[0])));
        assert_eq!((found.len(), found[0].line), (1, 2));
    }

    #[test]
    fn a_missing_document_is_found() {
        assert_eq!(missing(&[]).len(), DOCUMENTS.len());
    }

    #[test]
    fn tests_do_not_make_a_file_long() {
        let text = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "a();\n".repeat(600));
        assert!(long(&file("crates/core/src/a.rs", text)).is_none());
        assert!(long(&file("crates/core/src/a.rs", "a();\n".repeat(600))).is_some());
    }
}

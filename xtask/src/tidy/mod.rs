//! The rules of this repository as tests: front pages, who may know whom, purity, words, documents, size.
//!
//! Never: changes a file; knows Rust better than by its tokens (a rule that needs more belongs to clippy).
//! In: the files that git knows.   Out: findings, one a line, `path:line: what`.
//! I/O for this room: `run` and `files.rs`.   Tests: beside the code.

mod edges;
mod files;
mod front_page;
mod purity;
mod repository;
mod source;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use files::File;

/// Something against the rules.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    path: String,
    line: usize,
    what: String,
    fatal: bool,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), fatal: true }
    }

    /// One that is shown and lets the run pass.
    fn warning(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { fatal: false, ..Self::new(path, line, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.fatal { "" } else { "warning: " };
        write!(f, "{}:{}: {word}{}", self.path, self.line, self.what)
    }
}

/// Checks every rule and prints what is against one.
pub fn run(root: &Path) -> ExitCode {
    let (files, sizes) = match files::read(root).and_then(|files| Ok((files, files::sizes(root)?))) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("tidy cannot read the repository: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut findings = check(&files);
    findings.extend(repository::check_sizes(&sizes));
    findings.iter().for_each(|finding| println!("{finding}"));
    let fatal = findings.iter().filter(|f| f.fatal).count();
    println!("tidy: {} files, {fatal} against the rules, {} warnings", files.len(), findings.len() - fatal);
    if fatal == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(files: &[File]) -> Vec<Finding> {
    let rules = [front_page::check, edges::check, purity::check, repository::check];
    rules.iter().flat_map(|rule| rule(files)).collect()
}

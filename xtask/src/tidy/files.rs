//! The files of the repository, as git knows them.

use std::io;
use std::path::Path;
use std::process::Command;

/// One text file.
#[derive(Debug)]
pub struct File {
    /// Its path from the root, with slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Every text file that git tracks or would track.
pub fn read(root: &Path) -> io::Result<Vec<File>> {
    Ok(names(root)?.iter().filter_map(|name| text_file(root, name)).collect())
}

/// The size in bytes of every file that git tracks or would track.
pub fn sizes(root: &Path) -> io::Result<Vec<(String, u64)>> {
    let size = |name: String| std::fs::metadata(root.join(&name)).ok().map(|meta| (name, meta.len()));
    Ok(names(root)?.into_iter().filter_map(size).collect())
}

fn names(root: &Path) -> io::Result<Vec<String>> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let output = Command::new("git").arg("-C").arg(root).args(list).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// `None` for a file that was deleted or is not text.
fn text_file(root: &Path, name: &str) -> Option<File> {
    let text = std::fs::read_to_string(root.join(name)).ok()?;
    Some(File { path: name.to_owned(), text })
}

impl File {
    /// Whether it is Rust source below some `crates/*/src`.
    pub fn is_crate_source(&self) -> bool {
        self.path.starts_with("crates/") && self.path.contains("/src/") && self.path.ends_with(".rs")
    }

    /// Whether it holds tests only.
    pub fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// For `crates/<crate>/src/<rest>`: the crate and the rest.
    pub fn place(&self) -> Option<(&str, &str)> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        Some((name, rest.strip_prefix("src/")?))
    }

    /// The room that a file of a crate belongs to: its first folder below `src`, or its own name.
    pub fn room(&self) -> Option<&str> {
        let (_, rest) = self.place()?;
        rest.split('/').next().map(|first| first.strip_suffix(".rs").unwrap_or(first))
    }
}

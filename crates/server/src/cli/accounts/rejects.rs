//! The reject file: what was set aside, where, and why; one JSON object a line.

use countersign_core::import::Reason;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Collects rejects; the file is made with the first one.
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    by_reason: BTreeMap<&'static str, u64>,
}

impl Rejects {
    /// Takes away the file of an earlier run, which would otherwise pass for this one's.
    pub fn new(path: PathBuf) -> io::Result<Self> {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self { path, file: None, by_reason: BTreeMap::new() }),
        }
    }

    /// Writes one. The record comes without its secrets; the line itself is never copied, it may hold one.
    pub fn add(&mut self, line: u64, reason: &Reason, record: Option<&Map<String, Value>>) -> io::Result<()> {
        *self.by_reason.entry(reason.code()).or_default() += 1;
        let entry = json!({ "line": line, "code": reason.code(), "reason": reason.to_string(), "record": record });
        writeln!(self.open()?, "{entry}")
    }

    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        let file = match self.file.take() {
            Some(file) => file,
            None => BufWriter::new(private(&self.path)?),
        };
        Ok(self.file.insert(file))
    }

    /// Finishes: the path, if there is a file, and how many of each reason.
    pub fn close(mut self) -> io::Result<(Option<PathBuf>, BTreeMap<&'static str, u64>)> {
        let written = match &mut self.file {
            Some(file) => file.flush().map(|()| true)?,
            None => false,
        };
        Ok((written.then_some(self.path), self.by_reason))
    }
}

/// It holds personal data: for its owner only.
fn private(path: &std::path::Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

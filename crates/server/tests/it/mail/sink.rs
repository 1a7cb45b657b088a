//! Starts the relay of py/smtp_sink.py on a free port, and reads what it kept.

pub use crate::support::not_run;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A relay that lives as long as this value.
pub struct Sink {
    pub port: u16,
    pub dir: tempfile::TempDir,
    child: Child,
}

/// One message that the relay kept.
pub struct Kept {
    pub path: PathBuf,
    pub facts: serde_json::Value,
}

impl Sink {
    /// `None`, with a line that says why, if there is no Python with aiosmtpd.
    pub fn start(args: &[&str]) -> Option<Self> {
        let python = python(&["aiosmtpd"])?;
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(python)
            .arg(script("smtp_sink.py"))
            .arg(dir.path())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // aiosmtpd warns about what the tests do to it on purpose.
            .stderr(std::fs::File::create(dir.path().join("log.txt")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { port: line.trim().parse().unwrap(), dir, child })
    }

    /// What was kept so far, in order.
    pub fn kept(&self) -> Vec<Kept> {
        let files = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut mails: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "eml")).collect();
        mails.sort();
        mails.into_iter().map(Kept::read).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kept {
    fn read(path: PathBuf) -> Self {
        let facts = std::fs::read(path.with_extension("json")).unwrap();
        Self { facts: serde_json::from_slice(&facts).unwrap(), path }
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    /// What a stranger's tools make of it; `None` if they are not installed.
    pub fn check(&self, records: &[String]) -> Option<serde_json::Value> {
        let mut command = Command::new(python(&["dkim", "nacl"])?);
        let output = command.arg(script("mail_check.py")).arg(&self.path).args(records).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/py").join(name)
}

#[expect(clippy::disallowed_methods, reason = "tests look for their counterparts in the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A Python that has these modules; says so, or fails where nothing may be skipped, if there is none.
fn python(modules: &[&str]) -> Option<String> {
    let named = setting("COUNTERSIGN_TEST_PYTHON");
    let candidates = named.into_iter().chain(["python3".to_owned()]);
    let import = format!("import {}", modules.join(", "));
    let has = |python: &String| Command::new(python).args(["-c", &import]).output().is_ok_and(|o| o.status.success());
    let found = candidates.into_iter().find(has);
    if found.is_none() {
        not_run("mail against a real relay", "pip install aiosmtpd dkimpy pynacl, and set COUNTERSIGN_TEST_PYTHON");
    }
    found
}

/// Runs openssl; `None`, with a line that says why, if there is none.
pub fn openssl(args: &[&str]) -> Option<()> {
    match Command::new("openssl").args(args).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(())
        }
        Err(_) => {
            not_run("mail with TLS and DKIM", "install openssl");
            None
        }
    }
}

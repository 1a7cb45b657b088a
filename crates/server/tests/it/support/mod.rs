//! What several test rooms need.

pub mod db;
pub mod house;
pub mod people;
pub mod site;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What was said to be not run: once is enough, however many tests it is.
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Says in one line what was not run and how to get it; with `COUNTERSIGN_TEST_REQUIRE=all` that is a failure.
pub fn not_run(what: &str, how: &str) {
    // Past the macros, whose output a passing test keeps to itself: people should see what was not looked at.
    if SAID.lock().unwrap().insert(what.to_owned()) {
        std::io::stderr().write_all(format!("not run: {what} ({how})\n").as_bytes()).unwrap();
    }
    let required = std::env::var_os("COUNTERSIGN_TEST_REQUIRE").is_some_and(|v| v == "all");
    assert!(!required, "not run: {what} ({how})");
}

/// A client for what is on this machine; it trusts no certificate. (reqwest asks for a TLS provider although nothing here
/// is TLS.)
pub fn web() -> reqwest::ClientBuilder {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls)
}

/// A program on the search path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// Node: the one that `COUNTERSIGN_TEST_NODE` names, or the one on the search path.
pub fn node() -> Option<PathBuf> {
    let named = std::env::var_os("COUNTERSIGN_TEST_NODE").map(PathBuf::from);
    named.filter(|file| file.is_file()).or_else(|| program("node"))
}

/// The outsiders' program, which another package of the workspace builds; says that `what` was not run without it.
pub fn verifier(what: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("countersign-verify");
    if program.is_file() {
        return Some(program);
    }
    not_run(what, "cargo build -p countersign-evidence");
    None
}

//! The settings: embedded defaults, then a file, then the environment; strict, and every problem told at once.
//!
//! Never: guesses at an unknown key or a wrong type; shows a secret in an error, in `Debug` or in the effective
//! settings; hands out a configuration that has a problem.
//! In: `config.default.toml`, `--config FILE`, `COUNTERSIGN_SECTION__KEY`.   Out: `Config`, or all its problems.
//! I/O for this room: `load`, and `files.rs`.   Tests: `tests.rs`, and beside the code.

mod console;
mod evidence;
mod files;
mod gate;
mod log;
mod mail;
mod oidc;
mod password;
mod problem;
mod reader;
mod recovery;
mod server;
mod settings;
mod site;
mod store;
#[cfg(test)]
mod tests;

pub use console::Console;
pub use evidence::Evidence;
pub use gate::Gate;
pub use log::{Format, Log};
pub use mail::{Dkim, Login, Mail, Pace, Retry, Security, is_loopback};
pub use oidc::{GroupRole, Oidc, is_private};
pub use password::{Argon2, Password};
pub use problem::{Problem, Problems, Source};
pub use recovery::Recovery;
pub use server::{Origin, Server};
pub use settings::DEFAULTS;
pub use site::{Colour, Site};
pub use store::Store;

use reader::Reader;
use settings::Settings;
use std::collections::BTreeSet;
use std::path::Path;

/// Everything that can be set. `Debug` prints no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where we listen, and what one request may cost.
    pub server: Server,
    /// Where the state is kept.
    pub store: Store,
    /// Who we are to people.
    pub site: Site,
    /// How messages leave.
    pub mail: Mail,
    /// What a new password must be.
    pub password: Password,
    /// How long secrets live and when a recovery waits.
    pub recovery: Recovery,
    /// How much is logged.
    pub log: Log,
    /// The evidence log.
    pub evidence: Evidence,
    /// The limits of the recovery gate.
    pub gate: Gate,
    /// For those who work here.
    pub console: Console,
    /// Every key, its value (secrets masked) and where it came from.
    pub effective: Vec<Effective>,
}

/// One key that is in force.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Effective {
    /// The full key path.
    pub key: String,
    /// The value in TOML; a secret that is set is `"(set)"`.
    pub value: toml::Value,
    /// Where it came from.
    pub source: String,
}

impl Config {
    /// The embedded defaults alone.
    pub fn defaults() -> Self {
        match Self::from_parts(None, []) {
            Ok(config) => config,
            Err(problems) => unreachable!("config.default.toml is checked by a test: {problems}"),
        }
    }

    /// The configuration from an optional file's path and text, and environment variables.
    pub fn from_parts(
        file: Option<(&Path, &str)>,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let defaults = Settings::defaults();
        let mut settings = defaults.clone();
        let mut problems = file.map(|(path, text)| settings.add_file(path, text)).unwrap_or_default();
        problems.extend(settings.add_environment(vars));
        let mut reader = Reader::new(&settings, &defaults);
        let mut config = Self::read(&mut reader);
        let (unusable, secrets) = reader.finish();
        problems.extend(unusable);
        config.effective = effective(&settings, &secrets);
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    fn read(r: &mut Reader<'_>) -> Self {
        let config = Self {
            server: Server::read(r),
            store: Store::read(r),
            site: Site::read(r),
            mail: Mail::read(r),
            password: Password::read(r),
            recovery: Recovery::read(r),
            log: Log::read(r),
            evidence: Evidence::read(r),
            gate: Gate::read(r),
            console: Console::read(r),
            effective: Vec::new(),
        };
        let waits = config.store.busy_timeout < config.server.request_timeout;
        r.check(waits, "store.busy_timeout", "must be shorter than server.request_timeout");
        config
    }
}

fn effective(settings: &Settings, secrets: &BTreeSet<String>) -> Vec<Effective> {
    let shown = |key: &str, value: &toml::Value| match value {
        toml::Value::String(text) if secrets.contains(key) && !text.is_empty() => toml::Value::from("(set)"),
        value => value.clone(),
    };
    let one = |(key, s): (&str, &settings::Setting)| Effective {
        key: key.to_owned(),
        value: shown(key, &s.value),
        source: s.source.to_string(),
    };
    settings.iter().map(one).collect()
}

/// Loads the configuration from `file` (if any) and this process's environment.
pub fn load(file: Option<&Path>) -> Result<Config, Problems> {
    let text = file.map(|path| read_file(path).map(|text| (path, text))).transpose()?;
    Config::from_parts(text.as_ref().map(|(path, text)| (*path, text.as_str())), environment()?)
}

fn read_file(path: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(path).map_err(|error| {
        let source = Source::File(path.to_owned(), 0);
        Problems(vec![Problem { key: String::new(), source, message: format!("cannot be read: {error}") }])
    })
}

/// Our variables; one that is not Unicode is a problem, one of somebody else's is none of ours.
fn environment() -> Result<Vec<(String, String)>, Problems> {
    let mut vars = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|n| n.starts_with("COUNTERSIGN_")) else { continue };
        let Some(value) = value.to_str() else {
            let source = Source::Environment(name.to_owned());
            let message = "is not Unicode text".to_owned();
            return Err(Problems(vec![Problem { key: String::new(), source, message }]));
        };
        vars.push((name.to_owned(), value.to_owned()));
    }
    Ok(vars)
}

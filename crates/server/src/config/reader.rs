//! Takes typed values out of the settings and collects what is wrong with them.

use super::problem::{Problem, Source};
use super::settings::{Setting, Settings};
use countersign_core::secret::SecretText;
use countersign_core::span::Span;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::Value;

/// Reads settings by their full key path, such as `mail.retry.base`.
///
/// A value that cannot be used is noted as a problem and the default stands in for it, so that reading goes on and all
/// problems are reported together. A configuration with problems is never handed out.
#[derive(Debug)]
pub struct Reader<'a> {
    settings: &'a Settings,
    defaults: &'a Settings,
    problems: Vec<Problem>,
    read: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    /// A reader of `settings` where `defaults` stand in for what is wrong.
    pub fn new(settings: &'a Settings, defaults: &'a Settings) -> Self {
        Self { settings, defaults, problems: Vec::new(), read: BTreeSet::new(), secrets: BTreeSet::new() }
    }

    /// Notes that `key` has a value that cannot be used, and why.
    pub fn problem(&mut self, key: &str, message: impl Into<String>) {
        let source = self.settings.get(key).map_or(Source::Default, |s| s.source.clone());
        self.problems.push(Problem { key: key.to_owned(), source, message: message.into() });
    }

    /// Notes `message` for `key` unless `right`.
    pub fn check(&mut self, right: bool, key: &str, message: &str) {
        if !right {
            self.problem(key, message);
        }
    }

    /// Whether nothing is wrong with `key` so far.
    pub fn is_clean(&self, key: &str) -> bool {
        self.problems.iter().all(|p| p.key != key)
    }

    /// A text as it is.
    pub fn text(&mut self, key: &str) -> String {
        self.value(key, |v| v.as_str().map(str::to_owned).ok_or("must be a text in quotes"))
    }

    /// A text, or nothing where it is empty.
    pub fn optional(&mut self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    /// A text that is never shown, or nothing where it is empty.
    pub fn secret(&mut self, key: &str) -> Option<SecretText> {
        self.secrets.insert(key.to_owned());
        self.optional(key).map(SecretText::new)
    }

    /// True or false.
    pub fn flag(&mut self, key: &str) -> bool {
        self.value(key, |v| v.as_bool().ok_or("must be true or false"))
    }

    /// A whole number from `least` to `most`.
    pub fn number<T>(&mut self, key: &str, least: T, most: T) -> T
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        self.value(key, |value| {
            let number = value.as_integer().and_then(|n| T::try_from(n).ok());
            let fits = |n: &T| *n >= least && *n <= most;
            number.filter(fits).ok_or_else(|| format!("must be a whole number from {least} to {most}"))
        })
    }

    /// A number from `least` to `most`.
    pub fn decimal(&mut self, key: &str, least: f64, most: f64) -> f64 {
        self.value(key, |value| {
            let fits = |n: &f64| (least..=most).contains(n);
            value.as_float().filter(fits).ok_or_else(|| format!("must be a number from {least} to {most}"))
        })
    }

    /// A length of time that is not zero.
    pub fn span(&mut self, key: &str) -> Span {
        let span: Span = self.parse(key);
        self.check(!span.is_zero(), key, "must be longer than zero");
        span
    }

    /// A text in the form of `T`; the error's own text says what is wrong with it.
    pub fn parse<T: FromStr<Err: Display>>(&mut self, key: &str) -> T {
        self.value(key, |value| {
            let text = value.as_str().unwrap_or_default();
            text.parse().map_err(|e| format!("{text:?} {e}"))
        })
    }

    /// One of a closed set of words.
    pub fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> T {
        self.value(key, |value| {
            let text = value.as_str().unwrap_or_default();
            let found = words.iter().find(|(word, _)| *word == text);
            let all = || words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(", ");
            found.map(|(_, choice)| *choice).ok_or_else(|| format!("{text:?} must be one of {}", all()))
        })
    }

    /// A list of texts in the form of `T`.
    pub fn list<T: FromStr<Err: Display>>(&mut self, key: &str) -> Vec<T> {
        self.value(key, |value| {
            let item = |v: &Value| match v.as_str() {
                Some(text) => text.parse().map_err(|e| format!("{text:?}: {e}")),
                None => Err("must be a list of texts in quotes".to_owned()),
            };
            value.as_array().into_iter().flatten().map(item).collect::<Result<Vec<T>, String>>()
        })
    }

    /// A path, or nothing where it is empty; a relative one in a file starts at that file's directory.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.optional(key)?);
        match self.settings.get(key).map(|s| &s.source) {
            Some(Source::File(file, _)) => Some(file.parent().unwrap_or(Path::new("")).join(path)),
            _ => Some(path),
        }
    }

    /// All of `section` by serde, for types of the pure crate. Values are checked by their types, so an error names the
    /// section and serde's reason.
    pub fn section<T: DeserializeOwned>(&mut self, section: &str) -> T {
        let prefix = format!("{section}.");
        let keys = self.settings.iter().map(|(key, _)| key).filter(|key| key.starts_with(&prefix));
        self.read.extend(keys.map(str::to_owned));
        match tree(self.settings, &prefix).try_into() {
            Ok(value) => value,
            Err(error) => {
                self.problem(section, error.to_string().trim_end().replace('\n', " "));
                match tree(self.defaults, &prefix).try_into() {
                    Ok(value) => value,
                    Err(error) => unreachable!("the defaults of [{section}] are checked by a test: {error}"),
                }
            }
        }
    }

    fn value<T, E: Into<String>>(&mut self, key: &str, take: impl Fn(&Value) -> Result<T, E>) -> T {
        self.read.insert(key.to_owned());
        match take(&setting(self.settings, key).value) {
            Ok(value) => value,
            Err(message) => {
                self.problem(key, message);
                match take(&setting(self.defaults, key).value).map_err(Into::into) {
                    Ok(value) => value,
                    Err(error) => unreachable!("the default of {key} is checked by a test: {error}"),
                }
            }
        }
    }

    /// What was found wrong, and the keys of secrets.
    pub fn finish(self) -> (Vec<Problem>, BTreeSet<String>) {
        (self.problems, self.secrets)
    }

    /// The keys that nobody asked for; a test holds that there are none.
    #[cfg(test)]
    pub fn unread(&self) -> Vec<&str> {
        self.settings.iter().map(|(key, _)| key).filter(|key| !self.read.contains(*key)).collect()
    }
}

fn setting<'a>(settings: &'a Settings, key: &str) -> &'a Setting {
    match settings.get(key) {
        Some(setting) => setting,
        None => unreachable!("{key} is not in config.default.toml; a test reads every key"),
    }
}

/// The keys below `prefix` as nested tables.
fn tree(settings: &Settings, prefix: &str) -> toml::Table {
    let mut root = toml::Table::new();
    let below = settings.iter().filter_map(|(key, s)| Some((key.strip_prefix(prefix)?, &s.value)));
    for (key, value) in below {
        let mut names: Vec<&str> = key.split('.').collect();
        let leaf = names.pop().unwrap_or_default();
        let mut table = &mut root;
        for name in names {
            let slot = table.entry(name).or_insert_with(|| Value::Table(toml::Table::new()));
            match slot {
                Value::Table(inner) => table = inner,
                _ => unreachable!("a key is either a section or a value"),
            }
        }
        table.insert(leaf.to_owned(), value.clone());
    }
    root
}

//! The settings as layers of key and value: defaults, then the file, then the environment. The defaults are the schema.

use super::problem::{Problem, Source};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Value;

/// The embedded reference: every key that exists, with a value of its type.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// What every environment variable of ours starts with.
const PREFIX: &str = "COUNTERSIGN_";

/// Variables with our prefix that are read by the test suite only.
const TEST_PREFIX: &str = "COUNTERSIGN_TEST_";

/// One value and where it came from.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The value, of the default's type.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
}

/// All settings by their full key path.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, Setting>,
    /// Paths of sections, so that an empty one can be told from an unknown one.
    sections: Vec<String>,
}

impl Settings {
    /// The embedded defaults.
    pub fn defaults() -> Self {
        let table: toml::Table = match toml::from_str(DEFAULTS) {
            Ok(table) => table,
            Err(error) => unreachable!("config.default.toml is checked by a test: {error}"),
        };
        let mut settings = Self::default();
        settings.collect("", table);
        settings
    }

    fn collect(&mut self, prefix: &str, table: toml::Table) {
        for (name, value) in table {
            let path = join(prefix, &name);
            if let Value::Table(inner) = value {
                self.sections.push(path.clone());
                self.collect(&path, inner);
            } else {
                self.values.insert(path, Setting { value, source: Source::Default });
            }
        }
    }

    /// The setting with this full key path.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(key)
    }

    /// Every setting in order of its key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    /// Lays a configuration file over what is there.
    pub fn add_file(&mut self, path: &Path, text: &str) -> Vec<Problem> {
        let lines = Lines { path, text };
        let parsed = toml::de::DeTable::parse(text).and_then(|spans| Ok((spans, toml::from_str::<toml::Table>(text)?)));
        match parsed {
            Ok((spans, table)) => self.add_table("", table, spans.get_ref(), &lines),
            // Only the parser's sentence: its full text quotes the line, and the line may hold a password.
            Err(error) => {
                let source = lines.source(error.span().unwrap_or(0..0));
                vec![Problem { key: String::new(), source, message: format!("not TOML: {}", error.message()) }]
            }
        }
    }

    fn add_table(
        &mut self,
        prefix: &str,
        table: toml::Table,
        spans: &toml::de::DeTable<'_>,
        lines: &Lines<'_>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, value) in table {
            let key = join(prefix, &name);
            let found = spans.iter().find(|(k, _)| k.get_ref().as_ref() == name);
            let source = lines.source(found.map_or(0..0, |(k, _)| k.span()));
            let inner = found.and_then(|(_, v)| v.get_ref().as_table());
            match (value, inner) {
                (Value::Table(table), Some(spans)) if self.sections.contains(&key) => {
                    problems.extend(self.add_table(&key, table, spans, lines));
                }
                (value, _) => problems.extend(self.set(&key, value, source)),
            }
        }
        problems
    }

    /// Lays environment variables over what is there; those without our prefix are ignored.
    pub fn add_environment(&mut self, vars: impl IntoIterator<Item = (String, String)>) -> Vec<Problem> {
        let ours = |(name, _): &(String, String)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX);
        vars.into_iter().filter(ours).filter_map(|(name, text)| self.add_variable(name, &text)).collect()
    }

    fn add_variable(&mut self, name: String, text: &str) -> Option<Problem> {
        let key = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
        let value = match self.values.get(&key) {
            // A text is taken as it is: a password of digits stays a text, and nobody has to quote quotes.
            Some(Setting { value: Value::String(_), .. }) => Value::String(text.to_owned()),
            _ => scalar(text),
        };
        self.set(&key, value, Source::Environment(name))
    }

    fn set(&mut self, key: &str, value: Value, source: Source) -> Option<Problem> {
        let Some(slot) = self.values.get_mut(key) else {
            return Some(self.refuse(key, &value, source));
        };
        let value = match (&slot.value, value) {
            #[expect(clippy::cast_precision_loss, reason = "settings are far below 2^52")]
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        };
        if !slot.value.same_type(&value) {
            let message = format!("must be {}{}, not {}", kind(&slot.value), example(slot), kind(&value));
            return Some(Problem { key: key.to_owned(), source, message });
        }
        *slot = Setting { value, source };
        None
    }

    fn refuse(&self, key: &str, value: &Value, source: Source) -> Problem {
        let message = if self.sections.iter().any(|s| s == key) {
            format!("is a section, not {}; its keys go below [{key}]", kind(value))
        } else {
            let names = self.values.keys().chain(&self.sections);
            match nearest(key, names.map(String::as_str), &source) {
                Some(near) => format!("unknown key; did you mean {near}?"),
                None => "unknown key; `countersign check-config --defaults` lists all keys".to_owned(),
            }
        };
        Problem { key: key.to_owned(), source, message }
    }
}

struct Lines<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Lines<'_> {
    fn source(&self, span: std::ops::Range<usize>) -> Source {
        let before = self.text.as_bytes().iter().take(span.start);
        Source::File(self.path.to_owned(), 1 + before.filter(|b| **b == b'\n').count())
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// A value of the environment as TOML reads it; a text where it is no TOML.
fn scalar(text: &str) -> Value {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {text}"));
    parsed.ok().and_then(|mut t| t.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// What a value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text in quotes",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list in brackets",
        Value::Table(_) => "a section",
    }
}

/// The default as an example, where there is something to see; never a value that somebody set.
fn example(slot: &Setting) -> String {
    match (&slot.source, &slot.value) {
        (Source::Default, Value::String(text)) if !text.is_empty() => format!(" such as {text:?}"),
        _ => String::new(),
    }
}

/// The known key that looks most like `key`, if any looks enough like it, as it would be written in `source`.
fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>, source: &Source) -> Option<String> {
    let flat = |text: &str| text.replace('.', "_");
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let score = |name: &str| {
        let same_name = if last(name) == last(key) { 0.9 } else { 0.0 };
        strsim::normalized_damerau_levenshtein(&flat(name), &flat(key)).max(same_name)
    };
    let scored = known.map(|name| (score(name), name));
    let (score, name) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score >= 0.7).then(|| match source {
        Source::Environment(_) => format!("{PREFIX}{}", name.to_ascii_uppercase().replace('.', "__")),
        _ => name.to_owned(),
    })
}

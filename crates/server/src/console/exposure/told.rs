//! What the report of a leak tells, ready to be shown. A report that lacks something, or has it in another form, shows the
//! rest.

use crate::console::chart::{Bar, Bars, bars};
use crate::console::words;
use crate::store::exposure::leaks::Leak;
use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::time::Timestamp;
use countersign_core::traffic::grouped;
use serde_json::Value;

/// Samples of bad lines that are shown.
const SAMPLES: usize = 20;

/// A report.
pub struct Report(Value);

/// A file of a leak.
pub struct File {
    pub label: String,
    /// Bytes, format, compression, encoding, as far as they are told.
    pub facts: Vec<String>,
    pub digest: Option<String>,
    pub columns: Vec<Column>,
}

/// A column, and what it was taken for.
pub struct Column {
    pub name: String,
    pub field: String,
    /// How that was known.
    pub sure: &'static str,
}

/// What values that changed say of the age.
pub struct Changes {
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub later: String,
    pub later_old: String,
    pub earlier: String,
    pub earlier_new: String,
    pub sound: bool,
}

/// What accounts that were made say of the age.
pub struct Beginnings {
    pub at: Timestamp,
    pub before: String,
    pub before_seen: String,
    pub after: String,
    pub after_seen: String,
}

impl Report {
    /// Reads one.
    pub fn of(leak: &Leak) -> Self {
        Self(serde_json::from_str(&leak.report).unwrap_or_default())
    }

    fn number(&self, pointer: &str) -> u64 {
        self.0.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
    }

    fn time(&self, pointer: &str) -> Option<Timestamp> {
        self.0.pointer(pointer).and_then(Value::as_i64).map(Timestamp::from_micros)
    }

    /// How old the data looks.
    pub fn sentence(&self) -> Option<String> {
        self.0.pointer("/freshness/sentence").and_then(Value::as_str).map(str::to_owned)
    }

    /// How many accounts each field is shown of.
    pub fn fields(&self, leak: &Leak) -> String {
        let known =
            |field: Field| (words::field(field).to_owned(), None, self.number(&pointer("fields", field.as_str())));
        self.drawn("Fields that are shown", "Field", leak, Field::ALL.into_iter().map(known))
    }

    /// How many accounts each key matched.
    pub fn keys(&self, leak: &Leak) -> String {
        let known = |kind: Kind| {
            let chip = words::strength(kind.is_strong());
            (words::key(kind).to_owned(), Some((chip.class, chip.text)), self.number(&pointer("keys", kind.as_str())))
        };
        self.drawn("What they were recognised by", "Key", leak, Kind::ALL.into_iter().map(known))
    }

    fn drawn(
        &self,
        title: &str,
        row: &'static str,
        leak: &Leak,
        rows: impl Iterator<Item = (String, Option<(&'static str, &'static str)>, u64)>,
    ) -> String {
        let some = rows.filter(|(_, _, value)| *value > 0).map(|(label, chip, value)| Bar { label, chip, value });
        let all: Vec<Bar> = some.collect();
        if all.is_empty() {
            return String::new();
        }
        bars(&Bars { title: title.to_owned(), row, unit: "Accounts", of: super::count(leak.accounts), bars: all })
    }

    /// Accounts that only a value matched which they had before.
    pub fn former(&self) -> u64 {
        self.number("/former")
    }

    /// Accounts whose line names somebody else as well.
    pub fn contradicted(&self) -> u64 {
        self.number("/contradicted")
    }

    /// What values that changed say of the age.
    pub fn changes(&self) -> Option<Changes> {
        let number = |name: &str| grouped(self.number(&pointer("freshness/changes", name)));
        self.0.pointer("/freshness/changes")?.as_object()?;
        Some(Changes {
            after: self.time("/freshness/changes/after"),
            before: self.time("/freshness/changes/before"),
            later: number("later"),
            later_old: number("later_old"),
            earlier: number("earlier"),
            earlier_new: number("earlier_new"),
            sound: self.0.pointer("/freshness/changes/sound").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// What accounts that were made say of the age.
    pub fn beginnings(&self) -> Option<Beginnings> {
        let number = |name: &str| grouped(self.number(&pointer("freshness/beginnings", name)));
        Some(Beginnings {
            at: self.time("/freshness/beginnings/at")?,
            before: number("before"),
            before_seen: number("before_seen"),
            after: number("after"),
            after_seen: number("after_seen"),
        })
    }

    /// Lines that could not be read, by reason.
    pub fn faults(&self) -> Vec<(String, String)> {
        let bad = self.0.get("bad").and_then(Value::as_object);
        let some = bad.into_iter().flatten().filter_map(|(why, count)| Some((words::fault(why), count.as_u64()?)));
        let mut some: Vec<(String, u64)> = some.filter(|(_, count)| *count > 0).collect();
        some.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        some.into_iter().map(|(why, count)| (why, grouped(count))).collect()
    }

    /// What a few of them look like, without their letters and digits.
    pub fn samples(&self) -> Vec<String> {
        self.list("samples").iter().take(SAMPLES).map(sample).collect()
    }

    /// What the columns were taken for.
    pub fn columns(&self) -> Vec<Column> {
        columns(self.0.get("columns"))
    }

    /// How the files are written: `csv`, `sql`.
    pub fn format(&self) -> Option<String> {
        first(&self.0, &["format"]).map(str::to_owned)
    }

    /// Lines that name two accounts at once.
    pub fn contradicting(&self) -> u64 {
        self.number("/contradicting_rows")
    }

    /// Cells that are in a column and are not what is in it, by field.
    pub fn unusable(&self) -> Vec<(String, String)> {
        let known = |field: Field| (words::field(field).to_owned(), self.number(&pointer("unusable", field.as_str())));
        let some = Field::ALL.into_iter().map(known).filter(|(_, count)| *count > 0);
        some.map(|(name, count)| (name, grouped(count))).collect()
    }

    /// The files.
    pub fn files(&self) -> Vec<File> {
        self.list("files").iter().map(file).collect()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.0.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

fn pointer(group: &str, name: &str) -> String {
    format!("/{group}/{name}")
}

/// A sample in a line: where it is, what it looks like, what is wrong with it.
fn sample(value: &Value) -> String {
    let Some(shape) = first(value, &["looks_like"]) else { return in_text(value) };
    let number = |name: &str| value.get(name).and_then(Value::as_u64).map_or_else(|| "?".to_owned(), grouped);
    let fault = first(value, &["fault"]).map_or_else(String::new, words::fault);
    format!("line {} ({} bytes): {fault}: {shape}", number("line"), number("bytes"))
}

/// A value as text: of an object its names and values in a line.
fn in_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(all) => {
            let pairs = all.iter().map(|(name, value)| format!("{}: {}", name.replace('_', " "), in_text(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        Value::Array(all) => all.iter().map(in_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn first<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| value.get(name)?.as_str()).filter(|text| !text.is_empty())
}

fn file(value: &Value) -> File {
    if let Value::String(label) = value {
        return File { label: label.clone(), facts: vec![], digest: None, columns: vec![] };
    }
    let bytes = value.get("bytes").or_else(|| value.get("size")).and_then(Value::as_u64);
    let told = ["format", "packing", "compression", "letters", "encoding"]
        .into_iter()
        .filter_map(|name| first(value, &[name]));
    let plain = |text: &&str| !matches!(*text, "none" | "plain");
    let facts = bytes.map(|bytes| format!("{} bytes", grouped(bytes)));
    File {
        label: first(value, &["name", "label", "path"]).unwrap_or("a file without a name").to_owned(),
        facts: facts.into_iter().chain(told.filter(plain).map(str::to_owned)).collect(),
        digest: first(value, &["digest", "sha256"]).map(str::to_owned),
        columns: columns(value.get("columns")),
    }
}

/// How sure a guess was.
fn sure(word: &str) -> &'static str {
    match word {
        "told" => "as somebody said",
        "certain" => "by its name and what is in it",
        "likely" => "by its name or what is in it",
        _ => "",
    }
}

fn columns(value: Option<&Value>) -> Vec<Column> {
    let taken_for = |field: Option<&str>| {
        let known = field.and_then(|field| Field::ALL.into_iter().find(|known| known.as_str() == field));
        known.map_or_else(|| "not looked at".to_owned(), |field| words::field(field).to_owned())
    };
    let one = |name: &str, field: Option<&str>| Column { name: name.to_owned(), field: taken_for(field), sure: "" };
    match value {
        Some(Value::Object(all)) => all.iter().map(|(name, field)| one(name, field.as_str())).collect(),
        Some(Value::Array(all)) => {
            let named = |value: &Value| match value {
                Value::String(name) => one(name, None),
                other => Column {
                    sure: first(other, &["sure"]).map(sure).unwrap_or_default(),
                    ..one(first(other, &["name", "column"]).unwrap_or("?"), first(other, &["field"]))
                },
            };
            all.iter().map(named).collect()
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whatever_form_a_report_has_what_it_says_is_shown() {
        let report = Report(json!({
            "samples": [{ "line": 3, "fault": "nul", "bytes": 12, "looks_like": "aaa" }, "aaaa@aaa.aa,,9", { "line": 12, "shape": "aaa;aaa", "bytes": 7 }, 4],
            "files": [
                "dump.csv",
                { "name": "a.csv.gz", "bytes": 1234, "format": "csv", "compression": "gzip", "sha256": "ab",
                  "columns": [{ "name": "mail", "field": "email" }, { "name": "x" }, "y"] },
                { "label": "b", "compression": "none", "columns": { "tel": "phone" } },
                7,
            ],
            "bad": { "too_few_cells": 2, "nul": 0, "quite_new": 1200 },
        }));
        assert_eq!(
            report.samples(),
            ["line 3 (12 bytes): A NUL within it: aaa", "aaaa@aaa.aa,,9", "bytes: 7, line: 12, shape: aaa;aaa", "4"]
        );
        let files: Vec<String> = report
            .files()
            .into_iter()
            .map(|file| {
                let columns: Vec<String> = file.columns.iter().map(|c| format!("{}={}", c.name, c.field)).collect();
                format!("{} [{}] {:?} {}", file.label, file.facts.join(", "), file.digest, columns.join(", "))
            })
            .collect();
        assert_eq!(
            files,
            [
                "dump.csv [] None ",
                "a.csv.gz [1,234 bytes, csv, gzip] Some(\"ab\") mail=E-mail address, x=not looked at, y=not looked at",
                "b [] None tel=Phone number",
                "a file without a name [] None ",
            ]
        );
        assert_eq!(
            report.faults(),
            [("quite new".to_owned(), "1,200".to_owned()), ("Fewer cells than columns".to_owned(), "2".to_owned()),]
        );
    }

    #[test]
    fn an_empty_report_says_nothing() {
        let report = Report(Value::Null);
        assert!(report.sentence().is_none() && report.changes().is_none() && report.beginnings().is_none());
        assert!(report.files().is_empty() && report.samples().is_empty() && report.faults().is_empty());
        assert_eq!((report.former(), report.contradicted()), (0, 0));
    }
}

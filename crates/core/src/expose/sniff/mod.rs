//! Tells what a leak is by its first MiB: how it is written, and what its columns are.
//!
//! Never: shows a cell as it is; takes a guess for the truth: what it says is shown, and corrected, before anything is read.
//! In: the first bytes, in UTF-8.   Out: a layout, or why there is none.
//! I/O for this room: server/src/expose/open/.   Tests: beside the code.

mod content;
mod format;
mod json;
mod names;
mod sql;
#[cfg(test)]
mod tests;

pub use content::shape;

use super::layout::{Column, Format, Layout, Sure};
use super::matching::Field;
use super::read::{Fault, MAX_COLUMNS, Reader, Rows};
use content::Seen;

/// Records that are looked at.
const RECORDS: usize = 2000;

/// Why nothing can be said.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("there is nothing in it")]
    Empty,
    /// Names of columns, and no record.
    #[error("there is a header ({0}) and no record")]
    HeaderOnly(String),
    /// Not text.
    #[error("it is no text: more than one byte in twenty is a NUL")]
    Binary,
    /// A dump without rows, or without those of the table that was asked for.
    #[error("it is a dump, and in its first MiB there are no rows{0}")]
    NoRows(String),
    /// No object with keys.
    #[error("it begins like JSON, and there is no object with keys in its first MiB")]
    NoObject,
    /// More columns than are read.
    #[error("it has {0} columns, and {MAX_COLUMNS} are read at most")]
    Columns(usize),
}

/// How somebody says that a leak is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// Cells with this sign between them.
    Delimited(u8),
    /// A JSON object on each line.
    Ndjson,
    /// A JSON array.
    Json,
    /// A dump.
    Sql,
    /// A name and a password with this sign between them.
    Combo(u8),
}

impl Said {
    /// The words of it.
    pub const NAMES: [&str; 9] = ["csv", "tsv", "semicolon", "pipe", "ndjson", "json", "sql", "combo", "combo;"];

    /// Reads a word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "csv" => Self::Delimited(b','),
            "tsv" => Self::Delimited(b'\t'),
            "semicolon" => Self::Delimited(b';'),
            "pipe" => Self::Delimited(b'|'),
            "ndjson" => Self::Ndjson,
            "json" => Self::Json,
            "sql" => Self::Sql,
            "combo" => Self::Combo(b':'),
            "combo;" => Self::Combo(b';'),
            _ => return None,
        })
    }

    const fn guess(self) -> format::Guess {
        match self {
            Self::Delimited(delimiter) => format::Guess::Delimited { delimiter },
            Self::Ndjson => format::Guess::Json { lines: true },
            Self::Json => format::Guess::Json { lines: false },
            Self::Sql => format::Guess::Sql,
            Self::Combo(separator) => format::Guess::Combo { separator, url: false },
        }
    }
}

/// What somebody knows before.
#[derive(Clone, Default, Debug)]
pub struct Known {
    /// How it is written.
    pub format: Option<Said>,
    /// The table of a dump.
    pub table: Option<String>,
}

/// Tells what a leak is by its front; `whole` if that is all of it.
///
/// # Errors
/// [`Unreadable`].
pub fn sniff(front: &[u8], whole: bool, known: &Known) -> Result<Layout, Unreadable> {
    let front = front.strip_prefix(b"\xef\xbb\xbf").unwrap_or(front);
    if front.trim_ascii().is_empty() {
        return Err(Unreadable::Empty);
    }
    if memchr::memchr_iter(0, front).count() > front.len() / 20 {
        return Err(Unreadable::Binary);
    }
    // The last line may be cut.
    let lines = if whole { front } else { memchr::memrchr(b'\n', front).map_or(front, |at| &front[..at]) };
    match known.format.map_or_else(|| format::guess(lines), Said::guess) {
        format::Guess::Json { lines: one_each } => json::layout(lines, one_each),
        format::Guess::Sql => sql::layout(lines, known.table.as_deref()),
        format::Guess::Combo { separator, url } => Ok(combo(separator, url)),
        format::Guess::Delimited { delimiter } => delimited(lines, delimiter),
    }
}

/// A combo's columns are what they are.
fn combo(separator: u8, url: bool) -> Layout {
    let column = |name: &str, field| Column { name: name.into(), field, sure: Sure::Certain, shapes: vec![] };
    let mut columns: Vec<_> = [Field::Email, Field::Phone, Field::UserName, Field::Password]
        .map(|field| column(field.as_str(), Some(field)))
        .into();
    if url {
        columns.push(column("page", None));
    }
    Layout { format: Format::Combo { separator, url }, columns }
}

fn delimited(lines: &[u8], delimiter: u8) -> Result<Layout, Unreadable> {
    let mut records = format::records(lines, delimiter, RECORDS);
    let first = records.first().cloned().unwrap_or_default();
    if first.len() > MAX_COLUMNS {
        return Err(Unreadable::Columns(first.len()));
    }
    let header = content::is_header(&first, records.get(1..).unwrap_or_default());
    if header {
        records.remove(0);
        if records.is_empty() {
            return Err(Unreadable::HeaderOnly(first.join(", ")));
        }
    }
    let named =
        |n: usize, cell: &str| if header && !cell.is_empty() { cell.to_owned() } else { format!("column{}", n + 1) };
    let names: Vec<_> = first.iter().enumerate().map(|(n, cell)| named(n, cell.trim())).collect();
    Ok(Layout { format: Format::Delimited { delimiter, header }, columns: columns(&names, header, &records) })
}

/// Columns by their names and what is in them.
fn columns(names: &[String], named: bool, records: &[Vec<String>]) -> Vec<Column> {
    let column = |(n, name): (usize, &String)| {
        let seen = Seen::of(records.iter().filter_map(|record| record.get(n)).map(String::as_str));
        let by_name = if named { names::field(name) } else { None };
        let (field, sure) = seen.judge(by_name, named);
        let shapes = if field == Some(Field::Password) { vec![] } else { seen.shapes };
        Column { name: name.clone(), field, sure, shapes }
    };
    names.iter().enumerate().map(column).collect()
}

/// The columns of a format whose reader needs only their names: what it reads of the front is looked at.
fn by_reader(format: Format, names: &[String], front: &[u8]) -> Layout {
    let bare = |name: &String| Column { name: name.clone(), field: None, sure: Sure::Unknown, shapes: vec![] };
    let mut layout = Layout { format, columns: names.iter().map(bare).collect() };
    let mut cells = Cells::default();
    let mut reader = Reader::new(&layout);
    let (mut cutter, mut rest) = (reader.cutter(), front);
    while !rest.is_empty() && cells.0.len() < RECORDS {
        // One record alone need not end with its line.
        let cut = Some(cutter.cut(rest, false)).filter(|cut| cut.len > 0).unwrap_or_else(|| cutter.cut(rest, true));
        reader.read(&rest[..cut.len], &cut.piece, &mut cells);
        if cut.len == 0 {
            break;
        }
        rest = &rest[cut.len..];
    }
    layout.columns = columns(names, true, &cells.0);
    layout
}

#[derive(Default)]
struct Cells(Vec<Vec<String>>);

impl Rows for Cells {
    fn row(&mut self, cells: &[&[u8]]) {
        if self.0.len() < RECORDS {
            self.0.push(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        }
    }

    fn bad(&mut self, _fault: Fault, _raw: &[u8]) {}
}

/// How many accounts are found by these columns, so to say: what the table or the array of a leak is chosen by.
fn promise(names: &[String]) -> usize {
    names
        .iter()
        .map(|name| match names::field(name) {
            Some(Field::Email | Field::Phone) => 8,
            Some(Field::UserName) => 4,
            Some(Field::PlatformId) => 1,
            Some(_) => 2,
            None => 0,
        })
        .sum()
}

//! How a leak is written.

use super::content::{is_email, is_header, is_phone, is_plain_number, year};
use crate::expose::read::sql_header;
use memchr::{memchr, memmem};

/// Signs between cells, the likelier first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Lines that are looked at.
const LINES: usize = 500;

pub(super) enum Guess {
    Json {
        /// An object on each line.
        lines: bool,
    },
    Sql,
    Combo {
        separator: u8,
        url: bool,
    },
    Delimited {
        delimiter: u8,
    },
}

pub(super) fn guess(text: &[u8]) -> Guess {
    let begin = text.trim_ascii_start();
    match begin.first() {
        Some(b'[') if begin[1..].trim_ascii_start().starts_with(b"{") => return Guess::Json { lines: false },
        Some(b'{') => return Guess::Json { lines: is_lines(begin) },
        _ => {}
    }
    if is_sql(text) {
        return Guess::Sql;
    }
    let (delimiter, share, columns) = delimiter(text);
    combo(text, delimiter, share, columns).unwrap_or(Guess::Delimited { delimiter })
}

/// Whether each of the first lines is an object.
fn is_lines(text: &[u8]) -> bool {
    let is_object = |line: &[u8]| {
        let line = line.trim_ascii();
        let line = line.strip_suffix(b",").unwrap_or(line);
        line.starts_with(b"{\"") && line.ends_with(b"}") || line == b"{}"
    };
    let lines: Vec<_> = some_lines(text).take(20).collect();
    let objects = lines.iter().filter(|line| is_object(line)).count();
    // One line alone may be an array in an object.
    let framed =
        lines.len() == 1 && memmem::find(lines[0], b":[{").or_else(|| memmem::find(lines[0], b": [{")).is_some();
    objects * 5 >= lines.len() * 4 && !framed
}

fn some_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).take(LINES)
}

fn is_sql(text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        if sql_header::is_statement(rest.trim_ascii_start()) {
            return true;
        }
        let Some(end) = memchr(b'\n', rest) else { return false };
        rest = &rest[end + 1..];
    }
}

/// Records of a delimited text, as the crate `csv` sees them.
pub(super) fn records(text: &[u8], delimiter: u8, most: usize) -> Vec<Vec<String>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let texts =
        |record: csv::ByteRecord| record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    reader.into_byte_records().filter_map(Result::ok).take(most).map(texts).collect()
}

/// The sign that gives most records the same number of cells: it, the share of those records, the number.
fn delimiter(text: &[u8]) -> (u8, f64, usize) {
    let mut best = (b',', 0.0, 1);
    for delimiter in DELIMITERS {
        let records = records(text, delimiter, LINES);
        let mut counts = std::collections::BTreeMap::<usize, usize>::new();
        for record in &records {
            *counts.entry(record.len()).or_default() += 1;
        }
        let Some((columns, count)) = counts.into_iter().filter(|(n, _)| *n > 1).max_by_key(|(n, count)| (*count, *n))
        else {
            continue;
        };
        let share = count as f64 / records.len() as f64;
        // More columns weigh more, as long as they are as even.
        if share > best.1 + 0.1 || share > best.1 - 0.1 && columns > best.2 {
            best = (delimiter, share, columns);
        }
    }
    best
}

/// Whether it is a list of names and passwords: two cells, of which the second one is nothing that is known, or names before a
/// colon while no sign is between cells throughout.
fn combo(text: &[u8], delimiter: u8, share: f64, columns: usize) -> Option<Guess> {
    let lines: Vec<_> = some_lines(text).collect();
    let cells = records(text, delimiter, 50);
    if cells.first().is_some_and(|first| is_header(first, &cells[1..])) {
        return None;
    }
    let most = |n: usize| n * 10 >= lines.len() * 8;
    let pairs = |separator: u8| lines.iter().filter(|line| is_pair(line, separator)).count();
    let urls = lines.iter().filter(|line| is_page(line)).count();
    if share >= 0.8 && columns >= 2 && !(columns == 2 && delimiter != b',' && most(pairs(delimiter))) {
        return None;
    }
    if most(urls) {
        let separator = if columns >= 3 && share >= 0.8 { delimiter } else { b':' };
        return Some(Guess::Combo { separator, url: true });
    }
    [b':', b';', b'|', b'\t']
        .into_iter()
        .find(|separator| most(pairs(*separator)))
        .map(|separator| Guess::Combo { separator, url: urls * 10 >= lines.len() * 3 })
}

/// A name without white space, and something that is no address, number or time.
fn is_pair(line: &[u8], separator: u8) -> bool {
    let Some(at) = memchr(separator, line) else { return false };
    let (name, rest) = (String::from_utf8_lossy(&line[..at]), String::from_utf8_lossy(&line[at + 1..]));
    let (name, rest) = (name.trim(), rest.trim());
    let is_name = is_email(name) || is_phone(name) || !name.is_empty() && !name.contains(char::is_whitespace);
    // Passwords of digits are common; where all are, a colon may as well be a clock's.
    is_name
        && !rest.is_empty()
        && !is_email(rest)
        && year(rest).is_none()
        && !(is_plain_number(name) && is_plain_number(rest))
}

fn is_page(line: &[u8]) -> bool {
    memmem::find(line, b"://").is_some_and(|at| at < 16 && line[..at].iter().all(u8::is_ascii_alphanumeric))
        && line.iter().filter(|byte| matches!(byte, b':' | b';' | b'|' | b'\t' | b',')).count() >= 3
}

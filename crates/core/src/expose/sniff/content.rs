//! What the cells of a column look like.

use super::names;
use crate::expose::layout::Sure;
use crate::expose::matching::Field;
use crate::expose::normal::{Email, Phone, Text, email, phone};
use std::collections::BTreeSet;

/// Longest shape, in characters, and how many of a column.
const SHAPE: usize = 40;
const SHAPES: usize = 3;

/// A cell without its letters and digits: `aaaa@aaaaa.aa`.
pub fn shape(cell: &str) -> String {
    let sign = |c: char| match c {
        _ if c.is_numeric() => '9',
        _ if c.is_alphabetic() => 'a',
        ' ' => ' ',
        _ if c.is_ascii_graphic() => c,
        _ => '?',
    };
    cell.chars().take(SHAPE).map(sign).collect()
}

/// How many cells of a column are what.
#[derive(Default)]
pub(super) struct Seen {
    filled: usize,
    emails: usize,
    /// With a `+`, or with signs and a length as only numbers of phones have.
    phones: usize,
    numbers: usize,
    dates: usize,
    births: usize,
    countries: usize,
    names: usize,
    different: BTreeSet<String>,
    pub(super) shapes: Vec<String>,
}

impl Seen {
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = Self::default();
        cells.map(str::trim).filter(|cell| !cell.is_empty()).for_each(|cell| seen.add(cell));
        seen
    }

    fn add(&mut self, cell: &str) {
        self.filled += 1;
        self.emails += usize::from(is_email(cell));
        self.phones += usize::from(is_phone(cell));
        self.numbers += usize::from(is_plain_number(cell));
        self.dates += usize::from(year(cell).is_some());
        self.births += usize::from(year(cell).is_some_and(|year| (1920..=2015).contains(&year)));
        self.countries += usize::from(cell.len() == 2 && cell.bytes().all(|byte| byte.is_ascii_uppercase()));
        self.names += usize::from(is_user_name(cell));
        if self.different.len() < 200 {
            self.different.insert(cell.to_owned());
        }
        let shape = shape(cell);
        if self.shapes.len() < SHAPES && !self.shapes.contains(&shape) {
            self.shapes.push(shape);
        }
    }

    fn share(&self, count: usize, percent: usize) -> bool {
        self.filled > 0 && count * 100 >= self.filled * percent
    }

    /// What the column is, by its name and its cells.
    pub(super) fn judge(&self, by_name: Option<Field>, named: bool) -> (Option<Field>, Sure) {
        let by_content = self.content(named);
        match (by_name, by_content) {
            (Some(field), Some((other, _))) if field == other => (Some(field), Sure::Certain),
            // Addresses can be nothing else, whatever the column is called: many sign in with theirs.
            (_, Some((Field::Email, Sure::Certain))) => (Some(Field::Email), Sure::Certain),
            (Some(field), _) if self.contradicts(field) => (by_content.map(|(field, _)| field), Sure::Unknown),
            (Some(field), _) => (Some(field), Sure::Likely),
            (None, Some((field, sure))) => (Some(field), sure),
            (None, None) => (None, Sure::Unknown),
        }
    }

    /// Whether the cells cannot be what the name says.
    fn contradicts(&self, field: Field) -> bool {
        let hardly = |count| self.filled > 0 && !self.share(count, 20);
        match field {
            Field::Email => hardly(self.emails),
            Field::Phone => hardly(self.phones + self.numbers),
            _ => false,
        }
    }

    fn content(&self, named: bool) -> Option<(Field, Sure)> {
        let found = |field, sure| Some((field, sure));
        match self {
            _ if self.share(self.emails, 60) => found(Field::Email, Sure::Certain),
            _ if self.share(self.phones, 70) => found(Field::Phone, Sure::Likely),
            _ if self.share(self.births, 90) && self.share(self.dates, 95) => found(Field::BirthDate, Sure::Likely),
            _ if self.share(self.countries, 90) => found(Field::Country, Sure::Likely),
            // Tokens and words look like user names: only where nothing names the column, and they differ.
            _ if !named && self.share(self.names, 95) && self.differ() && !self.share(self.numbers, 20) => {
                found(Field::UserName, Sure::Likely)
            }
            _ => None,
        }
    }

    fn differ(&self) -> bool {
        self.different.len() * 10 >= self.filled.min(200) * 9
    }
}

pub(super) fn is_email(cell: &str) -> bool {
    cell.contains('@') && email(cell.as_bytes(), &mut Email::default())
}

/// With a `+`; or ten to fifteen digits with signs between them as numbers have; or a 0 in front.
pub(super) fn is_phone(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let signs = cell.bytes().any(|byte| matches!(byte, b' ' | b'-' | b'(' | b'.' | b'/'));
    let only = cell
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'(' | b')' | b'.' | b'/' | b'+'));
    let international = cell.starts_with('+') && phone(cell.as_bytes(), None, &mut Text::new()) != Phone::None;
    only && (8..=15).contains(&digits)
        && year(cell).is_none()
        && (international || cell.starts_with('0') || signs && digits >= 9)
}

pub(super) fn is_plain_number(cell: &str) -> bool {
    !cell.is_empty() && cell.len() <= 20 && cell.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_user_name(cell: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    (3..=30).contains(&cell.chars().count()) && cell.chars().all(is_part) && cell.chars().any(char::is_alphabetic)
}

/// The year of a date: `1990-12-31`, `31.12.1990`, `12/31/1990`, with or without a time behind it.
pub(super) fn year(cell: &str) -> Option<u16> {
    let date = cell.split([' ', 'T']).next()?;
    let parts: Vec<_> = date.split(['-', '.', '/']).collect();
    let [a, b, c] = parts[..] else { return None };
    let number = |part: &str| part.parse::<u16>().ok().filter(|_| part.len() <= 4);
    let small = |part: &str| number(part).is_some_and(|n| (1..=31).contains(&n)) && part.len() <= 2;
    match (a.len(), c.len()) {
        (4, _) if small(b) && small(c) => number(a),
        (_, 4) if small(a) && small(b) => number(c),
        _ => None,
    }
    .filter(|year| (1900..=2100).contains(year))
}

/// Whether the first record names the columns: a cell of it is a word that does, and none is a value; or the cells below are
/// values where it has none.
pub(super) fn is_header(first: &[String], rest: &[Vec<String>]) -> bool {
    let is_value = |cell: &str| is_email(cell) || is_phone(cell) || is_plain_number(cell) || year(cell).is_some();
    let cells: Vec<&str> = first.iter().map(|cell| cell.trim()).collect();
    if cells.iter().any(|cell| is_value(cell)) {
        return false;
    }
    if cells.iter().any(|cell| names::is_word(cell)) {
        return true;
    }
    let below = |n: usize| {
        rest.iter().take(50).filter(|record| record.get(n).is_some_and(|cell| is_value(cell.trim()))).count()
    };
    (0..first.len()).any(|n| below(n) * 2 > rest.len().min(50))
}

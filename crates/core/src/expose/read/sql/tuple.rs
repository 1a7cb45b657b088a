//! One row of an `INSERT`: `(1, 'a', NULL, E'b', 0x63)`.
//!
//! Databases disagree on whether `\'` ends a string. MySQL says no; PostgreSQL and SQLite say yes. What comes behind it decides
//! where the spelling of the dump does not: behind a string there is a comma, a bracket, a cast.

use memchr::{memchr, memchr2};

/// A cell: where it is, and how it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cell {
    /// As it is.
    Plain(usize, usize),
    /// With doubled quotes or backslashes; the quote.
    Quoted(usize, usize, u8),
    /// Digits of bytes.
    Hex(usize, usize),
    /// Nothing.
    Null,
}

/// Where a row ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Before this place.
    Whole(usize),
    /// It cannot be read; the next one begins at or behind this place.
    Broken(usize),
    /// Not in these bytes.
    More,
}

/// Why a value is none.
enum Stop {
    Broken,
    More,
}

/// Reads the row that begins with the `(` at `start`.
pub(super) fn tuple(bytes: &[u8], start: usize, backslash: bool, cells: &mut impl FnMut(Cell)) -> End {
    let mut at = start + 1;
    loop {
        match value(bytes, at, backslash) {
            Ok((cell, next)) => {
                cells(cell);
                at = next + 1;
                if bytes[next] == b')' {
                    return End::Whole(at);
                }
            }
            Err(Stop::More) => return End::More,
            Err(Stop::Broken) => return next_row(bytes, start + 1).map_or(End::More, End::Broken),
        }
    }
}

/// Behind the next `)` that a comma and another row, or the end of the statement, follow.
pub(super) fn next_row(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b')', bytes.get(at..)?)? + 1;
        let next = space(bytes, at);
        let ends = match bytes.get(next)? {
            b';' => true,
            b',' => *bytes.get(space(bytes, next + 1))? == b'(',
            _ => false,
        };
        if ends {
            return Some(at);
        }
    }
}

pub(super) fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// A value, and where the comma or the bracket behind it is.
fn value(bytes: &[u8], at: usize, backslash: bool) -> Result<(Cell, usize), Stop> {
    let at = space(bytes, at);
    match bytes.get(at).ok_or(Stop::More)? {
        quote @ (b'\'' | b'"') => string(bytes, at + 1, *quote, backslash),
        b'E' | b'e' | b'N' | b'n' | b'_' | b'X' | b'x' if prefixed(bytes, at)?.is_some() => {
            let quote = prefixed(bytes, at)?.ok_or(Stop::Broken)?;
            let escaped = backslash || matches!(bytes[at], b'E' | b'e');
            let (cell, end) = string(bytes, quote + 1, b'\'', escaped)?;
            Ok((if matches!(bytes[at], b'X' | b'x') { as_hex(cell) } else { cell }, end))
        }
        _ => bare(bytes, at, backslash),
    }
}

/// `E'`, `N'`, `X'`, `_utf8mb4 '`: where the quote is.
fn prefixed(bytes: &[u8], at: usize) -> Result<Option<usize>, Stop> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let longest = if bytes[at] == b'_' { 16 } else { 1 };
    let end = at + bytes[at..].iter().take(longest + 1).take_while(|byte| is_part(byte)).count();
    let quote = if bytes[at] == b'_' { space(bytes, end) } else { end };
    match bytes.get(quote) {
        None => Err(Stop::More),
        Some(b'\'') if end - at <= longest => Ok(Some(quote)),
        Some(_) => Ok(None),
    }
}

const fn as_hex(cell: Cell) -> Cell {
    match cell {
        Cell::Plain(start, end) | Cell::Quoted(start, end, _) => Cell::Hex(start, end),
        other => other,
    }
}

/// A string whose opening quote is before `start`.
fn string(bytes: &[u8], start: usize, quote: u8, backslash: bool) -> Result<(Cell, usize), Stop> {
    let (mut at, mut escaped) = (start, false);
    loop {
        at += memchr2(quote, b'\\', bytes.get(at..).ok_or(Stop::More)?).ok_or(Stop::More)?;
        if bytes[at] == b'\\' {
            let skip = if backslash { 2 } else { escape(bytes, at, quote)? };
            escaped |= skip == 2;
            at += skip;
            continue;
        }
        match bytes.get(at + 1) {
            None => return Err(Stop::More),
            Some(next) if *next == quote => (at, escaped) = (at + 2, true),
            Some(_) => {
                let cell = if escaped { Cell::Quoted(start, at, quote) } else { Cell::Plain(start, at) };
                return Ok((cell, behind(bytes, at + 1)?));
            }
        }
    }
}

/// How many bytes a backslash takes where the dialect is not known: two before a quote that cannot end the string.
fn escape(bytes: &[u8], at: usize, quote: u8) -> Result<usize, Stop> {
    match bytes.get(at + 1).ok_or(Stop::More)? {
        b'\\' => Ok(if run_ends_string(bytes, at, quote)? { 1 } else { 2 }),
        byte if *byte == quote => {
            let next = bytes.get(space(bytes, at + 2)).ok_or(Stop::More)?;
            Ok(if matches!(next, b',' | b')' | b':') || *next == quote { 1 } else { 2 })
        }
        _ => Ok(1),
    }
}

/// `'C:\\'`: two backslashes and a quote that ends the string mean the same in every dialect, as far as quotes go.
fn run_ends_string(bytes: &[u8], at: usize, quote: u8) -> Result<bool, Stop> {
    let next = bytes.get(at + 2).ok_or(Stop::More)?;
    Ok(*next != quote && *next != b'\\')
}

/// Where the comma or bracket behind a string is; a cast or a collation may stand between.
fn behind(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    let next = space(bytes, at);
    match bytes.get(next).ok_or(Stop::More)? {
        b',' | b')' => Ok(next),
        b':' => memchr2(b',', b')', &bytes[next..]).map(|n| next + n).ok_or(Stop::More),
        b'C' | b'c' if next > at => memchr2(b',', b')', &bytes[next..]).map(|n| next + n).ok_or(Stop::More),
        _ => Err(Stop::Broken),
    }
}

/// A number, a word, a function.
fn bare(bytes: &[u8], start: usize, backslash: bool) -> Result<(Cell, usize), Stop> {
    let (mut at, mut open) = (start, 0_usize);
    loop {
        match bytes.get(at).ok_or(Stop::More)? {
            b',' | b')' if open == 0 => return Ok((word(bytes, start, at), at)),
            b'(' | b'[' => open += 1,
            b')' | b']' => open = open.saturating_sub(1),
            quote @ (b'\'' | b'"') => {
                at = string_within(bytes, at + 1, *quote, backslash)?;
                continue;
            }
            // A bare value has one line.
            b'\n' | b';' => return Err(Stop::Broken),
            _ => {}
        }
        at += 1;
    }
}

fn string_within(bytes: &[u8], from: usize, quote: u8, backslash: bool) -> Result<usize, Stop> {
    let mut at = from;
    loop {
        at += memchr2(quote, b'\\', bytes.get(at..).ok_or(Stop::More)?).ok_or(Stop::More)? + 1;
        match bytes[at - 1] {
            b'\\' if backslash => at += 1,
            b'\\' => {}
            _ => return Ok(at),
        }
    }
}

fn word(bytes: &[u8], start: usize, end: usize) -> Cell {
    let text = bytes[start..end].trim_ascii_end();
    let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
    if is("NULL") || is("DEFAULT") || is("FALSE") {
        Cell::Null
    } else if text.starts_with(b"0x") {
        Cell::Hex(start + 2, start + text.len())
    } else {
        Cell::Plain(start, start + text.len())
    }
}

/// The text of a cell that is not written as it is.
pub(super) fn unescape(text: &[u8], quote: u8, backslash: bool, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let next = text.get(at + 1).copied();
        at += 1;
        match (byte, next) {
            (b'\\', Some(next)) if backslash || next == quote => {
                out.push(meant(next));
                at += 1;
            }
            (byte, next) => {
                out.push(byte);
                at += usize::from(byte == quote && next == Some(quote));
            }
        }
    }
}

/// What a backslash and this byte mean (MySQL 8.4 manual, 11.1.1).
const fn meant(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'0' => 0,
        b'Z' => 26,
        other => other,
    }
}

/// The bytes that hex digits mean; digits that are none are left as they are.
pub(super) fn unhex(text: &[u8], out: &mut Vec<u8>) {
    match data_encoding::HEXLOWER_PERMISSIVE.decode(text) {
        Ok(bytes) => out.extend_from_slice(&bytes),
        Err(_) => out.extend_from_slice(text),
    }
}

//! One JSON object to the cells of a row: a scanner for flat objects without escapes, which most are, and `serde_json` for
//! the others.
//!
//! A column `contact.email` is the key `email` within `contact`; of an array the first element counts; `null` and `false`
//! are empty cells. Where a key comes twice the last one counts.

use super::Fault;
use serde_json::{Map, Value};

/// Longest flat key that is compared, in bytes, is any: keys come from the layout.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    names: Vec<String>,
    /// The same in quotes.
    quoted: Vec<Box<[u8]>>,
}

/// What the scanner says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scan {
    /// The object ends before this place, and its cells are filled in.
    Done(usize),
    /// Nested, or with escapes: for `whole`.
    Odd,
    /// No object.
    Bad(Fault),
}

impl Keys {
    pub(super) fn new(names: Vec<String>) -> Self {
        let quoted = names.iter().map(|name| [b"\"", name.as_bytes(), b"\""].concat().into()).collect();
        Self { names, quoted }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether a key, in its quotes, is a column or the object of one.
    pub(super) fn has(&self, quoted: &[u8]) -> bool {
        let key = quoted.trim_ascii();
        self.quoted.iter().zip(&self.names).any(|(own, name)| {
            **own == *key || name.split_once('.').is_some_and(|(outer, _)| outer.as_bytes() == &key[1..key.len() - 1])
        })
    }

    /// Scans a flat object at the front of `text`. Cells are overwritten.
    #[inline]
    pub(super) fn scan<'a>(&self, text: &'a [u8], cells: &mut [&'a [u8]]) -> Scan {
        cells.fill(b"");
        let mut at = space(text, 0);
        if text.get(at) != Some(&b'{') {
            return Scan::Bad(Fault::Shape);
        }
        at = space(text, at + 1);
        if text.get(at) == Some(&b'}') {
            return Scan::Done(at + 1);
        }
        let mut expected = 0;
        loop {
            match self.member(text, at, &mut expected, cells) {
                Ok(next) => at = next,
                Err(scan) => return scan,
            }
            match text.get(at) {
                Some(b',') => at = space(text, at + 1),
                Some(b'}') => return Scan::Done(at + 1),
                other => return unexpected(other),
            }
        }
    }

    /// A key and its value; where what follows begins.
    #[inline]
    fn member<'a>(
        &self,
        text: &'a [u8],
        at: usize,
        expected: &mut usize,
        cells: &mut [&'a [u8]],
    ) -> Result<usize, Scan> {
        let (column, at) = self.key(text, at, *expected)?;
        let at = space(text, at);
        if text.get(at) != Some(&b':') {
            return Err(unexpected(text.get(at)));
        }
        let (cell, at) = value(text, space(text, at + 1))?;
        if let Some(column) = column {
            cells[column] = cell;
            *expected = column + 1;
        }
        Ok(space(text, at))
    }

    /// Which column a key names, and where the key ends. Keys mostly come in the order of the columns.
    #[inline]
    fn key(&self, text: &[u8], at: usize, expected: usize) -> Result<(Option<usize>, usize), Scan> {
        let rest = &text[at.min(text.len())..];
        if let Some(quoted) = self.quoted.get(expected)
            && rest.starts_with(quoted)
        {
            return Ok((Some(expected), at + quoted.len()));
        }
        if rest.first() != Some(&b'"') {
            return Err(unexpected(rest.first()));
        }
        let end = string_end(text, at + 1)?;
        let key = &text[at..=end];
        Ok((self.quoted.iter().position(|quoted| **quoted == *key), end + 1))
    }

    /// Reads any object; its cells in the order of the columns.
    pub(super) fn whole(&self, text: &[u8]) -> Option<Vec<String>> {
        let object = parse(text)?;
        let cell = |name: &String| lookup(&object, name).map(cell).unwrap_or_default();
        Some(self.names.iter().map(cell).collect())
    }
}

/// The end of the text is a record that ends in its middle.
fn unexpected(byte: Option<&u8>) -> Scan {
    Scan::Bad(if byte.is_none() { Fault::Truncated } else { Fault::Shape })
}

#[inline]
fn space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

#[inline]
fn value(text: &[u8], at: usize) -> Result<(&[u8], usize), Scan> {
    match text.get(at) {
        Some(b'"') => {
            let end = string_end(text, at + 1)?;
            Ok((&text[at + 1..end], end + 1))
        }
        Some(b'{' | b'[') => Err(Scan::Odd),
        Some(b'-' | b'0'..=b'9' | b'n' | b't' | b'f') => scalar(text, at),
        other => Err(unexpected(other)),
    }
}

/// A number or a word.
#[inline]
fn scalar(text: &[u8], at: usize) -> Result<(&[u8], usize), Scan> {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'a'..=b'z' | b'E');
    let end = at + text[at..].iter().take_while(is_part).count();
    let word = &text[at..end];
    match word {
        b"null" | b"false" => Ok((b"", end)),
        b"true" => Ok((word, end)),
        _ if word.iter().any(|byte| byte.is_ascii_lowercase() && *byte != b'e') => Err(Scan::Bad(Fault::Shape)),
        _ => Ok((word, end)),
    }
}

/// Where a string ends: eight bytes at a time (Mycroft's test for a zero byte).
#[inline]
fn string_end(text: &[u8], from: usize) -> Result<usize, Scan> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = from;
    while let Some(eight) = text.get(at..at + 8).and_then(|eight| <[u8; 8]>::try_from(eight).ok()) {
        let word = u64::from_le_bytes(eight);
        let found = zero(word ^ (ONES * b'"' as u64)) | zero(word ^ (ONES * b'\\' as u64));
        if found != 0 {
            // The lowest mark is exact; only marks above it may be wrong.
            return quote(text, at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = text[at.min(text.len())..].iter().position(|byte| matches!(byte, b'"' | b'\\'));
    rest.map_or(Err(Scan::Bad(Fault::Truncated)), |n| quote(text, at + n))
}

#[inline]
fn quote(text: &[u8], at: usize) -> Result<usize, Scan> {
    if text[at] == b'"' { Ok(at) } else { Err(Scan::Odd) }
}

/// A whole object, its invalid UTF-8 and its halves of surrogate pairs replaced where nothing else is wrong with it: those
/// come from names that were cut.
pub(super) fn parse(text: &[u8]) -> Option<Map<String, Value>> {
    let read = |text: &str| serde_json::from_str(text).ok();
    let text = String::from_utf8_lossy(text);
    let text = text.trim_end().trim_end_matches(',');
    read(text).or_else(|| read(&mended(text)))
}

/// Halves of surrogate pairs as the replacement character.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (half(rest), rest.get(6..).and_then(half)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push('\u{fffd}');
                rest = &rest[6..];
                continue;
            }
            // The backslash and the character behind it.
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out + rest
}

/// The number of `\uXXXX` at the front.
fn half(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// A key, or the key within an object that a name with a dot means.
fn lookup<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        object.get(outer)?.as_object()?.get(inner)
    })
}

pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "true".into(),
        Value::Array(values) => values.first().filter(|first| !first.is_array()).map(cell).unwrap_or_default(),
        Value::Null | Value::Bool(false) | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(text: &str) -> (Scan, Vec<String>) {
        let keys = Keys::new(["id", "name", "c.email"].map(str::to_owned).into());
        let mut cells = vec![&b""[..]; 3];
        let scan = keys.scan(text.as_bytes(), &mut cells);
        (scan, cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect())
    }

    fn whole(text: &str) -> Option<Vec<String>> {
        Keys::new(["id", "name", "c.email"].map(str::to_owned).into()).whole(text.as_bytes())
    }

    #[test]
    fn flat_objects_are_scanned_in_any_order() {
        let text = r#" { "id" : 12, "name":"J\u00f6"}"#;
        assert_eq!(scan(text).0, Scan::Odd);
        assert_eq!(whole(text).unwrap(), ["12", "Jö", ""]);
        for text in [
            r#"{"id":12,"name":"Jo"}"#,
            r#"{"name":"Jo","x":null,"id":12 , "y":false}"#,
            r#"{"id":1,"id":12,"name":"Jo"}"#,
        ] {
            let (read, cells) = scan(text);
            assert_eq!(
                (read, &*cells),
                (Scan::Done(text.len()), &["12".into(), "Jo".into(), String::new()][..]),
                "{text}"
            );
            assert_eq!(whole(text).unwrap(), cells);
        }
        assert_eq!(scan("{}").0, Scan::Done(2));
    }

    #[test]
    fn what_is_nested_is_flattened_by_one_level() {
        let text = r#"{"id":[7,8],"c":{"email":"jane@example.org"},"name":["Jane",1]}"#;
        assert_eq!(scan(text).0, Scan::Odd);
        assert_eq!(whole(text).unwrap(), ["7", "Jane", "jane@example.org"]);
        assert_eq!(whole(r#"{"id":{"a":1},"c":7}"#).unwrap(), ["", "", ""]);
    }

    #[test]
    fn half_a_surrogate_pair_costs_no_record() {
        assert_eq!(
            whole(r#"{"name":"a\ud83d","id":"\\ud83d \ud83d\ude00"}"#).unwrap(),
            ["\\ud83d 😀", "a\u{fffd}", ""]
        );
    }

    #[test]
    fn what_is_no_object_is_bad_and_says_whether_it_only_ends_early() {
        for text in ["", "{", r#"{"id"#, r#"{"id":"#, r#"{"id":"abc"#, r#"{"id":"abc""#, r#"{"id":1,"#] {
            let expected = if text.is_empty() { Fault::Shape } else { Fault::Truncated };
            assert_eq!(scan(text).0, Scan::Bad(expected), "{text}");
        }
        for text in ["[1]", "nul", r#"{id:1}"#, r#"{"id" 1}"#, r#"{"id":nope}"#, r#"{"id":1 "name":2}"#, r#"{"id":}"#] {
            assert_eq!(scan(text).0, Scan::Bad(Fault::Shape), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_scanner_gives_what_serde_gives(id in any::<u32>(), name in "[ -~é]{0,40}", email in "[a-z\"\\\\@.]{0,20}") {
            let object = serde_json::json!({"name": name, "id": id, "c.email": email});
            let text = object.to_string();
            let (read, cells) = scan(&text);
            if read == Scan::Odd {
                prop_assert!(text.contains('\\'));
            } else {
                prop_assert_eq!(read, Scan::Done(text.len()));
                prop_assert_eq!(cells, whole(&text).unwrap());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(text in "[{}\\[\\]\":,\\\\ a1u0d8-]{0,60}") {
            let _ = (scan(&text), whole(&text));
        }
    }
}

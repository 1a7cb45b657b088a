//! The lines of a list: `HASH:count` in a file, `SUFFIX:count` in a range file. Bad ones are told by reason, never shown.

use super::hash::{Hash, HashKind, MOST_BYTES, decode};
use std::fmt;

/// Longest line that is looked at. The longest good one has 40 digits, a colon and ten digits.
pub const MAX_LINE_BYTES: usize = 256;

/// A hash of a list and how often it was seen; 1 where the list does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The hash.
    pub hash: Hash,
    /// How often; 0 marks padding of the range API, which names no password.
    pub count: u32,
}

/// Why a line is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BadLine {
    /// Longer than any line of a list.
    TooLong,
    /// Of the other hash's length.
    OtherHash,
    /// Not as many digits as the hash has.
    Length,
    /// Something else than hex digits.
    NotHex,
    /// Behind the hash is neither the end nor a colon and a number.
    Count,
}

impl BadLine {
    /// Each of them.
    pub const ALL: [Self; 5] = [Self::TooLong, Self::OtherHash, Self::Length, Self::NotHex, Self::Count];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::OtherHash => "other_hash",
            Self::Length => "wrong_length",
            Self::NotHex => "not_hex",
            Self::Count => "bad_count",
        }
    }
}

/// What a line looks like, for whoever wants to know what is wrong with it; it may hold somebody's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    bytes: usize,
    hex_digits: usize,
    colon_at: Option<usize>,
}

impl Shape {
    /// Of a line.
    pub fn of(line: &[u8]) -> Self {
        let hex_digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        Self { bytes: line.len(), hex_digits, colon_at: line.iter().position(|b| *b == b':') }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {} hex digits in front", self.bytes, self.hex_digits)?;
        match self.colon_at {
            Some(at) => write!(f, ", a colon after {at}"),
            None => f.write_str(", no colon"),
        }
    }
}

/// Whether a file's name says that it holds a range: five hex digits, with or without an ending.
pub fn is_range_name(name: &str) -> bool {
    let stem = name.strip_suffix(".txt").unwrap_or(name);
    stem.len() == 5 && stem.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Reads a line; `prefix` are the digits that a range file's name has and its lines lack. `None` for an empty line.
///
/// # Errors
/// `BadLine`.
pub fn parse(kind: HashKind, prefix: &[u8], line: &[u8]) -> Result<Option<Entry>, BadLine> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    let here = kind.digits() - prefix.len();
    let Some((digits, rest)) = line.split_at_checked(here) else { return Err(misfit(kind, prefix, line)) };
    let hash = join(kind, prefix, digits).ok_or_else(|| misfit(kind, prefix, line))?;
    let count = match rest {
        [] => 1,
        [b':', number @ ..] => count(number).ok_or(BadLine::Count)?,
        _ => return Err(misfit(kind, prefix, line)),
    };
    Ok(Some(Entry { hash, count }))
}

fn join(kind: HashKind, prefix: &[u8], digits: &[u8]) -> Option<Hash> {
    if prefix.is_empty() {
        return Hash::parse(kind, digits);
    }
    let mut whole = [0; 2 * MOST_BYTES];
    whole[..prefix.len()].copy_from_slice(prefix);
    whole[prefix.len()..kind.digits()].copy_from_slice(digits);
    let mut bytes = [0; MOST_BYTES];
    decode(&whole[..kind.digits()], &mut bytes[..kind.bytes()]).then(|| Hash::from_slice(kind, &bytes))
}

fn misfit(kind: HashKind, prefix: &[u8], line: &[u8]) -> BadLine {
    let hash = line.split(|b| *b == b':').next().unwrap_or_default();
    match hash.iter().all(u8::is_ascii_hexdigit) {
        false => BadLine::NotHex,
        true if hash.len() + prefix.len() == kind.digits() => BadLine::Count,
        true if hash.len() + prefix.len() == kind.other().digits() => BadLine::OtherHash,
        true => BadLine::Length,
    }
}

/// A number in digits; one that is too large counts as the largest.
fn count(digits: &[u8]) -> Option<u32> {
    let digits = digits.trim_ascii();
    let sound = !digits.is_empty() && digits.len() <= 19 && digits.iter().all(u8::is_ascii_digit);
    let number = || digits.iter().fold(0_u64, |n, digit| n * 10 + u64::from(digit - b'0'));
    sound.then(|| u32::try_from(number()).unwrap_or(u32::MAX))
}

/// Cuts a stream into lines, whatever pieces it comes in, and keeps no more of it than one line.
#[derive(Debug, Default)]
pub struct Lines {
    kept: Vec<u8>,
    too_long: bool,
}

/// A line, or that it was too long to be looked at.
pub type Line<'a> = Result<&'a [u8], BadLine>;

impl Lines {
    /// Takes a piece and hands out the lines that it ends, without their ends.
    pub fn feed(&mut self, piece: &[u8], each: &mut (impl FnMut(Line<'_>) + ?Sized)) {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if self.kept.is_empty() && !self.too_long {
                each(fitting(line));
            } else {
                self.keep(line);
                self.end(each);
            }
            rest = after;
        }
        self.keep(rest);
    }

    /// Hands out what is left when the stream ends.
    pub fn finish(mut self, each: &mut (impl FnMut(Line<'_>) + ?Sized)) {
        if self.too_long || !self.kept.is_empty() {
            self.end(each);
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.kept.len() + piece.len() > MAX_LINE_BYTES {
            self.too_long = true;
            self.kept.clear();
        } else if !self.too_long {
            self.kept.extend_from_slice(piece);
        }
    }

    fn end(&mut self, each: &mut (impl FnMut(Line<'_>) + ?Sized)) {
        each(if self.too_long { Err(BadLine::TooLong) } else { Ok(&self.kept) });
        self.kept.clear();
        self.too_long = false;
    }
}

fn fitting(line: &[u8]) -> Line<'_> {
    if line.len() > MAX_LINE_BYTES { Err(BadLine::TooLong) } else { Ok(line) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";

    fn said(line: &str) -> String {
        match parse(HashKind::Sha1, b"", line.as_bytes()) {
            Ok(Some(entry)) => format!("{}", entry.count),
            Ok(None) => "nothing".into(),
            Err(bad) => bad.code().into(),
        }
    }

    #[test]
    fn lines_are_read_or_told_by_reason() {
        let long = "A".repeat(39);
        for (line, expected) in [
            (format!("{HASH}:42"), "42"),
            (format!("{HASH}:42\r"), "42"),
            (format!("\u{feff}{}", HASH.to_lowercase()), "1"),
            (format!("{HASH}:0"), "0"),
            (format!("{HASH}:99999999999"), "4294967295"),
            (String::new(), "nothing"),
            (" \r".into(), "nothing"),
            (format!("{HASH}:"), "bad_count"),
            (format!("{HASH}:-1"), "bad_count"),
            (format!("{HASH}:1:2"), "bad_count"),
            (format!("{HASH} 42"), "not_hex"),
            (format!("{HASH}5"), "wrong_length"),
            (long, "wrong_length"),
            ("8846F7EAEE8FB117AD06BDD830B7586C:3".into(), "other_hash"),
            ("hunter2".into(), "not_hex"),
            ("hash:count".into(), "not_hex"),
        ] {
            assert_eq!(said(&line), expected, "{line}");
        }
    }

    #[test]
    fn a_range_file_lacks_what_its_name_has() {
        let entry = parse(HashKind::Sha1, b"5baa6", b"1E4C9B93F3F0682250B6CF8331B7EE68FD8:7\r").unwrap().unwrap();
        assert_eq!(entry, Entry { hash: Hash::of(HashKind::Sha1, "password"), count: 7 });
        assert_eq!(parse(HashKind::Sha1, b"5baa6", HASH.as_bytes()), Err(BadLine::Length));
        let names = ["5BAA6", "00000.txt", "fffff"].map(is_range_name);
        assert_eq!(names, [true; 3]);
        assert_eq!(["5BAA", "5BAAG", "5BAA6.gz", "README", ""].map(is_range_name), [false; 5]);
    }

    #[test]
    fn a_shape_shows_nothing_of_the_line() {
        assert_eq!(Shape::of(b"hunter2").to_string(), "7 bytes, 0 hex digits in front, no colon");
        assert_eq!(Shape::of(b"dead:beef").to_string(), "9 bytes, 4 hex digits in front, a colon after 4");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[a\n\r]{0,600}", long in 200_usize..300, cuts in prop::collection::vec(1_usize..90, 1..20)) {
            let text = format!("{text}\n{}\n{text}", "b".repeat(long));
            let (mut lines, mut found) = (Lines::default(), vec![]);
            let mut each = |line: Line<'_>| found.push(line.map(<[u8]>::to_vec));
            let mut rest = text.as_bytes();
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                lines.feed(piece, &mut each);
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            lines.finish(&mut each);
            let mut expected: Vec<_> = text.split('\n').map(|l| fitting(l.as_bytes()).map(<[u8]>::to_vec)).collect();
            if expected.last() == Some(&Ok(vec![])) {
                expected.pop();
            }
            prop_assert_eq!(found, expected);
        }
    }
}

//! What the range API says: all hashes with the same first five digits, as `SUFFIX:COUNT`.

use super::hash::HashKind;
use super::header::Form;
use super::layout::Layout;
use super::records::{COUNT_BYTES, SHARED_BYTES, record_bytes};
use data_encoding::HEXUPPER;
use rand_core::Rng;
use std::fmt::Write;

/// Padded answers have as many lines as the largest range, and up to this many more.
const PADDING_SPREAD: u32 = 200;

/// Five hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix(u32);

impl Prefix {
    /// Reads five hex digits, upper or lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let right = text.len() == 5 && text.bytes().all(|b| b.is_ascii_hexdigit());
        right.then(|| u32::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl Layout {
    /// The range's lines with CR LF between them, and how many; `None` where the file holds no whole hashes.
    pub fn range(&self, file: &[u8], prefix: Prefix) -> Option<(String, u32)> {
        let header = self.header();
        if header.form != Form::Ranges {
            return None;
        }
        let length = record_bytes(header.form, header.hash);
        let records = self.records(file, prefix.0 as usize)?;
        let mut lines = String::with_capacity(records.len() * 5 / 2);
        for record in records.chunks_exact(length) {
            let (suffix, count) = record.split_at(length - COUNT_BYTES);
            // The fifth digit is the first of the third byte.
            let count = count.first_chunk().map_or(0, |count| u32::from_le_bytes(*count));
            line(&mut lines, &HEXUPPER.encode(suffix)[1..], count);
        }
        Some((lines, u32::try_from(records.len() / length).unwrap_or(u32::MAX)))
    }
}

fn line(lines: &mut String, suffix: &str, count: u32) {
    let end = if lines.is_empty() { "" } else { "\r\n" };
    // Writing to a string cannot fail.
    let _ = write!(lines, "{end}{suffix}:{count}");
}

/// Adds lines of made-up hashes that were seen 0 times, so that the length of an answer does not tell which range it is.
/// The number of lines depends on `largest`, the same for all ranges, and on chance, and not on how many there are.
pub fn pad(lines: &mut String, have: u32, largest: u32, kind: HashKind, rng: &mut impl Rng) {
    let wanted = largest.saturating_add(1 + rng.next_u32() % PADDING_SPREAD);
    for _ in have..wanted {
        let mut made_up = [0; 20];
        rng.fill_bytes(&mut made_up);
        line(lines, &HEXUPPER.encode(&made_up[SHARED_BYTES..kind.bytes()])[1..], 0);
    }
}

//! One record.

use super::super::{Fault, MAX_COLUMNS, MAX_RECORD};
use super::Shape;
use super::signs::Signs;
use memchr::memchr;
use std::borrow::Cow;

/// What stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Record {
    /// A record with as many cells as columns, and where it ends (behind its line feed).
    Whole {
        end: usize,
        /// Whether a cell has two quotes that are one. Such a cell comes with the quotes around it, for `unescape`.
        escaped: bool,
    },
    /// A line without anything.
    Empty { end: usize },
    /// A line that is no record.
    Broken { end: usize, fault: Fault },
}

/// Reads records anywhere in some bytes.
pub(super) struct Cells<'a> {
    bytes: &'a [u8],
    shape: Shape,
    signs: Signs<'a>,
}

/// How a cell ended.
enum End {
    /// The next cell begins here.
    Cell(usize),
    /// The next record begins here.
    Record(usize),
    /// A quote is open, or has text behind it.
    Quote,
}

impl<'a> Cells<'a> {
    pub(super) fn new(bytes: &'a [u8], shape: Shape) -> Self {
        Self { bytes, shape, signs: Signs::new(bytes, shape.delimiter) }
    }

    /// Reads the record that begins at `start`, which is before the end.
    #[inline]
    pub(super) fn record(&mut self, start: usize, cells: &mut [&'a [u8]; MAX_COLUMNS]) -> Record {
        self.signs.go_to(start);
        let (mut at, mut count, mut escaped) = (start, 0, false);
        loop {
            let (cell, end) =
                if self.bytes.get(at) == Some(&b'"') { self.quoted(at, start, &mut escaped) } else { self.bare(at) };
            if let Some(slot) = cells.get_mut(count) {
                *slot = cell;
            }
            count += 1;
            match end {
                End::Cell(next) => at = next,
                End::Record(end) if count == self.shape.columns && end - start <= MAX_RECORD + 1 => {
                    return if count == 1 && cell.is_empty() && at == start && self.bytes.get(at) != Some(&b'"') {
                        Record::Empty { end }
                    } else {
                        Record::Whole { end, escaped }
                    };
                }
                End::Record(end) => return self.not_whole(start, Some((count, end))),
                End::Quote => return self.not_whole(start, None),
            }
        }
    }

    /// A cell without quotes around it.
    #[inline]
    fn bare(&mut self, at: usize) -> (&'a [u8], End) {
        loop {
            let sign = self.signs.next();
            let cell = &self.bytes[at..sign];
            match self.bytes.get(sign) {
                Some(b'"') => {}
                Some(b'\n') => return (cell.strip_suffix(b"\r").unwrap_or(cell), End::Record(sign + 1)),
                Some(_) => return (cell, End::Cell(sign + 1)),
                None => return (cell.strip_suffix(b"\r").unwrap_or(cell), End::Record(sign)),
            }
        }
    }

    /// A cell with quotes around it. The first one is the next sign.
    fn quoted(&mut self, at: usize, start: usize, escaped: &mut bool) -> (&'a [u8], End) {
        self.signs.next();
        let mut doubled = false;
        let close = loop {
            let sign = self.signs.next();
            match self.bytes.get(sign) {
                Some(b'"') if self.bytes.get(sign + 1) == Some(&b'"') => {
                    self.signs.next();
                    doubled = true;
                }
                Some(b'"') => break sign,
                // The same as far as anybody can tell: no end, or none that counts.
                Some(_) if sign - start <= MAX_RECORD => {}
                _ => return (b"", End::Quote),
            }
        };
        *escaped |= doubled;
        let cell = if doubled { &self.bytes[at..=close] } else { &self.bytes[at + 1..close] };
        let end = match self.bytes.get(close + 1) {
            None => End::Record(close + 1),
            Some(b'\r') if matches!(self.bytes.get(close + 2), Some(b'\n') | None) => self.behind(close + 2),
            Some(_) => self.behind(close + 1),
        };
        (cell, end)
    }

    /// What a sign behind a closing quote ends; it is the next one.
    fn behind(&mut self, at: usize) -> End {
        let sign = self.bytes.get(at).copied();
        match sign {
            Some(b'\n') => {
                self.signs.next();
                End::Record(at + 1)
            }
            Some(sign) if sign == self.shape.delimiter => {
                self.signs.next();
                End::Cell(at + 1)
            }
            None => End::Record(at),
            Some(_) => End::Quote,
        }
    }

    /// A record that is not whole: its first line, and what is wrong with it. If it goes beyond that line, a quote is what is
    /// wrong, since whether it has too many cells depends on where the quote ends.
    #[cold]
    fn not_whole(&self, start: usize, counted: Option<(usize, usize)>) -> Record {
        let rest = &self.bytes[start..];
        let end = memchr(b'\n', rest).map_or(self.bytes.len(), |at| start + at + 1);
        let blank = matches!(&self.bytes[start..end], b"\n" | b"\r\n" | b"\r");
        if blank {
            return Record::Empty { end };
        }
        let fault = match counted {
            _ if end - start > MAX_RECORD + 1 => Fault::TooLong,
            Some((count, whole)) if whole == end && count < self.shape.columns => Fault::TooFew,
            Some((_, whole)) if whole == end => Fault::TooMany,
            _ => Fault::Quote,
        };
        Record::Broken { end, fault }
    }
}

/// A cell of a record with `escaped`: one that still has its quotes has two within that are one.
pub(super) fn unescape(cell: &[u8]) -> Cow<'_, [u8]> {
    // A cell without quotes around it does not begin with one, and one with them has lost them unless it needs this.
    let Some(inner) = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")) else {
        return Cow::Borrowed(cell);
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

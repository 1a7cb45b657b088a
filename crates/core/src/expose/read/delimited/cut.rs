//! Where records end, without reading all of them.
//!
//! A line begins a record unless a whole record goes over its beginning, and a record is at most `MAX_RECORD` long. So near
//! the end of a block every line with a quote is tried as a record, whether it is one or not; a line that none of them goes
//! over begins a record for certain. Only where there is no such line the block is read from its front.

use super::super::{Cut, MAX_COLUMNS, MAX_RECORD, Piece, frame};
use super::Shape;
use super::record::{Cells, Record};
use memchr::{memchr, memrchr};

/// Finds the ends of records.
#[derive(Clone, Debug)]
pub struct Cutter {
    shape: Shape,
    /// The names of the columns are still to come.
    header: bool,
    lines: frame::Lines,
}

/// Bytes at the end of a block in which a line is looked for: twice as many as a record may have.
const WINDOW: usize = 2 * (MAX_RECORD + 2);

impl Cutter {
    pub(super) fn new(shape: Shape, header: bool) -> Self {
        Self { shape, header, lines: frame::Lines::default() }
    }

    pub(in crate::expose::read) fn cut(&mut self, block: &[u8], last: bool) -> Cut {
        if self.lines.is_within() {
            return self.lines.cut(block, last);
        }
        if self.header {
            return self.header(block, last);
        }
        if last {
            return Cut { len: block.len(), piece: Piece::Records };
        }
        if memrchr(b'\n', block).is_none() {
            // A line that is not over: the rules of lines.
            return self.lines.cut(block, false);
        }
        let len = self.certain(block).unwrap_or_else(|| self.in_order(block));
        Cut { len, piece: Piece::Records }
    }

    /// Passes over the header, which is the first record, and over empty lines before it.
    fn header(&mut self, block: &[u8], last: bool) -> Cut {
        let nothing = |len| Cut { len, piece: Piece::Nothing };
        if block.is_empty() {
            return nothing(0);
        }
        let open = !last && block.len() <= MAX_RECORD + 1;
        if open && memchr(b'\n', block).is_none() {
            return nothing(0);
        }
        let found = Cells::new(block, self.shape).record(0, &mut [&b""[..]; MAX_COLUMNS]);
        match found {
            Record::Empty { end } => nothing(end),
            // A quote at the end of a block may be the first of two.
            Record::Whole { end, .. } if open && end == block.len() && !block.ends_with(b"\n") => nothing(0),
            Record::Whole { end, .. } => {
                self.header = false;
                nothing(end)
            }
            // It may have a quote that the next block closes.
            Record::Broken { fault: super::Fault::Quote, .. } if open => nothing(0),
            // What names no columns is a record like any other, and is counted as a broken one.
            Record::Broken { .. } => {
                self.header = false;
                self.cut(block, last)
            }
        }
    }

    /// The last line of a block that begins a record for certain.
    fn certain(&self, block: &[u8]) -> Option<usize> {
        let from = block.len().saturating_sub(WINDOW);
        let first = if from == 0 { 0 } else { from + memchr(b'\n', &block[from..])? + 1 };
        // Records that begin before the window may reach so far into it.
        let least = if from == 0 { 0 } else { first + MAX_RECORD + 1 };
        let over = self.gone_over(block, first);
        let mut at = memrchr(b'\n', block)? + 1;
        loop {
            if at <= least {
                return None;
            }
            match over.iter().find(|(start, end)| *start < at && at < *end) {
                None => return Some(at),
                Some((start, _)) => at = *start,
            }
        }
    }

    /// Every stretch of more than one line that would be a record if it began there.
    fn gone_over(&self, block: &[u8], first: usize) -> Vec<(usize, usize)> {
        let mut cells = Cells::new(block, self.shape);
        let (mut found, mut at) = (vec![], first);
        while let Some(quote) = memchr(b'"', &block[at..]) {
            let start = memrchr(b'\n', &block[at..at + quote]).map_or(at, |line| at + line + 1);
            let line = memchr(b'\n', &block[start..]).map_or(block.len(), |end| start + end + 1);
            match cells.record(start, &mut [&b""[..]; MAX_COLUMNS]) {
                Record::Whole { end, .. } if end > line => found.push((start, end)),
                // Where it ends is not in the block, unless it would be too long.
                Record::Broken { fault: super::Fault::Quote, .. } if block.len() - start <= MAX_RECORD + 1 => {
                    found.push((start, usize::MAX));
                }
                _ => {}
            }
            at = line;
        }
        found
    }

    /// The end of the last whole record, read from the front. A quote that may still be closed ends nothing.
    fn in_order(&self, block: &[u8]) -> usize {
        let mut cells = Cells::new(block, self.shape);
        let (mut at, mut found) = (0, [&b""[..]; MAX_COLUMNS]);
        while let Some(line) = memchr(b'\n', &block[at..]) {
            let end = match cells.record(at, &mut found) {
                Record::Broken { fault: super::Fault::Quote, .. } if block.len() - at <= MAX_RECORD + 1 => break,
                Record::Whole { end, .. } if end == block.len() && !block.ends_with(b"\n") => break,
                Record::Whole { end, .. } | Record::Empty { end } | Record::Broken { end, .. } => end,
            };
            debug_assert!(end > at + line);
            at = end;
        }
        at
    }
}

//! Cuts a stream into records without ever holding more than a few of them.

use super::{MAX_RECORD_BYTES, MAX_RECORD_LINES};
use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// One piece of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole record, or one line of something that is none.
    Whole(Vec<u8>),
    /// The beginning of a line that is too long; the rest of it was skipped.
    TooLong,
    /// A line with a quote that is not closed within the limits.
    OpenQuote,
}

/// Reads lines, and joins those that belong to one quoted record.
pub(super) struct Lines<R> {
    input: R,
    ahead: VecDeque<Option<Vec<u8>>>,
    line: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, ahead: VecDeque::new(), line: 0, bytes: 0 }
    }

    /// Bytes read so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line and its number, from 1; `None` at the end.
    pub(super) fn line(&mut self) -> io::Result<Option<(u64, Piece)>> {
        self.fill(1)?;
        let Some(line) = self.ahead.pop_front() else { return Ok(None) };
        self.line += 1;
        Ok(Some((self.line, line.map_or(Piece::TooLong, Piece::Whole))))
    }

    /// The next CSV record and the number of its first line.
    pub(super) fn record(&mut self) -> io::Result<Option<(u64, Piece)>> {
        let joined = self.closed_after()?;
        let Some((number, first)) = self.line()? else { return Ok(None) };
        let Piece::Whole(mut bytes) = first else { return Ok(Some((number, first))) };
        let Some(more) = joined else { return Ok(Some((number, Piece::OpenQuote))) };
        for _ in 0..more {
            if let Some((_, Piece::Whole(next))) = self.line()? {
                bytes.extend(next);
            }
        }
        Ok(Some((number, Piece::Whole(bytes))))
    }

    /// How many lines after the next one belong to its record; `None` where its quotes do not close within the limits.
    fn closed_after(&mut self) -> io::Result<Option<usize>> {
        let (mut quotes, mut size) = (0, 0);
        for at in 0..MAX_RECORD_LINES {
            self.fill(at + 1)?;
            let Some(Some(line)) = self.ahead.get(at) else { return Ok((at == 0).then_some(0)) };
            quotes += line.iter().filter(|b| **b == b'"').count();
            size += line.len();
            match quotes % 2 {
                0 => return Ok(Some(at)),
                _ if size > MAX_RECORD_BYTES => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    fn fill(&mut self, lines: usize) -> io::Result<()> {
        while self.ahead.len() < lines {
            match self.read_line()? {
                Some(line) => self.ahead.push_back(line),
                None => break,
            }
        }
        Ok(())
    }

    /// One line with its end; an inner `None` for one that is too long, whose rest is skipped without being kept.
    fn read_line(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        let limit = MAX_RECORD_BYTES as u64 + 1;
        let size = (&mut self.input).take(limit).read_until(b'\n', &mut line)?;
        self.bytes += size as u64;
        match size {
            0 => Ok(None),
            _ if line.len() > MAX_RECORD_BYTES && !line.ends_with(b"\n") => {
                self.skip_line()?;
                Ok(Some(None))
            }
            _ => Ok(Some(Some(line))),
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|b| *b == b'\n');
            let size = end.map_or(buffer.len(), |at| at + 1);
            let last = end.is_some() || buffer.is_empty();
            self.input.consume(size);
            self.bytes += size as u64;
            if last {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &[u8]) -> Vec<(u64, Piece)> {
        let mut lines = Lines::new(text);
        std::iter::from_fn(|| lines.record().unwrap()).collect()
    }

    fn whole(line: u64, text: &str) -> (u64, Piece) {
        (line, Piece::Whole(text.as_bytes().to_vec()))
    }

    #[test]
    fn quoted_line_breaks_belong_to_the_record() {
        assert_eq!(records(b"a\n\"b\nc\"\nd"), [whole(1, "a\n"), whole(2, "\"b\nc\"\n"), whole(4, "d")]);
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        let text = format!("\"a\n{}", "b\n".repeat(100));
        let got = records(text.as_bytes());
        assert_eq!(got[0], (1, Piece::OpenQuote));
        assert_eq!(got.len(), 101);
        assert_eq!(records(b"\"a\n"), [(1, Piece::OpenQuote)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        let text = format!("{}\nnext\n", "x".repeat(3 * MAX_RECORD_BYTES));
        assert_eq!(records(text.as_bytes()), [(1, Piece::TooLong), whole(2, "next\n")]);
    }
}

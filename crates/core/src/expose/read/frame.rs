//! Records that are lines.

use super::{Cut, Fault, MAX_RECORD, Piece, Rows};
use memchr::{memchr, memrchr};

/// Finds the ends of lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Within a line that is too long.
    skipping: bool,
}

impl Lines {
    pub(super) fn cut(&mut self, block: &[u8], last: bool) -> Cut {
        if self.skipping {
            return self.skip(block);
        }
        if last {
            return Cut { len: block.len(), piece: Piece::Records };
        }
        match memrchr(b'\n', block) {
            Some(at) => Cut { len: at + 1, piece: Piece::Records },
            // The line feed itself does not count.
            None if block.len() > MAX_RECORD => {
                self.skipping = true;
                Cut { len: block.len(), piece: Piece::TooLong }
            }
            None => Cut { len: 0, piece: Piece::Nothing },
        }
    }

    /// Whether the next byte is within a line that is too long.
    pub(super) const fn is_within(&self) -> bool {
        self.skipping
    }

    fn skip(&mut self, block: &[u8]) -> Cut {
        let end = memchr(b'\n', block);
        self.skipping = end.is_none();
        Cut { len: end.map_or(block.len(), |at| at + 1), piece: Piece::Nothing }
    }
}

/// Hands each line over without its end; empty lines are none. What is too long, or has a NUL in it, is bad already.
#[inline]
pub(super) fn each_line<'a, R: Rows>(bytes: &'a [u8], rows: &mut R, mut line: impl FnMut(&'a [u8], &mut R)) {
    let nul = memchr(0, bytes).is_some();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let whole = &bytes[start..end];
        start = end + 1;
        let text = whole.strip_suffix(b"\r").unwrap_or(whole);
        if whole.len() > MAX_RECORD {
            rows.bad(Fault::TooLong, whole);
        } else if nul && memchr(0, text).is_some() {
            rows.bad(Fault::Nul, whole);
        } else if !text.is_empty() {
            line(text, rows);
        }
    }
}

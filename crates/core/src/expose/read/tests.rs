//! What the tests of all readers share.

use super::{Cutter, Fault, Piece, Reader, Rows};

/// What a reader handed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Cells with `|` between them.
    pub rows: Vec<String>,
    /// Faults with the length of the record; of one that is too long only the first part is seen, so it counts as 0.
    pub bad: Vec<(Fault, usize)>,
    pub skipped: u64,
}

impl Rows for Seen {
    fn row(&mut self, cells: &[&[u8]]) {
        self.rows.push(cells.iter().map(|cell| String::from_utf8_lossy(cell)).collect::<Vec<_>>().join("|"));
    }

    fn bad(&mut self, fault: Fault, raw: &[u8]) {
        self.bad.push((fault, if fault == Fault::TooLong { 0 } else { raw.len() }));
    }

    fn skipped(&mut self, records: u64) {
        self.skipped += records;
    }
}

/// Reads a text that comes in blocks of so many bytes.
pub(super) fn all(reader: &mut Reader, mut cutter: Cutter, text: &[u8], block: usize) -> Seen {
    let (mut seen, mut waiting, mut rest) = (Seen::default(), Vec::new(), text);
    loop {
        let (next, after) = rest.split_at(block.min(rest.len()));
        waiting.extend_from_slice(next);
        rest = after;
        cut(reader, &mut cutter, &mut waiting, rest.is_empty(), &mut seen);
        if rest.is_empty() {
            assert!(waiting.is_empty(), "{} bytes are left", waiting.len());
            return seen;
        }
    }
}

fn cut(reader: &mut Reader, cutter: &mut Cutter, waiting: &mut Vec<u8>, last: bool, seen: &mut Seen) {
    while !waiting.is_empty() {
        let cut = cutter.cut(waiting, last);
        assert!(cut.len > 0 || !last && waiting.len() <= super::MAX_RECORD + 1, "no progress with {}", waiting.len());
        if cut.len == 0 {
            return;
        }
        if !matches!(cut.piece, Piece::Nothing) {
            reader.read(&waiting[..cut.len], &cut.piece, seen);
        }
        waiting.drain(..cut.len);
    }
}

//! Reading a leak never panics, takes every byte, and gives the same whatever the size of the blocks.
#![no_main]

use countersign_core::expose::layout::{Column, Format, Layout, Sure};
use countersign_core::expose::read::{Fault, MAX_RECORD, Reader, Rows};

/// Rows and faults, as they come.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    rows: Vec<Vec<Vec<u8>>>,
    bad: Vec<Fault>,
    skipped: u64,
}

impl Rows for Seen {
    fn row(&mut self, cells: &[&[u8]]) {
        self.rows.push(cells.iter().map(|cell| cell.to_vec()).collect());
    }

    fn bad(&mut self, fault: Fault, _raw: &[u8]) {
        self.bad.push(fault);
    }

    fn skipped(&mut self, records: u64) {
        self.skipped += records;
    }
}

fn read(layout: &Layout, text: &[u8], block: usize) -> Seen {
    let mut reader = Reader::new(layout);
    let (mut cutter, mut seen, mut waiting, mut rest) = (reader.cutter(), Seen::default(), vec![], text);
    loop {
        let (next, after) = rest.split_at(block.min(rest.len()));
        waiting.extend_from_slice(next);
        rest = after;
        while !waiting.is_empty() {
            let cut = cutter.cut(&waiting, rest.is_empty());
            assert!(cut.len > 0 || !rest.is_empty() && waiting.len() <= MAX_RECORD + 1);
            if cut.len == 0 {
                break;
            }
            reader.read(&waiting[..cut.len], &cut.piece, &mut seen);
            waiting.drain(..cut.len);
        }
        if rest.is_empty() {
            assert!(waiting.is_empty());
            return seen;
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [format, block, text @ ..] = bytes else { return };
    let format = match format % 7 {
        0 => Format::Ndjson,
        1 => Format::Json,
        2 => Format::Sql { table: "t".into() },
        3 => Format::Combo { separator: b':', url: true },
        4 => Format::Combo { separator: b';', url: false },
        5 => Format::Delimited { delimiter: b',', header: true },
        _ => Format::Delimited { delimiter: b'\t', header: false },
    };
    let column = |name: &str| Column { name: name.into(), field: None, sure: Sure::Unknown, shapes: vec![] };
    let layout = Layout { format, columns: ["id", "a.b", "c"].map(column).into() };
    let columns = if let Format::Combo { url, .. } = layout.format { 4 + usize::from(url) } else { 3 };
    let whole = read(&layout, text, text.len().max(1));
    assert!(whole.rows.iter().all(|row| row.len() == columns));
    assert_eq!(whole, read(&layout, text, usize::from(*block) + 1));
});

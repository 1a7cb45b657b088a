//! Cells with a sign between them, in quotes or not (RFC 4180).
//!
//! A cell that begins with a quote ends with the quote behind it; two quotes within are one, and it may hold line feeds. A quote
//! elsewhere is a sign like any other. Lines end with LF or CR LF; empty lines are none.
//!
//! Never: takes a broken record's lines along; gives another result for other blocks or threads.
//! In: bytes.   Out: cells.
//! I/O for this room: none.   Tests: beside the code.
//!
//! A record that is not whole (too many cells or too few, an open quote, longer than `MAX_RECORD`) is as long as its first
//! line, and what follows is read from the next line on. So one broken line costs one line: the records behind it are found
//! whatever it did.

mod cut;
mod record;
mod signs;

pub use cut::Cutter;

use super::{Fault, MAX_COLUMNS, Rows};
use memchr::memchr;
use record::{Cells, Record};
use std::borrow::Cow;

/// Reads one leak.
#[derive(Clone, Debug)]
pub struct Reader {
    shape: Shape,
    header: bool,
}

/// What every record of a leak has in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    pub delimiter: u8,
    pub columns: usize,
}

impl Reader {
    pub(super) fn new(delimiter: u8, header: bool, columns: usize) -> Self {
        Self { shape: Shape { delimiter, columns: columns.min(MAX_COLUMNS) }, header }
    }

    pub(super) fn cutter(&self) -> Cutter {
        Cutter::new(self.shape, self.header)
    }

    pub(super) fn read(&self, bytes: &[u8], rows: &mut impl Rows) {
        let any_nul = memchr(0, bytes).is_some();
        let mut cells = Cells::new(bytes, self.shape);
        let mut at = 0;
        // One for each column; what is behind the last is never there.
        let mut found = [&b""[..]; MAX_COLUMNS];
        while at < bytes.len() {
            match cells.record(at, &mut found) {
                Record::Whole { end, .. } if any_nul && memchr(0, &bytes[at..end]).is_some() => {
                    rows.bad(Fault::Nul, without_end(&bytes[at..end]));
                    at = end;
                }
                Record::Whole { end, escaped } => {
                    let found = &found[..self.shape.columns];
                    if escaped {
                        unescaped(found, rows)
                    } else {
                        rows.row(found)
                    }
                    at = end;
                }
                Record::Empty { end } => at = end,
                Record::Broken { end, fault } => {
                    rows.bad(fault, without_end(&bytes[at..end]));
                    at = end;
                }
            }
        }
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Two quotes within a cell that was in quotes are one. Cells that were not in quotes and have two are left alone: they come
/// without the mark that `record` sets in front of those that need it.
#[cold]
fn unescaped(found: &[&[u8]], rows: &mut impl Rows) {
    let cells: Vec<Cow<'_, [u8]>> = found.iter().map(|cell| record::unescape(cell)).collect();
    let cells: Vec<&[u8]> = cells.iter().map(AsRef::as_ref).collect();
    rows.row(&cells);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Seen, all};
    use super::super::{MAX_RECORD, Reader as Any};
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], header: bool, columns: usize, block: usize) -> Seen {
        let mut reader = Any::Delimited(Reader::new(b',', header, columns));
        let cutter = reader.cutter();
        all(&mut reader, cutter, text, block)
    }

    #[test]
    fn a_broken_line_costs_itself_and_nobody_else() {
        let text = "id,name\r\n1,a\r\n\r\n2,\"b, \"\"c\"\"\nd\"\n3\n4,x,y\n5,\"open\n6,e\n7,\"f\"g\n8,h\0\n9,5\" pipe\n10,\"i\"\r\n,\n11,";
        for block in [1, 7, 30, 1000] {
            let seen = read(text.as_bytes(), true, 2, block);
            assert_eq!(seen.rows, ["1|a", "2|b, \"c\"\nd", "6|e", "9|5\" pipe", "10|i", "|", "11|"], "{block}");
            let faults: Vec<_> = seen.bad.iter().map(|(fault, _)| *fault).collect();
            assert_eq!(faults, [Fault::TooFew, Fault::TooMany, Fault::Quote, Fault::Quote, Fault::Nul], "{block}");
        }
    }

    #[test]
    fn a_line_without_end_is_one_bad_record_whatever_the_blocks() {
        let long = "x".repeat(3 * MAX_RECORD);
        let open = format!("\"{}", "y\n".repeat(MAX_RECORD));
        let text = format!("1,a\n{long}\n2,b\n{open}3,c\n4,\"{}\"\n5,d", "z".repeat(MAX_RECORD));
        let whole = read(text.as_bytes(), false, 2, text.len());
        assert_eq!(whole.rows, ["1|a", "2|b", "3|c", "5|d"]);
        for block in [1000, 70_000, 1 << 17] {
            assert_eq!(read(text.as_bytes(), false, 2, block), whole, "{block}");
        }
    }

    /// The rules of the front page, one byte after the other.
    fn plainly(text: &[u8], columns: usize) -> Seen {
        let (mut seen, mut at) = (Seen::default(), 0);
        while at < text.len() {
            let line = memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n + 1);
            let first = without_end(&text[at..line]);
            match one(&text[at..]) {
                _ if matches!(&text[at..line], b"\n" | b"\r\n" | b"\r") => at = line,
                Some((cells, len)) if cells.len() == columns => {
                    let record = &text[at..at + len];
                    if record.contains(&0) {
                        seen.bad(Fault::Nul, without_end(record));
                    } else {
                        seen.row(&cells.iter().map(Vec::as_slice).collect::<Vec<_>>());
                    }
                    at += len;
                }
                Some((cells, len)) if at + len == line => {
                    seen.bad(if cells.len() < columns { Fault::TooFew } else { Fault::TooMany }, first);
                    at = line;
                }
                _ => {
                    seen.bad(Fault::Quote, first);
                    at = line;
                }
            }
        }
        seen
    }

    /// The cells of one record and its length; `None` if a quote is not as it should be.
    fn one(text: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
        let (mut cells, mut at) = (vec![], 0);
        loop {
            let mut cell = vec![];
            let quoted = text.get(at) == Some(&b'"');
            if quoted {
                at += 1;
                loop {
                    match (text.get(at)?, text.get(at + 1)) {
                        (b'"', Some(b'"')) => at += 1,
                        (b'"', _) => break,
                        _ => {}
                    }
                    cell.push(text[at]);
                    at += 1;
                }
                at += 1;
            } else {
                while at < text.len() && text[at] != b',' && text[at] != b'\n' {
                    cell.push(text[at]);
                    at += 1;
                }
            }
            let rest = &text[at..];
            let end = if quoted {
                rest.strip_prefix(b"\r").filter(|r| r.is_empty() || r[0] == b'\n').unwrap_or(rest)
            } else {
                rest
            };
            let last = end.is_empty() || end[0] == b'\n';
            if last && !quoted && cell.last() == Some(&b'\r') {
                cell.pop();
            }
            cells.push(cell);
            match end.first() {
                Some(b',') => at += 1,
                None => return Some((cells, text.len())),
                Some(b'\n') => return Some((cells, text.len() - end.len() + 1)),
                Some(_) => return None,
            }
        }
    }

    proptest! {
        #[test]
        fn broken_text_is_read_by_the_rules(text in "([a,\"\n\r\0]|\"\"|,\"|\",|a,a\n|\n){0,40}", columns in 1_usize..4, block in 1_usize..40) {
            let plain = plainly(text.as_bytes(), columns);
            prop_assert_eq!(&read(text.as_bytes(), false, columns, 1 << 20), &plain);
            prop_assert_eq!(&read(text.as_bytes(), false, columns, block), &plain);
        }

        #[test]
        fn clean_text_is_read_as_crate_csv_reads_it(
            rows in proptest::collection::vec(proptest::collection::vec("[a-z,\" \n]{0,12}", 3), 0..40), block in 1_usize..200,
        ) {
            let mut writer = csv::Writer::from_writer(vec![]);
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let text = writer.into_inner().unwrap();
            let expected: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
            let seen = read(&text, false, 3, block);
            prop_assert_eq!(seen.rows, expected);
            prop_assert!(seen.bad.is_empty());
        }

        #[test]
        fn blocks_larger_than_a_record_change_nothing(
            lines in proptest::collection::vec(prop_oneof![
                Just("1,a\n".to_owned()), Just("2,\"b\nc\"\n".to_owned()), Just("3,\"open\n".to_owned()), Just("\"\n".to_owned()),
                (0_usize..70_000).prop_map(|n| format!("4,{}\n", "x".repeat(n))),
                (0_usize..40_000).prop_map(|n| format!("5,\"{}\"\n", "y\n".repeat(n))),
                (0_usize..3000).prop_map(|n| "6,d\n".repeat(n)),
            ], 0..40),
            block in 60_000_usize..300_000,
        ) {
            let text = lines.concat().into_bytes();
            prop_assert_eq!(read(&text, false, 2, block), read(&text, false, 2, 1 << 30));
        }
    }
}

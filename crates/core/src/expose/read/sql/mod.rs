//! Dumps of databases: the rows of one table, from `INSERT` as MySQL, PostgreSQL and SQLite write it, and from `COPY`.
//!
//! Never: takes a row of another table; believes that quotes are in order: behind a row that cannot be read the next one is
//! looked for.
//! In: the bytes of a dump.   Out: rows in the order of the layout's columns.
//! I/O for this room: server/src/expose/open/.   Tests: beside the code.
//!
//! Between statements a dump is looked at line by line, so that functions and comments with quotes in them do no harm.

mod copy;
mod cut;
pub(crate) mod header;
#[cfg(test)]
mod tests;
mod tuple;

pub use cut::Cutter;

use super::{Fault, MAX_RECORD, Piece, Rows};
use memchr::memchr;
use std::sync::Arc;
use tuple::{Cell, End};

/// A statement whose rows are read.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its bytes up to the first row: the next one mostly begins with the same.
    header: Arc<[u8]>,
    /// The cell for each of its columns; `None` for a table that is not wanted.
    map: Option<Arc<[Option<usize>]>>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Insert {
        /// A backslash in a string takes the next byte with it.
        backslash: bool,
    },
    Copy,
}

/// How many cells the first row behind a header has; zero where it cannot be read.
pub(crate) fn width(rows: &[u8], backslash: bool) -> usize {
    let start = tuple::space(rows, 0);
    let mut cells = 0;
    let is_row = rows.get(start) == Some(&b'(');
    let end = if is_row { tuple::tuple(rows, start, backslash, &mut |_| cells += 1) } else { End::More };
    if matches!(end, End::Whole(_)) { cells } else { 0 }
}

/// Reads one table.
#[derive(Clone, Debug)]
pub struct Reader {
    table: String,
    names: Vec<String>,
    cells: Vec<Cell>,
    text: Vec<u8>,
    spans: Vec<Span>,
}

/// Of `Reader::text`, or of the file.
#[derive(Clone, Copy, Debug)]
struct Span {
    own: bool,
    start: usize,
    end: usize,
}

impl Reader {
    pub(super) fn new(table: &str, names: Vec<String>) -> Self {
        Self { table: table.to_owned(), names, cells: vec![], text: vec![], spans: vec![] }
    }

    pub(super) fn cutter(&self) -> Cutter {
        Cutter::new(self.table.clone(), self.names.clone())
    }

    pub(super) fn read(&mut self, bytes: &[u8], piece: &Piece, rows: &mut impl Rows) {
        let Piece::Within(statement) = piece else { return };
        match (statement.kind, statement.map.clone()) {
            (Kind::Copy, None) => rows.skipped(memchr::memchr_iter(b'\n', bytes).count() as u64),
            (Kind::Copy, Some(map)) => super::frame::each_line(bytes, rows, |line, rows| self.line(line, &map, rows)),
            (Kind::Insert { backslash }, map) => self.tuples(bytes, statement, backslash, map.as_deref(), rows),
        }
    }

    fn line(&mut self, line: &[u8], map: &[Option<usize>], rows: &mut impl Rows) {
        self.cells.clear();
        let mut start = 0;
        for cell in line.split(|byte| *byte == b'\t') {
            let end = start + cell.len();
            self.cells.push(match cell {
                b"\\N" => Cell::Null,
                _ if memchr(b'\\', cell).is_some() => Cell::Quoted(start, end, b'\\'),
                _ => Cell::Plain(start, end),
            });
            start = end + 1;
        }
        self.row(line, line, map, copy_text, rows);
    }

    fn tuples(
        &mut self,
        bytes: &[u8],
        statement: &Statement,
        backslash: bool,
        map: Option<&[Option<usize>]>,
        rows: &mut impl Rows,
    ) {
        let (mut at, mut skipped) = (0, 0);
        while let Some(start) = cut::next_tuple(bytes, at, &statement.header) {
            self.cells.clear();
            let Self { cells, .. } = self;
            let end = match tuple::tuple(bytes, start, backslash, &mut |cell| cells.push(cell)) {
                End::More => tuple::next_row(bytes, start + 1).map_or(End::More, End::Broken),
                end => end,
            };
            at = match end {
                End::Whole(at) | End::Broken(at) => at,
                End::More => bytes.len(),
            };
            match map {
                Some(map) => self.judged(bytes, start, end, map, backslash, rows),
                None => skipped += 1,
            }
        }
        if skipped > 0 {
            rows.skipped(skipped);
        }
    }

    fn judged(
        &mut self,
        bytes: &[u8],
        start: usize,
        end: End,
        map: &[Option<usize>],
        backslash: bool,
        rows: &mut impl Rows,
    ) {
        let text = |f: fn(&[u8], u8, &mut Vec<u8>)| f;
        match end {
            End::Broken(end) => rows.bad(Fault::Quote, &bytes[start..end]),
            // The cutter saw what comes behind it.
            End::More if bytes.ends_with(b")") => rows.bad(Fault::Quote, &bytes[start..]),
            End::More => rows.bad(Fault::Truncated, &bytes[start..]),
            End::Whole(end) if end - start > MAX_RECORD => rows.bad(Fault::TooLong, &bytes[start..end]),
            End::Whole(end) if memchr(0, &bytes[start..end]).is_some() => rows.bad(Fault::Nul, &bytes[start..end]),
            End::Whole(end) if backslash => {
                let unescape = text(|cell, quote, out| tuple::unescape(cell, quote, true, out));
                self.row(bytes, &bytes[start..end], map, unescape, rows);
            }
            End::Whole(end) => {
                let unescape = text(|cell, quote, out| tuple::unescape(cell, quote, false, out));
                self.row(bytes, &bytes[start..end], map, unescape, rows);
            }
        }
    }

    /// Hands over `self.cells`, whose places are in `bytes`.
    fn row(
        &mut self,
        bytes: &[u8],
        raw: &[u8],
        map: &[Option<usize>],
        unescape: fn(&[u8], u8, &mut Vec<u8>),
        rows: &mut impl Rows,
    ) {
        if self.cells.len() != map.len() {
            let few = self.cells.len() < map.len();
            return rows.bad(if few { Fault::TooFew } else { Fault::TooMany }, raw);
        }
        self.text.clear();
        self.spans.clear();
        self.spans.resize(self.names.len(), Span { own: true, start: 0, end: 0 });
        for (cell, to) in self.cells.iter().zip(map) {
            let Some(to) = *to else { continue };
            let own = self.text.len();
            match *cell {
                Cell::Plain(start, end) => {
                    self.spans[to] = Span { own: false, start, end };
                    continue;
                }
                Cell::Quoted(start, end, quote) => unescape(&bytes[start..end], quote, &mut self.text),
                Cell::Hex(start, end) => tuple::unhex(&bytes[start..end], &mut self.text),
                Cell::Null => {}
            }
            self.spans[to] = Span { own: true, start: own, end: self.text.len() };
        }
        let text = &self.text;
        let slice = |span: &Span| if span.own { &text[span.start..span.end] } else { &bytes[span.start..span.end] };
        rows.row(&self.spans.iter().map(slice).collect::<Vec<_>>());
    }
}

fn copy_text(cell: &[u8], _quote: u8, out: &mut Vec<u8>) {
    copy::unescape(cell, out);
}

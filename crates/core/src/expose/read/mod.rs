//! Readers of leak files: bytes in, records out. Each format knows where its records end (`cut`, in one pass, in order) and
//! how one is read (`read`, in any order, by as many threads as there are).
//!
//! A record that cannot be read is handed over with its fault; the next one is read from where it begins. Nothing is
//! guessed into a broken record (X2).

mod combo;
mod delimited;
mod frame;
mod json;
mod ndjson;
mod object;
mod sql;
#[cfg(test)]
mod tests;

/// The headers of statements, for whoever tells what a dump is.
pub(crate) mod sql_header {
    pub(crate) use super::sql::header::{Found, Verb, header, is_statement, may_begin};
    pub(crate) use super::sql::width;
}

/// The elements of JSON, for whoever tells what their keys are.
pub(crate) mod json_elements {
    pub(crate) use super::json::{array, loose};
}

use super::layout::{Format, Layout};

/// What reads the records of one leak. Each thread has its own clone.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Cells with a sign between them.
    Delimited(delimited::Reader),
    /// JSON, an object on each line.
    Ndjson(ndjson::Reader),
    /// JSON, an array of objects.
    Json(json::Reader),
    /// Dumps.
    Sql(sql::Reader),
    /// A name and a password.
    Combo(combo::Reader),
}

/// What finds where records end: one for a leak, fed in the order of the file.
#[derive(Clone, Debug)]
pub enum Cutter {
    /// Cells with a sign between them.
    Delimited(delimited::Cutter),
    /// A record on each line.
    Lines(frame::Lines),
    /// JSON, an array of objects.
    Json(json::Cutter),
    /// Dumps.
    Sql(sql::Cutter),
}

/// What is at the front of a block.
#[derive(Clone, Debug)]
pub struct Cut {
    /// So many bytes are `piece`. None: no record ends in the block, and it is handed in again with more behind it. After the
    /// last block (`last`) all bytes have been taken.
    pub len: usize,
    /// To be handed to `Reader::read` with these bytes.
    pub piece: Piece,
}

/// What a reader must know of some bytes.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Whole records, the first one at their front.
    Records,
    /// Whole records of a statement that begins before them.
    Within(sql::Statement),
    /// The first part of a record that is longer than `MAX_RECORD`: counted, and not read.
    TooLong,
    /// What belongs to no record, or more of one that is too long: passed over.
    Nothing,
}

impl Reader {
    /// For a leak of this layout.
    pub fn new(layout: &Layout) -> Self {
        let names = || layout.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        match &layout.format {
            Format::Ndjson => Self::Ndjson(ndjson::Reader::new(names())),
            Format::Json => Self::Json(json::Reader::new(names())),
            Format::Sql { table } => Self::Sql(sql::Reader::new(table, names())),
            Format::Combo { separator, url } => Self::Combo(combo::Reader::new(*separator, *url)),
            Format::Delimited { delimiter, header } => {
                Self::Delimited(delimited::Reader::new(*delimiter, *header, layout.columns.len()))
            }
        }
    }

    /// What cuts the file for it.
    pub fn cutter(&self) -> Cutter {
        match self {
            Self::Delimited(reader) => Cutter::Delimited(reader.cutter()),
            Self::Ndjson(_) | Self::Combo(_) => Cutter::Lines(frame::Lines::default()),
            Self::Json(reader) => Cutter::Json(reader.cutter()),
            Self::Sql(reader) => Cutter::Sql(reader.cutter()),
        }
    }

    /// Reads the records of a piece.
    pub fn read(&mut self, bytes: &[u8], piece: &Piece, rows: &mut impl Rows) {
        match (piece, self) {
            (Piece::Nothing, _) => {}
            (Piece::TooLong, Self::Combo(_)) => combo::Reader::too_long(bytes, rows),
            (Piece::TooLong, _) => rows.bad(Fault::TooLong, bytes),
            (_, Self::Delimited(reader)) => reader.read(bytes, rows),
            (_, Self::Ndjson(reader)) => reader.read(bytes, rows),
            (_, Self::Json(reader)) => reader.read(bytes, rows),
            (piece, Self::Sql(reader)) => reader.read(bytes, piece, rows),
            (_, Self::Combo(reader)) => reader.read(bytes, rows),
        }
    }
}

impl Cutter {
    /// Finds the end of the last whole record in a block. Blocks longer than `MAX_RECORD` always make progress.
    pub fn cut(&mut self, block: &[u8], last: bool) -> Cut {
        match self {
            Self::Delimited(cutter) => cutter.cut(block, last),
            Self::Lines(lines) => lines.cut(block, last),
            Self::Json(cutter) => cutter.cut(block, last),
            Self::Sql(cutter) => cutter.cut(block, last),
        }
    }
}

/// What readers hand over.
pub trait Rows {
    /// A record: one cell for each column of the layout, in its order; an absent cell is empty.
    fn row(&mut self, cells: &[&[u8]]);

    /// A record that cannot be read, as it stands in the file. Whoever takes it keeps nothing of it but its length.
    fn bad(&mut self, fault: Fault, raw: &[u8]);

    /// Records of the file that are none of the layout's, such as those of another table: counted, and not bad.
    fn skipped(&mut self, _records: u64) {}
}

/// Why a record cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Fault {
    /// Fewer cells than columns.
    TooFew = 0,
    /// More cells than columns.
    TooMany = 1,
    /// A quote that opens and does not close, or has text behind the one that closes.
    Quote = 2,
    /// Longer than `MAX_RECORD`.
    TooLong = 3,
    /// Not what the format asks for: no object, no tuple, no pair.
    Shape = 4,
    /// A NUL within it.
    Nul = 5,
    /// It ends in its middle.
    Truncated = 6,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 7] =
        [Self::TooFew, Self::TooMany, Self::Quote, Self::TooLong, Self::Shape, Self::Nul, Self::Truncated];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too_few_cells",
            Self::TooMany => "too_many_cells",
            Self::Quote => "stray_quote",
            Self::TooLong => "too_long",
            Self::Shape => "not_a_record",
            Self::Nul => "nul",
            Self::Truncated => "truncated",
        }
    }
}

/// Longest record, in bytes: what is longer is no line about a person, and must not fill the memory.
pub const MAX_RECORD: usize = 64 * 1024;

/// Most columns.
pub const MAX_COLUMNS: usize = 256;

//! Where the statements of a dump and their rows end.

use super::header::{Found, Header, Verb, header, may_begin};
use super::tuple::{self, End, next_row, space};
use super::{Kind, Statement, copy};
use crate::expose::read::frame::Lines;
use crate::expose::read::{Cut, MAX_RECORD, Piece};
use memchr::{memchr, memchr2, memmem};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tables whose columns are remembered.
const MAX_TABLES: usize = 1000;

/// Finds rows in the order of the file.
#[derive(Clone, Debug)]
pub struct Cutter {
    table: String,
    names: Vec<String>,
    /// The columns that `CREATE TABLE` named.
    created: BTreeMap<String, Vec<String>>,
    /// The dump says that it is MySQL's or MariaDB's.
    mysql: bool,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// Between statements, at the front of a line or behind a `;`.
    Between,
    /// Between statements, within a line.
    Line,
    /// Among the rows of an `INSERT`.
    Rows(Statement),
    /// Within a row that is too long.
    Long(Statement, bool),
    /// Among the lines of a `COPY`.
    Copy(Statement, Lines),
}

impl Cutter {
    pub(super) fn new(table: String, names: Vec<String>) -> Self {
        Self { table, names, created: BTreeMap::new(), mysql: false, place: Place::Between }
    }

    pub(in crate::expose::read) fn cut(&mut self, block: &[u8], last: bool) -> Cut {
        loop {
            let before = std::mem::discriminant(&self.place);
            let cut = match self.place.clone() {
                Place::Between => self.between(block, last),
                Place::Line => self.line(block),
                Place::Rows(statement) => self.rows(block, last, statement),
                Place::Long(statement, string) => self.long(block, last, statement, string),
                Place::Copy(statement, lines) => self.copy(block, last, statement, lines),
            };
            // Where one place ends another begins, without a byte between them.
            if cut.len > 0 || before == std::mem::discriminant(&self.place) {
                return cut;
            }
        }
    }

    fn nothing(len: usize) -> Cut {
        Cut { len, piece: Piece::Nothing }
    }

    /// Passes over what is no statement of interest, up to one that is.
    fn between(&mut self, block: &[u8], last: bool) -> Cut {
        let mut at = 0;
        loop {
            at = space(block, at);
            let rest = &block[at..];
            if rest.is_empty() {
                return Self::nothing(at);
            }
            if may_begin(rest) {
                match header(rest) {
                    Found::Header(found) if found.verb == Verb::Create => {
                        at += found.len;
                        self.create(found);
                        continue;
                    }
                    Found::Header(found) => {
                        self.place = self.statement(&rest[..found.len], &found);
                        return Self::nothing(at + if found.verb == Verb::Copy { found.len } else { 0 });
                    }
                    Found::More if !last && rest.len() <= MAX_RECORD => return Self::nothing(at),
                    Found::More | Found::None => {}
                }
            }
            let Some(next) = self.line_end(rest, last) else { return Self::nothing(at) };
            at += next;
            if matches!(self.place, Place::Line) {
                return Self::nothing(at);
            }
        }
    }

    /// Goes over a line; `None` where more bytes are needed to see all of it.
    fn line_end(&mut self, rest: &[u8], last: bool) -> Option<usize> {
        let end = memchr(b'\n', rest);
        if end.is_none() && !last && rest.len() <= MAX_RECORD {
            return None;
        }
        let line = &rest[..end.unwrap_or(rest.len()).min(1000)];
        self.mysql |= [&b"MySQL dump"[..], b"MariaDB dump", b"phpMyAdmin", b"ENGINE="]
            .iter()
            .any(|sign| memmem::find(line, sign).is_some());
        if end.is_none() && !last {
            self.place = Place::Line;
        }
        Some(end.map_or(rest.len(), |end| end + 1))
    }

    fn line(&mut self, block: &[u8]) -> Cut {
        let end = memchr(b'\n', block);
        if end.is_some() {
            self.place = Place::Between;
        }
        Self::nothing(end.map_or(block.len(), |end| end + 1))
    }

    fn create(&mut self, found: Header) {
        self.mysql |= found.backticks;
        if self.created.len() < MAX_TABLES {
            self.created.insert(found.table, found.columns);
        }
    }

    fn statement(&self, text: &[u8], found: &Header) -> Place {
        let header: Arc<[u8]> = text.into();
        let map = (found.table == self.table).then(|| self.map(found));
        match found.verb {
            Verb::Copy => Place::Copy(Statement { header, map, kind: Kind::Copy }, Lines::default()),
            Verb::Insert | Verb::Create => {
                let kind = Kind::Insert { backslash: self.mysql || found.backticks };
                Place::Rows(Statement { header, map, kind })
            }
        }
    }

    /// The cell for each column of a statement: by name; without names as `CREATE TABLE` has them; else in their order.
    fn map(&self, found: &Header) -> Arc<[Option<usize>]> {
        let created = || self.created.get(&found.table).filter(|names| !names.is_empty());
        let names = if found.columns.is_empty() { created() } else { Some(&found.columns) };
        let Some(names) = names else { return (0..self.names.len()).map(Some).collect() };
        names.iter().map(|name| self.names.iter().position(|own| own == name)).collect()
    }

    fn rows(&mut self, block: &[u8], last: bool, statement: Statement) -> Cut {
        let Kind::Insert { backslash } = statement.kind else { return Self::nothing(0) };
        let mut end = 0;
        let piece = |statement| Piece::Within(statement);
        loop {
            match next(block, end, &statement.header, last) {
                Next::Tuple(start) => match tuple::tuple(block, start, backslash, &mut |_| {}) {
                    End::Whole(at) | End::Broken(at) => end = at,
                    End::More if last => return Cut { len: block.len(), piece: piece(statement) },
                    End::More if end == 0 && block.len() - start > MAX_RECORD => {
                        return self.too_long(block, start, statement);
                    }
                    End::More => return Cut { len: end, piece: piece(statement) },
                },
                Next::More => return Cut { len: end, piece: piece(statement) },
                Next::Other(at) => {
                    self.place = Place::Between;
                    return Cut { len: at, piece: piece(statement) };
                }
            }
        }
    }

    /// Goes into a row that is longer than any may be, and remembers whether a string is open.
    fn too_long(&mut self, block: &[u8], start: usize, statement: Statement) -> Cut {
        let piece = if statement.map.is_some() { Piece::TooLong } else { Piece::Nothing };
        let (len, string, ended) = over(block, start + 1, false, &statement);
        self.place = if ended { Place::Rows(statement) } else { Place::Long(statement, string) };
        Cut { len, piece }
    }

    fn long(&mut self, block: &[u8], last: bool, statement: Statement, string: bool) -> Cut {
        let (len, string, ended) = over(block, 0, string, &statement);
        if last && !ended {
            return Self::nothing(block.len());
        }
        self.place = if ended { Place::Rows(statement) } else { Place::Long(statement, string) };
        Self::nothing(len)
    }

    fn copy(&mut self, block: &[u8], last: bool, statement: Statement, mut lines: Lines) -> Cut {
        let at_front = !lines.is_within();
        let line = memchr(b'\n', block).map_or(block, |at| &block[..at]);
        if at_front && copy::is_end(line) && (last || line.len() < block.len()) {
            self.place = Place::Between;
            return Self::nothing((line.len() + 1).min(block.len()));
        }
        // The mark that ends the block is looked for behind the first line.
        let end = copy_end(block);
        let cut = lines.cut(&block[..end.unwrap_or(block.len())], last);
        let piece = match cut.piece {
            Piece::Records => Piece::Within(statement.clone()),
            Piece::TooLong if statement.map.is_none() => Piece::Nothing,
            other => other,
        };
        self.place = Place::Copy(statement, lines);
        Cut { len: cut.len, piece }
    }
}

/// Where the line begins that ends a `COPY`, if it is not the first.
fn copy_end(block: &[u8]) -> Option<usize> {
    memmem::find_iter(block, b"\n\\.").map(|at| at + 1).find(|at| {
        let rest = &block[at + 2..];
        matches!(rest, [] | [b'\n', ..] | [b'\r', ..])
    })
}

enum Next {
    /// A row begins at its `(`.
    Tuple(usize),
    /// It may, behind these bytes.
    More,
    /// Something else comes.
    Other(usize),
}

/// What comes next among rows: another one, the next statement that begins the same way, or something else.
fn next(bytes: &[u8], from: usize, header: &[u8], last: bool) -> Next {
    let mut at = from;
    let mut ended = false;
    loop {
        at = space(bytes, at);
        let rest = &bytes[at..];
        match rest.first() {
            None if last => return Next::Other(at),
            None => return Next::More,
            Some(b'(') if !ended => return Next::Tuple(at),
            Some(b',') => at += 1,
            Some(b';') => (at, ended) = (at + 1, true),
            Some(_) if rest.starts_with(header) => (at, ended) = (at + header.len(), false),
            Some(_) if header.starts_with(rest) && !last => return Next::More,
            Some(_) if ended => return Next::Other(at),
            // `ON CONFLICT DO NOTHING`, or what nobody knows: up to the end of the statement or the line.
            Some(_) => match memchr2(b';', b'\n', rest) {
                Some(n) => at += n,
                None if last => return Next::Other(bytes.len()),
                None if rest.len() > MAX_RECORD => return Next::Other(at),
                None => return Next::More,
            },
        }
    }
}

/// Where the next row begins in a piece.
pub(super) fn next_tuple(bytes: &[u8], from: usize, header: &[u8]) -> Option<usize> {
    match next(bytes, from, header, true) {
        Next::Tuple(at) => Some(at),
        Next::More | Next::Other(_) => None,
    }
}

/// Goes over a part of a long row: how many bytes, whether a string is open behind them, whether the row ended.
fn over(block: &[u8], from: usize, mut string: bool, statement: &Statement) -> (usize, bool, bool) {
    let backslash = statement.kind == Kind::Insert { backslash: true };
    let mut at = from;
    while at < block.len() {
        if string {
            let Some(n) = memchr2(b'\'', b'\\', &block[at..]) else { return (block.len(), true, false) };
            at += n + 1;
            if block[at - 1] == b'\'' {
                string = false;
            } else if backslash && at == block.len() {
                // What the backslash takes with it has not come yet.
                return (at - 1, true, false);
            } else {
                at += usize::from(backslash);
            }
            continue;
        }
        let Some(n) = memchr2(b'\'', b')', &block[at..]) else { return (block.len(), false, false) };
        at += n + 1;
        if block[at - 1] == b'\'' {
            string = true;
            continue;
        }
        // A bracket too near to the end is looked at again with what follows it.
        match next_row(block, at - 1) {
            Some(end) if end == at => return (at, false, true),
            None if block.len() - at < 16 => return (at - 1, false, false),
            _ => {}
        }
    }
    (at, string, false)
}

//! From a stream to rows.

use super::columns::{Columns, fields};
use super::lines::{Lines, Piece};
use super::raw::unreadable;
use super::{AccountRecord, Format, Reason, Rejected, ndjson};
use std::io::{self, BufRead};

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The header is not understood.
    #[error("line 1: {0}")]
    Header(String),
}

/// One record of a file.
#[derive(Debug)]
pub struct Row {
    /// The number of its first line, from 1.
    pub line: u64,
    /// The account, or why it is set aside.
    pub outcome: Result<AccountRecord, Rejected>,
}

/// Reads a file record by record.
pub struct Reader<R> {
    lines: Lines<R>,
    columns: Option<Columns>,
}

impl<R: BufRead> Reader<R> {
    /// Starts; a CSV's header is read at once.
    ///
    /// # Errors
    /// [`BadFile`].
    pub fn new(format: Format, input: R) -> Result<Self, BadFile> {
        let mut lines = Lines::new(input);
        let columns = match format {
            Format::Csv => Some(header(&mut lines)?),
            Format::Ndjson => None,
        };
        Ok(Self { lines, columns })
    }

    /// Bytes read so far, for a progress bar.
    pub const fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// The next record; empty lines are passed over. `None` at the end.
    ///
    /// # Errors
    /// What the system said.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        loop {
            let next = if self.columns.is_some() { self.lines.record()? } else { self.lines.line()? };
            match next {
                None => return Ok(None),
                Some((_, Piece::Whole(bytes))) if bytes.trim_ascii().is_empty() => {}
                Some((line, piece)) => return Ok(Some(Row { line, outcome: self.read(&piece) })),
            }
        }
    }

    fn read(&self, piece: &Piece) -> Result<AccountRecord, Rejected> {
        let bytes = match piece {
            Piece::Whole(bytes) => bytes,
            Piece::TooLong => return Err(unreadable(Reason::TooLong)),
            Piece::OpenQuote => return Err(unreadable(Reason::OpenQuote)),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable(Reason::NotUtf8))?;
        match &self.columns {
            Some(columns) => columns.record(fields(text).ok_or(unreadable(Reason::OpenQuote))?),
            None => ndjson::read(text),
        }
    }
}

fn header<R: BufRead>(lines: &mut Lines<R>) -> Result<Columns, BadFile> {
    let wrong = |what: &str| BadFile::Header(what.to_owned());
    let Some((_, Piece::Whole(bytes))) = lines.record()? else { return Err(wrong("a header is expected")) };
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("is not UTF-8"))?;
    // Spreadsheets put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let names = fields(text).ok_or_else(|| wrong("has a quote that is not closed"))?;
    Columns::read(&names).map_err(BadFile::Header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(format: Format, text: &[u8]) -> Vec<(u64, &'static str)> {
        let mut reader = Reader::new(format, text).unwrap();
        let rows = std::iter::from_fn(|| reader.next_row().unwrap());
        rows.map(|row| (row.line, row.outcome.map_or_else(|r| r.reason.code(), |_| "ok"))).collect()
    }

    const HEADER: &str = "external_id,user_names,emails,emails_unconfirmed,phones,locale,password_hash\n";

    #[test]
    fn csv_rows_are_read_and_bad_ones_named() {
        let rows = "1,jane;jdoe,Jane@example.org,j@example.org,+1 555 010 0123,en,\n\n,x,,,,,\n3,,,,,,\n4,ok,bad,,,,\n5,a\n\
                    \"6,x,,,,,\n7,fine,,,,,\n8,\u{200b}x,,,,,\n";
        let wanted = [
            (2, "ok"),
            (4, "no_external_id"),
            (5, "no_identifier"),
            (6, "bad_identifier"),
            (7, "field_count"),
            (8, "open_quote"),
            (9, "ok"),
            (10, "bad_identifier"),
        ];
        assert_eq!(codes(Format::Csv, format!("\u{feff}{HEADER}{rows}").as_bytes()), wanted);
    }

    #[test]
    fn ndjson_rows_are_read_and_bad_ones_named() {
        let rows = br#"{"external_id":"1","emails":[{"address":"jane@example.org","confirmed":true}],"flags":["staff"]}
{"external_id":"2","passwordHash":"x"}
not json
[1]
{"external_id":"3","user_names":["a"],"created_at":"yesterday"}
{"external_id":"4","user_names":["a"],"created_at":"2024-02-29T12:00:00+01:00"}
"#;
        let mut all = rows.to_vec();
        all.extend(b"\xff\xfe\n");
        let wanted = [
            (1, "ok"),
            (2, "unknown_field"),
            (3, "not_json"),
            (4, "not_json"),
            (5, "bad_field"),
            (6, "ok"),
            (7, "not_utf8"),
        ];
        assert_eq!(codes(Format::Ndjson, &all), wanted);
    }

    #[test]
    fn what_is_set_aside_holds_no_secret() {
        let text =
            br#"{"external_id":"1","password_hash":"$2b$04$pepper","totp_secret":"PEPPER","emails":[{"address":"x"}]}"#;
        let mut reader = Reader::new(Format::Ndjson, &text[..]).unwrap();
        let rejected = reader.next_row().unwrap().unwrap().outcome.unwrap_err();
        let shown = format!("{rejected:?}").to_lowercase();
        assert!(shown.contains("external_id") && !shown.contains("pepper"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_the_end(bytes: Vec<u8>, csv: bool) {
            let mut input = if csv { HEADER.as_bytes().to_vec() } else { Vec::new() };
            input.extend(&bytes);
            let format = if csv { Format::Csv } else { Format::Ndjson };
            codes(format, &input);
            let mut reader = Reader::new(format, &input[..]).unwrap();
            while reader.next_row().unwrap().is_some() {}
            prop_assert_eq!(reader.bytes(), input.len() as u64);
        }
    }
}

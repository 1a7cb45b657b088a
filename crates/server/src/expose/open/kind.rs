//! What a file is, by its first bytes.

use super::Packing;
use super::error::OpenError;

/// Enough for every sign: a tar's is at byte 257.
pub(super) const HEAD_BYTES: usize = 512;

pub(super) enum Kind {
    One(Packing),
    Zip,
}

/// Something that is not read here.
pub(super) struct Unsupported {
    what: &'static str,
    instead: &'static str,
}

impl Unsupported {
    pub(super) fn refused(&self, label: &str) -> OpenError {
        OpenError::Unsupported { label: label.to_owned(), what: self.what, instead: self.instead }
    }
}

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
const UNPACK: &str = "unpack it first";

/// Signs at the front, and what has them.
const OTHERS: [(&[u8], &str, &str); 9] = [
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\xfd7zXZ\x00", "an xz file", UNPACK),
    (b"BZh", "a bzip2 file", UNPACK),
    (b"\x04\x22\x4d\x18", "an LZ4 file", UNPACK),
    (b"SQLite format 3\x00", "an SQLite database", "write it out with `sqlite3 FILE .dump`"),
    (b"PAR1", "a Parquet file", "write it out as CSV"),
    (b"PGDMP", "a PostgreSQL dump in the custom format", "write it out with `pg_restore --file=-`"),
    (b"%PDF-", "a PDF", "copy its table into a CSV file"),
];

/// What the file is packed in.
pub(super) fn packing(head: &[u8]) -> Result<Kind, Unsupported> {
    if let Some(other) = unsupported(head) {
        return Err(other);
    }
    Ok(match head {
        _ if head.starts_with(GZIP) => Kind::One(Packing::Gzip),
        _ if head.starts_with(ZSTD) => Kind::One(Packing::Zstd),
        _ if ZIP.iter().any(|sign| head.starts_with(sign)) => Kind::Zip,
        _ => Kind::One(Packing::Plain),
    })
}

fn unsupported(head: &[u8]) -> Option<Unsupported> {
    if head.get(257..262) == Some(b"ustar") {
        return Some(Unsupported { what: "a tar archive", instead: UNPACK });
    }
    // `BZh` alone could begin a text.
    let is_sign = |sign: &[u8]| head.starts_with(sign) && (sign != b"BZh" || head.get(4..7) == Some(b"1AY"));
    let (_, what, instead) = *OTHERS.iter().find(|(sign, _, _)| is_sign(sign))?;
    Some(Unsupported { what, instead })
}

/// An archive or a packing within another one.
pub(super) fn nested(head: &[u8]) -> Option<&'static str> {
    match packing(head) {
        Err(other) => Some(other.what),
        Ok(Kind::Zip) => Some("a zip archive"),
        Ok(Kind::One(Packing::Gzip)) => Some("a gzip file"),
        Ok(Kind::One(Packing::Zstd)) => Some("a Zstandard file"),
        Ok(Kind::One(Packing::Plain | Packing::Zip)) => None,
    }
}

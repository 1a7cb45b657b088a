//! A leak of 17.5 million records against a directory of 20 or of 50 million accounts, from end to end.
//!
//! `cargo bench -p countersign --bench exposure -- generate DIR ACCOUNTS ROWS`, then `index DIR ACCOUNTS`, `match DIR ACCOUNTS
//! THREADS`, `csv DIR`. `bench/exposure/run.sh` does all of it, and DuckDB's side.

#![expect(clippy::disallowed_methods, reason = "a bench measures time, and reads its arguments")]

#[path = "exposure/generate.rs"]
mod generate;
#[path = "exposure/usage.rs"]
mod usage;

use countersign::expose::index_file;
use countersign::expose::run::{Feed, Plan, Watch, run};
use countersign_core::expose::index::{Builder, Entry, Header, Index, Stale, View};
use countersign_core::expose::key::{Batch, HashKey, Hashed, Kind, MAIL};
use countersign_core::expose::layout::{Column, Format, Layout, Sure};
use countersign_core::expose::matching::Field;
use countersign_core::expose::normal::{self, Email, Phone, Text};
use countersign_core::expose::read::{Fault, Reader, Rows};
use countersign_mapped::Mapped;
use std::path::{Path, PathBuf};
use usage::Usage;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |at: usize, otherwise: u32| arguments.get(at).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let dir = PathBuf::from(arguments.get(1).map_or("/tmp/exposure", String::as_str));
    let accounts = number(2, 20_000_000);
    match arguments.first().map(String::as_str) {
        Some("generate") => generate::all(&dir, accounts, number(3, 17_500_000)).map_err(Into::into),
        Some("index") => index(&dir, accounts),
        Some("match") => matched(&dir, accounts, number(3, 2) as usize),
        Some("csv") => csv(&dir),
        // Under `cargo test --benches` there is nothing to do.
        _ => Ok(()),
    }
}

fn key() -> HashKey {
    HashKey::new(&[9; 16])
}

fn layout(columns: &[(&str, Option<Field>)]) -> Layout {
    let column = |(name, field): &(&str, Option<Field>)| Column {
        name: (*name).to_owned(),
        field: *field,
        sure: Sure::Told,
        shapes: vec![],
    };
    Layout {
        format: Format::Delimited { delimiter: b',', header: true },
        columns: columns.iter().map(column).collect(),
    }
}

fn leak() -> Layout {
    layout(&[
        ("id", None),
        ("username", Some(Field::UserName)),
        ("full_name", Some(Field::FullName)),
        ("email", Some(Field::Email)),
        ("phone", Some(Field::Phone)),
        ("city", Some(Field::Place)),
        ("country", Some(Field::Country)),
    ])
}

fn directory() -> Layout {
    layout(&[("number", None), ("username", None), ("email", None), ("phone", None)])
}

fn index_path(dir: &Path, accounts: u32) -> PathBuf {
    dir.join(format!("dir{accounts}.index"))
}

/// Builds the index of a directory from its CSV.
fn index(dir: &Path, accounts: u32) -> Outcome {
    let start = Usage::now();
    let file = Mapped::open(&dir.join(format!("dir{accounts}.csv")))?;
    let mut reader = Reader::new(&directory());
    let mut cutter = reader.cutter();
    let header = Header { key: key().id(), accounts, ..Header::default() };
    let mut keys = Keys::new(header);
    let mut at = 0;
    while at < file.len() {
        let end = file.len().min(at + (1 << 20));
        let cut = cutter.cut(&file[at..end], end == file.len());
        reader.read(&file[at..at + cut.len], &cut.piece, &mut keys);
        at += cut.len;
    }
    let builder = keys.end();
    let read = start.told("read, normalise, hash");
    let index = index_file::finish(builder, Some(&index_path(dir, accounts)))?;
    read.told("sort, write, map");
    let per_key = index.size_bytes() as f64 / index.len() as f64;
    println!("index: {} keys, {per_key:.2} bytes a key", index.len());
    start.told("index");
    Ok(())
}

/// From the directory's records to entries.
struct Keys {
    batch: Batch<(u32, Option<u64>, bool)>,
    builder: Builder,
    key: HashKey,
    email: Email,
    text: Text,
}

impl Keys {
    fn new(header: Header) -> Self {
        let key = key();
        Self { batch: Batch::new(&key), builder: Builder::new(header), key, email: Email::default(), text: Text::new() }
    }

    fn end(mut self) -> Builder {
        let builder = &mut self.builder;
        self.batch.flush(|hash, with| push(builder, hash, with));
        self.builder
    }
}

/// Every key that comes out of a hash; of an address whose mailbox is another text, both.
fn push(builder: &mut Builder, hash: Hashed, (account, address, strong): (u32, Option<u64>, bool)) {
    let tag = hash.tag | if strong { Hashed::STRONG } else { 0 };
    builder.push(Entry { hash: Hashed { tag, ..hash }, account });
    if let Some(tag) = address {
        builder.push(Entry { hash: Hashed { tag, ..hash }, account });
    }
}

impl Rows for Keys {
    fn row(&mut self, cells: &[&[u8]]) {
        let number = |cell: &[u8]| cell.iter().fold(0_u32, |n, digit| n * 10 + u32::from(digit - b'0'));
        let (account, builder) = (number(cells[0]), &mut self.builder);
        if normal::user_name(cells[1], &mut self.text) {
            let with = (account, None, true);
            self.batch.add(Kind::UserName as u8, self.text.as_bytes(), with, |hash, with| push(builder, hash, with));
        }
        if !cells[2].is_empty() && normal::email(cells[2], &mut self.email) {
            let other = self.key.address_beside(&self.email);
            let with = (account, other, other.is_none());
            self.batch.add(MAIL, self.email.mailbox.as_bytes(), with, |hash, with| push(builder, hash, with));
        }
        if !cells[3].is_empty() && normal::phone(cells[3], None, &mut self.text) == Phone::Number {
            let with = (account, None, true);
            self.batch.add(Kind::Phone as u8, self.text.as_bytes(), with, |hash, with| push(builder, hash, with));
        }
    }

    fn bad(&mut self, fault: Fault, _: &[u8]) {
        println!("bad: {}", fault.as_str());
    }
}

/// Matches the leak against an index that stands ready.
fn matched(dir: &Path, accounts: u32, threads: usize) -> Outcome {
    let index = index_file::open(&index_path(dir, accounts), key().id())?;
    let file = Mapped::open(&dir.join("dump.csv"))?;
    // It stands ready: its pages are in memory, as they are in a daemon that has answered before.
    index.verify()?;
    let (layout, key, fresh, stale) = (leak(), key(), Index::empty(), Stale::new());
    let view = View { base: &index, fresh: &fresh, stale: &stale };
    for round in 1..=3 {
        let start = Usage::now();
        let plan = Plan { layout: &layout, region: None, view, key: &key, accounts, formers: 0, threads };
        let found = run(vec![Feed::Whole(&file)], plan, &Watch::new())?;
        let done = start.told(&format!("match {round}"));
        let (tally, marks) = (&found.tally, &found.marks);
        let strong = marks.iter().filter(|(_, mark)| mark.is_strong()).count();
        println!(
            "rows {} bad {} asked {} accounts {} strong {strong} contradictions {} checksum {}",
            tally.rows,
            tally.bad_rows(),
            tally.asked,
            marks.iter().count(),
            tally.contradictions.rows,
            marks.checksum()
        );
        println!("unusable {:?}", tally.unusable);
        done.told("count");
    }
    Ok(())
}

/// What crate `csv` takes to read the same file.
fn csv(dir: &Path) -> Outcome {
    for _ in 0..3 {
        let start = Usage::now();
        let mut reader = ::csv::Reader::from_path(dir.join("dump.csv"))?;
        let (mut record, mut rows) = (::csv::ByteRecord::new(), 0_u64);
        while reader.read_byte_record(&mut record)? {
            rows += 1;
        }
        println!("{rows} rows");
        start.told("crate csv");
    }
    Ok(())
}

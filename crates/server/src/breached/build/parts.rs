//! Hashes dealt into parts by their first seven bits, in files without a name; then each part sorted in memory.

use super::output::Output;
use countersign_core::breached::{Entry, Form, Hash, HashKind};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// How many parts. With three files beside them below the 256 that some systems let a process open.
pub const PARTS: usize = 128;
/// Most hashes of a part, which must fit into memory: 800 MB at most. 10^9 hashes make parts of 8 million.
pub const MOST_IN_PART: u64 = 1 << 25;
/// Buffer of each part: 16 MB for all.
const BUFFER_BYTES: usize = 1 << 17;
/// Bytes of a count behind a hash, the largest first so that sorting brings the largest count last.
const COUNT_BYTES: usize = 4;

/// The parts while hashes come in.
#[derive(Debug)]
pub struct Parts {
    files: Vec<BufWriter<File>>,
    lengths: Vec<u64>,
    width: Width,
}

/// What of a hash is kept, and whether its count is.
#[derive(Clone, Copy, Debug)]
struct Width {
    kind: HashKind,
    hash: usize,
    counted: bool,
}

impl Width {
    const fn of(form: Form, kind: HashKind) -> Self {
        match form {
            Form::Filter => Self { kind, hash: 8, counted: false },
            // 48 bits behind a prefix of up to twenty.
            Form::Exact => Self { kind, hash: 9, counted: false },
            Form::Ranges => Self { kind, hash: kind.bytes(), counted: true },
        }
    }

    const fn bytes(self) -> usize {
        self.hash + if self.counted { COUNT_BYTES } else { 0 }
    }
}

impl Parts {
    /// Empty parts.
    pub fn new(output: &Output, form: Form, kind: HashKind) -> io::Result<Self> {
        let files = (0..PARTS).map(|n| Ok(BufWriter::with_capacity(BUFFER_BYTES, output.nameless(n)?)));
        let files = files.collect::<io::Result<Vec<_>>>()?;
        Ok(Self { files, lengths: vec![0; PARTS], width: Width::of(form, kind) })
    }

    /// Adds a hash.
    pub fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let bytes = entry.hash.bytes();
        let part = usize::from(bytes[0] >> 1);
        self.lengths[part] += 1;
        let file = &mut self.files[part];
        file.write_all(&bytes[..self.width.hash])?;
        if self.width.counted { file.write_all(&entry.count.to_be_bytes()) } else { Ok(()) }
    }

    /// Hashes in all parts, those that came twice counted twice.
    pub fn total(&self) -> u64 {
        self.lengths.iter().sum()
    }

    /// Hashes in the largest part.
    pub fn largest(&self) -> u64 {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// A part in ascending order.
    pub fn sorted(&mut self, part: usize) -> io::Result<Sorted> {
        let file = &mut self.files[part];
        file.flush()?;
        let file = file.get_mut();
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or(0));
        file.read_to_end(&mut bytes)?;
        // The space is needed for the output.
        file.set_len(0)?;
        sort(&mut bytes, self.width.bytes());
        Ok(Sorted { bytes, width: self.width })
    }
}

fn sort(bytes: &mut [u8], width: usize) {
    match width {
        8 => bytes.as_chunks_mut::<8>().0.sort_unstable_by_key(|record| u64::from_be_bytes(*record)),
        9 => bytes.as_chunks_mut::<9>().0.sort_unstable(),
        20 => bytes.as_chunks_mut::<20>().0.sort_unstable(),
        24 => bytes.as_chunks_mut::<24>().0.sort_unstable(),
        other => unreachable!("no form has records of {other} bytes"),
    }
}

/// A part's records in ascending order.
#[derive(Debug)]
pub struct Sorted {
    bytes: Vec<u8>,
    width: Width,
}

impl Sorted {
    /// How many.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.width.bytes()
    }

    /// Each hash, as much of it as was kept, with its largest count.
    pub fn iter(&self) -> impl Iterator<Item = (Hash, u32)> {
        let (width, kept) = (self.width, self.width.hash);
        let records = self.bytes.chunks_exact(width.bytes());
        let next = self.bytes.chunks_exact(width.bytes()).skip(1).map(Some).chain([None]);
        let last_of_its_hash =
            move |(record, next): &(&[u8], Option<&[u8]>)| next.is_none_or(|next| record[..kept] != next[..kept]);
        records.zip(next).filter(last_of_its_hash).map(move |(record, _)| {
            let count = record[kept..].first_chunk().map_or(1, |count| u32::from_be_bytes(*count));
            (Hash::beginning(width.kind, &record[..kept]), count)
        })
    }
}

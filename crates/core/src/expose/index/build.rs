//! Building an index: entries are sorted into parts while they come in, and each part is laid out by itself, within the
//! processor's cache. A part's entries are given back when it is done, so that the peak is little above one of the two forms.

use super::file::{Broken, HEADER_BYTES};
use super::{ENTRY, Entry, Header, Index, MOST_KEYS, bucket, starts_bytes};
use std::sync::Arc;

/// Parts: one of 50 million accounts' index is 1.2 MB.
const PARTS: usize = 1 << LEAST_BITS;
/// Fewest bits of a bucket: a part holds whole buckets.
const LEAST_BITS: u32 = 10;
/// Entries in a bucket on average, at the most; at the least half of it. The table costs four bytes a bucket.
const PER_BUCKET: u64 = 4;
/// Bytes of an entry that waits: the upper half of its place, its tag, its account.
const WAITING: usize = 14;
/// Bytes of a piece of a part: large enough for the allocator to hand them back to the system one by one.
const PIECE: usize = 256 * 1024 / WAITING * WAITING;

/// Takes entries in any order and makes an index of them.
pub struct Builder {
    header: Header,
    parts: Vec<Part>,
    keys: u64,
}

#[derive(Default)]
struct Part {
    full: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl Builder {
    /// Of nothing yet.
    pub fn new(header: Header) -> Self {
        let parts = std::iter::repeat_with(Part::default).take(PARTS).collect();
        Self { header, parts, keys: 0 }
    }

    /// Takes an entry.
    #[inline]
    pub fn push(&mut self, entry: Entry) {
        let part = &mut self.parts[bucket(LEAST_BITS, entry.hash.place)];
        if part.open.len() == PIECE {
            let piece = std::mem::replace(&mut part.open, Vec::with_capacity(PIECE));
            part.full.push(piece);
        }
        let mut bytes = [0; WAITING];
        bytes[..4].copy_from_slice(&((entry.hash.place >> 32) as u32).to_le_bytes());
        bytes[4..10].copy_from_slice(&entry.hash.tag.to_le_bytes()[..6]);
        bytes[10..].copy_from_slice(&entry.account.to_le_bytes());
        part.open.extend_from_slice(&bytes);
        self.keys += 1;
    }

    /// How many it has taken.
    pub const fn len(&self) -> u64 {
        self.keys
    }

    /// Whether it has taken none.
    pub const fn is_empty(&self) -> bool {
        self.keys == 0
    }

    /// The index.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn finish(self) -> Result<Index, Broken> {
        if self.keys > MOST_KEYS { Err(Broken::TooMany) } else { Ok(self.built()) }
    }

    pub(super) fn built(self) -> Index {
        let bits = (self.keys / PER_BUCKET).next_power_of_two().ilog2().max(LEAST_BITS);
        let keys = self.keys as usize;
        // Zeroed by the system when it is first touched, so that it grows as the parts shrink.
        let mut bytes = vec![0; HEADER_BYTES + starts_bytes(bits) + keys * ENTRY];
        let (starts, entries) = bytes[HEADER_BYTES..].split_at_mut(starts_bytes(bits));
        let mut layout = Laying { bits, starts, entries, next: vec![], done: 0 };
        for (number, part) in self.parts.into_iter().enumerate() {
            layout.part(number, &part);
            drop(part);
        }
        layout.end();
        Index { header: self.header, bits, keys, bytes: Arc::new(bytes) }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Builder({} keys)", self.keys)
    }
}

impl Part {
    fn pieces(&self) -> impl Iterator<Item = &[u8; WAITING]> {
        self.full.iter().chain([&self.open]).flat_map(|piece| piece.as_chunks::<WAITING>().0)
    }
}

/// What is being written.
struct Laying<'a> {
    bits: u32,
    starts: &'a mut [u8],
    entries: &'a mut [u8],
    /// Where the next entry of each bucket of the part goes.
    next: Vec<u32>,
    /// Entries of the parts before.
    done: u32,
}

impl Laying<'_> {
    fn part(&mut self, number: usize, part: &Part) {
        let buckets = 1_usize << (self.bits - LEAST_BITS);
        let first = number * buckets;
        let within = |entry: &[u8; WAITING], bits| bucket(bits, place(entry)) - first;
        self.next.clear();
        self.next.resize(buckets, 0);
        part.pieces().for_each(|entry| self.next[within(entry, self.bits)] += 1);
        for (n, next) in self.next.iter_mut().enumerate() {
            let count = std::mem::replace(next, self.done);
            write_start(self.starts, first + n, self.done);
            self.done += count;
        }
        for entry in part.pieces() {
            let next = &mut self.next[within(entry, self.bits)];
            let at = *next as usize * ENTRY;
            self.entries[at..at + ENTRY].copy_from_slice(&entry[4..]);
            *next += 1;
        }
    }

    fn end(self) {
        write_start(self.starts, 1 << self.bits, self.done);
    }
}

fn write_start(starts: &mut [u8], bucket: usize, position: u32) {
    starts[bucket * 4..bucket * 4 + 4].copy_from_slice(&position.to_le_bytes());
}

fn place(entry: &[u8; WAITING]) -> u64 {
    let [a, b, c, d, ..] = *entry;
    u64::from(u32::from_le_bytes([a, b, c, d])) << 32
}

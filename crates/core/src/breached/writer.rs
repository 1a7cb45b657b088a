//! Makes a file from hashes in ascending order: data and index as they come, the header when all is there.

use super::digest::Running;
use super::filter::{self, FALSE_POSITIVE_RATE, Shard};
use super::hash::{Hash, HashKind};
use super::header::{Form, HEADER_BYTES, Header};
use super::records;
use std::io::{self, Seek, SeekFrom, Write};

/// Records that are gathered before they are written.
const GATHERED_BYTES: usize = 1 << 16;

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What the system said.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The hashes did not come in order.
    #[error("hashes must come in ascending order")]
    Order,
    /// A filter could not be made of them.
    #[error("no filter could be made of {0} hashes: are they hashes, evenly spread?")]
    Filter(usize),
    /// More than the index can count.
    #[error("more than {} hashes do not fit into this form", u32::MAX)]
    TooMany,
}

/// Writes a file. Until `finish` its first bytes are zero, so that what was begun and not finished is no file of ours.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    header: Header,
    digest: Running,
    index: Vec<u8>,
    last: Option<Hash>,
    /// Records, or the keys of the shard that is being gathered.
    gathered: Vec<u8>,
    shard_keys: Vec<u64>,
    /// The shard or bucket that the next hash is expected in, or a later one.
    place: usize,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file for about `expected` hashes that were seen `min_count` times or more.
    ///
    /// # Errors
    /// `Io`.
    pub fn new(mut out: W, form: Form, hash: HashKind, expected: u64, min_count: u32) -> Result<Self, WriteError> {
        out.write_all(&[0; HEADER_BYTES])?;
        let (prefix_bits, rate) = match form {
            Form::Filter => (filter::prefix_bits(expected), FALSE_POSITIVE_RATE),
            Form::Exact | Form::Ranges => (records::prefix_bits(form, expected), 0.0),
        };
        let header = Header {
            form,
            hash,
            prefix_bits,
            keys: 0,
            min_count,
            false_positive_rate: rate,
            data_bytes: 0,
            index_bytes: 0,
            content: [0; 32],
        };
        // The first bucket begins at the first record.
        let index = if form == Form::Filter { vec![] } else { vec![0; 4] };
        let (digest, gathered, shard_keys) = (Running::default(), vec![], vec![]);
        Ok(Self { out, header, digest, index, last: None, gathered, shard_keys, place: 0 })
    }

    /// Adds a hash; one that is there already is left out.
    ///
    /// # Errors
    /// `WriteError`.
    pub fn push(&mut self, hash: Hash, count: u32) -> Result<(), WriteError> {
        match &self.last {
            Some(last) if last.bytes() > hash.bytes() => return Err(WriteError::Order),
            Some(last) if self.are_one(last, &hash) => return Ok(()),
            _ => self.last = Some(hash),
        }
        if self.header.form == Form::Filter {
            self.move_to(filter::shard_of(&hash, self.header.prefix_bits))?;
            self.shard_keys.push(hash.head());
        } else {
            self.move_to(records::bucket_of(&hash, self.header.prefix_bits))?;
            records::write(self.header.form, &hash, count, self.header.prefix_bits, &mut self.gathered);
            if self.gathered.len() >= GATHERED_BYTES {
                self.flush()?;
            }
        }
        self.header.keys += 1;
        Ok(())
    }

    /// Whether the form holds both hashes as the same.
    fn are_one(&self, last: &Hash, hash: &Hash) -> bool {
        match self.header.form {
            Form::Filter => last.head() == hash.head(),
            Form::Exact => {
                let drop = 80 - u32::from(self.header.prefix_bits);
                last.wide_head() >> drop == hash.wide_head() >> drop
            }
            Form::Ranges => last == hash,
        }
    }

    /// Closes shards or buckets until `place` is reached.
    fn move_to(&mut self, place: usize) -> Result<(), WriteError> {
        while self.place < place {
            self.close_place()?;
        }
        Ok(())
    }

    fn close_place(&mut self) -> Result<(), WriteError> {
        if self.header.form == Form::Filter {
            self.close_shard()?;
        } else {
            let keys = u32::try_from(self.header.keys).map_err(|_| WriteError::TooMany)?;
            self.index.extend_from_slice(&keys.to_le_bytes());
        }
        self.place += 1;
        Ok(())
    }

    fn close_shard(&mut self) -> Result<(), WriteError> {
        let keys = std::mem::take(&mut self.shard_keys);
        let (shard, fingerprints) =
            Shard::build(&keys, self.header.data_bytes).ok_or(WriteError::Filter(keys.len()))?;
        self.index.extend_from_slice(&shard.write());
        self.gathered = fingerprints;
        self.flush()?;
        self.shard_keys = keys;
        self.shard_keys.clear();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.out.write_all(&self.gathered)?;
        self.digest.update(&self.gathered);
        self.header.data_bytes += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    /// Writes what is left, the index and the header.
    ///
    /// # Errors
    /// `WriteError`.
    pub fn finish(mut self) -> Result<(W, Header), WriteError> {
        self.move_to(1 << self.header.prefix_bits)?;
        self.flush()?;
        self.out.write_all(&self.index)?;
        self.digest.update(&self.index);
        self.header.index_bytes = self.index.len() as u64;
        self.header.content = self.digest.finish();
        self.header.false_positive_rate = rate(&self.header);
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&self.header.write())?;
        self.out.flush()?;
        Ok((self.out, self.header))
    }
}

/// A filter's rate is that of its fingerprints; 48 bits of an exact record agree by chance with one of its bucket.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn rate(header: &Header) -> f64 {
    match header.form {
        Form::Filter => FALSE_POSITIVE_RATE,
        Form::Exact => header.keys as f64 / 2_f64.powi(48 + i32::from(header.prefix_bits)),
        Form::Ranges => 0.0,
    }
}

//! A file that is there: checked once, then looked up. Every look-up stays inside the bytes, whatever they say.

use super::digest::{BLOCK_BYTES, leaf, root};
use super::filter::{self, Shard};
use super::hash::Hash;
use super::header::{Damage, Form, HEADER_BYTES, Header};
use super::records;

/// What is known of a hash that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// How often it was seen, where the file says.
    pub count: Option<u32>,
}

/// A file's structure. The bytes come with every call, and must be those that it was read from.
#[derive(Clone, Debug)]
pub struct Layout {
    header: Header,
    shards: Vec<Shard>,
    largest: u32,
}

impl Layout {
    /// Reads the structure and checks everything but the digest of the content: some milliseconds, whatever the size.
    ///
    /// # Errors
    /// `Damage`.
    pub fn read(file: &[u8]) -> Result<Self, Damage> {
        let header = Header::read(file)?;
        let mut layout = Self { header, shards: vec![], largest: 0 };
        match layout.header.form {
            Form::Filter => layout.shards = filter::shards(&layout.header, layout.index(file))?,
            Form::Exact | Form::Ranges => layout.largest = records::check_index(&layout.header, layout.index(file))?,
        }
        Ok(layout)
    }

    /// Checks the digest of the content on one core.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn verify(&self, file: &[u8]) -> Result<(), Damage> {
        self.accept(&self.blocks(file).map(leaf).collect::<Vec<_>>())
    }

    /// The blocks whose digests make the content's.
    pub fn blocks<'a>(&self, file: &'a [u8]) -> std::slice::Chunks<'a, u8> {
        file.get(HEADER_BYTES..).unwrap_or_default().chunks(BLOCK_BYTES)
    }

    /// The same from the digests of the blocks, which several cores made.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn accept(&self, leaves: &[[u8; 32]]) -> Result<(), Damage> {
        if root(leaves) == self.header.content { Ok(()) } else { Err(Damage::Damaged("content")) }
    }

    /// What the file says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Hashes in the largest bucket; 0 for a filter, which has none.
    pub const fn largest_bucket(&self) -> u32 {
        self.largest
    }

    /// Looks a hash up; `None` where it is not in the file, or is of another kind.
    pub fn find(&self, file: &[u8], hash: &Hash) -> Option<Found> {
        if hash.kind() != self.header.hash {
            return None;
        }
        let (header, data) = (&self.header, self.data(file));
        match header.form {
            Form::Filter => {
                let shard = self.shards.get(filter::shard_of(hash, header.prefix_bits))?;
                shard.contains(data, hash.head()).then_some(Found { count: None })
            }
            Form::Exact => records::find_exact(header, data, self.index(file), hash).then_some(Found { count: None }),
            Form::Ranges => {
                let count = records::find_count(header, data, self.index(file), hash)?;
                Some(Found { count: Some(count) })
            }
        }
    }

    /// The records of a bucket.
    pub(super) fn records<'a>(&self, file: &'a [u8], bucket: usize) -> Option<&'a [u8]> {
        records::records(&self.header, self.data(file), self.index(file), bucket)
    }

    fn data<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        let end = HEADER_BYTES.saturating_add(usize::try_from(self.header.data_bytes).unwrap_or(usize::MAX));
        file.get(HEADER_BYTES..end).unwrap_or_default()
    }

    fn index<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        let start = HEADER_BYTES.saturating_add(usize::try_from(self.header.data_bytes).unwrap_or(usize::MAX));
        file.get(start..).unwrap_or_default()
    }
}

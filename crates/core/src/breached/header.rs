//! The first 256 bytes of a file: what it is, how long, and digests of itself and of the rest.

use super::hash::HashKind;
use sha2::{Digest, Sha256};

/// Bytes of the header; the data follows.
pub const HEADER_BYTES: usize = 256;
const MAGIC: &[u8; 8] = b"CSBREACH";
const VERSION: u16 = 1;
/// Where the header's digest of itself begins.
const SEAL_AT: usize = HEADER_BYTES - 32;
/// Of a hash, at most this many bits lead to a place in the index: the five hex digits of the range API.
pub const MOST_PREFIX_BITS: u8 = 20;

/// How a file holds its hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Binary fuse filters with 16-bit fingerprints: small, and wrong for one password in 65 536.
    Filter,
    /// The 48 bits behind each hash's prefix: wrong for none in practice.
    Exact,
    /// Whole hashes and counts: what the range API serves.
    Ranges,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Filter, Self::Exact, Self::Ranges];

    /// The name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Exact => "exact",
            Self::Ranges => "ranges",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Filter => 1,
            Self::Exact => 2,
            Self::Ranges => 3,
        }
    }
}

/// Why a file is not to be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// No file of this kind.
    #[error("is not a file that `countersign passwords build` made")]
    Foreign,
    /// Made by another version.
    #[error("has format {0}, this program reads {VERSION}: build it again")]
    Version(u16),
    /// The build did not come to its end, or the file was cut.
    #[error("has {found} bytes where {expected} are expected: it was cut off; build or copy it again")]
    Length {
        /// What the header says.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// Something in it was changed.
    #[error("is damaged ({0}): build or copy it again")]
    Damaged(&'static str),
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// How it holds its hashes.
    pub form: Form,
    /// Which hashes.
    pub hash: HashKind,
    /// How many bits of a hash lead to a shard or a bucket.
    pub prefix_bits: u8,
    /// How many hashes.
    pub keys: u64,
    /// Hashes that were seen less often were left out.
    pub min_count: u32,
    /// How likely a password that is not in it is taken for one that is.
    pub false_positive_rate: f64,
    /// Bytes of the data.
    pub data_bytes: u64,
    /// Bytes of the index behind it.
    pub index_bytes: u64,
    /// The digest of both ([`super::root`]).
    pub content: [u8; 32],
}

impl Header {
    /// Bits for each hash, all of the file counted.
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    pub fn bits_per_key(&self) -> f64 {
        let bytes = HEADER_BYTES as u64 + self.data_bytes + self.index_bytes;
        bytes as f64 * 8.0 / self.keys.max(1) as f64
    }

    /// As it stands in a file.
    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(MAGIC);
        put(&VERSION.to_le_bytes());
        put(&[self.form.code(), self.hash.code(), self.prefix_bits, 0, 0, 0]);
        put(&self.keys.to_le_bytes());
        put(&self.data_bytes.to_le_bytes());
        put(&self.index_bytes.to_le_bytes());
        put(&self.false_positive_rate.to_le_bytes());
        put(&self.min_count.to_le_bytes());
        put(&self.content);
        let seal = Sha256::digest(&out[..SEAL_AT]);
        out[SEAL_AT..].copy_from_slice(&seal);
        out
    }

    /// Reads a header that is whole and fits a file of this many bytes.
    ///
    /// # Errors
    /// `Damage`.
    pub fn read(file: &[u8]) -> Result<Self, Damage> {
        let Some(bytes) = file.first_chunk::<HEADER_BYTES>() else {
            return Err(if file.starts_with(MAGIC) { cut(HEADER_BYTES as u64, file) } else { Damage::Foreign });
        };
        if !bytes.starts_with(MAGIC) {
            return Err(Damage::Foreign);
        }
        let mut fields = Fields(&bytes[MAGIC.len()..]);
        let version = u16::from_le_bytes(fields.take());
        if version != VERSION {
            return Err(Damage::Version(version));
        }
        if Sha256::digest(&bytes[..SEAL_AT])[..] != bytes[SEAL_AT..] {
            return Err(Damage::Damaged("header"));
        }
        let header = Self::fields(&mut fields).ok_or(Damage::Damaged("header"))?;
        let expected =
            (HEADER_BYTES as u64).checked_add(header.data_bytes).and_then(|n| n.checked_add(header.index_bytes));
        match expected {
            Some(expected) if expected == file.len() as u64 => Ok(header),
            Some(expected) => Err(cut(expected, file)),
            None => Err(Damage::Damaged("header")),
        }
    }

    fn fields(fields: &mut Fields<'_>) -> Option<Self> {
        let [form, hash, prefix_bits, ..] = fields.take::<6>();
        Some(Self {
            form: Form::ALL.into_iter().find(|f| f.code() == form)?,
            hash: HashKind::from_code(hash)?,
            prefix_bits: Some(prefix_bits).filter(|bits| *bits <= MOST_PREFIX_BITS)?,
            keys: u64::from_le_bytes(fields.take()),
            data_bytes: u64::from_le_bytes(fields.take()),
            index_bytes: u64::from_le_bytes(fields.take()),
            false_positive_rate: Some(f64::from_le_bytes(fields.take())).filter(|rate| (0.0..=1.0).contains(rate))?,
            min_count: u32::from_le_bytes(fields.take()),
            content: fields.take(),
        })
    }
}

fn cut(expected: u64, file: &[u8]) -> Damage {
    Damage::Length { expected, found: file.len() as u64 }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// The next bytes; the header is longer than all of its fields.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().map_or(([0; N], &[][..]), |(field, rest)| (*field, rest));
        self.0 = rest;
        field
    }
}

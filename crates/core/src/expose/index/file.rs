//! An index as a file: a header of 128 bytes with a digest of itself and one of the rest.
//!
//! Whoever opens it checks the header and the length, which takes no time; the digest of the rest is checked when asked for.
//! A flipped bit in the rest hides an account or shows a wrong one, and never makes a look-up leave the bytes.

use super::{Bytes, ENTRY, Header, Index, starts_bytes};
use crate::expose::normal;
use std::io::{self, Write};

/// Bytes before the table.
pub const HEADER_BYTES: usize = 128;

const MAGIC: &[u8; 16] = b"countersign-idx\n";
/// Of the format.
const VERSION: u16 = 1;
/// What the header's own digest is over.
const SIGNED: usize = 96;
/// Most bits of a bucket that a file may ask for.
const MOST_BITS: u32 = 30;
const LEAST_BITS: u32 = 10;

/// Why bytes are no index.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    /// Something else.
    #[error("is no index of a directory")]
    NotOurs,
    /// Of another program.
    #[error("is of another version of this program")]
    Version,
    /// Values were normalised in another way.
    #[error("was made under other rules for comparing values")]
    Rules,
    /// Made under another key.
    #[error("was made under another key")]
    Key,
    /// Cut, or longer than it should be.
    #[error("has not the length that it says")]
    Length,
    /// A digest does not fit.
    #[error("is damaged: the {0} is not what it was")]
    Damaged(&'static str),
    /// More than `MOST_KEYS`.
    #[error("would have more than 4 294 967 294 keys")]
    TooMany,
}

impl Index {
    /// Reads what `write` wrote.
    ///
    /// # Errors
    /// `Broken`.
    pub fn open(bytes: Bytes) -> Result<Self, Broken> {
        let whole = (*bytes).as_ref();
        let head: &[u8; HEADER_BYTES] = whole.first_chunk().ok_or(Broken::NotOurs)?;
        if !head.starts_with(MAGIC) {
            return Err(Broken::NotOurs);
        }
        if number(head, 16, 2) != u64::from(VERSION) {
            return Err(Broken::Version);
        }
        if blake3::hash(&head[..SIGNED]).as_bytes()[..] != head[SIGNED..] {
            return Err(Broken::Damaged("header"));
        }
        if number(head, 18, 2) != u64::from(normal::VERSION) {
            return Err(Broken::Rules);
        }
        let (bits, keys) = (number(head, 20, 4) as u32, number(head, 48, 8) as usize);
        if !(LEAST_BITS..=MOST_BITS).contains(&bits) {
            return Err(Broken::Damaged("header"));
        }
        let expected = keys.checked_mul(ENTRY).and_then(|n| n.checked_add(HEADER_BYTES + starts_bytes(bits)));
        if expected != Some(whole.len()) {
            return Err(Broken::Length);
        }
        Ok(Self { header: header(head), bits, keys, bytes })
    }

    /// Checks the digest of everything behind the header, in about a second for five gigabytes. What was just built has none.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn verify(&self) -> Result<(), Broken> {
        let (head, body) = (*self.bytes).as_ref().split_at(HEADER_BYTES);
        if blake3::hash(body).as_bytes()[..] == head[64..SIGNED] { Ok(()) } else { Err(Broken::Damaged("content")) }
    }

    /// Writes it as a file.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let body = &(*self.bytes).as_ref()[HEADER_BYTES..];
        let mut head = [0; HEADER_BYTES];
        head[..16].copy_from_slice(MAGIC);
        head[16..18].copy_from_slice(&VERSION.to_le_bytes());
        head[18..20].copy_from_slice(&normal::VERSION.to_le_bytes());
        head[20..24].copy_from_slice(&self.bits.to_le_bytes());
        head[24..32].copy_from_slice(&self.header.key);
        head[32..40].copy_from_slice(&self.header.as_of.to_le_bytes());
        head[40..44].copy_from_slice(&self.header.accounts.to_le_bytes());
        head[44..48].copy_from_slice(&self.header.formers.to_le_bytes());
        head[48..56].copy_from_slice(&(self.keys as u64).to_le_bytes());
        head[64..SIGNED].copy_from_slice(blake3::hash(body).as_bytes());
        let own = blake3::hash(&head[..SIGNED]);
        head[SIGNED..].copy_from_slice(own.as_bytes());
        out.write_all(&head)?;
        out.write_all(body)
    }
}

fn header(head: &[u8; HEADER_BYTES]) -> Header {
    Header {
        key: number(head, 24, 8).to_le_bytes(),
        as_of: number(head, 32, 8).cast_signed(),
        accounts: number(head, 40, 4) as u32,
        formers: number(head, 44, 4) as u32,
    }
}

/// A number of so many bytes, the least significant first.
fn number(head: &[u8; HEADER_BYTES], at: usize, bytes: usize) -> u64 {
    head[at..at + bytes].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, Entry};
    use super::*;
    use crate::expose::key::{HashKey, Kind};
    use std::sync::Arc;

    const HEADER: Header = Header { key: [3; 8], as_of: -7, accounts: 12, formers: 5 };

    fn written() -> Vec<u8> {
        let key = HashKey::new(&[7; 16]);
        let mut builder = Builder::new(HEADER);
        for account in 0..500_u32 {
            builder.push(Entry { hash: key.hash(Kind::UserName, &account.to_le_bytes()), account });
        }
        let mut bytes = vec![];
        builder.finish().unwrap().write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read_again() {
        let index = Index::open(Arc::new(written())).unwrap();
        assert_eq!((index.header(), index.len()), (HEADER, 500));
        index.verify().unwrap();
        let hash = HashKey::new(&[7; 16]).hash(Kind::UserName, &77_u32.to_le_bytes());
        assert_eq!(index.accounts(hash).collect::<Vec<_>>(), [77]);
    }

    #[test]
    fn what_is_not_as_it_should_be_is_refused() {
        let whole = written();
        let broken = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = whole.clone();
            change(&mut bytes);
            Index::open(Arc::new(bytes)).and_then(|index| index.verify())
        };
        assert_eq!(broken(&|_| ()), Ok(()));
        assert_eq!(broken(&|b| b[0] = 0), Err(Broken::NotOurs));
        assert_eq!(broken(&|b| b.truncate(100)), Err(Broken::NotOurs));
        assert_eq!(broken(&|b| b[16] = 9), Err(Broken::Version));
        assert_eq!(broken(&|b| b[33] ^= 1), Err(Broken::Damaged("header")));
        assert_eq!(broken(&|b| b.truncate(4000)), Err(Broken::Length));
        assert_eq!(broken(&|b| b.push(0)), Err(Broken::Length));
        assert_eq!(broken(&|b| b[5000] ^= 1), Err(Broken::Damaged("content")));
    }

    #[test]
    fn a_damaged_table_leads_nowhere_and_not_outside() {
        let mut bytes = written();
        bytes[HEADER_BYTES..HEADER_BYTES + starts_bytes(10)].fill(0xF3);
        let index = Index::open(Arc::new(bytes)).unwrap();
        let hash = HashKey::new(&[7; 16]).hash(Kind::UserName, b"x");
        assert_eq!(index.accounts(hash).count(), 0);
    }
}

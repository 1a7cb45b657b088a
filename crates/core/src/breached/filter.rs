//! Binary fuse filters (Graf, Lemire: "Binary Fuse Filters", 2022), one for each shard of the hashes. Crate `xorf` makes
//! them; looking one up takes three fingerprints, which are read where they lie.

use super::hash::Hash;
use super::header::{Damage, Header};
use xorf::BinaryFuse16;

/// Fingerprints have 16 bits.
pub const FALSE_POSITIVE_RATE: f64 = 1.0 / 65_536.0;
/// Bytes of a shard's line in the index.
pub const SHARD_BYTES: usize = 32;
/// A shard has from this many hashes to twice as many, because small filters need more bits for each: 19.5 at 60 000,
/// 18.1 from a million.
const LEAST_IN_SHARD: u64 = 1 << 20;

/// Where a shard's fingerprints lie and how they are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    seed: u64,
    /// Byte of the data at which its fingerprints begin.
    offset: u64,
    segment_length: u32,
    segment_count_length: u32,
    fingerprints: u32,
    keys: u32,
}

/// How many bits choose the shard.
pub fn prefix_bits(keys: u64) -> u8 {
    let shards = (keys / LEAST_IN_SHARD).max(1);
    // Below 2^20 shards, as the header demands, there is room for 10^12 hashes.
    shards.ilog2().min(20) as u8
}

/// Which shard a hash belongs to.
pub fn shard_of(hash: &Hash, prefix_bits: u8) -> usize {
    (hash.wide_head() >> 108) as usize >> (20 - prefix_bits)
}

impl Shard {
    /// Makes a shard of distinct hashes' first 64 bits: its line in the index and its fingerprints.
    pub fn build(keys: &[u64], offset: u64) -> Option<(Self, Vec<u8>)> {
        let count = u32::try_from(keys.len()).ok()?;
        if count == 0 {
            let empty = Self { seed: 0, offset, segment_length: 0, segment_count_length: 0, fingerprints: 0, keys: 0 };
            return Some((empty, vec![]));
        }
        let filter = BinaryFuse16::try_from(keys).ok()?;
        let shape = &filter.descriptor;
        let shard = Self {
            seed: shape.seed,
            offset,
            segment_length: shape.segment_length,
            segment_count_length: shape.segment_count_length,
            fingerprints: u32::try_from(filter.fingerprints.len()).ok()?,
            keys: count,
        };
        Some((shard, filter.fingerprints.iter().flat_map(|f| f.to_le_bytes()).collect()))
    }

    /// Whether the key is in it, or looks like one that is.
    pub fn contains(&self, data: &[u8], key: u64) -> bool {
        if self.keys == 0 {
            return false;
        }
        let hash = mix(key.wrapping_add(self.seed));
        let first = ((u128::from(hash) * u128::from(self.segment_count_length)) >> 64) as u32;
        let mask = self.segment_length.wrapping_sub(1);
        let second = first.wrapping_add(self.segment_length) ^ ((hash >> 18) as u32 & mask);
        let third = first.wrapping_add(2 * self.segment_length) ^ (hash as u32 & mask);
        let places = [first, second, third].map(|place| self.fingerprint(data, place));
        let [Some(a), Some(b), Some(c)] = places else { return false };
        (hash ^ (hash >> 32)) as u16 == a ^ b ^ c
    }

    fn fingerprint(&self, data: &[u8], place: u32) -> Option<u16> {
        let at = usize::try_from(self.offset).ok()?.checked_add(2 * place as usize)?;
        Some(u16::from_le_bytes(*data.get(at..)?.first_chunk()?))
    }

    /// As it stands in the index.
    pub fn write(&self) -> [u8; SHARD_BYTES] {
        let mut out = [0; SHARD_BYTES];
        out[..8].copy_from_slice(&self.seed.to_le_bytes());
        out[8..16].copy_from_slice(&self.offset.to_le_bytes());
        let small = [self.segment_length, self.segment_count_length, self.fingerprints, self.keys];
        small.iter().zip(out[16..].chunks_exact_mut(4)).for_each(|(n, at)| at.copy_from_slice(&n.to_le_bytes()));
        out
    }

    fn read(line: &[u8]) -> Self {
        let long = |at: usize| line[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        let short = |at: usize| line[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
        Self {
            seed: long(0),
            offset: long(8),
            segment_length: short(16),
            segment_count_length: short(20),
            fingerprints: short(24),
            keys: short(28),
        }
    }

    /// Whether every place that can be asked for lies in the data.
    fn is_sound(&self, data_bytes: u64) -> bool {
        if self.keys == 0 {
            return self.fingerprints == 0;
        }
        let (segment, count) = (u64::from(self.segment_length), u64::from(self.segment_count_length));
        let segments = self.segment_length.is_power_of_two() && count > 0 && count % segment == 0;
        let length = u64::from(self.fingerprints);
        let end = self.offset.checked_add(2 * length);
        segments && segment < 1 << 30 && length == count + 2 * segment && end.is_some_and(|end| end <= data_bytes)
    }
}

/// Reads the index.
pub fn shards(header: &Header, index: &[u8]) -> Result<Vec<Shard>, Damage> {
    let wrong = || Damage::Damaged("index");
    if index.len() != SHARD_BYTES << header.prefix_bits {
        return Err(wrong());
    }
    let shards: Vec<Shard> = index.chunks_exact(SHARD_BYTES).map(Shard::read).collect();
    let keys: u64 = shards.iter().map(|shard| u64::from(shard.keys)).sum();
    let sound = shards.iter().all(|shard| shard.is_sound(header.data_bytes)) && keys == header.keys;
    if sound { Ok(shards) } else { Err(wrong()) }
}

/// The finaliser of MurmurHash3, as the filter's makers use it.
const fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use xorf::Filter;

    #[test]
    fn shards_have_a_million_hashes_or_two() {
        assert_eq!([0, 1, 2_000_000, 2_100_000, 130_000_000, 1_000_000_000].map(prefix_bits), [0, 0, 0, 1, 6, 9]);
    }

    proptest! {
        #[test]
        fn it_answers_as_the_crate_that_made_it(keys in prop::collection::hash_set(any::<u64>(), 1..400), others: Vec<u64>) {
            let keys: Vec<u64> = keys.into_iter().collect();
            let (shard, data) = Shard::build(&keys, 0).unwrap();
            let theirs = BinaryFuse16::try_from(&keys).unwrap();
            prop_assert!(shard.is_sound(data.len() as u64));
            prop_assert_eq!(Shard::read(&shard.write()), shard);
            for key in &keys {
                prop_assert!(shard.contains(&data, *key));
            }
            for key in others {
                prop_assert_eq!(shard.contains(&data, key), theirs.contains(&key));
            }
        }
    }
}

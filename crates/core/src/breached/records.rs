//! Sorted records of one length behind an index of their prefixes: the exact form and the ranges.

use super::hash::{Hash, HashKind};
use super::header::{Damage, Form, Header, MOST_PREFIX_BITS};
use std::ops::Range;

/// Bytes of an exact record: the 48 bits behind the prefix.
pub const EXACT_BYTES: usize = 6;
/// Bytes of a count.
pub const COUNT_BYTES: usize = 4;
/// Bytes that every hash of a bucket has in common, and a range record leaves out. (The bucket's prefix has half a byte more.)
pub const SHARED_BYTES: usize = 2;
/// About so many records share a bucket of the exact form, where the prefix is not at its longest.
const IN_BUCKET: u64 = 64;
/// Records that are walked from where the value should be before the rest is halved.
const MOST_STEPS: usize = 24;

/// Bytes of a record.
pub const fn record_bytes(form: Form, hash: HashKind) -> usize {
    match form {
        Form::Filter => 0,
        Form::Exact => EXACT_BYTES,
        Form::Ranges => hash.bytes() - SHARED_BYTES + COUNT_BYTES,
    }
}

/// How many bits choose the bucket. The range API's are twenty.
pub fn prefix_bits(form: Form, keys: u64) -> u8 {
    match form {
        Form::Ranges => MOST_PREFIX_BITS,
        _ => ((keys / IN_BUCKET).max(1).ilog2() as u8).min(MOST_PREFIX_BITS),
    }
}

/// Which bucket a hash belongs to.
pub fn bucket_of(hash: &Hash, prefix_bits: u8) -> usize {
    (hash.wide_head() >> 108) as usize >> (20 - prefix_bits)
}

/// The 48 bits of a hash behind its prefix, as a number in the upper bits.
fn exact_value(hash: &Hash, prefix_bits: u8) -> u64 {
    let behind = (hash.wide_head() << prefix_bits) >> 64;
    behind as u64 & !0xffff
}

/// Writes a record.
pub fn write(form: Form, hash: &Hash, count: u32, prefix_bits: u8, out: &mut Vec<u8>) {
    match form {
        Form::Filter => {}
        Form::Exact => out.extend_from_slice(&exact_value(hash, prefix_bits).to_be_bytes()[..EXACT_BYTES]),
        Form::Ranges => {
            out.extend_from_slice(&hash.bytes()[SHARED_BYTES..]);
            out.extend_from_slice(&count.to_le_bytes());
        }
    }
}

/// Checks the index: as many places as there are prefixes and one more, in order, the last one at the end. Gives the size
/// of the largest bucket.
pub fn check_index(header: &Header, index: &[u8]) -> Result<u32, Damage> {
    let wrong = || Damage::Damaged("index");
    let record = record_bytes(header.form, header.hash) as u64;
    if index.len() != 4 * ((1 << header.prefix_bits) + 1) || header.keys.checked_mul(record) != Some(header.data_bytes)
    {
        return Err(wrong());
    }
    let (mut last, mut largest) = (0, 0);
    for (at, place) in index.chunks_exact(4).enumerate() {
        let place = u32::from_le_bytes([place[0], place[1], place[2], place[3]]);
        if place < last || (at == 0 && place != 0) {
            return Err(wrong());
        }
        largest = largest.max(place - last);
        last = place;
    }
    if u64::from(last) == header.keys { Ok(largest) } else { Err(wrong()) }
}

/// The records of a bucket, by number.
fn bucket(index: &[u8], bucket: usize) -> Option<Range<usize>> {
    let place = |at: usize| Some(u32::from_le_bytes(*index.get(4 * at..)?.first_chunk()?) as usize);
    Some(place(bucket)?..place(bucket + 1)?)
}

/// The bytes of a bucket's records.
pub fn records<'a>(header: &Header, data: &'a [u8], index: &[u8], at: usize) -> Option<&'a [u8]> {
    let length = record_bytes(header.form, header.hash);
    let range = bucket(index, at)?;
    data.get(range.start.checked_mul(length)?..range.end.checked_mul(length)?)
}

/// Looks a hash up in the exact form.
pub fn find_exact(header: &Header, data: &[u8], index: &[u8], hash: &Hash) -> bool {
    let bits = header.prefix_bits;
    let Some(records) = records(header, data, index, bucket_of(hash, bits)) else { return false };
    let value = exact_value(hash, bits);
    let at = |i: usize| number(&records[EXACT_BYTES * i..EXACT_BYTES * i + EXACT_BYTES]);
    let count = records.len() / EXACT_BYTES;
    let found = lower_bound(count, value, at);
    found < count && at(found) == value
}

/// Looks a hash up among the ranges: how often it was seen.
pub fn find_count(header: &Header, data: &[u8], index: &[u8], hash: &Hash) -> Option<u32> {
    let length = record_bytes(header.form, header.hash);
    let records = records(header, data, index, bucket_of(hash, header.prefix_bits))?;
    let rest = &hash.bytes()[SHARED_BYTES..];
    // The first half byte is the bucket's; without it values spread over the whole scale.
    let scaled = |bytes: &[u8]| number(&bytes[..8]) << 4;
    let at = |i: usize| &records[length * i..length * (i + 1)];
    let count = records.len() / length;
    let first = lower_bound(count, scaled(rest), |i| scaled(at(i)));
    (first..count).map(at).take_while(|record| scaled(record) == scaled(rest)).find_map(|record| {
        let (suffix, count) = record.split_at(length - COUNT_BYTES);
        let count = count.first_chunk().map(|count| u32::from_le_bytes(*count));
        count.filter(|_| suffix == rest)
    })
}

/// Up to eight bytes as the upper bits of a number.
fn number(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    u64::from_be_bytes(wide)
}

/// The first of `count` sorted values that is not below `value`. Hashes are evenly spread, so the search begins where the
/// value should be; where they are not, the rest is halved.
fn lower_bound(count: usize, value: u64, at: impl Fn(usize) -> u64) -> usize {
    let mut guess = ((u128::from(value) * count as u128) >> 64) as usize;
    if guess < count && at(guess) < value {
        let end = count.min(guess + MOST_STEPS);
        while guess < end && at(guess) < value {
            guess += 1;
        }
        return if guess == end { halve(guess, count, value, at) } else { guess };
    }
    let end = guess.saturating_sub(MOST_STEPS);
    while guess > end && at(guess - 1) >= value {
        guess -= 1;
    }
    if guess == end { halve(0, guess, value, at) } else { guess }
}

fn halve(mut low: usize, mut high: usize, value: u64, at: impl Fn(usize) -> u64) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if at(middle) < value {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_search_is_right_however_the_values_lie(
            mut values in prop::collection::vec(prop_oneof![any::<u64>(), 0..40_u64, u64::MAX - 40..], 0..300),
            wanted: u64, near: prop::sample::Index,
        ) {
            values.sort_unstable();
            let mut all = vec![wanted, 0, u64::MAX];
            if !values.is_empty() {
                let value = values[near.index(values.len())];
                all.extend([value, value.saturating_add(1), value.saturating_sub(1)]);
            }
            for value in all {
                let expected = values.partition_point(|v| *v < value);
                prop_assert_eq!(lower_bound(values.len(), value, |i| values[i]), expected);
            }
        }
    }
}

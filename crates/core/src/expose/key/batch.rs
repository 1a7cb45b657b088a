//! Many values hashed at once: eight of the same number of words go through SipHash side by side, in the widest registers that
//! the processor has. What comes out is what `HashKey` gives one by one; a property test holds that.

use super::{HashKey, Hashed};
use pulp::Arch;

/// Values side by side: one register of 512 bits, two of 256.
const LANES: usize = 8;
/// Most words of a message that goes this way: 55 bytes of a value, its kind, and the last word with the length.
const WORDS: usize = 8;

type Lane = [u64; LANES];

/// Collects values until eight can be hashed.
pub struct Batch<T> {
    key: HashKey,
    arch: Arch,
    sizes: [Waiting<T>; WORDS],
}

/// Values of one number of words.
#[derive(Clone, Copy)]
struct Waiting<T> {
    words: [Lane; WORDS],
    with: [Option<T>; LANES],
    len: usize,
}

impl<T: Copy> Batch<T> {
    /// Of nothing yet.
    pub fn new(key: &HashKey) -> Self {
        let none = Waiting { words: [[0; LANES]; WORDS], with: [None; LANES], len: 0 };
        Self { key: key.clone(), arch: Arch::new(), sizes: [none; WORDS] }
    }

    /// Takes a value and what comes with it; its hash (never marked strong) and that are handed to `then` now or later. `kind` is the byte behind the value:
    /// a `Kind`, or `MAIL` for a mailbox, whose hash is not marked strong.
    #[inline]
    pub fn add(&mut self, kind: u8, value: &[u8], with: T, mut then: impl FnMut(Hashed, T)) {
        // The last word has the length, so that there is one more than whole words are in value and kind.
        let last = (value.len() + 1) / 8;
        let Some(waiting) = self.sizes.get_mut(last) else {
            return then(self.key.sip(value, kind), with);
        };
        waiting.put(kind, value, last);
        waiting.with[waiting.len] = Some(with);
        waiting.len += 1;
        if waiting.len == LANES {
            waiting.hash(&self.key, self.arch, last, &mut then);
        }
    }

    /// Hashes what is left.
    pub fn flush(&mut self, mut then: impl FnMut(Hashed, T)) {
        for (last, waiting) in self.sizes.iter_mut().enumerate().filter(|(_, waiting)| waiting.len > 0) {
            waiting.hash(&self.key, self.arch, last, &mut then);
        }
    }
}

impl<T: Copy> Waiting<T> {
    #[inline]
    fn put(&mut self, kind: u8, value: &[u8], last: usize) {
        let lane = self.len;
        let (whole, rest) = value.as_chunks::<8>();
        for (words, word) in self.words.iter_mut().zip(whole) {
            words[lane] = u64::from_le_bytes(*word);
        }
        let mut word = u64::from(kind) << (8 * rest.len());
        for (n, byte) in rest.iter().enumerate() {
            word |= u64::from(*byte) << (8 * n);
        }
        let length = (value.len() as u64 + 1) << 56;
        if rest.len() == 7 {
            self.words[last - 1][lane] = word;
            self.words[last][lane] = length;
        } else {
            self.words[last][lane] = word | length;
        }
    }

    fn hash(&mut self, key: &HashKey, arch: Arch, last: usize, then: &mut impl FnMut(Hashed, T)) {
        let words = &self.words[..=last];
        let (places, tags) = arch.dispatch(|| sip(key.1, words));
        for (lane, with) in self.with.iter().take(self.len).enumerate() {
            if let Some(with) = with {
                then(Hashed { place: places[lane], tag: tags[lane] & Hashed::TAG }, *with);
            }
        }
        self.len = 0;
    }
}

impl<T> std::fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batch(…)")
    }
}

/// SipHash-2-4-128 of eight messages.
#[inline(always)]
fn sip(key: [u64; 2], words: &[Lane]) -> (Lane, Lane) {
    let [k0, k1] = key;
    // The constants of the paper's initialisation; 0xee and 0xdd are those of the variant with 128 bits.
    let start = [
        0x736f_6d65_7073_6575 ^ k0,
        0x646f_7261_6e64_6f6d ^ k1 ^ 0xee,
        0x6c79_6765_6e65_7261 ^ k0,
        0x7465_6462_7974_6573 ^ k1,
    ];
    let mut state = start.map(|word| [word; LANES]);
    for word in words {
        xor(&mut state[3], word);
        rounds::<2>(&mut state);
        xor(&mut state[0], word);
    }
    xor(&mut state[2], &[0xee; LANES]);
    rounds::<4>(&mut state);
    let first = folded(&state);
    xor(&mut state[1], &[0xdd; LANES]);
    rounds::<4>(&mut state);
    (first, folded(&state))
}

#[inline(always)]
fn rounds<const N: usize>(state: &mut [Lane; 4]) {
    let [a, b, c, d] = state;
    for _ in 0..N {
        half(a, b, 13, c, d, 16);
        rotate(a, 32);
        half(c, b, 17, a, d, 21);
        rotate(c, 32);
    }
}

/// Half a round: two additions, each with its rotation.
#[inline(always)]
fn half(a: &mut Lane, b: &mut Lane, left: u32, c: &mut Lane, d: &mut Lane, right: u32) {
    for n in 0..LANES {
        a[n] = a[n].wrapping_add(b[n]);
        b[n] = b[n].rotate_left(left) ^ a[n];
        c[n] = c[n].wrapping_add(d[n]);
        d[n] = d[n].rotate_left(right) ^ c[n];
    }
}

#[inline(always)]
fn rotate(lane: &mut Lane, by: u32) {
    lane.iter_mut().for_each(|word| *word = word.rotate_left(by));
}

#[inline(always)]
fn xor(lane: &mut Lane, with: &Lane) {
    lane.iter_mut().zip(with).for_each(|(word, with)| *word ^= with);
}

#[inline(always)]
fn folded(state: &[Lane; 4]) -> Lane {
    let [a, b, c, d] = state;
    std::array::from_fn(|n| a[n] ^ b[n] ^ c[n] ^ d[n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_batch_gives_what_one_by_one_gives(
            key in any::<[u8; 16]>(),
            values in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), 0_u8..7), 0..100),
        ) {
            let key = HashKey::new(&key);
            let mut batch = Batch::new(&key);
            let mut found = vec![];
            for (n, (value, kind)) in values.iter().enumerate() {
                batch.add(*kind, value, n, |hash, n| found.push((n, hash)));
            }
            batch.flush(|hash, n| found.push((n, hash)));
            batch.flush(|_, _| panic!("nothing is left"));
            found.sort_unstable();
            let expected: Vec<_> = values.iter().enumerate().map(|(n, (value, kind))| (n, key.sip(value, *kind))).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

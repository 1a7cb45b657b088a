//! Where the signs are that mean something: a bit for each byte, 64 at once.

use pulp::Arch;

/// Words of bits that are made at once: 4 KiB of text.
const WORDS: usize = 64;
const SPAN: usize = WORDS * 64;

/// Walks over the delimiters, quotes and line feeds of some bytes.
#[derive(Clone)]
pub(super) struct Signs<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    arch: Arch,
    bits: [u64; WORDS],
    /// Where the bits begin.
    from: usize,
    /// The word that is walked, and what is left of it.
    word: usize,
    left: u64,
}

impl<'a> Signs<'a> {
    pub(super) fn new(bytes: &'a [u8], delimiter: u8) -> Self {
        let mut new = Self { bytes, delimiter, arch: Arch::new(), bits: [0; WORDS], from: 0, word: 0, left: 0 };
        new.fill();
        new
    }

    /// The next sign is at `at` or behind.
    #[inline]
    pub(super) fn go_to(&mut self, at: usize) {
        let inside = at >= self.from && at < self.from + SPAN;
        if !inside {
            self.from = at / SPAN * SPAN;
            self.fill();
        }
        self.word = (at - self.from) / 64;
        self.left = self.bits[self.word] & (u64::MAX << (at % 64));
    }

    /// Where the next sign is; the end where there is none.
    #[inline]
    pub(super) fn next(&mut self) -> usize {
        while self.left == 0 {
            self.word += 1;
            if self.word == WORDS {
                self.from += SPAN;
                if self.from >= self.bytes.len() {
                    // Stays there, so that whoever asks again hears the same.
                    self.from -= SPAN;
                    self.word = WORDS - 1;
                    return self.bytes.len();
                }
                self.fill();
            }
            self.left = self.bits[self.word];
        }
        let at = self.from + self.word * 64 + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        at
    }

    fn fill(&mut self) {
        let span = &self.bytes[self.from.min(self.bytes.len())..];
        let span = &span[..span.len().min(SPAN)];
        let (bits, delimiter) = (&mut self.bits, self.delimiter);
        self.arch.dispatch(|| fill(span, delimiter, bits));
        (self.word, self.left) = (0, self.bits[0]);
    }
}

#[inline(always)]
fn fill(span: &[u8], delimiter: u8, bits: &mut [u64; WORDS]) {
    let (whole, rest) = span.as_chunks::<64>();
    for (bits, chunk) in bits.iter_mut().zip(whole) {
        *bits = of(chunk, delimiter);
    }
    if whole.len() < WORDS {
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        bits[whole.len()] = of(&last, delimiter);
        bits[whole.len() + 1..].fill(0);
    }
}

/// A bit for each byte that is a delimiter, a quote or a line feed.
#[inline(always)]
fn of(chunk: &[u8; 64], delimiter: u8) -> u64 {
    let (words, _) = chunk.as_chunks::<8>();
    let mut bits = 0;
    for (n, word) in words.iter().enumerate() {
        bits |= signs(u64::from_le_bytes(*word), delimiter) << (8 * n);
    }
    bits
}

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const LOW: u64 = u64::from_ne_bytes([0x7F; 8]);

/// The same for eight bytes, in the lower eight bits.
#[inline(always)]
const fn signs(word: u64, delimiter: u8) -> u64 {
    let other = unlike(word, delimiter) & unlike(word, b'"') & unlike(word, b'\n');
    // The upper bit of each byte, gathered by a multiplication that moves bit 8n to bit 56 + n.
    ((!other >> 7) & ONES).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The upper bit of every byte that is not `byte` (exact: no carry leaves a byte).
#[inline(always)]
const fn unlike(word: u64, byte: u8) -> u64 {
    let zero_if = word ^ (ONES * byte as u64);
    ((zero_if & LOW) + LOW) | zero_if
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_sign_is_found_and_nothing_else(
            bytes in "[a\",\n\r\u{e9}\u{ac}]{0,300}", repeat in 0_usize..60, from in 0_usize..9000,
        ) {
            let bytes = bytes.repeat(repeat).into_bytes();
            let mut signs = Signs::new(&bytes, b',');
            let from = from.min(bytes.len().saturating_sub(1));
            signs.go_to(bytes.len() / 2);
            signs.go_to(from);
            for (at, _) in bytes.iter().enumerate().skip(from).filter(|(_, byte)| b",\"\n".contains(byte)) {
                prop_assert_eq!(signs.next(), at);
            }
            prop_assert_eq!((signs.next(), signs.next()), (bytes.len(), bytes.len()));
        }
    }
}

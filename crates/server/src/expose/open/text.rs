//! What the letters of a text are, and the text as UTF-8.
//!
//! Keys of accounts are mostly ASCII, and ASCII is the same in every encoding of one byte. So three guesses do: a mark or the
//! NULs of UTF-16, UTF-8, and otherwise Windows-1252, which Latin-1 is a part of (WHATWG Encoding, "Names and labels"). Somebody
//! who knows better says so.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// An encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Letters {
    encoding: &'static Encoding,
    /// Bytes of the mark at the front.
    mark: usize,
    /// Whether it was said.
    told: bool,
}

impl Letters {
    /// By its name: `utf-8`, `latin1`, `windows-1251`, `gbk`, `shift_jis` (WHATWG Encoding).
    pub fn named(name: &str) -> Option<Self> {
        Encoding::for_label(name.as_bytes()).map(|encoding| Self { encoding, mark: 0, told: true })
    }

    /// The same, with what a file has as a mark at its front.
    pub(super) fn marked(self, head: &[u8]) -> Self {
        let mark = Encoding::for_bom(head).filter(|(found, _)| *found == self.encoding).map_or(0, |(_, mark)| mark);
        Self { mark, ..self }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.encoding.name()
    }

    /// Whether somebody said it; else it was guessed.
    pub const fn is_told(self) -> bool {
        self.told
    }

    /// Bytes at the front that are no text, where the rest needs no change.
    pub(super) fn front(self) -> Option<usize> {
        (self.encoding == UTF_8).then_some(self.mark)
    }

    pub(super) fn decoder(self) -> Option<Decoder> {
        (self.encoding != UTF_8).then(|| Decoder(self.encoding.new_decoder_with_bom_removal()))
    }

    /// Bytes of the mark that must go before the text is used as it is.
    pub(super) fn mark(self) -> usize {
        if self.encoding == UTF_8 { self.mark } else { 0 }
    }
}

/// Turns blocks into UTF-8; a character may be cut between two.
pub(super) struct Decoder(encoding_rs::Decoder);

impl Decoder {
    /// Takes a block; what comes out is appended.
    pub(super) fn take(&mut self, block: &[u8], last: bool, out: &mut Vec<u8>) {
        let Some(most) = self.0.max_utf8_buffer_length(block.len()) else { return };
        let start = out.len();
        out.resize(start + most, 0);
        let (_, _, written, _) = self.0.decode_to_utf8(block, &mut out[start..], last);
        out.truncate(start + written);
    }
}

/// A head as UTF-8.
pub(super) fn whole(head: &[u8], letters: Letters) -> Vec<u8> {
    let mut out = Vec::new();
    match letters.decoder() {
        Some(mut decoder) => decoder.take(head, false, &mut out),
        None => out.extend_from_slice(&head[letters.mark().min(head.len())..]),
    }
    out
}

/// Tells by the first bytes.
pub(super) fn guess(head: &[u8]) -> Letters {
    if let Some((encoding, mark)) = Encoding::for_bom(head) {
        return Letters { encoding, mark, told: false };
    }
    let encoding = wide(head).unwrap_or_else(|| if is_mostly_utf8(head) { UTF_8 } else { WINDOWS_1252 });
    Letters { encoding, mark: 0, told: false }
}

/// UTF-16 without a mark: one of each two bytes is mostly NUL, and the other is not.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let near = &head[..head.len().min(4096)];
    let pairs = near.len() / 2;
    let nuls = |first: usize| near.chunks_exact(2).filter(|pair| pair[first] == 0).count();
    let (front, back) = (nuls(0), nuls(1));
    let mostly = |n: usize| pairs >= 4 && n * 10 >= pairs * 7;
    let hardly = |n: usize| n * 10 < pairs;
    match (mostly(front) && hardly(back), mostly(back) && hardly(front)) {
        (true, _) => Some(UTF_16BE),
        (_, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// Whether as many characters are right in UTF-8 as are wrong: a broken line must not change the letters of the others.
fn is_mostly_utf8(head: &[u8]) -> bool {
    let (mut right, mut wrong, mut seen) = (0, 0, 0);
    for chunk in head.utf8_chunks() {
        seen += chunk.valid().len() + chunk.invalid().len();
        right += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        // The last character of a head may be cut.
        wrong += usize::from(!chunk.invalid().is_empty() && seen < head.len());
    }
    right >= wrong
}

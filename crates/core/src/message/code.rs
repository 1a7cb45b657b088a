//! The countersign code: twelve characters on every message by which anybody can ask us whether we sent it.
//!
//! Never: gives a right to anything; it is a name, not a secret that opens something.
//! In: a digest, or what a person typed.   Out: `CountersignCode`.
//! I/O for this room: none.   Tests: beside the code.

use crate::secret::Digest;
use std::fmt;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters; five bits each, 60 bits together. Guessing one of a million live codes takes 2^40 tries, and the page
/// that answers is limited.
const LEN: usize = 12;

/// Typed text longer than this is not looked at: twelve characters, dashes, and generous white space.
const MAX_TYPED_BYTES: usize = 64;

/// A message's public name: 60 bits, shown as `XXXX-XXXX-XXXX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountersignCode([u8; LEN]);

/// Why a typed text is not a countersign code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code of 12 letters and digits")]
pub struct BadCode;

impl CountersignCode {
    /// The code for a digest: its first 60 bits.
    pub fn from_digest(digest: &Digest) -> Self {
        let bits = digest.short() >> 4;
        let mut out = [0; LEN];
        for (at, slot) in out.iter_mut().enumerate() {
            *slot = ALPHABET[(bits >> (5 * (LEN - 1 - at)) & 31) as usize];
        }
        Self(out)
    }

    /// Reads what a person typed: any case, with or without dashes and spaces, O for 0, I and L for 1.
    ///
    /// # Errors
    /// Anything else, U included: Crockford's alphabet leaves it out.
    pub fn parse(typed: &str) -> Result<Self, BadCode> {
        if typed.len() > MAX_TYPED_BYTES {
            return Err(BadCode);
        }
        let mut kept = typed.chars().filter(|c| !is_separator(*c));
        let mut out = [0; LEN];
        for slot in &mut out {
            *slot = kept.next().and_then(symbol).ok_or(BadCode)?;
        }
        kept.next().map_or(Ok(Self(out)), |_| Err(BadCode))
    }

    /// The twelve characters without dashes, for the store.
    pub fn as_str(&self) -> &str {
        // Every byte is one of ALPHABET.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// White space and the dashes that keyboards and word processors put in.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}' | '_' | '.')
}

fn symbol(c: char) -> Option<u8> {
    let folded = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let byte = u8::try_from(folded).ok()?;
    ALPHABET.contains(&byte).then_some(byte)
}

impl fmt::Display for CountersignCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        write!(f, "{}-{}-{}", &text[..4], &text[4..8], &text[8..])
    }
}

impl fmt::Debug for CountersignCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(bytes: [u8; 32]) -> CountersignCode {
        CountersignCode::from_digest(&Digest::from_slice(&bytes).unwrap())
    }

    #[test]
    fn the_first_sixty_bits_count() {
        let mut bytes = [0xff; 32];
        assert_eq!(code(bytes).to_string(), "ZZZZ-ZZZZ-ZZZZ");
        bytes[7] = 0xf0;
        assert_eq!(code(bytes).to_string(), "ZZZZ-ZZZZ-ZZZZ");
        bytes[7] = 0xef;
        assert_eq!(code(bytes).to_string(), "ZZZZ-ZZZZ-ZZZY");
        assert_eq!(code([0; 32]).to_string(), "0000-0000-0000");
    }

    #[test]
    fn people_type_it_as_they_like() {
        let wanted = CountersignCode::parse("1011-ABCD-WXYZ");
        assert!(wanted.is_ok());
        for typed in
            ["lOiL-abcd-wxyz", " 1011 abcd wxyz ", "1011abcdwxyz", "1011\u{2013}ABCD\u{2212}wxyz\n", "1011.abcd_wxyz"]
        {
            assert_eq!(CountersignCode::parse(typed), wanted, "{typed:?}");
        }
    }

    #[test]
    fn other_texts_are_not_codes() {
        let long = "0".repeat(1_000_000);
        for typed in
            ["", "1011-ABCD-WXY", "1011-ABCD-WXYZ1", "U011-ABCD-WXYZ", "１011-ABCD-WXYZ", "1011-ABCD-WX\0Z", &long]
        {
            assert_eq!(CountersignCode::parse(typed), Err(BadCode));
        }
    }

    proptest! {
        #[test]
        fn every_code_reads_back(bytes: [u8; 32]) {
            let code = code(bytes);
            prop_assert_eq!(CountersignCode::parse(&code.to_string()), Ok(code));
            prop_assert_eq!(CountersignCode::parse(code.as_str()), Ok(code));
        }

        #[test]
        fn no_text_makes_it_panic(typed in ".{0,80}") {
            let _ = CountersignCode::parse(&typed);
        }
    }
}

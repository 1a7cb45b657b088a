//! As much of DER (X.690) as a time stamp needs: elements with a tag of one byte and a definite, shortest length.

/// The bytes are not DER, or end too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not DER, or cut off")]
pub struct BadDer;

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// `[0]`, constructed.
pub const CONTEXT_0: u8 = 0xa0;

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// Reads from the beginning of `bytes`.
    pub const fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    /// The content of the next element, which must have this tag.
    pub fn take(&mut self, tag: u8) -> Result<&'d [u8], BadDer> {
        self.take_if(tag)?.ok_or(BadDer)
    }

    /// The elements within the next one.
    pub fn open(&mut self, tag: u8) -> Result<Self, BadDer> {
        self.take(tag).map(Self)
    }

    /// The content of the next element if it has this tag; otherwise it stays.
    pub fn take_if(&mut self, tag: u8) -> Result<Option<&'d [u8]>, BadDer> {
        if self.0.first() != Some(&tag) {
            return Ok(None);
        }
        let (length, rest) = length(&self.0[1..])?;
        let (content, rest) = rest.split_at_checked(length).ok_or(BadDer)?;
        self.0 = rest;
        Ok(Some(content))
    }

    /// Nothing may follow.
    pub const fn end(self) -> Result<(), BadDer> {
        if self.0.is_empty() { Ok(()) } else { Err(BadDer) }
    }
}

/// A length in its one spelling, and what follows it. X.690, 8.1.3 and 10.1.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), BadDer> {
    let (first, rest) = bytes.split_first().ok_or(BadDer)?;
    if *first < 0x80 {
        return Ok((usize::from(*first), rest));
    }
    // 0x80 would be BER's indefinite length. Four bytes are more than anything that is read here.
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(BadDer)?;
    let is_short = digits.is_empty() || digits.len() > 4 || digits[0] == 0;
    let value = digits.iter().take(4).fold(0_usize, |value, digit| value << 8 | usize::from(*digit));
    if is_short || value < 0x80 { Err(BadDer) } else { Ok((value, rest)) }
}

/// An element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let digits = length.to_be_bytes();
    let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        // A length has at most eight digits.
        _ => out.extend([&[0x80 | digits.len() as u8][..], digits].concat()),
    }
    out.extend_from_slice(content);
    out
}

/// The content of a non-negative INTEGER: the shortest, with a zero before a set sign bit.
pub fn unsigned(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let digits = &bytes[bytes.iter().take(7).take_while(|digit| **digit == 0).count()..];
    if digits[0] & 0x80 == 0 { digits.to_vec() } else { [&[0][..], digits].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_spellings_of_a_length_are_refused() {
        let good = [OCTET_STRING, 0x01, 7];
        assert_eq!(Der::new(&good).take(OCTET_STRING), Ok(&[7][..]));
        let bad: [&[u8]; 8] = [
            &[4],
            &[4, 1],
            &[4, 0x80, 7, 0, 0],
            &[4, 0x81, 1, 7],
            &[4, 0x82, 0, 1, 7],
            &[4, 0x81],
            &[4, 0x85, 0, 0, 0, 0, 1, 7],
            &[4, 0xff],
        ];
        for bytes in bad {
            assert_eq!(Der::new(bytes).take(OCTET_STRING), Err(BadDer), "{bytes:?}");
        }
    }

    #[test]
    fn integers_are_shortest_and_positive() {
        for (value, bytes) in [
            (0, &[0][..]),
            (127, &[127]),
            (128, &[0, 128]),
            (256, &[1, 0]),
            (u64::MAX, &[0, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            assert_eq!(unsigned(value), bytes);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(content in prop::collection::vec(any::<u8>(), 0..700), more: Vec<u8>) {
            let bytes = [element(SEQUENCE, &content), more.clone()].concat();
            let mut der = Der::new(&bytes);
            prop_assert_eq!(der.take_if(SET), Ok(None));
            prop_assert_eq!(der.take(SEQUENCE), Ok(content.as_slice()));
            prop_assert_eq!(der.end().is_ok(), more.is_empty());
        }

        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            let mut der = Der::new(&bytes);
            while let Some(tag) = der.0.first() {
                if der.take(*tag).is_err() { break; }
            }
        }
    }
}

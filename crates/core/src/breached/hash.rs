//! The two hashes that lists of leaked passwords come in.

use md4::Md4;
use sha1::{Digest, Sha1};
use std::fmt;
use zeroize::Zeroize;

/// Bytes of the longest hash.
pub const MOST_BYTES: usize = 20;

/// Which hash a list holds. Neither is fit to store a password with; they only name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashKind {
    /// SHA-1 of the UTF-8 text, what Pwned Passwords has.
    Sha1,
    /// MD4 of the UTF-16 text, little-endian: what Windows calls the NT hash.
    Ntlm,
}

impl HashKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sha1, Self::Ntlm];

    /// Bytes of a hash.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Ntlm => 16,
        }
    }

    /// Hex digits of a hash.
    pub const fn digits(self) -> usize {
        self.bytes() * 2
    }

    /// The name on the command line and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Ntlm => "ntlm",
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Sha1 => Self::Ntlm,
            Self::Ntlm => Self::Sha1,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Ntlm => 2,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The hash of a password. `Debug` says nothing: these hashes are guessed at billions a second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash {
    kind: HashKind,
    bytes: [u8; MOST_BYTES],
}

impl Hash {
    /// Hashes a password.
    pub fn of(kind: HashKind, password: &str) -> Self {
        match kind {
            HashKind::Sha1 => Self::from_slice(kind, &Sha1::digest(password.as_bytes())),
            HashKind::Ntlm => {
                let mut wide: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
                let hash = Self::from_slice(kind, &Md4::digest(&wide));
                wide.zeroize();
                hash
            }
        }
    }

    /// Reads hex digits, upper or lower case.
    pub fn parse(kind: HashKind, text: &[u8]) -> Option<Self> {
        let mut bytes = [0; MOST_BYTES];
        let right = text.len() == kind.digits() && decode(text, &mut bytes[..kind.bytes()]);
        right.then_some(Self { kind, bytes })
    }

    /// The beginning of a hash, which stands for it where a form keeps no more; what is missing is zero.
    pub fn beginning(kind: HashKind, bytes: &[u8]) -> Self {
        Self::from_slice(kind, bytes)
    }

    pub(super) fn from_slice(kind: HashKind, given: &[u8]) -> Self {
        let mut bytes = [0; MOST_BYTES];
        let length = given.len().min(kind.bytes());
        bytes[..length].copy_from_slice(&given[..length]);
        Self { kind, bytes }
    }

    /// Which hash it is.
    pub const fn kind(&self) -> HashKind {
        self.kind
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.kind.bytes()]
    }

    /// Its first 64 bits.
    pub fn head(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Its first 128 bits.
    pub(super) fn wide_head(&self) -> u128 {
        let mut first = [0; 16];
        first.copy_from_slice(&self.bytes[..16]);
        u128::from_be_bytes(first)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({}, …)", self.kind.as_str())
    }
}

/// The value of each hex digit, and 255 for what is none.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// Reads two digits for each byte of `out`; false where there is one that is none.
pub fn decode(digits: &[u8], out: &mut [u8]) -> bool {
    let mut seen = 0;
    for (pair, byte) in digits.chunks_exact(2).zip(out) {
        let (high, low) = (VALUES[pair[0] as usize], VALUES[pair[1] as usize]);
        seen |= high | low;
        *byte = high << 4 | (low & 15);
    }
    seen < 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(kind: HashKind, password: &str) -> String {
        data_encoding::HEXUPPER.encode(Hash::of(kind, password).bytes())
    }

    #[test]
    fn hashes_are_those_of_the_published_lists() {
        assert_eq!(hex(HashKind::Sha1, "password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        assert_eq!(hex(HashKind::Ntlm, "password"), "8846F7EAEE8FB117AD06BDD830B7586C");
        assert_eq!(hex(HashKind::Ntlm, ""), "31D6CFE0D16AE931B73C59D7E0C089C0");
    }

    #[test]
    fn digits_are_read_in_both_cases_and_nothing_else_is() {
        let upper = Hash::of(HashKind::Sha1, "password");
        let read = |text: &[u8]| Hash::parse(HashKind::Sha1, text);
        assert_eq!(read(b"5baa61e4C9B93f3f0682250b6cf8331b7ee68fd8"), Some(upper));
        for text in [&b"5baa61e4C9B93f3f0682250b6cf8331b7ee68fd"[..], &[b'g'; 40], &[0xff; 40], b"", &[b' '; 40]] {
            assert_eq!(read(text), None);
        }
    }

    #[test]
    fn debug_says_nothing() {
        assert_eq!(format!("{:?}", Hash::of(HashKind::Sha1, "password")), "Hash(sha1, …)");
    }
}

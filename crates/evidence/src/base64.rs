//! Base64 with padding (RFC 4648, 4), in exactly one spelling for each value.
//!
//! Never: takes padding in the middle, white space, or stray bits behind the last byte.
//! In: bytes or text.   Out: text or bytes.
//! I/O for this room: none.   Tests: beside the code.

use data_encoding::BASE64;

/// The text for `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes of `text`; `None` for anything that `encode` would not write.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    // The decoder takes several padded pieces one after the other: two spellings of one value.
    let unpadded = text.strip_suffix('=').map_or(text, |t| t.strip_suffix('=').unwrap_or(t));
    if unpadded.contains('=') {
        return None;
    }
    BASE64.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_spellings_are_refused() {
        for text in ["AA", "AA=", "AA==AA==", "AB==", " AA==", "AA==\n", "A-_="] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(decode(""), Some(vec![]));
    }

    proptest! {
        #[test]
        fn every_value_has_one_text(bytes: Vec<u8>, text in "[A-Za-z0-9+/=]{0,24}") {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}

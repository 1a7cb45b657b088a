//! The platform's own ids of accounts: numbers as numbers, everything else as it is.

use super::{Text, trimmed};

/// Longest id.
const MOST: usize = 64;

/// Reads an id into `out`; `false` for what is none: empty, too long, white space or another sign that is not printed.
pub fn platform_id(raw: &[u8], out: &mut Text) -> bool {
    let raw = trimmed(raw);
    out.clear();
    let number = raw.iter().all(u8::is_ascii_digit);
    let zeros =
        if number { raw.iter().take_while(|byte| **byte == b'0').count().min(raw.len().saturating_sub(1)) } else { 0 };
    let id = &raw[zeros..];
    !id.is_empty() && id.len() <= MOST && id.iter().all(u8::is_ascii_graphic) && out.extend(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let of = |raw: &str| {
            let mut out = Text::new();
            platform_id(raw.as_bytes(), &mut out).then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap())
        };
        for (raw, id) in [(" 0042 ", "42"), ("0", "0"), ("000", "0"), ("a-00F", "a-00F"), ("00F", "00F")] {
            assert_eq!(of(raw).as_deref(), Some(id), "{raw}");
        }
        assert_eq!((of(""), of("4 2"), of("é"), of(&"9".repeat(65))), (None, None, None, None));
    }
}

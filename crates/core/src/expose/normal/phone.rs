//! Phone numbers: `+` and digits (ITU-T E.164).

use super::{Region, Text, trimmed};

/// What a spelling was read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phone {
    /// The number is in `out`.
    Number,
    /// It has too few digits, too many, or signs that no number has.
    None,
    /// It may be one; a library that knows every country's plan must say.
    Unsure,
}

/// E.164 allows 15 digits; no country has numbers shorter than 7 with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Reads a number: with `+` or `00` by itself, otherwise by the plan of the `region` that the row names.
///
/// What has a `+` is taken at its word, as `identifier` does. Without one and without a region that is known here nothing
/// is guessed.
pub fn phone(raw: &[u8], region: Option<&Region>, out: &mut Text) -> Phone {
    let raw = trimmed(raw);
    out.clear();
    // A no-break space, a dash, digits of another script: nothing for a short way.
    if !raw.is_ascii() {
        return Phone::Unsure;
    }
    out.push(b'+');
    let international = raw.first() == Some(&b'+');
    if !digits(raw, international, out) {
        return Phone::None;
    }
    if international {
        return trunk_in_brackets(raw, out);
    }
    if out.as_bytes().starts_with(b"+00") {
        return without_zeros(out);
    }
    match region {
        Some(region) => national(region, out),
        None => Phone::Unsure,
    }
}

/// The digits of a spelling after the `+` of `out`; `false` where a sign is in it that no number has.
fn digits(raw: &[u8], international: bool, out: &mut Text) -> bool {
    for byte in raw.iter().copied().skip(usize::from(international)) {
        let right = match byte {
            b'0'..=b'9' => out.push(byte),
            b' ' | b'-' | b'(' | b')' | b'.' | b'/' | b'\t' | b'[' | b']' => true,
            _ => false,
        };
        if !right {
            return false;
        }
    }
    out.len() > 1
}

/// `+44 (0)20 …`: the bracket says that the 0 is not dialled from abroad. Only a library knows in which countries.
fn trunk_in_brackets(raw: &[u8], out: &Text) -> Phone {
    if raw.windows(3).any(|w| w == b"(0)") {
        return Phone::Unsure;
    }
    judged(out)
}

pub(super) fn judged(out: &Text) -> Phone {
    let digits = &out.as_bytes()[1..];
    if DIGITS.contains(&digits.len()) && digits[0] != b'0' { Phone::Number } else { Phone::None }
}

/// `0044…` is `+44…`.
fn without_zeros(out: &mut Text) -> Phone {
    let len = out.len();
    out.bytes.copy_within(3..len, 1);
    out.truncate(len - 2);
    judged(out)
}

/// A number as it is dialled within the country, or with the country code and without the `+`.
fn national(region: &Region, out: &mut Text) -> Phone {
    let (least, most) = region.digits;
    let fits = |length: usize| (least..=most).contains(&length);
    let digits = &out.as_bytes()[1..];
    let (length, country) = (digits.len(), region.country.len());
    let with_code = digits.starts_with(region.country) && fits(length - country);
    let trunk = region.trunk.is_some_and(|trunk| digits.first() == Some(&trunk) && fits(length - 1));
    // Where the trunk prefix is the country code's own digit (North America) both readings are the same number.
    if with_code {
        return judged(out);
    }
    if trunk || fits(length) && digits.first() != Some(&b'0') {
        return prefixed(region.country, usize::from(trunk), out);
    }
    Phone::Unsure
}

/// Puts the country code in place of the first `drop` digits.
fn prefixed(country: &[u8], drop: usize, out: &mut Text) -> Phone {
    let national = *out;
    out.clear();
    let whole = out.push(b'+') && out.extend(country) && out.extend(&national.as_bytes()[1 + drop..]);
    if whole { judged(out) } else { Phone::None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::PhoneNumber;
    use proptest::prelude::*;

    fn of(raw: &str, region: &str) -> (Phone, String) {
        let mut out = Text::new();
        let read = phone(raw.as_bytes(), Region::of(region.as_bytes()), &mut out);
        (read, String::from_utf8_lossy(out.as_bytes()).into_owned())
    }

    #[test]
    fn everyday_spellings_are_one_number() {
        let spellings = [
            ("+33 6 12 34 56 78", ""),
            ("0033612345678", ""),
            ("06 12 34 56 78", "FR"),
            ("(06) 12.34.56.78", "fr"),
            ("33612345678", "FR"),
            ("612345678", "FR"),
        ];
        for (raw, region) in spellings {
            assert_eq!(of(raw, region), (Phone::Number, "+33612345678".to_owned()), "{raw} {region}");
        }
        assert_eq!(of("(555) 010-0123", "US").1, "+15550100123");
        assert_eq!(of("1 555 010 0123", "US").1, "+15550100123");
        assert_eq!(of("020 7946 0123", "GB").1, "+442079460123");
    }

    #[test]
    fn a_brazilian_mobile_keeps_all_its_digits() {
        assert_eq!(of("+5511981234567", ""), (Phone::Number, "+5511981234567".to_owned()));
    }

    #[test]
    fn what_needs_a_library_is_left_to_it_and_nothing_is_guessed() {
        assert_eq!(of("+44 (0)20 7946 0123", "GB").0, Phone::Unsure);
        assert_eq!(of("06 1234 5678", "").0, Phone::Unsure);
        assert_eq!(of("02 1234 5678", "IT").0, Phone::Unsure);
        assert_eq!(of("+33\u{a0}612345678", "").0, Phone::Unsure);
        assert_eq!(of("+٣٣612345678", "").0, Phone::Unsure);
        for none in ["", "+", "n/a", "+0123456789", "+123456", "+1234567890123456", "12a34", "00012345678"] {
            assert!(of(none, "").0 != Phone::Number, "{none}");
        }
    }

    proptest! {
        #[test]
        fn a_number_with_its_plus_is_what_the_directory_has(digits in "[1-9][0-9]{6,14}", gaps in proptest::collection::vec(0_usize..4, 16)) {
            let mut raw = String::from("+");
            for (digit, gap) in digits.chars().zip(gaps) {
                raw.push(digit);
                raw.push_str(["", " ", "-", "."][gap]);
            }
            let directory = PhoneNumber::parse(&raw).unwrap();
            prop_assert_eq!(of(&raw, ""), (Phone::Number, directory.as_str().to_owned()));
        }

        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..400), region in "[A-Z]{2}") {
            let _ = phone(&raw, Region::of(region.as_bytes()), &mut Text::new());
        }
    }
}

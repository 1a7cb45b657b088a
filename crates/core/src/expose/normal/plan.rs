//! Phone numbers that the short way leaves to somebody who knows every country's plan.

use super::phone::judged;
use super::{Phone, Region, Text, phone, trimmed};
use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, Region as Plan};

/// Longest spelling that is looked at, in bytes: a number has 15 digits.
const MAX_SPELLING: usize = 64;

/// Reads a number as `phone` does, and asks for the plan of the row's country, or of the first of the `usual` ones that has
/// such a number, where that is unsure. `country` and `usual` are codes of two letters (ISO 3166-1).
pub fn phone_by_plan(raw: &[u8], country: &[u8], usual: &[[u8; 2]], out: &mut Text) -> bool {
    let own = code(country);
    match phone(raw, own.and_then(|code| Region::of(&code)), out) {
        Phone::Number => true,
        Phone::None => false,
        Phone::Unsure => match own {
            Some(code) => asked(raw, Some(code), false, out),
            None => anywhere(raw, usual, out),
        },
    }
}

/// A row that names no country: a spelling that names its own, or a number of one of the usual countries.
fn anywhere(raw: &[u8], usual: &[[u8; 2]], out: &mut Text) -> bool {
    asked(raw, None, false, out)
        || usual.iter().any(|code| match Region::of(code).map(|region| phone(raw, Some(region), out)) {
            Some(Phone::Number) => true,
            _ => asked(raw, Some(*code), usual.len() > 1, out),
        })
}

/// A code of two letters, in capitals.
fn code(country: &[u8]) -> Option<[u8; 2]> {
    let code: [u8; 2] = trimmed(country).try_into().ok()?;
    code.iter().all(u8::is_ascii_alphabetic).then(|| code.map(|letter| letter.to_ascii_uppercase()))
}

/// What the plans say; of several countries only one where the number is in use will do.
fn asked(raw: &[u8], code: Option<[u8; 2]>, in_use: bool, out: &mut Text) -> bool {
    out.clear();
    let Some(text) = std::str::from_utf8(trimmed(raw)).ok().filter(|text| text.len() <= MAX_SPELLING) else {
        return false;
    };
    // Letters may stand for digits in a library; in a leak they are a note.
    if text.chars().any(char::is_alphabetic) {
        return false;
    }
    let plan = code.and_then(|code| std::str::from_utf8(&code).ok()?.parse::<Plan>().ok());
    if code.is_some() && plan.is_none() {
        return false;
    }
    let Ok(number) = PhoneNumber::parse(text, plan) else { return false };
    let fits = if in_use { number.is_valid() } else { number.is_possible_with_reason().is_ok() };
    // A plan has short numbers, for emergencies and services, which are nobody's.
    fits && out.extend(number.format_as(PhoneNumberFormat::E164).as_bytes()) && judged(out) == Phone::Number
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(raw: &str, country: &str, usual: &[[u8; 2]]) -> Option<String> {
        let mut out = Text::new();
        let read = phone_by_plan(raw.as_bytes(), country.as_bytes(), usual, &mut out);
        read.then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn every_country_has_its_plan() {
        for (raw, country, number) in [
            ("+5511981234567", "", "+5511981234567"),
            ("(11) 98123-4567", "BR", "+5511981234567"),
            ("+44 (0)20 7946 0123", "", "+442079460123"),
            ("+49 (0)30 901820", "", "+4930901820"),
            ("030 901820", "de", "+4930901820"),
            ("02 1234 5678", "IT", "+390212345678"),
            ("+33\u{a0}6 12 34 56 78", "", "+33612345678"),
            ("8 (912) 345-67-89", "RU", "+79123456789"),
            ("+٣٣٦١٢٣٤٥٦٧٨", "", "+33612345678"),
        ] {
            assert_eq!(of(raw, country, &[]).as_deref(), Some(number), "{raw}");
        }
    }

    #[test]
    fn without_a_country_the_usual_ones_are_tried_and_nothing_else_is() {
        assert_eq!(of("06 12 34 56 78", "", &[]), None);
        assert_eq!(of("06 12 34 56 78", "", &[*b"FR"]).as_deref(), Some("+33612345678"));
        assert_eq!(of("030 901820", "", &[*b"US", *b"DE"]).as_deref(), Some("+4930901820"));
        for none in ["", "n/a", "call me", "12", "060 0", "555-CALL-NOW", "1234567890123456789012345"] {
            assert_eq!(of(none, "US", &[*b"US"]), None, "{none}");
        }
        assert_eq!(of("060 0", "DE", &[]), None);
        assert_eq!(of("030 901820", "XX", &[*b"DE"]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..80), digits in "[+0-9 ()٣\u{a0}-]{0,24}", country in "[A-Z]{2}") {
            let mut out = Text::new();
            phone_by_plan(&raw, country.as_bytes(), &[*b"DE"], &mut out);
            if phone_by_plan(digits.as_bytes(), country.as_bytes(), &[*b"DE", *b"US"], &mut out) {
                prop_assert!(out.len() >= 8 && out.as_bytes()[0] == b'+');
            }
        }
    }
}

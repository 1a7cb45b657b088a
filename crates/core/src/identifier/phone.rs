//! Phone numbers in the international form (ITU-T E.164).

use super::{BadIdentifier, redacted};
use std::fmt;

/// E.164 allows 15 digits, country code included; no country has numbers shorter than 7 with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A phone number: `+` and digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number with its country code; spaces, dashes, dots, slashes and brackets are left out. Without the `+` it is
    /// not known which country is meant, and nothing is guessed.
    ///
    /// # Errors
    /// [`BadIdentifier::Phone`].
    pub fn parse(text: &str) -> Result<Self, BadIdentifier> {
        let rest = text.trim().strip_prefix('+').ok_or(BadIdentifier::Phone)?;
        let digits: String = rest.chars().filter(|c| !is_separator(*c)).collect();
        let fits = digits.bytes().all(|b| b.is_ascii_digit()) && DIGITS.contains(&digits.len());
        // No country code starts with 0.
        if fits && !digits.starts_with('0') { Ok(Self(format!("+{digits}"))) } else { Err(BadIdentifier::Phone) }
    }

    /// `+` and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "PhoneNumber")
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2013}' | '(' | ')' | '[' | ']' | '.' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_left_out() {
        for text in ["+1 555 010 0123", "+1-555-010-0123", "+1 (555) 010.0123", "+15550100123"] {
            assert_eq!(PhoneNumber::parse(text).unwrap().as_str(), "+15550100123");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for text in
            ["15550100123", "001 555 010 0123", "+0555010012", "+123456", "+1234567890123456", "+1555x010", "+", ""]
        {
            assert_eq!(PhoneNumber::parse(text), Err(BadIdentifier::Phone), "{text}");
        }
    }
}

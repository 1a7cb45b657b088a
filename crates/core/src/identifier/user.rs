//! User names: compared without case and in Unicode's compatibility form.

use super::{BadIdentifier, redacted, screened};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A user name: as it is shown, and as it is looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserName {
    shown: String,
    lookup: String,
}

impl UserName {
    /// Reads a user name; one with an `@` or a leading `+` would be taken for something else and is refused.
    ///
    /// # Errors
    /// [`BadIdentifier`].
    pub fn parse(text: &str) -> Result<Self, BadIdentifier> {
        let shown: String = screened(text)?.nfc().collect();
        let lookup = folded(&shown);
        if lookup.is_empty() || lookup.contains('@') || lookup.starts_with('+') {
            return Err(BadIdentifier::UserName);
        }
        // Compatibility forms unfold up to 18 times; what comes out is held to the same limit.
        screened(&lookup)?;
        Ok(Self { shown, lookup })
    }

    /// As it was given, in NFC.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// NFKC, case folded, runs of white space as one space.
    pub fn lookup(&self) -> &str {
        &self.lookup
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "UserName")
    }
}

/// Unicode's toNFKC_Casefold (core specification, 3.13.3) but for ignorable characters, which are refused before. The
/// second round settles the few characters whose folded form composes again.
fn folded(text: &str) -> String {
    let once = fold_round(text);
    let twice = fold_round(&once);
    twice.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fold_round(text: &str) -> String {
    text.nfkc().flat_map(fold).nfkc().collect()
}

/// Upper and then lower case makes `ß` and `ss`, `ς` and `σ` the same, as full case folding does. The dotless `ı` has
/// `I` as its capital and is not an `i` (CaseFolding.txt gives it no folding).
fn fold(c: char) -> Vec<char> {
    if c == '\u{131}' {
        return vec![c];
    }
    c.to_uppercase().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(text: &str) -> String {
        UserName::parse(text).unwrap().lookup().to_owned()
    }

    #[test]
    fn case_and_compatibility_forms_fall_together() {
        assert_eq!(lookup("Straße"), lookup("STRASSE"));
        assert_eq!(lookup("ΟΔΟΣ"), lookup("οδος"));
        assert_eq!(lookup("ｊａｎｅ"), "jane");
        assert_eq!(lookup("e\u{301}va"), lookup("\u{c9}VA"));
        assert_eq!(lookup("  jane \u{a0} doe "), "jane doe");
        assert_eq!(UserName::parse("Jane").unwrap().shown(), "Jane");
    }

    #[test]
    fn every_character_folds_to_a_fixed_form() {
        for c in '\u{20}'..=char::MAX {
            let once = folded(&c.to_string());
            assert_eq!(folded(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn what_could_be_another_kind_is_refused() {
        for text in ["a@b", "+1555", "\u{ff0b}1555", "\u{ff20}jane"] {
            assert!(UserName::parse(text).is_err(), "{text}");
        }
    }
}

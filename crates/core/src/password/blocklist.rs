//! Passwords that many people use, and words that an attacker tries first here.

use super::skeleton::{skeleton, stem};
use std::collections::HashSet;
use std::sync::OnceLock;

/// About 13 000 entries. OWASP ASVS 5.0, 6.2.4 asks for the 3000 most common ones that the policy would let through.
const COMMON: &str = include_str!("common.txt");
const PHRASES: &str = include_str!("phrases.txt");

/// Decoration of up to this many characters does not make a common password rare: a year and two signs. With more,
/// the decoration may be the secret, and the guess estimate decides.
const MAX_DECORATION_CHARS: usize = 6;

/// Words of the service or its owner below this length say too little to be looked for.
const MIN_OWN_WORD_CHARS: usize = 4;

/// A password must keep at least this many characters of its own when the service's and the owner's words are taken
/// out, decoration not counted.
const MIN_OWN_REMAINDER_CHARS: usize = 4;

/// Whether the candidate is a common password, as it is or in a usual disguise.
pub fn is_common(candidate: &str) -> bool {
    let stem = stem(candidate);
    let decoration = candidate.chars().count() - stem.chars().count();
    known(candidate) || (decoration <= MAX_DECORATION_CHARS && known(stem))
}

/// Whether little is left of the candidate without these words, whatever their case, stand-ins and decoration.
pub fn is_mostly_own_words(candidate: &str, own_words: &[&str]) -> bool {
    let mut words: Vec<String> = own_words.iter().flat_map(|word| forms(word)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = skeleton(candidate);
    let rest = without(&whole, &words);
    rest.len() < whole.len() && is_short(&rest) || stem_is_own(candidate, &words)
}

fn known(candidate: &str) -> bool {
    !candidate.is_empty() && common().contains(&skeleton(candidate))
}

fn common() -> &'static HashSet<String> {
    static SET: OnceLock<HashSet<String>> = OnceLock::new();
    SET.get_or_init(|| entries().map(skeleton).collect())
}

fn entries() -> impl Iterator<Item = &'static str> {
    COMMON.lines().chain(PHRASES.lines()).filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// A word as it is, and its parts: `jane.doe@example.org` also stands for `jane`, `example`.
fn forms(word: &str) -> Vec<String> {
    let parts = word.split(|c: char| !c.is_alphanumeric());
    let all = parts.chain(std::iter::once(word)).map(skeleton);
    all.filter(|form| form.chars().count() >= MIN_OWN_WORD_CHARS).collect()
}

fn without(text: &str, words: &[String]) -> String {
    words.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), " "))
}

fn is_short(rest: &str) -> bool {
    rest.chars().filter(|c| c.is_alphabetic()).count() < MIN_OWN_REMAINDER_CHARS
}

/// `stand_in` turns digits into letters; a year behind the word must still count as decoration.
fn stem_is_own(candidate: &str, words: &[String]) -> bool {
    let stem = skeleton(stem(candidate));
    let rest = without(&stem, words);
    rest.len() < stem.len() && is_short(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_at_least_the_3000_that_asvs_asks_for() {
        assert!(entries().filter(|e| e.chars().count() >= 8).count() > 3000);
    }

    #[test]
    fn common_passwords_are_found_in_disguise() {
        for candidate in
            ["password", "P@ssw0rd2024!", "12345678", "!!Dragon99", "Correct Horse Battery Staple", "Iloveyou"]
        {
            assert!(is_common(candidate), "{candidate}");
        }
        for candidate in ["", "violet kettle argues", "love827364910283746", "Tr4ktor-Nebel-Amsel"] {
            assert!(!is_common(candidate), "{candidate}");
        }
    }

    #[test]
    fn own_words_are_found_in_disguise() {
        let own = ["Example Shop", "jane.doe@example.org"];
        for candidate in
            ["Example2024!!", "3x@mpl3-3x@mple", "example shop 123456", "JaneExample!1", "exampleabc12345678"]
        {
            assert!(is_mostly_own_words(candidate, &own), "{candidate}");
        }
        for candidate in ["example violet kettle", "violet kettle argues", "", "12345678"] {
            assert!(!is_mostly_own_words(candidate, &own), "{candidate}");
        }
    }
}

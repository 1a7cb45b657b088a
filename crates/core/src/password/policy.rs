//! The rules for a new password, and the check.
//!
//! Sources: NIST SP 800-63B-4, 3.1.1.2 (length, Unicode, blocklist, no composition rules); OWASP ASVS 5.0, 6.2.

use super::blocklist;
use crate::secret::SecretText;
use unicode_normalization::UnicodeNormalization;
use zxcvbn::matching::patterns::MatchPattern;

/// Candidates beyond this many bytes for each permitted character are refused before anything is done with them: NFC
/// makes one character of up to four code points, most of three bytes.
pub const MAX_BYTES_PER_CHAR: usize = 12;

/// How much of a candidate is scored. The estimator's work grows faster than the length, and what is beyond only adds
/// strength: a candidate whose first 100 characters are hard to guess is hard to guess.
const MAX_SCORED_CHARS: usize = 100;

/// How many own words, and how much of each, take part: they come from account data, and each one costs a pass.
const MAX_OWN_WORDS: usize = 32;
const MAX_OWN_WORD_CHARS: usize = 64;

/// What a new password must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Least length in Unicode scalar values where the password stands alone.
    pub min_chars: usize,
    /// Least length where a second factor stands beside it.
    pub min_chars_with_second_factor: usize,
    /// Greatest length in Unicode scalar values.
    pub max_chars: usize,
    /// Least zxcvbn score where the password stands alone, 0 to 4: 3 is more than 10^8 guesses, 4 more than 10^10.
    pub min_score: u8,
    /// Least zxcvbn score where a second factor stands beside it. The estimator counts ten guesses for a random
    /// character, so eight random ones are 10^8 and never score more than 2.
    pub min_score_with_second_factor: u8,
}

impl Default for Policy {
    /// SP 800-63B-4, 3.1.1.2: 15 alone, 8 with a second factor, at least 64 permitted. 256 leaves room for any
    /// passphrase and keeps hashing cheap.
    fn default() -> Self {
        Self {
            min_chars: 15,
            min_chars_with_second_factor: 8,
            max_chars: 256,
            min_score: 3,
            min_score_with_second_factor: 2,
        }
    }
}

/// Passwords that leaked (SP 800-63B-4, 3.1.1.2: "obtained from previous breach corpuses").
pub trait Corpus: std::fmt::Debug + Sync {
    /// Whether the password is in it, the whole of it, as it was typed. A rare wrong yes costs a person another try; a
    /// corpus that is not there says no.
    fn holds(&self, password: &str) -> bool;
}

/// What is known around a candidate.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Passwords that leaked, where there is a list of them besides the built-in one.
    pub corpus: Option<&'a dyn Corpus>,
    /// Whether the account has a second factor.
    pub second_factor: bool,
    /// The service's name, the account's user names, its e-mail addresses.
    pub own_words: &'a [&'a str],
    /// What must be reached.
    pub policy: &'a Policy,
}

/// A password that passed, in Unicode NFC; the only form that is hashed.
#[derive(Debug, Clone)]
pub struct Normalized(SecretText);

impl Normalized {
    /// The password, to be hashed.
    pub fn secret(&self) -> &SecretText {
        &self.0
    }
}

/// Why a candidate is refused. `code` is stable; pages phrase it in their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than asked for.
    TooShort {
        /// The least length, in characters.
        min: usize,
    },
    /// More characters than are taken.
    TooLong {
        /// The greatest length, in characters.
        max: usize,
    },
    /// Holds a tab, a line break or another control character: it could not be typed into a form again.
    ControlCharacter,
    /// Many people use it, as it is or in disguise.
    Common,
    /// Somebody's password that leaked; attackers try those.
    Breached,
    /// Is made of the service's name or the owner's own names and addresses.
    OwnWord,
    /// The same few characters again and again.
    Repeated,
    /// Runs through the alphabet or the digits.
    Sequence,
    /// Keys that lie next to each other.
    KeyboardWalk,
    /// A date or a year.
    Date,
    /// Guessed too soon for another reason.
    Guessable,
}

impl Weakness {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
            Self::Common => "common",
            Self::Breached => "breached",
            Self::OwnWord => "own_word",
            Self::Repeated => "repeated",
            Self::Sequence => "sequence",
            Self::KeyboardWalk => "keyboard_walk",
            Self::Date => "date",
            Self::Guessable => "guessable",
        }
    }

    /// Every code there is, so that a test can see that every language has a sentence for it.
    pub const CODES: [&'static str; 11] = [
        "too_short",
        "too_long",
        "control_character",
        "common",
        "breached",
        "own_word",
        "repeated",
        "sequence",
        "keyboard_walk",
        "date",
        "guessable",
    ];
}

/// Checks a candidate against the policy; on refusal tells every reason, the most useful one first.
///
/// # Errors
/// Every [`Weakness`] found; never empty.
pub fn check(candidate: &SecretText, context: &Context<'_>) -> Result<Normalized, Vec<Weakness>> {
    let policy = context.policy;
    if candidate.expose().len() > policy.max_chars.saturating_mul(MAX_BYTES_PER_CHAR) {
        return Err(vec![Weakness::TooLong { max: policy.max_chars }]);
    }
    let normalized = SecretText::new(candidate.expose().nfc().collect::<String>());
    // A list holds what people typed, which need not have been NFC.
    let leaked = |corpus: &dyn Corpus| corpus.holds(normalized.expose()) || corpus.holds(candidate.expose());
    let weaknesses = weaknesses(normalized.expose(), context.corpus.is_some_and(leaked), context);
    if weaknesses.is_empty() { Ok(Normalized(normalized)) } else { Err(weaknesses) }
}

fn weaknesses(text: &str, leaked: bool, context: &Context<'_>) -> Vec<Weakness> {
    let mut found: Vec<Weakness> = length(text, context).into_iter().collect();
    if text.chars().any(char::is_control) {
        found.push(Weakness::ControlCharacter);
    }
    let own = own_words(context.own_words);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    if blocklist::is_common(text) {
        found.push(Weakness::Common);
    } else if leaked {
        found.push(Weakness::Breached);
    } else if blocklist::is_mostly_own_words(text, &own) {
        found.push(Weakness::OwnWord);
    } else if let Some(pattern) = guessable(text, &own, min_score(context)) {
        found.push(pattern);
    }
    found
}

/// Scalar values are counted: SP 800-63B-4, 3.1.1.2 counts every code point as one character.
fn length(text: &str, context: &Context<'_>) -> Option<Weakness> {
    let policy = context.policy;
    let min = if context.second_factor { policy.min_chars_with_second_factor } else { policy.min_chars };
    let chars = text.chars().count();
    match chars {
        _ if chars < min => Some(Weakness::TooShort { min }),
        _ if chars > policy.max_chars => Some(Weakness::TooLong { max: policy.max_chars }),
        _ => None,
    }
}

const fn min_score(context: &Context<'_>) -> u8 {
    if context.second_factor { context.policy.min_score_with_second_factor } else { context.policy.min_score }
}

fn own_words(words: &[&str]) -> Vec<String> {
    words.iter().take(MAX_OWN_WORDS).map(|word| word.chars().take(MAX_OWN_WORD_CHARS).collect()).collect()
}

/// Scores with zxcvbn. It reads the system's clock twice: for the time it took, which is not used, and once for the
/// current year, which only makes years near it count as likelier guesses.
fn guessable(text: &str, own: &[&str], min_score: u8) -> Option<Weakness> {
    let scored: String = text.chars().take(MAX_SCORED_CHARS).collect();
    let entropy = zxcvbn::zxcvbn(&scored, own);
    if u8::from(entropy.score()) >= min_score {
        return None;
    }
    let longest = entropy.sequence().iter().max_by_key(|part| part.token.len());
    Some(longest.map_or(Weakness::Guessable, |part| reason(&part.pattern)))
}

fn reason(pattern: &MatchPattern) -> Weakness {
    match pattern {
        MatchPattern::Repeat(_) => Weakness::Repeated,
        MatchPattern::Sequence(_) => Weakness::Sequence,
        MatchPattern::Spatial(_) => Weakness::KeyboardWalk,
        MatchPattern::Date(_) | MatchPattern::Regex(_) => Weakness::Date,
        MatchPattern::Dictionary(_) | MatchPattern::BruteForce => Weakness::Guessable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy {
        min_chars: 15,
        min_chars_with_second_factor: 8,
        max_chars: 256,
        min_score: 3,
        min_score_with_second_factor: 2,
    };

    /// One password that leaked, with an accent of its own code point.
    #[derive(Debug)]
    struct Leak;

    impl Corpus for Leak {
        fn holds(&self, password: &str) -> bool {
            ["gravel umbrella 42 thistle", "cafe\u{301} gravel umbrella 42"].contains(&password)
        }
    }

    #[test]
    fn a_leaked_password_is_refused_however_good_it_looks() {
        assert_eq!(codes("gravel umbrella 42 thistle", false), ["breached"]);
        assert_eq!(codes("cafe\u{301} gravel umbrella 42", false), ["breached"]);
        assert_eq!(codes("gravel umbrella 43 thistle", false), [""; 0]);
    }

    fn codes(candidate: &str, second_factor: bool) -> Vec<&'static str> {
        let own_words = &["Example", "jane.doe"];
        let context = Context { corpus: Some(&Leak), second_factor, own_words, policy: &POLICY };
        match check(&SecretText::new(candidate), &context) {
            Ok(_) => Vec::new(),
            Err(found) => found.into_iter().map(Weakness::code).collect(),
        }
    }

    #[test]
    fn a_passphrase_passes_without_digits_or_capitals() {
        assert_eq!(codes("violet kettle argues with the moon", false), [""; 0]);
        assert_eq!(codes("лиловый чайник спорит с луной", false), [""; 0]);
        assert_eq!(codes("紫色のやかんが月と口論している", false), [""; 0]);
    }

    #[test]
    fn eight_characters_are_enough_beside_a_second_factor() {
        assert_eq!(codes("vQ7#mzKp", true), [""; 0]);
        assert_eq!(codes("vQ7#mzKp", false)[0], "too_short");
        assert_eq!(codes("vQ7#mzK", true), ["too_short"]);
    }

    #[test]
    fn weak_ones_are_named() {
        assert_eq!(codes("password", true), ["common"]);
        assert_eq!(codes("P@ssw0rd2024!!", false), ["too_short", "common"]);
        assert_eq!(codes("Example.Jane.2024", false), ["own_word"]);
        assert_eq!(codes("abababababababab", false), ["repeated"]);
        assert_eq!(codes("violet kettle\targues with the moon", false), ["control_character"]);
        assert_eq!(codes("", false), ["too_short", "guessable"]);
        assert_eq!(codes(&"x7 violet ".repeat(30), false)[0], "too_long");
    }

    #[test]
    fn ten_megabytes_are_refused_at_once() {
        assert_eq!(codes(&"a".repeat(10_000_000), false), ["too_long"]);
    }

    #[test]
    fn composed_and_decomposed_are_one_password() {
        let context = Context { corpus: None, second_factor: true, own_words: &[], policy: &POLICY };
        let of = |text| check(&SecretText::new(text), &context).map(|n| n.secret().expose().to_owned());
        assert_eq!(of("cafe\u{301} kettle argues"), of("caf\u{e9} kettle argues"));
    }

    #[test]
    fn every_weakness_has_its_code_in_the_list() {
        let all = [
            Weakness::TooShort { min: 1 },
            Weakness::TooLong { max: 1 },
            Weakness::ControlCharacter,
            Weakness::Common,
            Weakness::Breached,
            Weakness::OwnWord,
            Weakness::Repeated,
            Weakness::Sequence,
            Weakness::KeyboardWalk,
            Weakness::Date,
            Weakness::Guessable,
        ];
        assert_eq!(all.map(Weakness::code), Weakness::CODES);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn what_passes_is_long_enough_and_normal(candidate in "\\PC{0,60}", own in "\\PC{0,20}", second_factor: bool) {
            let context = Context { corpus: None, second_factor, own_words: &[&own], policy: &POLICY };
            match check(&SecretText::new(candidate), &context) {
                Ok(normal) => {
                    let text = normal.secret().expose();
                    let least = if second_factor { 8 } else { 15 };
                    prop_assert!(text.chars().count() >= least);
                    prop_assert!(text.nfc().eq(text.chars()));
                    prop_assert!(check(normal.secret(), &context).is_ok());
                }
                Err(found) => prop_assert!(!found.is_empty()),
            }
        }

        #[test]
        fn long_and_strange_candidates_never_panic(candidate in any::<String>(), repeat in 1_usize..20) {
            let _ = codes(&candidate.repeat(repeat), false);
        }

        #[test]
        fn decorating_a_common_password_does_not_help(tail in "[0-9!.]{0,6}", at in 0_usize..3000) {
            let word = include_str!("common.txt").lines().nth(at + 3).unwrap_or("password");
            prop_assume!(word.chars().all(char::is_alphabetic));
            let decorated = format!("{}{tail}", word.to_uppercase());
            prop_assert!(blocklist::is_common(&decorated));
        }
    }
}

//! Why somebody of the staff did something, in their words.

/// Longest reason, in characters: some sentences, no report.
pub const MAX_REASON_CHARS: usize = 500;

/// What staff pick from most of the time; any other words do as well.
pub const USUAL_REASONS: [&str; 5] = [
    "The account's holder asked for it",
    "Somebody else may have the mailbox",
    "Incident response",
    "A report of abuse",
    "A test of the procedure",
];

/// A reason: one to 500 printable characters, without white space around them. It goes into the evidence log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason(String);

/// Why a text is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReason {
    /// Nothing but white space.
    #[error("a reason is needed")]
    Empty,
    /// Longer than [`MAX_REASON_CHARS`].
    #[error("a reason has at most {MAX_REASON_CHARS} characters")]
    TooLong,
    /// Control characters.
    #[error("a reason has printable characters only")]
    Control,
}

impl Reason {
    /// Reads what was typed; line breaks become spaces.
    ///
    /// # Errors
    /// [`BadReason`].
    pub fn parse(typed: &str) -> Result<Self, BadReason> {
        // Nobody waits for the white space of a long text to be counted.
        if typed.len() > 8 * MAX_REASON_CHARS {
            return Err(BadReason::TooLong);
        }
        let text = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Err(BadReason::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(BadReason::Control);
        }
        if text.chars().count() > MAX_REASON_CHARS {
            return Err(BadReason::TooLong);
        }
        Ok(Self(text))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_words() {
        assert_eq!(Reason::parse(" she\r\n asked  us ").unwrap().as_str(), "she asked us");
        assert_eq!(Reason::parse(&"ä".repeat(500)).unwrap().as_str().chars().count(), 500);
        assert_eq!(Reason::parse(&"ä".repeat(501)), Err(BadReason::TooLong));
        assert_eq!(Reason::parse(&" ".repeat(5000)), Err(BadReason::TooLong));
        assert_eq!(Reason::parse(" \n"), Err(BadReason::Empty));
        assert_eq!(Reason::parse("a\u{1b}[31m"), Err(BadReason::Control));
        assert!(USUAL_REASONS.iter().all(|usual| Reason::parse(usual).unwrap().as_str() == *usual));
    }
}

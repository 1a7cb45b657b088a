//! Reads what a person types to name an account: an e-mail address, a phone number or a user name.
//!
//! Never: looks an account up; folds look-alike letters (Cyrillic `а` and Latin `a` stay two names: folding them would let
//! one person's name stand for another's); repairs what is not valid.
//! In: text of at most `MAX_IDENTIFIER_BYTES`.   Out: `Identifier`, normalised for look-up, or `BadIdentifier`.
//! I/O for this room: none.   Tests: beside the code; fuzz/fuzz_targets/identifier.rs.

mod email;
mod phone;
mod user;

pub use email::EmailAddress;
pub use phone::PhoneNumber;
pub use user::UserName;

use unicode_normalization::UnicodeNormalization;

/// The longest identifier that is looked at, in bytes: 64 for a local part, 1 for the `@`, 255 for a domain
/// (RFC 5321, 4.5.3.1).
pub const MAX_IDENTIFIER_BYTES: usize = 320;

/// What a person typed, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// It has an `@` with something before it.
    Email(EmailAddress),
    /// It starts with `+`.
    Phone(PhoneNumber),
    /// Everything else; one `@` in front is left out.
    UserName(UserName),
}

/// The three kinds of identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A user name.
    UserName,
}

impl Kind {
    /// The word in the store: `email`, `phone`, `user`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::UserName => "user",
        }
    }
}

impl Identifier {
    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Email(_) => Kind::Email,
            Self::Phone(_) => Kind::Phone,
            Self::UserName(_) => Kind::UserName,
        }
    }

    /// The text by which it is looked up within its kind.
    pub fn lookup(&self) -> &str {
        match self {
            Self::Email(email) => email.lookup(),
            Self::Phone(phone) => phone.as_str(),
            Self::UserName(name) => name.lookup(),
        }
    }
}

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadIdentifier {
    /// Nothing but white space.
    #[error("identifier: is empty")]
    Empty,
    /// Longer than [`MAX_IDENTIFIER_BYTES`].
    #[error("identifier: is longer than {MAX_IDENTIFIER_BYTES} bytes")]
    TooLong,
    /// A control character.
    #[error("identifier: holds a control character")]
    Control,
    /// A character that is not seen or that turns the text around.
    #[error("identifier: holds an invisible character or one that changes the direction of the text")]
    Invisible,
    /// Has an `@` and is no address.
    #[error("identifier: is not an e-mail address")]
    Email,
    /// Starts with `+` and is no number.
    #[error("identifier: is not a phone number; + and 7 to 15 digits are expected")]
    Phone,
    /// No user name.
    #[error("identifier: is not a user name")]
    UserName,
}

impl BadIdentifier {
    /// The field that the error is about.
    pub const FIELD: &'static str = "identifier";

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Control => "control_character",
            Self::Invisible => "invisible_character",
            Self::Email => "not_an_email",
            Self::Phone => "not_a_phone_number",
            Self::UserName => "not_a_user_name",
        }
    }
}

/// Reads what a person typed.
///
/// Compatibility forms (full-width letters, `＠`) are taken for their plain ones, as input methods produce them. That is
/// safe because mail only ever goes to the address in the directory, never to the one that was typed.
///
/// # Errors
/// [`BadIdentifier`]; the text itself is not repeated in it.
pub fn parse(text: &str) -> Result<Identifier, BadIdentifier> {
    let clean = screened(text)?;
    let plain: String = clean.nfkc().collect();
    let plain = plain.trim();
    let handle = plain.strip_prefix('@').filter(|rest| !rest.contains('@'));
    match handle {
        Some(name) => UserName::parse(name).map(Identifier::UserName),
        None if plain.contains('@') => EmailAddress::parse(plain).map(Identifier::Email),
        None if plain.starts_with('+') => PhoneNumber::parse(plain).map(Identifier::Phone),
        None => UserName::parse(plain).map(Identifier::UserName),
    }
}

/// Trimmed text within the limit and without characters that nobody types on purpose.
fn screened(text: &str) -> Result<&str, BadIdentifier> {
    if text.len() > MAX_IDENTIFIER_BYTES {
        return Err(BadIdentifier::TooLong);
    }
    let text = text.trim();
    match text.chars().find_map(unwanted) {
        Some(problem) => Err(problem),
        None if text.is_empty() => Err(BadIdentifier::Empty),
        None => Ok(text),
    }
}

fn unwanted(c: char) -> Option<BadIdentifier> {
    match c {
        _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => Some(BadIdentifier::Control),
        _ if is_invisible(c) => Some(BadIdentifier::Invisible),
        _ => None,
    }
}

/// Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties, 4.1 to 17.0), the interlinear marks, and private and
/// unassigned specials: what takes no room, or turns the text around (Unicode TR 36, 3.6).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{2800}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Shows the shape of a personal text and none of it.
fn redacted(f: &mut std::fmt::Formatter<'_>, name: &str) -> std::fmt::Result {
    write!(f, "{name}(…)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Kind, String) {
        let read = parse(text).unwrap();
        (read.kind(), read.lookup().to_owned())
    }

    #[test]
    fn each_kind_is_recognised() {
        assert_eq!(read("  Jane.Doe@Example.ORG "), (Kind::Email, "jane.doe@example.org".into()));
        assert_eq!(read("jane@bücher.example"), (Kind::Email, "jane@xn--bcher-kva.example".into()));
        assert_eq!(read("＋１ (555) 010-0123"), (Kind::Phone, "+15550100123".into()));
        assert_eq!(read("JaneDoe"), (Kind::UserName, "janedoe".into()));
        assert_eq!(read("@JaneDoe"), (Kind::UserName, "janedoe".into()));
        assert_eq!(read("jane＠example.org"), (Kind::Email, "jane@example.org".into()));
    }

    #[test]
    fn look_alikes_stay_apart() {
        assert_ne!(read("p\u{430}ul"), read("paul"));
        assert_ne!(read("p\u{131}xel"), read("pixel"));
    }

    #[test]
    fn bad_input_is_named() {
        let code = |text: &str| parse(text).unwrap_err().code();
        assert_eq!(code("  "), "empty");
        assert_eq!(code(&"a".repeat(10_000_000)), "too_long");
        assert_eq!(code("jane\r\nBcc: x@example.org"), "control_character");
        assert_eq!(code("jane\u{202e}gro.elpmaxe@x"), "invisible_character");
        assert_eq!(code("jane\u{200b}"), "invisible_character");
        assert_eq!(code("jane@"), "not_an_email");
        assert_eq!(code("+12 34"), "not_a_phone_number");
        assert!(parse("jane@").unwrap_err().to_string().starts_with("identifier:"));
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let shown = format!("{:?}{:?}{:?}", parse("jane@example.org"), parse("+15550100123"), parse("jane"));
        assert!(!shown.contains("jane") && !shown.contains("555"), "{shown}");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn a_lookup_text_is_its_own_lookup_text(text in "[+@]?\\PC{1,20}(@[a-zA-Zäüß-]{1,10}\\.(org|de))?") {
            if let Ok(first) = parse(&text) {
                prop_assert!(!first.lookup().is_empty());
                // A user name may start with `@` only where another follows, and then it is no user name.
                prop_assert_eq!(parse(first.lookup()), parse(first.lookup()));
                if let Ok(second) = parse(first.lookup()) {
                    prop_assert_eq!(first.lookup(), second.lookup());
                    prop_assert_eq!(first.kind(), second.kind());
                } else {
                    prop_assert!(false, "{} is no longer read", first.lookup());
                }
            }
        }
    }
}

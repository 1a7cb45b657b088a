//! What staff sign in with and are shown as.

/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Why a name cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not the letters that a sign-in name may have.
    #[error("a sign-in name has 2 to 64 of a-z, 0-9, '.', '-', '_' and '@', and begins with a letter or digit")]
    SignIn,
    /// Not something that can be shown.
    #[error("a name has 1 to 64 printable characters")]
    Shown,
}

/// The name that somebody signs in with, in lower case. ASCII only: two names that look alike are one risk less.
///
/// # Errors
/// `SignIn`.
pub fn name(typed: &str) -> Result<String, BadName> {
    let name = typed.trim().to_ascii_lowercase();
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_@".contains(&b));
    if first && letters && (2..=MAX_NAME_CHARS).contains(&name.len()) { Ok(name) } else { Err(BadName::SignIn) }
}

/// The name that others see.
///
/// # Errors
/// `Shown`.
pub fn shown_name(typed: &str) -> Result<String, BadName> {
    let name = typed.trim();
    let printable = !name.is_empty() && !name.chars().any(char::is_control);
    if printable && name.chars().count() <= MAX_NAME_CHARS { Ok(name.to_owned()) } else { Err(BadName::Shown) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_names_are_plain() {
        for (typed, read) in [(" Ana ", "ana"), ("ana.b-c_d", "ana.b-c_d"), ("ana@example.org", "ana@example.org")] {
            assert_eq!(name(typed).unwrap(), read);
        }
        for bad in ["", "a", ".ana", "ana b", "аna", "ana\u{202e}", &"a".repeat(65)] {
            assert_eq!(name(bad), Err(BadName::SignIn), "{bad}");
        }
    }

    #[test]
    fn shown_names_are_what_people_are_called() {
        assert_eq!(shown_name(" Ana Müller ").unwrap(), "Ana Müller");
        assert!(shown_name("").is_err() && shown_name("a\nb").is_err() && shown_name(&"ä".repeat(65)).is_err());
    }
}

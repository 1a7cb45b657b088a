//! The form in which a password and its disguises are the same: `P@ssw0rd` and `password`.

use unicode_normalization::UnicodeNormalization;

/// Characters without case and without the usual stand-ins for letters; spaces and separators are left out.
///
/// Many to one on purpose and used on both sides of a comparison, so `1`, `!`, `i` and `l` may all become `i`.
pub fn skeleton(text: &str) -> String {
    let plain = text.nfkc().flat_map(char::to_lowercase).nfkd();
    plain.filter(|c| !is_separator(*c) && !is_mark(*c)).map(stand_in).collect()
}

/// The text without digits and signs around it: `2024Summer!!` is `Summer`.
pub fn stem(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '.' | ',' | '\'' | '\u{2019}')
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn stand_in(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' | 'l' => 'i',
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn disguises_fall_together() {
        assert_eq!(skeleton("P@$$w0rd"), skeleton("password"));
        assert_eq!(skeleton("ILOVEYOU"), skeleton("1l0v3y0u"));
        assert_eq!(skeleton("pass word"), skeleton("Pass-Word"));
        assert_eq!(skeleton("contraseña"), skeleton("CONTRASENA"));
        assert_ne!(skeleton("password"), skeleton("passport"));
    }

    #[test]
    fn a_stem_has_no_decoration() {
        assert_eq!(stem("!!2024Summer7!"), "Summer");
        assert_eq!(stem("12345"), "");
    }

    proptest! {
        #[test]
        fn a_skeleton_never_panics_and_is_its_own_skeleton(text in "\\PC{0,40}") {
            let once = skeleton(&text);
            prop_assert_eq!(skeleton(&once), once);
        }
    }
}

//! E-mail addresses: where mail goes, and how they are looked up.

use super::{BadIdentifier, redacted, screened};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// RFC 5321, 4.5.3.1.1.
const MAX_LOCAL_BYTES: usize = 64;

/// An e-mail address: a dot-string (RFC 5321, 4.1.2; with RFC 6531 beyond ASCII) at a host name of at least two labels.
///
/// Quoted local parts, address literals and single-label domains are refused: nobody has one, and they are how headers are
/// smuggled and inner hosts reached.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    delivery: String,
    lookup: String,
    at: usize,
}

impl EmailAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`BadIdentifier`].
    pub fn parse(text: &str) -> Result<Self, BadIdentifier> {
        let text = screened(text)?;
        let (local, domain) = text.rsplit_once('@').ok_or(BadIdentifier::Email)?;
        let local: String = local.nfc().collect();
        let domain = host(domain).ok_or(BadIdentifier::Email)?;
        if !is_dot_string(&local) {
            return Err(BadIdentifier::Email);
        }
        let folded: String = local.to_lowercase().nfc().collect();
        let whole = format!("{folded}@{domain}");
        // Lower case may be longer than the capital it came from; the limit holds for what is stored.
        if folded.len() > MAX_LOCAL_BYTES || whole.len() > super::MAX_IDENTIFIER_BYTES {
            return Err(BadIdentifier::Email);
        }
        Ok(Self { delivery: format!("{local}@{domain}"), at: folded.len(), lookup: whole })
    }

    /// Where mail goes: the local part as it was given (RFC 5321, 2.4: only its host may interpret it), the domain as
    /// A-labels in lower case.
    pub fn delivery(&self) -> &str {
        &self.delivery
    }

    /// In lower case throughout: no host that people use tells local parts apart by case, and people do not type it.
    pub fn lookup(&self) -> &str {
        &self.lookup
    }

    /// The local part, lower case.
    pub fn local(&self) -> &str {
        &self.lookup[..self.at]
    }

    /// The domain as A-labels, lower case.
    pub fn domain(&self) -> &str {
        &self.lookup[self.at + 1..]
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "EmailAddress")
    }
}

/// UTS 46 with the rules of host names (STD 3) and DNS lengths.
fn host(domain: &str) -> Option<String> {
    let ascii =
        Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    let ascii = ascii.ok()?.into_owned();
    let (_, top) = ascii.rsplit_once('.')?;
    // A last label of digits alone is an IPv4 address in disguise.
    (!top.is_empty() && !top.bytes().all(|b| b.is_ascii_digit())).then_some(ascii)
}

fn is_dot_string(local: &str) -> bool {
    local.len() <= MAX_LOCAL_BYTES && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

/// `atext` of RFC 5322, 3.2.3, and beyond ASCII letters, digits and marks, which are their own compatibility form: an
/// address that only looks like another one is refused.
fn is_atom(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    }
    let plain = std::iter::once(c).nfkc().eq(std::iter::once(c).nfc());
    plain && (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delivery_keeps_the_case_of_the_local_part() {
        let email = EmailAddress::parse("Jane.Doe+x@BÜCHER.Example").unwrap();
        assert_eq!(email.delivery(), "Jane.Doe+x@xn--bcher-kva.example");
        assert_eq!(email.lookup(), "jane.doe+x@xn--bcher-kva.example");
        assert_eq!((email.local(), email.domain()), ("jane.doe+x", "xn--bcher-kva.example"));
    }

    #[test]
    fn addresses_that_nobody_has_are_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "jane",
            "@example.org",
            "jane@",
            "jane@localhost",
            "jane@192.0.2.1",
            "jane@[192.0.2.1]",
            "\"a b\"@example.org",
            "a@b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a b@example.org",
            "a,b@example.org",
            "a@-x.example",
            "a@exa_mple.org",
            "a@example..org",
            "a<b>@example.org",
            "ｊane@example.org",
            &long,
            "a@example.org.",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(BadIdentifier::Email), "{text}");
        }
    }

    #[test]
    fn letters_that_only_turn_into_others_stay_apart() {
        // GitHub's reset of 2019 sent to `mıke@…` what was asked for `mike@…`.
        let typed = EmailAddress::parse("m\u{131}ke@example.org").unwrap();
        assert_ne!(typed.lookup(), "mike@example.org");
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_settles(text in "\\PC{0,30}@\\PC{0,30}") {
            if let Ok(email) = EmailAddress::parse(&text) {
                let again = EmailAddress::parse(email.lookup());
                prop_assert_eq!(again.as_ref().map(EmailAddress::lookup), Ok(email.lookup()));
                let again = EmailAddress::parse(email.delivery());
                prop_assert_eq!(again.as_ref().map(EmailAddress::delivery), Ok(email.delivery()));
            }
        }
    }
}

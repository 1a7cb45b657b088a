//! An address to which mail may be handed over.
//!
//! Never: lets a character through that could start a new header or a new SMTP command; shows itself in `Debug`.
//! In: the text of an address.   Out: `Mailbox`, with the domain in its ASCII form.
//! I/O for this room: none.   Tests: beside the code.
//!
//! The local part is ASCII. A local part beyond ASCII needs SMTPUTF8 (RFC 6531) on every hop to the reader, which
//! nobody can promise; such an address is refused here by name instead of being lost on the way. Domains may be
//! written in any script; they travel as A-labels (RFC 5890).

use std::fmt;

/// RFC 5321, 4.5.3.1.3: a path is at most 256 octets, of which two are the angle brackets.
const MAX_BYTES: usize = 254;
/// RFC 5321, 4.5.3.1.1.
const MAX_LOCAL_BYTES: usize = 64;

/// An address that may be written into a header and an SMTP command. Quoted local parts are not accepted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mailbox {
    text: String,
    at: usize,
}

/// Why a text is not an address that we hand over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMailbox {
    /// Longer than 254 bytes, or a local part of more than 64.
    #[error("the address is too long")]
    TooLong,
    /// There is no `@`, or nothing before or after it.
    #[error("the address has no part before or after an @")]
    Incomplete,
    /// A local part with characters beyond ASCII.
    #[error("the part before the @ has characters beyond ASCII, which not every mail server carries")]
    LocalNotAscii,
    /// A local part with other characters than RFC 5321's dot-string, such as spaces or quotes.
    #[error("the part before the @ has a character or a dot that is not allowed there")]
    BadLocal,
    /// A domain that is no host name.
    #[error("the part after the @ is not a domain")]
    BadDomain,
}

impl Mailbox {
    /// Reads an address.
    ///
    /// # Errors
    /// Says which part is wrong, never what it is.
    pub fn parse(text: &str) -> Result<Self, BadMailbox> {
        if text.len() > MAX_BYTES {
            return Err(BadMailbox::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(BadMailbox::Incomplete)?;
        check_local(local)?;
        let domain = ascii_domain(domain)?;
        let text = format!("{local}@{domain}");
        if text.len() > MAX_BYTES {
            return Err(BadMailbox::TooLong);
        }
        Ok(Self { at: local.len(), text })
    }

    /// `local@domain`, the domain in lower-case ASCII.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`, in lower-case ASCII.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

/// RFC 5321, 4.1.2: Dot-string. RFC 5322 calls the characters atext.
fn check_local(local: &str) -> Result<(), BadMailbox> {
    if local.is_empty() {
        return Err(BadMailbox::Incomplete);
    }
    if local.len() > MAX_LOCAL_BYTES {
        return Err(BadMailbox::TooLong);
    }
    if !local.is_ascii() {
        return Err(BadMailbox::LocalNotAscii);
    }
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(atext);
    if local.split('.').all(is_atom) { Ok(()) } else { Err(BadMailbox::BadLocal) }
}

fn ascii_domain(domain: &str) -> Result<String, BadMailbox> {
    if domain.is_empty() {
        return Err(BadMailbox::Incomplete);
    }
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| BadMailbox::BadDomain)?;
    // One label is no domain that mail reaches; an all-digit last label would be an IPv4 address.
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let plain = ascii.contains('.') && ascii.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    if plain && !last.bytes().all(|b| b.is_ascii_digit()) { Ok(ascii) } else { Err(BadMailbox::BadDomain) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_addresses_are_taken_and_the_domain_is_folded() {
        let mailbox = Mailbox::parse("Mara.O'Neil+shop@Example.ORG").unwrap();
        assert_eq!(mailbox.as_str(), "Mara.O'Neil+shop@example.org");
        assert_eq!((mailbox.local(), mailbox.domain()), ("Mara.O'Neil+shop", "example.org"));
        assert_eq!(Mailbox::parse("a@bücher.example").unwrap().domain(), "xn--bcher-kva.example");
        assert_eq!(format!("{mailbox:?}"), "Mailbox(…)");
    }

    #[test]
    fn injection_is_refused() {
        for text in [
            "mara@example.org\r\nBcc: all@example.org",
            "mara\r\n@example.org",
            "mara@example.org\n",
            "mara@exa\0mple.org",
            "mara@example.org>",
            "<mara@example.org",
            "mara@example.org, noa@example.org",
            "\"mara noa\"@example.org",
            "mara noa@example.org",
            "mara@noa@example.org",
            "mara@example.org SIZE=1",
            "mara@[192.0.2.1]",
            "mara@192.0.2.1",
        ] {
            assert!(Mailbox::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_reason_names_the_part() {
        assert_eq!(Mailbox::parse(&format!("{}@example.org", "a".repeat(65))), Err(BadMailbox::TooLong));
        assert_eq!(Mailbox::parse(&format!("a@{}.example.org", "b".repeat(300))), Err(BadMailbox::TooLong));
        assert_eq!(Mailbox::parse("mara"), Err(BadMailbox::Incomplete));
        assert_eq!(Mailbox::parse("@example.org"), Err(BadMailbox::Incomplete));
        assert_eq!(Mailbox::parse("mara@"), Err(BadMailbox::Incomplete));
        assert_eq!(Mailbox::parse("mära@example.org"), Err(BadMailbox::LocalNotAscii));
        assert_eq!(Mailbox::parse("ma..ra@example.org"), Err(BadMailbox::BadLocal));
        assert_eq!(Mailbox::parse("mara@localhost"), Err(BadMailbox::BadDomain));
        assert_eq!(Mailbox::parse("mara@-a.example.org"), Err(BadMailbox::BadDomain));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_safe_in_a_header_and_reads_back(text in "\\PC{0,20}@\\PC{0,20}|[a-z.+]{1,9}@[a-zé.\\-]{1,12}") {
            if let Ok(mailbox) = Mailbox::parse(&text) {
                prop_assert!(mailbox.as_str().bytes().all(|b| b.is_ascii_graphic() && !b"<>\",:;\\[]()".contains(&b)));
                prop_assert_eq!(Mailbox::parse(mailbox.as_str()), Ok(mailbox));
            }
        }
    }
}

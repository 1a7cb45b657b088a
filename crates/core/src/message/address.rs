//! An address to which mail may be handed over.
//!
//! Never: lets a character through that could start a new header or a new SMTP command; shows itself in `Debug`.
//! In: an address.   Out: `MailAddress`, with the domain in its ASCII form.
//! I/O for this room: none.   Tests: beside the code.
//!
//! The local part is ASCII. A local part beyond ASCII needs SMTPUTF8 (RFC 6531) on every hop to the reader, which
//! nobody can promise; such an address is refused here by name instead of being lost on the way. Domains may be
//! written in any script; they travel as A-labels (RFC 5890).

use crate::identifier::EmailAddress;
use std::fmt;

/// RFC 5321, 4.5.3.1.3: a path is at most 256 octets, of which two are the angle brackets.
const MAX_BYTES: usize = 254;

/// An address that may be written into a header and into an SMTP command.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailAddress {
    text: String,
    at: usize,
}

/// Why mail cannot be handed over to an address. Says which part is wrong, never what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Not an address at all.
    #[error("not an e-mail address")]
    Invalid,
    /// Longer than 254 bytes.
    #[error("the address is longer than 254 bytes")]
    TooLong,
    /// A local part with characters beyond ASCII.
    #[error("the part before the @ has characters beyond ASCII, which not every mail server carries")]
    LocalNotAscii,
}

impl MailAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        EmailAddress::parse(text).map_err(|_| BadAddress::Invalid).and_then(|email| Self::of(&email))
    }

    /// The form in which mail is handed over to an account's address.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn of(email: &EmailAddress) -> Result<Self, BadAddress> {
        let text = email.delivery();
        let at = text.rfind('@').ok_or(BadAddress::Invalid)?;
        if text.len() > MAX_BYTES {
            return Err(BadAddress::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadAddress::LocalNotAscii);
        }
        Ok(Self { text: text.to_owned(), at })
    }

    /// `local@domain`, the domain in lower-case ASCII.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`, as it was given.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`, in lower-case ASCII.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_addresses_are_taken_and_the_domain_is_folded() {
        let address = MailAddress::parse("Mara.O'Neil+shop@Example.ORG").unwrap();
        assert_eq!(address.as_str(), "Mara.O'Neil+shop@example.org");
        assert_eq!((address.local(), address.domain()), ("Mara.O'Neil+shop", "example.org"));
        assert_eq!(MailAddress::parse("a@bücher.example").unwrap().domain(), "xn--bcher-kva.example");
        assert_eq!(format!("{address:?}"), "MailAddress(…)");
    }

    #[test]
    fn injection_is_refused() {
        for text in [
            "mara@example.org\r\nBcc: all@example.org",
            "mara\r\n@example.org",
            "mara@exa\0mple.org",
            "mara@example.org>",
            "<mara@example.org",
            "mara@example.org, noa@example.org",
            "\"mara noa\"@example.org",
            "mara noa@example.org",
            "mara@noa@example.org",
            "mara@example.org SIZE=1",
            "mara@[192.0.2.1]",
        ] {
            assert_eq!(MailAddress::parse(text), Err(BadAddress::Invalid), "{text:?}");
        }
    }

    #[test]
    fn the_reason_names_the_part() {
        let longer = format!("{}@{}.example.org", "a".repeat(64), vec!["b".repeat(60); 3].join("."));
        assert_eq!(MailAddress::parse(&longer), Err(BadAddress::TooLong));
        assert_eq!(MailAddress::parse("mära@example.org"), Err(BadAddress::LocalNotAscii));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_safe_in_a_header_and_reads_back(text in "\\PC{0,20}@\\PC{0,20}|[a-z.+]{1,9}@[a-zé.\\-]{1,12}") {
            if let Ok(address) = MailAddress::parse(&text) {
                prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic() && !b"<>\",:;\\[]()".contains(&b)));
                prop_assert_eq!(MailAddress::parse(address.as_str()), Ok(address));
            }
        }
    }
}

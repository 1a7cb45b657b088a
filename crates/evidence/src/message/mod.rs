//! What a mail says, in one form for the sender and for whoever saved it, and the digests that an entry seals.
//!
//! Never: takes a mail for ours that says one thing more than we sealed; repairs what it reads.
//! In: the parts of a mail, or a saved one.   Out: digests, `Eml`, or how it is not as we sent it.
//! I/O for this room: none.   Tests: beside the code, `eml/tests.rs`, and tests/vectors.rs.
//!
//! Mail servers write a mail's bytes anew on the way (line ends, encodings, folded headers), so the digest is over what the
//! reader sees. It is SHA-256 over the line `countersign message v1` and its line feed, then each of six fields behind
//! its length in bytes (u64, big-endian): subject, sender's name, sender's address, reply-to address (empty: none), text
//! part, HTML part. See [`Mail`] for the form of each.

mod eml;

pub use eml::{Eml, NotAsSent};

use crate::hash::Hash;
use sha2::{Digest, Sha256};

/// Separates a mail's digest from every other use of SHA-256 here.
const MESSAGE_DOMAIN: &[u8] = b"countersign message v1\n";
const RECIPIENT_DOMAIN: &[u8] = b"countersign message recipient v1\n";
const CODE_DOMAIN: &[u8] = b"countersign message code v1\n";

/// What the reader of a mail sees of it, and where an answer would go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mail<'a> {
    /// The subject; every run of white space and control characters counts as one space, none at its ends.
    pub subject: &'a str,
    /// The sender's display name, in the same way; empty: none.
    pub from_name: &'a str,
    /// The sender's address, as [`address_form`] has it.
    pub from: &'a str,
    /// Where answers go, in the same way; `None`: to the sender.
    pub reply_to: Option<&'a str>,
    /// The text part, as [`body_form`] has it.
    pub text: &'a str,
    /// The HTML part, in the same way.
    pub html: &'a str,
}

/// The digest that an entry seals.
pub fn digest(mail: &Mail<'_>) -> Hash {
    let mut hash = Sha256::new_with_prefix(MESSAGE_DOMAIN);
    let mut field = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    field(&header_form(mail.subject));
    field(&header_form(mail.from_name));
    field(&address_form(mail.from));
    field(&mail.reply_to.map(address_form).unwrap_or_default());
    field(&body_form(mail.text));
    field(&body_form(mail.html));
    Hash::new(hash.finalize().into())
}

/// A header's text: words with one space between them.
pub fn header_form(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// A part's text: CR LF and CR become LF, spaces and tabs at the end of a line go, empty lines at the end go, and the last
/// line ends. Nothing else changes; Unicode is left as it is.
pub fn body_form(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.split('\n') {
        out.push_str(line.trim_end_matches([' ', '\t']));
        out.push('\n');
    }
    out.truncate(out.trim_end_matches('\n').len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// An address: without white space at its ends (tab, LF, VT, FF, CR, space), A to Z in lower case. The domain is to be
/// in its ASCII form (`xn--…`), as mail carries it. JavaScript does the same with
/// `s.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "").replace(/[A-Z]/g, c => c.toLowerCase())`.
pub fn address_form(address: &str) -> String {
    address.trim_matches(|c| matches!(c, '\t'..='\r' | ' ')).to_ascii_lowercase()
}

/// Binds a mail to its recipient: SHA-256 over the line `countersign message recipient v1` and its line feed, the 32 bytes
/// of the salt, and the address in UTF-8 as [`address_form`] has it. The salt is random, so that nobody can try addresses.
pub fn recipient_digest(salt: &[u8; 32], address: &str) -> Hash {
    let hash = Sha256::new_with_prefix(RECIPIENT_DOMAIN).chain_update(salt).chain_update(address_form(address));
    Hash::new(hash.finalize().into())
}

/// The hash by which a message is looked up: SHA-256 over the line `countersign message code v1` and its line feed, and the
/// twelve characters of the code in upper case. `None` unless, without its dashes, it has twelve letters or digits of ASCII.
pub fn code_hash(code: &str) -> Option<Hash> {
    let plain: String = code.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let fits = plain.len() == 12 && plain.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| Hash::new(Sha256::new_with_prefix(CODE_DOMAIN).chain_update(plain).finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAIL: Mail<'_> = Mail {
        subject: "Grüße",
        from_name: "Example",
        from: "accounts@example.org",
        reply_to: None,
        text: "Grüße\n.\n",
        html: "<p>Grüße\n.\n</p>\n",
    };

    #[test]
    fn every_field_counts() {
        let all = [
            MAIL,
            Mail { subject: "Gruesse", ..MAIL },
            Mail { from_name: "", ..MAIL },
            Mail { from: "accounts@example.com", ..MAIL },
            Mail { reply_to: Some("help@example.org"), ..MAIL },
            Mail { text: "Grüße\n", ..MAIL },
            Mail { html: "<p>Grüße</p>\n", ..MAIL },
            Mail { subject: "GrüßeExample", from_name: "", ..MAIL },
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| digest(one) != digest(other)), "{at}");
        }
    }

    #[test]
    fn what_transit_may_change_does_not_count() {
        let changed = Mail {
            subject: " Grüße\r\n ",
            from: "Accounts@Example.ORG",
            text: "Grüße \t\r\n.\r\n\r\n",
            html: "<p>Grüße\r.\r</p>",
            ..MAIL
        };
        assert_eq!(digest(&MAIL), digest(&changed));
    }

    #[test]
    fn forms_change_nothing_more() {
        assert_eq!(body_form("  a\u{a0} \n\n\tb\u{2028}"), "  a\u{a0}\n\n\tb\u{2028}\n");
        assert_eq!((body_form(""), body_form("\r\n \n")), (String::new(), String::new()));
        assert_eq!(header_form("\ta \u{a0}b\u{0}c "), "a b c");
        assert_eq!(address_form("\u{b} Ä.B@Example.ORG\r\n"), "Ä.b@example.org");
        assert_eq!(address_form("\u{feff}a@b\u{a0}"), "\u{feff}a@b\u{a0}");
    }

    #[test]
    fn a_code_has_twelve_characters() {
        assert_eq!(code_hash("7k3m-9qxw-2htp"), code_hash("7K3M9QXW2HTP"));
        for bad in ["", "7K3M9QXW2HT", "7K3M9QXW2HTPX", "7K3M 9QXW2HTP", "7K3M9QXW2HTÜ"] {
            assert_eq!(code_hash(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn forms_are_stable(text in "(\\PC|[\r\n\t ]){0,40}") {
            prop_assert_eq!(body_form(&body_form(&text)), body_form(&text));
            prop_assert_eq!(header_form(&header_form(&text)), header_form(&text));
            prop_assert_eq!(address_form(&address_form(&text)), address_form(&text));
        }
    }
}

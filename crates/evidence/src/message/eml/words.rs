//! Texts and mailboxes in header lines: encoded words (RFC 2047), quoted strings, addresses.
//!
//! What could be read in two ways (an encoded word inside another word or in quotes, a comment, a group, two mailboxes)
//! is not read at all.

use super::Mailbox;
use super::body::hex;
use crate::base64;
use crate::message::header_form;

/// Longest encoded word that is read. RFC 2047, 2, allows 75 characters; some programs write longer ones.
const MOST_WORD_BYTES: usize = 1024;

/// An unstructured text, such as a subject.
pub(super) fn text(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut last_was_encoded = false;
    for word in value.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let decoded = encoded_word(word);
        if decoded.is_none() && word.contains("=?") {
            return None;
        }
        // White space between two encoded words is none (RFC 2047, 6.2).
        let joins = last_was_encoded && decoded.is_some();
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        last_was_encoded = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(word));
    }
    Some(header_form(&out))
}

/// `=?charset?B?…?=` or `=?charset?Q?…?=`.
fn encoded_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=").filter(|inner| inner.len() <= MOST_WORD_BYTES)?;
    let mut parts = inner.split('?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !is_known_charset(charset) {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => base64::decode(text)?,
        "Q" | "q" => unquote(text)?,
        _ => return None,
    };
    let decoded = String::from_utf8(bytes).ok()?;
    (charset.eq_ignore_ascii_case("utf-8") || decoded.is_ascii()).then_some(decoded)
}

/// UTF-8, and the part of it that has a name of its own.
pub(super) fn is_known_charset(name: &str) -> bool {
    name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii")
}

/// The Q encoding (RFC 2047, 4.2).
fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'_' => out.push(b' '),
            b'=' => {
                let (pair, after) = rest.split_first_chunk::<2>()?;
                out.push(hex(*pair)?);
                rest = after;
            }
            other => out.push(*other),
        }
    }
    Some(out)
}

/// One mailbox: `address`, `<address>` or `name <address>`.
pub(super) fn mailbox(value: &str) -> Option<Mailbox> {
    let value = value.trim_matches([' ', '\t']);
    let Some(before) = value.strip_suffix('>') else {
        return Some(Mailbox { name: String::new(), address: address(value)? });
    };
    let (name, inner) = before.rsplit_once('<')?;
    Some(Mailbox { name: display_name(name.trim_matches([' ', '\t']))?, address: address(inner)? })
}

/// `local@domain` of plain characters. Quoted local parts and address literals are not among ours.
fn address(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"()<>[]:;@\\,\"".contains(c);
    let fits = |part: &str| !part.is_empty() && part.chars().all(is_plain);
    (fits(local) && fits(domain)).then(|| text.to_owned())
}

fn display_name(phrase: &str) -> Option<String> {
    match phrase.strip_prefix('"') {
        Some(quoted) => quoted_string(quoted).map(|name| header_form(&name)),
        // Specials (RFC 5322, 3.2.3) stand in a name only in quotes.
        None if phrase.contains(|c| "()<>[]:;@\\,\"".contains(c)) => None,
        None => text(phrase),
    }
}

/// What follows the first quote; the second must be the last character.
fn quoted_string(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => out.push(chars.next()?),
            other => out.push(other),
        }
    }
    // Some programs decode encoded words in quotes, and some do not.
    (chars.next().is_none() && !out.contains("=?")).then_some(out)
}

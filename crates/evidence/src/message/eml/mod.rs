//! Reads a saved mail (RFC 5322, MIME) that should be one of ours, and says how it is not.
//!
//! It is strict on purpose. Programs differ in how they repair a broken mail, so one that must be repaired may show its
//! reader something else than what was compared here.

mod body;
mod header;
mod parts;
#[cfg(test)]
mod tests;
mod words;

use super::{Mail, digest};
use crate::hash::Hash;
use header::Headers;

/// Largest mail that is read; ours have some twenty kilobytes, and the way adds to them.
pub const MOST_BYTES: usize = 1024 * 1024;
/// Most header lines of a mail, and of a part. Relays and signers add some thirty.
pub const MOST_HEADERS: usize = 256;

/// A mail of the form in which we send, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Eml {
    subject: String,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    to: Vec<String>,
    text: String,
    html: String,
}

/// A display name and an address.
#[derive(Clone, PartialEq, Eq)]
struct Mailbox {
    name: String,
    address: String,
}

/// How a mail is not as we sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAsSent {
    /// Larger than [`MOST_BYTES`], or more lines than [`MOST_HEADERS`].
    #[error("it is larger than any mail of ours")]
    TooLarge,
    /// Not header lines, an empty line and a body, in UTF-8.
    #[error("it is not a mail in the form of RFC 5322 and UTF-8")]
    Form,
    /// A header line that must be there once is missing.
    #[error("it has no {0} line")]
    Missing(&'static str),
    /// A header line is there twice.
    #[error("it has two {0} lines")]
    Twice(&'static str),
    /// A header line that is not written as we write it.
    #[error("its {0} line is not of the form that we send")]
    Header(&'static str),
    /// A Sender line that names somebody else than the From line.
    #[error("its Sender line names somebody else than its From line")]
    Sender,
    /// Not `multipart/alternative` with a text part and an HTML part, in this order.
    #[error("it does not have exactly a text part and an HTML part")]
    Parts,
    /// Text before, between or after the parts.
    #[error("it has text outside its parts")]
    Outside,
    /// A part that is broken, or encoded in a way that we do not use.
    #[error("its {0} part cannot be decoded")]
    Body(&'static str),
}

impl Eml {
    /// Reads a mail, with line ends of either kind.
    ///
    /// # Errors
    /// [`NotAsSent`]: the first thing in which it differs in form from what we send.
    pub fn read(bytes: &[u8]) -> Result<Self, NotAsSent> {
        if bytes.len() > MOST_BYTES {
            return Err(NotAsSent::TooLarge);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NotAsSent::Form)?;
        let (headers, body) = Headers::split(whole)?;
        let from = words::mailbox(headers.required("From")?).ok_or(NotAsSent::Header("From"))?;
        sender(&headers, &from)?;
        let (text, html) = parts::text_and_html(&headers, body)?;
        Ok(Self {
            subject: words::text(headers.required("Subject")?).ok_or(NotAsSent::Header("Subject"))?,
            from,
            reply_to: reply_to(&headers)?,
            to: to(&headers)?,
            text,
            html,
        })
    }

    /// What its reader sees.
    pub fn mail(&self) -> Mail<'_> {
        Mail {
            subject: &self.subject,
            from_name: &self.from.name,
            from: &self.from.address,
            reply_to: self.reply_to.as_ref().map(|mailbox| mailbox.address.as_str()),
            text: &self.text,
            html: &self.html,
        }
    }

    /// The digest of what its reader sees.
    pub fn digest(&self) -> Hash {
        digest(&self.mail())
    }

    /// The addresses on its To line. They prove nothing: a forger writes there what he likes.
    pub fn to(&self) -> &[String] {
        &self.to
    }
}

impl std::fmt::Debug for Eml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Eml(…)")
    }
}

/// Some programs show a Sender beside the From, or in its place.
fn sender(headers: &Headers<'_>, from: &Mailbox) -> Result<(), NotAsSent> {
    let Some(line) = headers.optional("Sender")? else { return Ok(()) };
    let sender = words::mailbox(line).ok_or(NotAsSent::Header("Sender"))?;
    if sender.address.eq_ignore_ascii_case(&from.address) { Ok(()) } else { Err(NotAsSent::Sender) }
}

/// We write addresses without a name there, so a name is not ours.
fn reply_to(headers: &Headers<'_>) -> Result<Option<Mailbox>, NotAsSent> {
    let Some(line) = headers.optional("Reply-To")? else { return Ok(None) };
    let mailbox = words::mailbox(line).filter(|mailbox| mailbox.name.is_empty());
    mailbox.map(Some).ok_or(NotAsSent::Header("Reply-To"))
}

fn to(headers: &Headers<'_>) -> Result<Vec<String>, NotAsSent> {
    let Some(line) = headers.optional("To")? else { return Ok(Vec::new()) };
    let mailbox = words::mailbox(line).ok_or(NotAsSent::Header("To"))?;
    Ok(vec![mailbox.address])
}

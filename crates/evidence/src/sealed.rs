//! What the entry of a sealed message says: enough to recognise the message, nothing to learn it from.
//!
//! Never: holds a recipient's address or a code in the clear; takes an entry with a field too many or too few.
//! In: the facts of a message, or the opening of its entry.   Out: the payload, or `Sealed`.
//! I/O for this room: none.   Tests: beside the code.

use crate::Opening;
use crate::content::{BadContent, Content};
use crate::hash::Hash;
use crate::message::{self, Mail};
use serde_json::{Map, Value};

/// The kind of entry.
pub const KIND: &str = "message.sealed";
/// Longest text in one field, in bytes; an address has at most 254 (RFC 5321, 4.5.3.1.3).
pub const MOST_TEXT_BYTES: usize = 320;
/// How many fields `what` has.
const FIELDS: usize = 8;

/// A message as its entry seals it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// When it was put on record, in microseconds since 1970, by the sender's clock.
    pub at_micros: i64,
    /// The hash of its code ([`message::code_hash`]).
    pub code: Hash,
    /// The digest of what its reader sees ([`message::digest`]).
    pub digest: Hash,
    /// The sender's address, as [`message::address_form`] has it.
    pub from: String,
    /// The language that it is in.
    pub locale: String,
    /// The message's id.
    pub message: String,
    /// To whom it went ([`message::recipient_digest`]).
    pub recipient: Hash,
    /// The salt of `recipient`.
    pub recipient_salt: [u8; 32],
    /// Which kind of message.
    pub template: String,
}

/// Why an entry does not seal a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSealed {
    /// The content cannot be read.
    #[error(transparent)]
    Content(#[from] BadContent),
    /// Another kind of entry.
    #[error("the entry seals no message; it is of another kind")]
    Kind,
    /// Fields too many or too few.
    #[error("the entry of a message has another set of fields than it should")]
    Fields,
    /// A field's value.
    #[error("the field {0} in the entry of a message is not what it should be")]
    Field(&'static str),
}

impl Sealed {
    /// What the entry says, for [`crate::Payload::what`]; its kind is [`KIND`] and its time is `at_micros`.
    pub fn what(&self) -> Value {
        let hex = |bytes: &[u8; 32]| Value::from(Hash::new(*bytes).to_hex());
        let fields: [(&str, Value); FIELDS] = [
            ("code", hex(self.code.bytes())),
            ("digest", hex(self.digest.bytes())),
            ("from", self.from.as_str().into()),
            ("locale", self.locale.as_str().into()),
            ("message", self.message.as_str().into()),
            ("recipient", hex(self.recipient.bytes())),
            ("recipient_salt", hex(&self.recipient_salt)),
            ("template", self.template.as_str().into()),
        ];
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Reads an opened entry. That the opening belongs to an entry of the log is the caller's to check.
    ///
    /// # Errors
    /// [`BadSealed`].
    pub fn read(opening: &Opening) -> Result<Self, BadSealed> {
        let content = Content::read(&opening.payload)?;
        if content.kind != KIND {
            return Err(BadSealed::Kind);
        }
        let what = content.what.as_object().filter(|what| what.len() == FIELDS).ok_or(BadSealed::Fields)?;
        let from = text(what, "from")?;
        if message::address_form(&from) != from {
            return Err(BadSealed::Field("from"));
        }
        Ok(Self {
            at_micros: content.at_micros,
            code: hash(what, "code")?,
            digest: hash(what, "digest")?,
            from,
            locale: text(what, "locale")?,
            message: text(what, "message")?,
            recipient: hash(what, "recipient")?,
            recipient_salt: *hash(what, "recipient_salt")?.bytes(),
            template: text(what, "template")?,
        })
    }

    /// Whether this is the message that was sealed.
    pub fn is_of(&self, mail: &Mail<'_>) -> bool {
        self.digest == message::digest(mail)
    }

    /// Whether it went to this address.
    pub fn is_for(&self, address: &str) -> bool {
        self.recipient == message::recipient_digest(&self.recipient_salt, address)
    }

    /// Whether this is its code, with or without dashes, in either case.
    pub fn has_code(&self, code: &str) -> bool {
        message::code_hash(code) == Some(self.code)
    }
}

fn text(what: &Map<String, Value>, name: &'static str) -> Result<String, BadSealed> {
    let text = what.get(name).ok_or(BadSealed::Fields)?.as_str().filter(|t| (1..=MOST_TEXT_BYTES).contains(&t.len()));
    text.filter(|t| !t.contains(char::is_control)).map(str::to_owned).ok_or(BadSealed::Field(name))
}

fn hash(what: &Map<String, Value>, name: &'static str) -> Result<Hash, BadSealed> {
    let text = what.get(name).ok_or(BadSealed::Fields)?.as_str();
    text.and_then(Hash::from_hex).ok_or(BadSealed::Field(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Payload;
    use serde_json::json;

    const MAIL: Mail<'_> = Mail {
        subject: "s",
        from_name: "n",
        from: "accounts@example.org",
        reply_to: None,
        text: "Your code: 7K3M-9QXW-2HTP\n",
        html: "h",
    };

    fn sealed() -> Sealed {
        Sealed {
            at_micros: 1_768_123_800_000_000,
            code: message::code_hash("7K3M-9QXW-2HTP").unwrap(),
            digest: message::digest(&MAIL),
            from: "accounts@example.org".into(),
            locale: "de".into(),
            message: "msg_01kx4v9fjfr7gfqx0wzkkd6k3s".into(),
            recipient: message::recipient_digest(&[7; 32], "mara@example.org"),
            recipient_salt: [7; 32],
            template: "recovery".into(),
        }
    }

    fn opening(kind: &str, what: Value) -> Opening {
        let payload = Payload { id: "evi_1", at_micros: sealed().at_micros, kind, subject: None, what };
        Opening { salt: [1; 32], payload: payload.canonical() }
    }

    #[test]
    fn it_reads_back_and_recognises_its_message() {
        let read = Sealed::read(&opening(KIND, sealed().what())).unwrap();
        assert_eq!(read, sealed());
        assert!(read.is_of(&MAIL) && !read.is_of(&Mail { html: "H", ..MAIL }));
        assert!(read.is_for(" Mara@Example.org ") && !read.is_for("noa@example.org"));
        assert!(read.has_code("7k3m9qxw2htp") && !read.has_code("7K3M-9QXW-2HTQ"));
        let shown = sealed().what().to_string();
        assert!(!shown.contains("mara") && !shown.contains("7K3M"), "{shown}");
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(Sealed::read(&opening("message.sent", sealed().what())), Err(BadSealed::Kind));
        let without = Opening { salt: [1; 32], payload: b"{}".to_vec() };
        assert_eq!(Sealed::read(&without), Err(BadSealed::Content(BadContent)));
        let good = sealed().what();
        for name in good.as_object().unwrap().keys() {
            let mut fewer = good.clone();
            fewer.as_object_mut().unwrap().remove(name);
            assert_eq!(Sealed::read(&opening(KIND, fewer.clone())), Err(BadSealed::Fields), "{name}");
            fewer["other"] = json!("x");
            assert_eq!(Sealed::read(&opening(KIND, fewer)), Err(BadSealed::Fields), "{name}");
            for value in [json!(1), json!(""), json!(null), json!("A\n"), json!("x".repeat(MOST_TEXT_BYTES + 1))] {
                let mut other = good.clone();
                other[name] = value;
                assert!(matches!(Sealed::read(&opening(KIND, other)), Err(BadSealed::Field(_))), "{name}");
            }
        }
        let mut more = good.clone();
        more["more"] = json!(1);
        assert_eq!(Sealed::read(&opening(KIND, more)), Err(BadSealed::Fields));
        for (name, value) in [("code", json!("AB".repeat(32))), ("from", json!("A@example.org"))] {
            let mut other = good.clone();
            other[name] = value;
            assert!(matches!(Sealed::read(&opening(KIND, other)), Err(BadSealed::Field(_))), "{name}");
        }
    }
}

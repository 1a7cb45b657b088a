//! Puts a rendered message into the form in which it travels (RFC 5322, MIME).
//!
//! Same input, same bytes: nothing here reads a clock or draws a boundary.

use super::dkim::{DkimError, Signer};
use super::render::Rendered;
use crate::text::Locale;
use countersign_core::ids::MessageId;
use countersign_core::message::MailAddress;
use countersign_core::time::Timestamp;
use countersign_evidence::{Hash, message};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Addressee, Message, MultiPart, SinglePart};
use std::time::{Duration, UNIX_EPOCH};

/// A service name longer than this is cut in the From header.
const MAX_NAME_CHARS: usize = 60;

/// Who a message is from, as the configuration says.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Shown beside the address; usually the service's name.
    pub name: String,
    /// The address. It should be in the domain of the DKIM key (DMARC alignment, RFC 7489, 3.1.1).
    pub address: MailAddress,
    /// Where answers go, if somebody does read them.
    pub reply_to: Option<MailAddress>,
}

/// What stands on the envelope and in the header of one message.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Who it is from.
    pub from: &'a Sender,
    /// Who it is for.
    pub to: &'a MailAddress,
    /// Its id; also its Message-ID, at the sender's domain.
    pub id: &'a MessageId,
    /// When its row was made; also its Date and its DKIM time.
    pub created: Timestamp,
    /// The language that it is in.
    pub locale: Locale,
}

/// Why a message could not be built; a fault of ours, never of the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The mail library refused an address or a header.
    #[error("the message could not be composed")]
    Compose,
    /// The signature failed.
    #[error(transparent)]
    Dkim(#[from] DkimError),
}

/// The digest of what the reader of this message will see: what an entry seals, and what a saved copy of it gives.
pub fn digest(rendered: &Rendered, from: &Sender) -> Hash {
    message::digest(&message::Mail {
        subject: &one_line(&rendered.subject),
        from_name: &shown_name(&from.name),
        from: from.address.as_str(),
        reply_to: from.reply_to.as_ref().map(MailAddress::as_str),
        text: &rendered.text,
        html: &rendered.html,
    })
}

/// The message's bytes: text and HTML as alternatives, signed by each signer (`&[Signer]` or `Option<&Signer>`).
///
/// # Errors
/// `BuildError`; trying again gives the same.
pub fn build<'a>(
    rendered: &Rendered,
    letter: &Letter<'_>,
    signers: impl IntoIterator<Item = &'a Signer>,
) -> Result<Vec<u8>, BuildError> {
    let bytes = compose(rendered, letter)?;
    let mut signed = String::new();
    for signer in signers {
        signed.push_str(&signer.signature(&bytes, letter.created)?);
    }
    Ok([signed.as_bytes(), &bytes].concat())
}

fn compose(rendered: &Rendered, letter: &Letter<'_>) -> Result<Vec<u8>, BuildError> {
    let date = UNIX_EPOCH + Duration::from_secs(u64::try_from(letter.created.secs()).unwrap_or(0));
    let mut builder = Message::builder().from(addressee(&letter.from.address, Some(&letter.from.name))?);
    if let Some(reply_to) = &letter.from.reply_to {
        builder = builder.reply_to(addressee(reply_to, None)?);
    }
    let message = builder
        .to(addressee(letter.to, None)?)
        .subject(one_line(&rendered.subject))
        .date(date)
        .message_id(Some(format!("<{}@{}>", letter.id, letter.from.address.domain())))
        .raw_header(plain("Content-Language", letter.locale.tag()))
        // RFC 3834, 5: no out-of-office answers to us. Exchange listens to the second one.
        .raw_header(plain("Auto-Submitted", "auto-generated"))
        .raw_header(plain("X-Auto-Response-Suppress", "All"))
        .multipart(alternatives(rendered, letter.id))
        .map_err(|_| BuildError::Compose)?;
    Ok(message.formatted())
}

fn alternatives(rendered: &Rendered, id: &MessageId) -> MultiPart {
    // The id is unknown to whoever could put text into a message, so the boundary cannot occur in one; and "=_" occurs
    // in no quoted-printable or base64 text (RFC 2045, 6.7).
    MultiPart::alternative()
        .boundary(format!("=_{id}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &rendered.text))
        .singlepart(part(ContentType::TEXT_HTML, &rendered.html))
}

fn part(content_type: ContentType, body: &str) -> SinglePart {
    SinglePart::builder().header(content_type).body(body.to_owned())
}

fn addressee(address: &MailAddress, name: Option<&str>) -> Result<Addressee, BuildError> {
    let wire = super::relay::wire(address).ok_or(BuildError::Compose)?;
    Ok(Addressee::new(name.map(shown_name), wire))
}

fn shown_name(name: &str) -> String {
    one_line(name).chars().take(MAX_NAME_CHARS).collect()
}

fn plain(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// No line ends and no control characters: what a configuration or a translation says cannot begin a header.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_evidence::message::Eml;
    use proptest::prelude::*;

    fn letter_bytes(subject: &str, name: &str, text: &str) -> String {
        let from = Sender {
            name: name.to_owned(),
            address: MailAddress::parse("accounts@example.org").unwrap(),
            reply_to: None,
        };
        let to = MailAddress::parse("mara@bücher.example").unwrap();
        let id = MessageId::parse("msg_01kx4v9fjfr7gfqx0wzkkd6k3s").unwrap();
        let created = Timestamp::from_secs(1_768_123_800);
        let letter = Letter { from: &from, to: &to, id: &id, created, locale: Locale::De };
        let rendered = Rendered { subject: subject.to_owned(), text: text.to_owned(), html: format!("<p>{text}</p>") };
        String::from_utf8(build(&rendered, &letter, &[]).unwrap()).unwrap()
    }

    #[test]
    fn the_same_letter_gives_the_same_bytes() {
        insta::assert_snapshot!(letter_bytes("Grüße", "Example", "Grüße\n.\n"), @r#"
        From: Example <accounts@example.org>
        To: mara@xn--bcher-kva.example
        Subject: =?utf-8?b?R3LDvMOfZQ==?=
        Date: Sun, 11 Jan 2026 09:30:00 +0000
        Message-ID: <msg_01kx4v9fjfr7gfqx0wzkkd6k3s@example.org>
        Content-Language: de
        Auto-Submitted: auto-generated
        X-Auto-Response-Suppress: All
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s"

        --=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: base64

        R3LDvMOfZQ0KLg0K
        --=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: base64

        PHA+R3LDvMOfZQ0KLg0KPC9wPg==
        --=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s--
        "#);
        assert_eq!(letter_bytes("x", "Example", "y"), letter_bytes("x", "Example", "y"));
    }

    #[test]
    fn no_value_begins_a_header() {
        let bytes = letter_bytes("x\r\nBcc: all@example.org", "E\r\nBcc: all@example.org\u{2028}", "y");
        let header = bytes.split("\r\n\r\n").next().unwrap();
        assert!(header.lines().all(|line| !line.to_ascii_lowercase().starts_with("bcc")), "{header}");
    }

    /// What was sealed is what `countersign-verify message` finds in the mail that somebody saved.
    fn reads_back(subject: &str, name: &str, text: &str) {
        let bytes = letter_bytes(subject, name, text);
        let eml = Eml::read(bytes.as_bytes()).unwrap();
        let from = Sender {
            name: name.to_owned(),
            address: MailAddress::parse("accounts@example.org").unwrap(),
            reply_to: None,
        };
        let html = format!("<p>{text}</p>");
        let rendered = Rendered { subject: subject.to_owned(), text: text.to_owned(), html };
        assert_eq!(eml.digest(), digest(&rendered, &from), "{bytes}");
        assert_eq!(eml.to(), ["mara@xn--bcher-kva.example"]);
    }

    #[test]
    fn a_saved_mail_is_what_was_sealed() {
        for locale_text in
            ["Grüße an alle", "日本語のメール、とても長い件名です。".repeat(9).as_str(), "عربي: \u{200f}مرحبا"]
        {
            reads_back(locale_text, locale_text, locale_text);
        }
        reads_back("x", "", "");
        reads_back("a  b\tc", "Foo, Inc. \"the\" <best> \\o/ @home", ".\r\n..\n--=_msg\n \n");
        reads_back(&"word ".repeat(60), &"ä b ".repeat(30), &format!("{}\n=20 =\n", "long".repeat(400)));
    }

    proptest! {
        #[test]
        fn any_saved_mail_is_what_was_sealed(
            subject in "(\\PC|[ a-zäß=?_]){0,120}",
            name in "(\\PC|[ a-z\"\\\\<>@,äß=?_]){0,70}",
            text in "(\\PC|[\r\n\t .=-]){0,200}",
        ) {
            // Nobody is called that, and what mail programs would make of it differs.
            prop_assume!(!subject.contains("=?") && !name.contains("=?"));
            reads_back(&subject, &name, &text);
        }
    }

    #[test]
    fn lines_are_ascii_and_short() {
        let bytes = letter_bytes(&"ü".repeat(300), &"日本語 ".repeat(50), &"عربي ".repeat(500));
        assert!(bytes.is_ascii());
        assert!(bytes.split("\r\n").all(|line| line.len() <= 78 && !line.contains(['\r', '\n'])));
    }
}

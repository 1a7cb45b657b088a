//! Mails as we send them, as the way changes them, and as forgers change them.

use super::{Eml, Mail, NotAsSent};
use crate::message::digest;
use proptest::prelude::*;

const SENT: &str = "\
From: Example <accounts@example.org>\r
To: mara@xn--bcher-kva.example\r
Subject: =?utf-8?b?R3LDvMOfZQ==?=\r
Date: Sun, 11 Jan 2026 09:30:00 +0000\r
Message-ID: <msg_01kx4v9fjfr7gfqx0wzkkd6k3s@example.org>\r
Content-Language: de\r
Auto-Submitted: auto-generated\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative;\r
 boundary=\"=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s\"\r
\r
--=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
R3LDvMOfZQ0KLg0K\r
--=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PHA+R3LDvMOfZQ0KLg0KPC9wPg==\r
--=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s--\r
";

const MAIL: Mail<'_> = Mail {
    subject: "Grüße",
    from_name: "Example",
    from: "accounts@example.org",
    reply_to: None,
    text: "Grüße\n.\n",
    html: "<p>Grüße\n.\n</p>",
};

fn read(text: &str) -> Result<Eml, NotAsSent> {
    Eml::read(text.as_bytes())
}

fn with(from: &str, to: &str) -> String {
    assert!(SENT.contains(from), "{from:?} is not in the mail");
    SENT.replacen(from, to, 1)
}

#[test]
fn what_was_sent_reads_back() {
    let eml = read(SENT).unwrap();
    assert_eq!(eml.digest(), digest(&MAIL));
    assert_eq!(eml.to(), ["mara@xn--bcher-kva.example"]);
    assert_eq!(format!("{eml:?}"), "Eml(…)");
}

#[test]
fn what_the_way_changes_does_not_count() {
    for changed in [
        SENT.replace("\r\n", "\n"),
        format!("Received: from a\r\n\tby b; Sun\r\nDKIM-Signature: v=1;\r\n b=x=y\r\n{SENT}"),
        with("R3LDvMOfZQ0KLg0K", "R3LD\r\nvMOf\r\nZQ0KLg0K\r\n"),
        with("base64\r\n\r\nR3LDvMOfZQ0KLg0K", "quoted-printable\r\n\r\nGr=C3=bc=\r\n=C3=9fe  \r\n=2E\r\n"),
        with("base64\r\n\r\nR3LDvMOfZQ0KLg0K", "8bit\r\n\r\nGrüße\r\n."),
        with("=?utf-8?b?R3LDvMOfZQ==?=", "=?UTF-8?Q?Gr=C3=BC?=\r\n =?us-ascii?Q??= =?utf-8?B?w59l?="),
        with("=?utf-8?b?R3LDvMOfZQ==?=", "Grüße "),
        with("Example <accounts@example.org>", "\"Ex\\ample\" <Accounts@EXAMPLE.org>"),
        with("MIME-Version", "Sender: =?utf-8?q?x?= <accounts@example.org>\r\nMIME-Version"),
        with("\"=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s\"", "=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s ; type=x"),
        with("charset=utf-8", "charset=\"UTF-8\""),
        format!("{SENT}\r\n\r\n"),
    ] {
        assert_eq!(read(&changed).map(|eml| eml.digest()), Ok(digest(&MAIL)), "{changed}");
    }
}

#[test]
fn what_a_forger_adds_is_seen() {
    use NotAsSent::{Body, Header, Missing, Outside, Parts, Sender, TooLarge, Twice};
    let end = "--=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s--";
    let third = format!("--{}\r\nContent-Type: text/plain\r\n\r\nx\r\n{end}", "=_msg_01kx4v9fjfr7gfqx0wzkkd6k3s");
    let plain = "Content-Type: text/plain; charset=utf-8\r\n";
    for (forged, what) in [
        (format!("From: Mallory <m@example.com>\r\n{SENT}"), Twice("From")),
        (format!("Subject: x\r\n{SENT}"), Twice("Subject")),
        (format!("Content-Type: text/html\r\n{SENT}"), Twice("Content-Type")),
        (format!("To: noa@example.org\r\n{SENT}"), Twice("To")),
        (with("From: Example <accounts@example.org>\r\n", ""), Missing("From")),
        (with("Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n", ""), Missing("Subject")),
        (format!("Sender: m@example.com\r\n{SENT}"), Sender),
        (format!("Reply-To: Example <m@example.com>\r\n{SENT}"), Header("Reply-To")),
        (format!("Reply-To: m@example.com, n@example.com\r\n{SENT}"), Header("Reply-To")),
        (with("Example <accounts@example.org>", "accounts@example.org <m@example.com>"), Header("From")),
        (with("Example <accounts@example.org>", "a@example.org, m@example.com"), Header("From")),
        (with("Example <accounts@example.org>", "Example (x) <accounts@example.org>"), Header("From")),
        (with("Example <acc", "\"=?utf-8?q?a?=\" <acc"), Header("From")),
        (with("=?utf-8?b?R3LDvMOfZQ==?=", "a=?utf-8?q?b?="), Header("Subject")),
        (with("=?utf-8?b?R3LDvMOfZQ==?=", "=?koi8-r?q?b?="), Header("Subject")),
        (with("=?utf-8?b?R3LDvMOfZQ==?=", "=?utf-8?b?/w==?="), Header("Subject")),
        (with(end, &third), Parts),
        (with(end, ""), Parts),
        (with(end, &format!("{}x", &end[..end.len() - 2])), Parts),
        (with("multipart/alternative", "multipart/mixed"), Parts),
        (with("text/plain", "text/calendar"), Parts),
        (with(plain, &format!("{plain}Content-Disposition: attachment; filename=x\r\n")), Parts),
        (with(plain, &format!("{plain}Content-Location: http://example.com\r\n")), Body("text")),
        (with("R3LDvMOfZQ0KLg0K", "R3LDvMOfZQ0KLg0"), Body("text")),
        (with("base64", "x-uuencode"), Body("text")),
        (with("charset=utf-8", "charset=utf-7"), Body("text")),
        (with("charset=utf-8", "charset=us-ascii"), Body("text")),
        (with("\r\n\r\n--=", "\r\n\r\nhello\r\n--="), Outside),
        (format!("{SENT}hello"), Outside),
        (format!("{SENT}{}", " ".repeat(super::MOST_BYTES)), TooLarge),
        (format!("{}{SENT}", "X: y\r\n".repeat(super::MOST_HEADERS)), TooLarge),
    ] {
        assert_eq!(read(&forged), Err(what), "{}", &forged[..forged.len().min(3000)]);
    }
}

#[test]
fn what_is_no_mail_is_refused() {
    let latin1 = [SENT.as_bytes(), b"\xff"].concat();
    assert_eq!(Eml::read(&latin1), Err(NotAsSent::Form));
    for text in ["", "\r\n", "From: a", "From a@example.org Sun\r\n\r\n", " x\r\n\r\n", "From : a@b\r\n\r\n"] {
        assert!(read(text).is_err(), "{text:?}");
    }
    assert_eq!(read(&with("Subject: ", "X: \rSubject: ")), Err(NotAsSent::Form));
}

#[test]
fn other_words_give_another_digest() {
    for changed in [
        format!("Reply-To: m@example.com\r\n{SENT}"),
        with("Example <", "Exampel <"),
        with("accounts@example.org", "accounts@example.com"),
        with("R3LDvMOfZQ0KLg0K", "R3LDvMOfZQ0KLg0L"),
        with("PHA+R3LDvMOfZQ0KLg0KPC9wPg==", "PHA+R3LDvMOfZQ0KLg0KPC9xPg=="),
        with("=?utf-8?b?R3LDvMOfZQ==?=", "Gr"),
    ] {
        assert_ne!(read(&changed).map(|eml| eml.digest()), Ok(digest(&MAIL)), "{changed}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..SENT.len(), with: u8, cut in 0..SENT.len()) {
        let _ = Eml::read(&bytes);
        let mut changed = SENT.as_bytes().to_vec();
        changed[at] = with;
        let _ = Eml::read(&changed);
        let _ = Eml::read(&changed[..cut]);
    }

    #[test]
    fn no_lines_make_it_panic(
        lines in "((From|To|Subject|Content-Type|Sender): ?|=\\?utf-8\\?[bq]\\?|\\?=|[<>@\",;=a]|\r?\n ?|--b(--)?|\
                  multipart/alternative; boundary=b|text/(plain|html)){0,60}"
    ) {
        let _ = read(&lines);
    }
}

//! A mail as it is sent, and the opening of the entry that seals it.

use super::NOW_SECS;
use countersign_evidence::message::{Eml, code_hash, recipient_digest};
use countersign_evidence::sealed::{KIND, Sealed};
use countersign_evidence::{Opening, Payload};

pub const RECIPIENT: &str = "mara@xn--bcher-kva.example";

pub const SENT: &str = "\
From: Example <accounts@example.org>\r
To: mara@xn--bcher-kva.example\r
Subject: =?utf-8?b?R3LDvMOfZQ==?=\r
Date: Sun, 11 Jan 2026 09:30:00 +0000\r
Message-ID: <msg_01kx4v9fjfr7gfqx0wzkkd6k3s@example.org>\r
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

/// The opening of the entry of [`SENT`].
pub fn sealed() -> Opening {
    let at_micros = (NOW_SECS * 1_000_000) as i64;
    let sealed = Sealed {
        at_micros,
        code: code_hash("7K3M-9QXW-2HTP").unwrap(),
        digest: Eml::read(SENT.as_bytes()).unwrap().digest(),
        from: "accounts@example.org".into(),
        locale: "de".into(),
        message: "msg_01kx4v9fjfr7gfqx0wzkkd6k3s".into(),
        recipient: recipient_digest(&[7; 32], RECIPIENT),
        recipient_salt: [7; 32],
        template: "recovery".into(),
    };
    let payload = Payload { id: "evi_mail", at_micros, kind: KIND, subject: None, what: sealed.what() };
    Opening { salt: [9; 32], payload: payload.canonical() }
}

//! The digests of messages against vectors that were computed by a program in another language. Whoever computes them
//! elsewhere (a web page's script) tests against the same file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers of tests are tests")]

use countersign_evidence::message::{Mail, code_hash, digest, recipient_digest};
use serde_json::Value;

fn vectors(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/message.json")).unwrap();
    all[of].as_array().unwrap().clone()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn recipients() {
    for vector in vectors("recipients") {
        let salt = data_encoding::HEXLOWER.decode(text(&vector, "salt").as_bytes()).unwrap();
        let found = recipient_digest(&salt.try_into().unwrap(), text(&vector, "address"));
        assert_eq!(found.to_hex(), text(&vector, "digest"), "{vector}");
    }
}

#[test]
fn codes() {
    for vector in vectors("codes") {
        assert_eq!(code_hash(text(&vector, "code")).unwrap().to_hex(), text(&vector, "hash"), "{vector}");
    }
}

#[test]
fn mails() {
    for vector in vectors("mails") {
        let field = |name| text(&vector["mail"], name);
        let mail = Mail {
            subject: field("subject"),
            from_name: field("from_name"),
            from: field("from"),
            reply_to: Some(field("reply_to")).filter(|address| !address.is_empty()),
            text: field("text"),
            html: field("html"),
        };
        assert_eq!(digest(&mail).to_hex(), text(&vector, "digest"), "{vector}");
    }
}

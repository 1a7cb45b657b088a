//! What an opened entry says, read back from its canonical bytes.
//!
//! Never: takes bytes that are not canonical, so that one content has one reading.
//! In: the payload of an opening.   Out: `Content`.
//! I/O for this room: none.   Tests: beside the code.

use crate::entry::VERSION;
use serde_json::{Map, Value};

/// Whom an entry is about, as its payload says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Nobody.
    Nobody,
    /// A subject by name.
    Named(String),
    /// 64 hex digits; see [`crate::entry::subject_hash`].
    Hashed(String),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The entry's id.
    pub id: String,
    /// Microseconds since 1970, UTC, by the clock of whoever wrote it.
    pub at_micros: i64,
    /// What kind of thing.
    pub kind: String,
    /// Whom it is about.
    pub about: About,
    /// What, in the words of its kind.
    pub what: Value,
}

/// The bytes are not what [`crate::Payload::canonical`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content of the entry is not in its canonical form")]
pub struct BadContent;

impl Content {
    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`BadContent`].
    pub fn read(payload: &[u8]) -> Result<Self, BadContent> {
        let value: Value = serde_json::from_slice(payload).map_err(|_| BadContent)?;
        // Written again it must be the same bytes: no key twice, no white space, one spelling of each value.
        if value.to_string().as_bytes() != payload {
            return Err(BadContent);
        }
        let Value::Object(mut object) = value else { return Err(BadContent) };
        let about = about(&mut object)?;
        let read = Self {
            id: text(object.remove("id")).ok_or(BadContent)?,
            at_micros: object.remove("at").as_ref().and_then(Value::as_i64).ok_or(BadContent)?,
            kind: text(object.remove("kind")).ok_or(BadContent)?,
            about,
            what: object.remove("what").ok_or(BadContent)?,
        };
        let version = object.remove("v").and_then(|v| v.as_u64());
        if version == Some(u64::from(VERSION)) && object.is_empty() { Ok(read) } else { Err(BadContent) }
    }
}

fn about(object: &mut Map<String, Value>) -> Result<About, BadContent> {
    match (object.remove("subject"), object.remove("subject_hash")) {
        (None, None) => Ok(About::Nobody),
        (subject @ Some(_), None) => text(subject).map(About::Named).ok_or(BadContent),
        (None, hash @ Some(_)) => text(hash).filter(|hash| is_hash(hash)).map(About::Hashed).ok_or(BadContent),
        (Some(_), Some(_)) => Err(BadContent),
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn is_hash(text: &str) -> bool {
    crate::Hash::from_hex(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Payload, Subject};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_was_written_reads_back() {
        let payload = |subject| Payload { id: "evi_1", at_micros: -5, kind: "a.b", subject, what: json!({"a": [1]}) };
        let read = |subject| Content::read(&payload(subject).canonical()).unwrap();
        assert_eq!(read(None).about, About::Nobody);
        assert_eq!(read(Some(Subject::Named("acc_1"))).about, About::Named("acc_1".into()));
        assert!(matches!(read(Some(Subject::Hashed("acc_1"))).about, About::Hashed(_)));
        let content = read(None);
        assert_eq!((content.id.as_str(), content.at_micros, content.kind.as_str()), ("evi_1", -5, "a.b"));
        assert_eq!(content.what, json!({"a": [1]}));
    }

    #[test]
    fn other_bytes_are_refused() {
        for bad in [
            "{}",
            "[]",
            r#"{"at":5,"id":"e","kind":"k","v":1,"what":{}} "#,
            r#"{"at":5,"at":5,"id":"e","kind":"k","v":1,"what":{}}"#,
            r#"{"id":"e","at":5,"kind":"k","v":1,"what":{}}"#,
            r#"{"at":5,"id":"e","kind":"k","v":2,"what":{}}"#,
            r#"{"at":5.5,"id":"e","kind":"k","v":1,"what":{}}"#,
            r#"{"at":5,"id":"e","kind":"k","more":1,"v":1,"what":{}}"#,
            r#"{"at":5,"id":"e","kind":"k","subject":"a","subject_hash":"b","v":1,"what":{}}"#,
            r#"{"at":5,"id":"\u0065","kind":"k","v":1,"what":{}}"#,
        ] {
            assert_eq!(Content::read(bad.as_bytes()), Err(BadContent), "{bad}");
        }
        assert!(Content::read(br#"{"at":5,"id":"e","kind":"k","v":1,"what":{}}"#).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "[{}\\[\\],:\"a0-9]{0,40}") {
            let _ = Content::read(&bytes);
            let _ = Content::read(text.as_bytes());
        }
    }
}

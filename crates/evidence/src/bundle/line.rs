//! One entry of a bundle.

use super::{BadBundle, MOST_LINE_BYTES};
use crate::base64;
use crate::{Commitment, Hash, Opening};
use serde_json::{Map, Value};
use std::fmt;

/// Instead of an opening, where the content was erased. No Base64 has six characters.
const ERASED: &str = "erased";
/// Instead of an opening, where the recipient is not to know it.
const WITHHELD: &str = "withheld";

/// How much of an entry is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disclosure {
    /// All of it.
    Opened(Opening),
    /// Nothing, as nobody can any more: the content was erased, by an entry that says so.
    Erased,
    /// Nothing, as the recipient of the bundle is not to know.
    Withheld,
}

/// One line of `entries.ndjson`: `{"commitment":"<hex>","index":<n>,"opening":"<Base64>"|"erased"|"withheld"}`. The opening
/// is what [`Opening::encode`] writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The entry's index in the log.
    pub index: u64,
    /// The commitment in the entry.
    pub commitment: Commitment,
    /// What it says.
    pub disclosure: Disclosure,
}

impl Line {
    /// Reads a line, without its line feed.
    ///
    /// # Errors
    /// `TooLarge` or `Line`. That an opening opens the commitment is checked here too.
    pub fn parse(text: &str) -> Result<Self, BadBundle> {
        if text.len() > MOST_LINE_BYTES {
            return Err(BadBundle::TooLarge("a line of entries.ndjson"));
        }
        let value: Value = serde_json::from_str(text).map_err(|_| BadBundle::Line("form"))?;
        let object = value.as_object().filter(|object| object.len() == 3).ok_or(BadBundle::Line("fields"))?;
        let commitment = object.get("commitment").and_then(Value::as_str).and_then(Hash::from_hex);
        let opening = object.get("opening").and_then(Value::as_str);
        let line = Self {
            index: object.get("index").and_then(Value::as_u64).ok_or(BadBundle::Line("index"))?,
            commitment: commitment.map(|c| Commitment::from_bytes(*c.bytes())).ok_or(BadBundle::Line("commitment"))?,
            disclosure: opening.and_then(disclosure).ok_or(BadBundle::Line("opening"))?,
        };
        match &line.disclosure {
            Disclosure::Opened(opening) if opening.commitment() != line.commitment => {
                Err(BadBundle::Line("the opening is of another entry"))
            }
            // Written again it must be the same bytes: no field twice, one spelling.
            _ if line.to_string() != text => Err(BadBundle::Line("form")),
            _ => Ok(line),
        }
    }

    /// The entry's hash in the tree.
    pub fn leaf(&self) -> Hash {
        Hash::leaf(&self.commitment.entry())
    }
}

fn disclosure(text: &str) -> Option<Disclosure> {
    match text {
        ERASED => Some(Disclosure::Erased),
        WITHHELD => Some(Disclosure::Withheld),
        _ => base64::decode(text).and_then(|bytes| Opening::decode(&bytes)).map(Disclosure::Opened),
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opening = match &self.disclosure {
            Disclosure::Opened(opening) => base64::encode(&opening.encode()),
            Disclosure::Erased => ERASED.to_owned(),
            Disclosure::Withheld => WITHHELD.to_owned(),
        };
        let fields = [
            ("commitment", Hash::new(*self.commitment.bytes()).to_hex().into()),
            ("index", self.index.into()),
            ("opening", opening.into()),
        ];
        let object: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        write!(f, "{}", Value::Object(object))
    }
}

/// Cuts `entries.ndjson` into its lines and reads each; a file without entries is empty.
///
/// # Errors
/// The number of the line, from 1, and what is wrong with it.
pub fn lines(text: &str) -> impl Iterator<Item = Result<Line, (usize, BadBundle)>> {
    let numbered = text.split_inclusive('\n').enumerate();
    numbered.map(|(at, line)| {
        let whole = line.strip_suffix('\n').ok_or(BadBundle::Line("the last line does not end"));
        whole.and_then(Line::parse).map_err(|bad| (at + 1, bad))
    })
}

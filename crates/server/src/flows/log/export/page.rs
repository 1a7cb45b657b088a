//! The bundle for people: one page that says what it is, and pages of entries. No script, nothing from elsewhere.

use countersign_core::csf::{self, Subcategory};
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::bundle::{Disclosure, Line};
use countersign_evidence::content::{About, Content};
use std::collections::BTreeMap;

/// Entries on a page: what a browser shows and searches at once without effort.
pub const PAGE: u64 = 1000;

/// The name of a page, from 1.
pub fn file_name(page: u64) -> String {
    format!("entries-{page:04}.html")
}

/// One entry as it is shown.
#[derive(Debug)]
pub struct Shown {
    number: u64,
    title: String,
    at: Option<String>,
    about: Option<String>,
    tags: &'static [Subcategory],
    commitment: String,
    what: Option<String>,
}

impl Shown {
    /// An entry; `by` is the number of the entry that erased it, if that is known.
    pub fn of(line: &Line, content: Option<&Content>, by: Option<u64>) -> Self {
        let blank = |title: String| Self {
            number: line.index + 1,
            title,
            at: None,
            about: None,
            tags: &[],
            commitment: Hash::new(*line.commitment.bytes()).to_hex(),
            what: None,
        };
        match (&line.disclosure, content) {
            (Disclosure::Opened(_), Some(content)) => Self {
                at: Some(time(Timestamp::from_micros(content.at_micros))),
                about: about(content),
                tags: csf::of_kind(&content.kind),
                what: serde_json::to_string_pretty(&content.what).ok(),
                ..blank(content.kind.clone())
            },
            (Disclosure::Withheld, _) => blank("withheld: its content is not for the recipient".to_owned()),
            _ => blank(match by {
                Some(by) => format!("content erased by entry {by}"),
                None => "content erased".to_owned(),
            }),
        }
    }
}

fn about(content: &Content) -> Option<String> {
    match &content.about {
        About::Nobody => None,
        About::Named(subject) => Some(subject.clone()),
        About::Hashed(hash) => Some(format!("an account, by a hash: {hash}")),
    }
}

/// A time for people, UTC.
pub fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.micros());
    at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()).unwrap_or_default()
}

/// A page of entries.
#[derive(askama::Template, Debug)]
#[template(path = "export/entries.html")]
pub struct Entries<'a> {
    /// The log's name.
    pub origin: &'a str,
    /// `1 to 1000`.
    pub range: String,
    /// The page before.
    pub before: Option<String>,
    /// The page behind.
    pub after: Option<String>,
    /// What is on it.
    pub entries: &'a [Shown],
}

/// A page, in the list of pages.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its file.
    pub file: String,
    /// `1 to 1000`.
    pub range: String,
    /// When they were written.
    pub times: Option<String>,
}

/// An outcome, with what supports it.
#[derive(Debug)]
pub struct Tag {
    /// NIST's number.
    pub id: &'static str,
    /// NIST's words.
    pub text: &'static str,
    /// Kinds of entries, and how many there are of each.
    pub kinds: Vec<(String, u64)>,
}

/// The outcomes of all kinds that occur.
pub fn tags(kinds: &BTreeMap<String, u64>) -> Vec<Tag> {
    let of = |tag: &Subcategory| {
        let kinds: Vec<(String, u64)> =
            kinds.iter().filter(|(k, _)| csf::of_kind(k).contains(tag)).map(|(k, n)| (k.clone(), *n)).collect();
        (!kinds.is_empty()).then(|| Tag { id: tag.id(), text: tag.text(), kinds })
    };
    Subcategory::ALL.iter().filter_map(of).collect()
}

/// The first page.
#[derive(askama::Template, Debug)]
#[template(path = "export/index.html")]
pub struct Index {
    /// The log's name.
    pub origin: String,
    /// `1 to 1000`, or `none`.
    pub range: String,
    /// The times that were asked for.
    pub asked: Option<String>,
    /// The log's size.
    pub size: u64,
    /// For whom.
    pub recipient: String,
    /// When.
    pub made_at: String,
    /// Until when it may be kept.
    pub keep_until: Option<String>,
    /// Entries.
    pub count: u64,
    /// Of these, shown.
    pub opened: u64,
    /// Of these, erased.
    pub erased: u64,
    /// Of these, withheld.
    pub withheld: u64,
    /// The key that signed.
    pub vkey: String,
    /// What the cosignatures amount to.
    pub witnesses: String,
    /// How many time stamps there are.
    pub stamps: String,
    /// The pages.
    pub pages: Vec<Listed>,
    /// The outcomes.
    pub tags: Vec<Tag>,
}

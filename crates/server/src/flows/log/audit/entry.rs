//! One row of the evidence: does its content fit its commitment, and do its columns say what the content says?

use super::Finding;
use crate::flows::log::own::{ERASED_KIND, LOST_KIND, Own, blank_id};
use crate::store::audit::{Columns, EntryRead};
use countersign_core::time::Timestamp;
use countersign_evidence::content::{About, Content};
use countersign_evidence::entry::subject_hash;
use countersign_evidence::{Commitment, Hash};

/// A page of rows, checked each by itself.
#[derive(Debug, Default)]
pub struct Page {
    /// Number and leaf of every row that has a commitment.
    pub leaves: Vec<(i64, Hash)>,
    /// Rows without content that call themselves erased.
    pub erased: Vec<i64>,
    /// Rows without content that call themselves lost.
    pub lost: Vec<i64>,
    /// What the log says of itself, with the number of the entry that says it.
    pub own: Vec<(i64, Own)>,
    /// The latest time of those that the head counts.
    pub latest: Option<Timestamp>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many rows it had.
    pub rows: u64,
}

/// Checks rows. The head counts those up to `size`.
pub fn page(rows: Vec<EntryRead>, size: u64) -> Page {
    let mut page = Page { rows: rows.len() as u64, ..Page::default() };
    for EntryRead { number, row } in rows {
        match row {
            Ok(columns) => {
                page.row(number, &columns);
                if u64::try_from(number).is_ok_and(|number| number <= size) {
                    page.latest = page.latest.max(Some(columns.at));
                }
            }
            Err(column) => page.findings.push(Finding::entry(number, Some(column), "it holds what it cannot hold")),
        }
    }
    page
}

impl Page {
    fn row(&mut self, number: i64, row: &Columns) {
        self.leaves.push((number, row.commitment.leaf()));
        match (&row.payload, &row.salt) {
            (Some(payload), Some(salt)) => self.open(number, row, payload, salt),
            (None, None) => self.blank(number, row),
            (Some(_), None) => self.add(number, "salt", "it is gone, and the payload is there"),
            (None, Some(_)) => self.add(number, "payload", "it is gone, and the salt is there"),
        }
    }

    fn add(&mut self, number: i64, column: &'static str, what: &str) {
        self.findings.push(Finding::entry(number, Some(column), what));
    }

    fn open(&mut self, number: i64, row: &Columns, payload: &[u8], salt: &[u8]) {
        if salt.len() != 32 || Commitment::new(salt, payload) != row.commitment {
            let what = "payload, salt and commitment do not fit: one of the three was changed";
            return self.findings.push(Finding::entry(number, None, what));
        }
        let Ok(content) = Content::read(payload) else {
            return self.add(number, "payload", "it is not in its canonical form");
        };
        self.columns(number, row, &content);
        match Own::read(&content.kind, &content.what) {
            Ok(Some(own)) => self.own.push((number, own)),
            Ok(None) => {}
            Err(kind) => self.add(number, "payload", &format!("it does not say what an entry {kind} says")),
        }
    }

    fn columns(&mut self, number: i64, row: &Columns, content: &Content) {
        let subject = match (&content.about, &row.subject) {
            (About::Nobody, None) => true,
            (About::Named(name), Some(subject)) => name == subject,
            (About::Hashed(hash), Some(subject)) => *hash == subject_hash(&content.id, subject).to_hex(),
            _ => false,
        };
        let same = [
            ("id", content.id == row.id),
            ("at", content.at_micros == row.at.micros()),
            ("kind", content.kind == row.kind),
            ("subject", subject),
        ];
        for (column, _) in same.into_iter().filter(|(_, same)| !same) {
            self.add(number, column, "it is not what the content says");
        }
    }

    fn blank(&mut self, number: i64, row: &Columns) {
        match row.kind.as_str() {
            ERASED_KIND => self.erased.push(number),
            LOST_KIND => self.lost.push(number),
            _ => {
                return self.add(number, "payload", "the content is gone, and the row does not say that it was erased");
            }
        }
        let id = u64::try_from(number).map(|number| blank_id(&row.kind, number)).unwrap_or_default();
        let blank = [("id", row.id == id), ("at", row.at.micros() == 0), ("subject", row.subject.is_none())];
        for (column, _) in blank.into_iter().filter(|(_, blank)| !blank) {
            self.add(number, column, "it is not what the row of an erased entry has");
        }
    }
}

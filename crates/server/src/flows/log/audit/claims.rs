//! What entries say of the log, held against the log: what was erased, which keys signed, what was stamped.

use super::Finding;
use super::entry::Page;
use super::signed::Signed;
use crate::flows::log::own::{Own, Stamped};
use crate::flows::log::spans::Spans;
use crate::store::log::LogKey;
use serde::Serialize;

/// Numbers whose content one entry says to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedBy {
    /// The number of the entry that says so.
    pub by: u64,
    /// Which, as runs: `4–5, 9`.
    pub entries: String,
    /// How many.
    pub count: u64,
}

/// What was said, and what was seen.
#[derive(Debug, Default)]
pub struct Claims {
    /// Rows without content that call themselves erased, and that call themselves lost.
    erased: Spans,
    lost: Spans,
    said_erased: Vec<(u64, Spans)>,
    said_lost: Vec<(u64, Spans)>,
    vkeys: Vec<String>,
    stamped: Vec<Stamped>,
}

impl Claims {
    /// Takes what a page of entries says; numbers come in order.
    pub fn take(&mut self, page: &mut Page) {
        let numbers = |list: &[i64]| list.iter().filter_map(|n| u64::try_from(*n).ok()).collect::<Vec<_>>();
        numbers(&page.erased).into_iter().for_each(|number| self.erased.push(number));
        numbers(&page.lost).into_iter().for_each(|number| self.lost.push(number));
        for (number, own) in page.own.drain(..) {
            let by = number.unsigned_abs();
            match own {
                Own::Key(vkey) => self.vkeys.push(vkey),
                Own::Erased(spans) => self.said_erased.push((by, spans)),
                Own::Renewed { vkey, lost } => {
                    // The keys of the log before are not this one's.
                    self.vkeys = vec![vkey];
                    self.said_lost.push((by, lost));
                }
                Own::Stamped(stamped) => self.stamped.push(*stamped),
            }
        }
    }

    /// How many entries were erased.
    pub fn erased(&self) -> u64 {
        self.erased.count()
    }

    /// Which entries were erased by which.
    pub fn erased_by(&self) -> Vec<ErasedBy> {
        let one = |(by, spans): &(u64, Spans)| ErasedBy { by: *by, entries: spans.to_string(), count: spans.count() };
        self.said_erased.iter().map(one).collect()
    }

    /// What does not go together.
    pub fn check(&self, signed: &Signed, keys: &[LogKey]) -> Vec<Finding> {
        let mut findings = gone(&self.erased, &self.said_erased, "erased");
        findings.extend(gone(&self.lost, &self.said_lost, "lost"));
        if signed.chain.is_some() && !keys.iter().map(|key| &key.vkey).eq(&self.vkeys) {
            let what = format!("they are not the {} that entries name", self.vkeys.len());
            findings.push(Finding::keys(format!("{} rows", keys.len()), what));
        }
        for stamp in signed.stamps.iter().filter(|stamp| !self.stamped.contains(stamp)) {
            let what = "no entry says that this stamp was taken in this form: one of its columns was changed";
            findings.push(Finding::stamp(stamp.size, None, what));
        }
        for stamp in self.stamped.iter().filter(|stamp| !signed.stamps.iter().any(|s| s.size == stamp.size)) {
            findings.push(Finding::stamp(stamp.size, None, "an entry says that it was taken, and it is missing"));
        }
        findings
    }
}

/// Compares what is without content with what a later entry says to be.
fn gone(seen: &Spans, said: &[(u64, Spans)], word: &str) -> Vec<Finding> {
    let all = Spans::of(said.iter().flat_map(|(_, spans)| spans.runs().to_vec()).collect());
    let mut findings = Vec::new();
    for (first, last) in seen.without(&all).runs() {
        let what = format!("the content is gone, and no entry says that it was {word}");
        let row = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
        findings.push(Finding { row, ..Finding::entry("", Some("payload"), what) });
    }
    for (by, spans) in said {
        for (first, last) in spans.without(seen).runs() {
            let what = format!("entry {by} says that it was {word}, and it is not");
            let row = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
            findings.push(Finding { row, ..Finding::entry("", None, what) });
        }
        if spans.runs().last().is_some_and(|(_, last)| last >= by) {
            findings.push(Finding::entry(by, Some("payload"), format!("it calls {word} what came after it")));
        }
    }
    findings
}

//! Many values against one directory: sorted into parts of the index first, so that each part is in the processor's cache while
//! it is asked.

use super::{Mark, Marks};
use crate::expose::index::{FORMER, Ordinal, Table, View};
use crate::expose::key::{Hashed, Kind};

/// Parts that values are sorted into: a part of an index of 47 million keys is 260 KiB.
const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 11;
/// Questions that a part has room for from the start; most have about so many.
const ROOM: usize = 256;

/// No row: a record with one value cannot contradict itself.
pub const NO_ROW: u32 = u32::MAX;
/// Nobody yet.
const NOBODY: Ordinal = u32::MAX;

/// Values that wait to be asked about.
#[derive(Debug)]
pub struct Questions {
    parts: Vec<Vec<Question>>,
    waiting: usize,
    /// For each row the first account that one of its values led to.
    first: Vec<Ordinal>,
    rows: u32,
    /// Rows of which two values led to two accounts.
    suspects: Vec<u32>,
    /// What one part led to.
    hits: Vec<Hit>,
}

/// A value that led to somebody.
#[derive(Clone, Copy, Debug)]
struct Hit {
    number: Ordinal,
    mark: Mark,
    row: u32,
}

/// The upper half of a place, a row, and tag and mark in one word.
#[derive(Clone, Copy, Debug)]
struct Question {
    place: u32,
    row: u32,
    tag_and_mark: u64,
}

impl Question {
    const fn place(self) -> u64 {
        (self.place as u64) << 32
    }

    const fn tag(self) -> u64 {
        self.tag_and_mark >> 16
    }

    const fn mark(self) -> Mark {
        Mark(self.tag_and_mark as u16)
    }
}

/// Records whose values belong to different people.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contradictions {
    /// How many.
    pub rows: u64,
    /// The accounts that they name, in no order and more than once.
    pub accounts: Vec<Ordinal>,
}

impl Questions {
    /// None yet.
    pub fn new() -> Self {
        let parts = std::iter::repeat_with(|| Vec::with_capacity(ROOM)).take(PARTS).collect();
        Self { parts, waiting: 0, first: vec![], rows: 0, suspects: vec![], hits: vec![] }
    }

    /// How many wait.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// A number for a record of which more than one value is asked for.
    pub const fn row(&mut self) -> u32 {
        let row = self.rows;
        self.rows += 1;
        row
    }

    /// Adds one. A mark of both `Address` and `Mailbox` is of an address that is its own mailbox.
    #[inline]
    pub fn push(&mut self, hash: Hashed, mark: Mark, row: u32) {
        let part = (hash.place >> (64 - PART_BITS)) as usize;
        let tag_and_mark = (hash.tag & Hashed::TAG) << 16 | u64::from(mark.0);
        self.parts[part].push(Question { place: (hash.place >> 32) as u32, row, tag_and_mark });
        self.waiting += 1;
    }

    /// Asks all of them; how many accounts are marked that were not.
    pub fn ask(&mut self, view: View<'_>, marks: &mut Marks, found: &mut Contradictions) -> u64 {
        self.first.clear();
        self.first.resize(self.rows as usize, NOBODY);
        let asked = Asked::new(view);
        let mut marked = 0;
        let Self { parts, first, suspects, hits, .. } = self;
        for part in &mut *parts {
            for question in &*part {
                asked.each(*question, |number, mark| hits.push(Hit { number, mark, row: question.row }));
            }
            // Apart from the search, so that the processor waits for many accounts at once.
            marked += hits.iter().map(|hit| u64::from(marks.add(hit.number, hit.mark))).sum::<u64>();
            hits.drain(..).for_each(|hit| suspect(hit, first, suspects));
        }
        self.judge(&asked, found);
        self.parts.iter_mut().for_each(Vec::clear);
        (self.waiting, self.rows) = (0, 0);
        self.suspects.clear();
        marked
    }

    /// Looks at the suspects again: several people may share a value, so the sets that two values lead to must have nobody in
    /// common.
    fn judge(&mut self, asked: &Asked<'_>, found: &mut Contradictions) {
        if self.suspects.is_empty() {
            return;
        }
        // The rows' other purpose is served: from here on they say who is a suspect.
        self.first.fill(NOBODY);
        self.suspects.iter().for_each(|row| self.first[*row as usize] = 0);
        let mut led = vec![];
        for question in self.parts.iter().flatten() {
            if self.first.get(question.row as usize) == Some(&0) {
                let class = class(question.mark());
                asked.each(*question, |number, _| {
                    if number < FORMER {
                        led.push((question.row, class, number));
                    }
                });
            }
        }
        led.sort_unstable();
        led.dedup();
        for row in led.chunk_by(|a, b| a.0 == b.0) {
            contradiction(row, found);
        }
    }
}

impl Default for Questions {
    fn default() -> Self {
        Self::new()
    }
}

/// Notes whom a row's value led to, and the row where another value led to somebody else.
#[inline]
fn suspect(hit: Hit, first: &mut [Ordinal], suspects: &mut Vec<u32>) {
    if hit.number >= FORMER {
        return;
    }
    if let Some(seen) = first.get_mut(hit.row as usize) {
        match *seen {
            NOBODY => *seen = hit.number,
            same if same == hit.number => {}
            _ => suspects.push(hit.row),
        }
    }
}

/// Address and mailbox are one value.
const fn class(mark: Mark) -> u8 {
    let mail = Kind::Address.bit() | Kind::Mailbox.bit();
    if mark.kinds() & mail != 0 { mail } else { mark.kinds() }
}

/// Judges one record by whom each of its values led to.
fn contradiction(row: &[(u32, u8, Ordinal)], found: &mut Contradictions) {
    let values: Vec<_> = row.chunk_by(|a, b| a.1 == b.1).collect();
    let apart =
        |a: &[(u32, u8, Ordinal)], b: &[(u32, u8, Ordinal)]| a.iter().all(|one| b.iter().all(|other| one.2 != other.2));
    let mut against = vec![false; values.len()];
    for a in 0..values.len() {
        for b in a + 1..values.len() {
            if apart(values[a], values[b]) {
                (against[a], against[b]) = (true, true);
            }
        }
    }
    found.rows += u64::from(against.contains(&true));
    let named = values.iter().zip(against).filter(|(_, against)| *against).flat_map(|(value, _)| *value);
    found.accounts.extend(named.map(|one| one.2));
}

/// A directory, ready for many questions.
struct Asked<'a> {
    view: View<'a>,
    base: Table<'a>,
    fresh: Option<Table<'a>>,
    any_stale: bool,
}

impl<'a> Asked<'a> {
    fn new(view: View<'a>) -> Self {
        let fresh = (!view.fresh.is_empty()).then(|| view.fresh.table());
        Self { view, base: view.base.table(), fresh, any_stale: !view.stale.is_empty() }
    }

    /// Everybody to whom a question leads, with what it comes to for them.
    #[inline]
    fn each(&self, question: Question, mut then: impl FnMut(Ordinal, Mark)) {
        for entry in self.base.bucket(question.place()) {
            if entry.has(question.tag()) && !(self.any_stale && self.view.stale.contains(entry.account)) {
                told(entry.account, entry.is_strong(), question, &mut then);
            }
        }
        if let Some(fresh) = self.fresh {
            for entry in fresh.bucket(question.place()).filter(|entry| entry.has(question.tag())) {
                told(entry.account, entry.is_strong(), question, &mut then);
            }
        }
    }
}

#[inline]
fn told(account: Ordinal, strong: bool, question: Question, then: &mut impl FnMut(Ordinal, Mark)) {
    // An entry that is not strong is a mailbox whose owner has another address in it.
    let mark = if strong { question.mark() } else { question.mark().without(Kind::Address) };
    if mark.is_match() {
        then(account, mark);
    }
}

//! One thread's work: records in, questions asked whenever enough of them wait.

use super::questions::NO_ROW;
use super::{BadSample, Field, Mark, Marks, Questions, SAMPLES, Tally, shape};
use crate::expose::index::View;
use crate::expose::key::{Batch, HashKey, Hashed, Kind, MAIL};
use crate::expose::layout::Layout;
use crate::expose::normal::{self, Email, Text};
use crate::expose::read::{Fault, Piece, Reader, Rows};
use memchr::memchr_iter;

/// What a match is about; the same for all threads.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What the columns are.
    pub layout: &'a Layout,
    /// The country whose spelling of phone numbers is read where a record names none.
    pub region: Option<[u8; 2]>,
    /// The directory.
    pub view: View<'a>,
    /// The key of its hashes.
    pub key: &'a HashKey,
    /// One more than the greatest number of an account.
    pub accounts: u32,
    /// One more than the greatest number of a former value.
    pub formers: u32,
    /// Values that wait before they are asked for: more are asked faster, and take 24 bytes each.
    pub epoch: usize,
}

/// Takes the records of one thread.
#[derive(Debug)]
pub struct Worker<'a> {
    ask: Ask<'a>,
    columns: Columns,
    asking: Asking,
    marks: Marks,
    tally: Tally,
    marked: u64,
    /// Where the piece that is read begins in memory, to tell where in it a record stands.
    begin: usize,
    /// Places in the piece of bad records that are kept as samples.
    sampled: Vec<(usize, BadSample)>,
}

/// Which columns are looked at.
#[derive(Debug)]
struct Columns {
    all: Vec<(usize, Field)>,
    /// Those that accounts are found by.
    asked: Vec<(usize, Field)>,
    country: Option<usize>,
}

impl Columns {
    fn new(layout: &Layout) -> Self {
        let all: Vec<_> =
            layout.columns.iter().enumerate().filter_map(|(n, column)| Some((n, column.field?))).collect();
        let finds = |field| matches!(field, Field::Email | Field::Phone | Field::UserName | Field::PlatformId);
        let asked = all.iter().copied().filter(|(_, field)| finds(*field)).collect();
        let country = all.iter().find(|(_, field)| *field == Field::Country).map(|(n, _)| *n);
        Self { all, asked, country }
    }
}

impl<'a> Worker<'a> {
    /// For one thread.
    pub fn new(ask: Ask<'a>) -> Self {
        Self {
            columns: Columns::new(ask.layout),
            asking: Asking::new(ask.key),
            marks: Marks::new(ask.accounts, ask.formers),
            ask,
            tally: Tally::default(),
            marked: 0,
            begin: 0,
            sampled: vec![],
        }
    }

    /// Reads a piece of the leak, the `number`th by the order of the file; how many accounts are marked now that were not.
    pub fn piece(&mut self, number: u64, bytes: &[u8], reader: &mut Reader, piece: &Piece) -> u64 {
        self.begin = bytes.as_ptr().addr();
        reader.read(bytes, piece, self);
        for (at, mut sample) in self.sampled.drain(..) {
            let before = bytes.get(..at).unwrap_or_default();
            (sample.piece, sample.line) = (number, memchr_iter(b'\n', before).count() as u64);
            self.tally.samples.push(sample);
        }
        self.tally.lines.push((number, memchr_iter(b'\n', bytes).count() as u64));
        if self.asking.questions.waiting() >= self.ask.epoch {
            self.ask();
        }
        std::mem::take(&mut self.marked)
    }

    fn ask(&mut self) {
        // A record's values are asked for together, or whether they contradict each other cannot be seen.
        self.asking.flush();
        let questions = &mut self.asking.questions;
        self.marked += questions.ask(self.ask.view, &mut self.marks, &mut self.tally.contradictions);
    }

    /// Records read so far.
    pub const fn rows(&self) -> u64 {
        self.tally.rows
    }

    /// Asks what still waits; what was counted, and who was found.
    pub fn end(mut self) -> (Tally, Marks) {
        self.ask();
        self.tally.asked = self.asking.asked;
        (self.tally, self.marks)
    }
}

impl Rows for Worker<'_> {
    #[inline]
    fn row(&mut self, cells: &[&[u8]]) {
        let Self { columns, asking, tally, .. } = self;
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default().trim_ascii();
        tally.rows += 1;
        let mut fields = 0;
        for (at, field) in &columns.all {
            let shown = !cell(*at).is_empty();
            tally.shown[*field as usize] += u64::from(shown);
            fields |= if shown { field.bit() } else { 0 };
        }
        let several = columns.asked.iter().filter(|(_, field)| fields & field.bit() != 0).count() > 1;
        let row = if several { asking.questions.row() } else { NO_ROW };
        for (at, field) in &columns.asked {
            let value = cell(*at);
            if value.is_empty() {
                continue;
            }
            let country = || columns.country.map_or(&[][..], cell);
            if !asking.value(*field, value, (country, self.ask.region.as_slice()), fields, row) {
                tally.unusable[*field as usize] += 1;
            }
        }
    }

    fn bad(&mut self, fault: Fault, raw: &[u8]) {
        let count = &mut self.tally.bad[fault as usize];
        *count += 1;
        if *count <= SAMPLES as u64 {
            let sample = BadSample { piece: 0, line: 0, fault, len: raw.len(), shape: shape(raw) };
            self.sampled.push((raw.as_ptr().addr().wrapping_sub(self.begin), sample));
        }
    }

    fn skipped(&mut self, records: u64) {
        self.tally.skipped += records;
    }
}

/// From values to questions.
#[derive(Debug)]
struct Asking {
    key: HashKey,
    batch: Batch<Waiting>,
    questions: Questions,
    email: Email,
    text: Text,
    asked: u64,
}

/// What a value that is being hashed is for.
#[derive(Clone, Copy)]
struct Waiting {
    row: u32,
    mark: Mark,
    /// The tag of an address whose mailbox is another text, and its mark.
    address: Option<(u64, Mark)>,
}

impl Waiting {
    fn ask(self, hash: Hashed, questions: &mut Questions) {
        questions.push(hash, self.mark, self.row);
        if let Some((tag, mark)) = self.address {
            questions.push(Hashed { tag, ..hash }, mark, self.row);
        }
    }
}

impl Asking {
    fn new(key: &HashKey) -> Self {
        Self {
            batch: Batch::new(key),
            key: key.clone(),
            questions: Questions::new(),
            email: Email::default(),
            text: Text::new(),
            asked: 0,
        }
    }

    /// Asks for a value; `false` if it is none of its kind.
    #[inline]
    fn value<'c>(
        &mut self,
        field: Field,
        raw: &[u8],
        (country, usual): (impl FnOnce() -> &'c [u8], &[[u8; 2]]),
        fields: u16,
        row: u32,
    ) -> bool {
        let (text, kind) = (&mut self.text, kind(field));
        let read = match field {
            Field::Email => return self.email(raw, fields, row),
            Field::Phone => normal::phone_by_plan(raw, country(), usual, text),
            Field::UserName => normal::user_name(raw, text),
            _ => normal::platform_id(raw, text),
        };
        if read {
            let waiting = Waiting { row, mark: Mark::new(kind, fields), address: None };
            self.add(kind as u8, waiting);
        }
        read
    }

    fn email(&mut self, raw: &[u8], fields: u16, row: u32) -> bool {
        if !normal::email(raw, &mut self.email) {
            return false;
        }
        let (strong, weak) = (Mark::new(Kind::Address, fields), Mark::new(Kind::Mailbox, fields));
        let waiting = match self.key.address_beside(&self.email) {
            None => Waiting { row, mark: strong.or(weak), address: None },
            Some(tag) => Waiting { row, mark: weak, address: Some((tag, strong)) },
        };
        let mailbox = self.email.mailbox.as_bytes();
        let questions = &mut self.questions;
        self.asked += 1;
        self.batch.add(MAIL, mailbox, waiting, |hash, waiting| waiting.ask(hash, questions));
        true
    }

    #[inline]
    fn add(&mut self, kind: u8, waiting: Waiting) {
        let questions = &mut self.questions;
        self.asked += 1;
        self.batch.add(kind, self.text.as_bytes(), waiting, |hash, waiting| waiting.ask(hash, questions));
    }

    fn flush(&mut self) {
        let questions = &mut self.questions;
        self.batch.flush(|hash, waiting| waiting.ask(hash, questions));
    }
}

/// What a field is matched as.
const fn kind(field: Field) -> Kind {
    match field {
        Field::Email => Kind::Address,
        Field::Phone => Kind::Phone,
        Field::UserName => Kind::UserName,
        _ => Kind::PlatformId,
    }
}

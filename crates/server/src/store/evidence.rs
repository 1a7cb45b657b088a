//! Evidence entries, written in the transaction of the change that they tell of (invariant E1).

use super::db::{Arg, Conn, StoreError, placeholders, sql};
use countersign_core::ids::{AccountId, EntryId};
use countersign_core::time::Timestamp;
use countersign_evidence::{Commitment, Payload, Subject};
use rand::Rng;

/// An entry that is about to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    id: EntryId,
    at: Timestamp,
    kind: &'static str,
    subject: Option<String>,
    payload: Vec<u8>,
    salt: [u8; 32],
    commitment: Commitment,
}

impl Draft {
    /// An entry of `kind` about `subject`, with what happened as JSON; salted from `rng`.
    pub fn new(
        kind: &'static str,
        subject: Option<&AccountId>,
        what: serde_json::Value,
        now: Timestamp,
        rng: &mut impl Rng,
    ) -> Self {
        Self::with_subject(kind, subject, |s| Subject::Named(s), what, now, rng)
    }

    /// An entry that outsiders may be shown: its content names the account by a hash only.
    pub fn disclosable(
        kind: &'static str,
        subject: Option<&AccountId>,
        what: serde_json::Value,
        now: Timestamp,
        rng: &mut impl Rng,
    ) -> Self {
        Self::with_subject(kind, subject, |s| Subject::Hashed(s), what, now, rng)
    }

    fn with_subject(
        kind: &'static str,
        subject: Option<&AccountId>,
        shown: fn(&str) -> Subject<'_>,
        what: serde_json::Value,
        now: Timestamp,
        rng: &mut impl Rng,
    ) -> Self {
        let id = EntryId::new(now, rng);
        let mut salt = [0; 32];
        rng.fill_bytes(&mut salt);
        let subject = subject.map(|s| s.as_str().to_owned());
        let named = subject.as_deref().map(shown);
        let payload = Payload { id: id.as_str(), at_micros: now.micros(), kind, subject: named, what };
        let payload = payload.canonical();
        let commitment = Commitment::new(&salt, &payload);
        Self { id, at: now, kind, subject, payload, salt, commitment }
    }

    /// Its id.
    pub const fn id(&self) -> &EntryId {
        &self.id
    }

    /// What is written: payload, salt, and what they come to.
    pub const fn parts(&self) -> (&[u8], &[u8; 32], &Commitment) {
        (self.payload.as_slice(), &self.salt, &self.commitment)
    }

    /// What kind of entry this is.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Rows in one statement. Statements of every length up to it stay prepared.
pub(super) const MOST_ROWS: usize = 64;

/// A run of entries as they stand in the table.
#[derive(Debug, Clone)]
pub struct Written {
    /// The number of the first; the others follow without a gap.
    pub first: i64,
    /// What they commit to, in order.
    pub commitments: Vec<Commitment>,
}

/// Appends entries; call it in the transaction of the change. They are part of that transaction, but on SQLite they are
/// written at its end, together with those of the works beside this one: do not read them back within it.
pub async fn append(conn: &mut Conn, drafts: Vec<Draft>) -> Result<(), StoreError> {
    match conn {
        Conn::Writer(writer) if writer.in_work() => {
            writer.entries.extend(drafts);
            Ok(())
        }
        _ => insert(conn, drafts).await.map(|_| ()),
    }
}

/// Writes entries now; where they stand, on SQLite.
pub(super) async fn insert(conn: &mut Conn, mut drafts: Vec<Draft>) -> Result<Vec<Written>, StoreError> {
    let mut written = Vec::new();
    while !drafts.is_empty() {
        let rest = drafts.split_off(drafts.len().min(MOST_ROWS));
        let commitments: Vec<Commitment> = drafts.iter().map(|d| d.commitment).collect();
        let last = insert_rows(conn, drafts).await?;
        written.push(Written { first: last + 1 - commitments.len() as i64, commitments });
        drafts = rest;
    }
    Ok(written)
}

/// Inserts up to `MOST_ROWS` entries in one statement; the number of the last, on SQLite.
async fn insert_rows(conn: &mut Conn, drafts: Vec<Draft>) -> Result<i64, StoreError> {
    let columns = "INSERT INTO evidence (id, at, kind, subject, payload, salt, commitment) VALUES ";
    let mut statement = sql(format!("{columns}{}", placeholders(conn, drafts.len(), 7)));
    for draft in drafts {
        statement = statement.bind_all([
            Arg::from(draft.id.as_str()),
            draft.at.into(),
            draft.kind.into(),
            draft.subject.into(),
            draft.payload.into(),
            draft.salt.to_vec().into(),
            draft.commitment.bytes().to_vec().into(),
        ]);
    }
    statement.insert(conn).await
}

/// How many entries there are.
pub async fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    sql("SELECT count(*) FROM evidence").fetch_one(conn).await?.int(0)
}

/// When the last entry was written; `None` in an empty log.
pub async fn latest(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let row = sql("SELECT at FROM evidence ORDER BY seq DESC LIMIT 1").fetch_optional(conn).await?;
    row.map(|r| r.time(0)).transpose()
}

/// How many entries there are of one kind.
pub async fn count_kind(conn: &mut Conn, kind: &str) -> Result<i64, StoreError> {
    sql("SELECT count(*) FROM evidence WHERE kind = $1").bind(kind).fetch_one(conn).await?.int(0)
}

/// What a check of stored entries found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Entries whose commitment fits their content.
    pub sound: i64,
    /// Entries whose content was erased; only their commitment is left.
    pub erased: i64,
    /// Entries whose commitment does not fit.
    pub broken: i64,
}

/// Recomputes the commitments of up to `limit` entries after `seq`; `None` as the next position at the end.
pub async fn check(conn: &mut Conn, after: i64, limit: i64) -> Result<(Checked, Option<i64>), StoreError> {
    let text = "SELECT seq, payload, salt, commitment FROM evidence WHERE seq > $1 ORDER BY seq LIMIT $2";
    let rows = sql(text).bind(after).bind(limit).fetch_all(conn).await?;
    let mut checked = Checked::default();
    let mut last = None;
    for row in rows {
        last = Some(row.int(0)?);
        match (row.opt_bytes(1)?, row.opt_bytes(2)?) {
            (Some(payload), Some(salt)) => {
                let fits = Commitment::new(&salt, &payload).bytes().as_slice() == row.bytes(3)?;
                if fits { checked.sound += 1 } else { checked.broken += 1 }
            }
            _ => checked.erased += 1,
        }
    }
    Ok((checked, last))
}

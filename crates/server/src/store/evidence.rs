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
        let id = EntryId::new(now, rng);
        let mut salt = [0; 32];
        rng.fill_bytes(&mut salt);
        let subject = subject.map(|s| s.as_str().to_owned());
        let named = subject.as_deref().map(Subject::Named);
        let payload = Payload { id: id.as_str(), at_micros: now.micros(), kind, subject: named, what };
        let payload = payload.canonical();
        let commitment = Commitment::new(&salt, &payload);
        Self { id, at: now, kind, subject, payload, salt, commitment }
    }

    /// What kind of entry this is.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Appends entries; call it in the transaction of the change.
pub async fn append(conn: &mut Conn, drafts: Vec<Draft>) -> Result<(), StoreError> {
    if drafts.is_empty() {
        return Ok(());
    }
    let columns = "INSERT INTO evidence (id, at, kind, subject, payload, salt, commitment) VALUES ";
    let text = format!("{columns}{}", placeholders(conn, drafts.len(), 7));
    let mut statement = sql(text);
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
    statement.execute(conn).await?;
    Ok(())
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

//! Takes accounts over from another system, a batch in one transaction with one evidence entry.

use super::exposure::{self, former::Value};
use crate::app::App;
use crate::directory::hashes::StoredHash;
use crate::error::AppError;
use crate::store::accounts::{self, Known, Marks, Write};
use crate::store::evidence::{self, Draft};
use crate::store::exposure::former::{self, NewFormer};
use crate::store::{Conn, StoreError};
use countersign_core::ids::AccountId;
use countersign_core::import::{AccountRecord, Reason};
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Records in one transaction: enough to make a commit's cost small, few enough to keep the writer free for others.
pub const BATCH: usize = 1000;

/// What became of the records of a batch or a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// New accounts.
    pub created: u64,
    /// Accounts that were there and that the file changed.
    pub updated: u64,
    /// Accounts that were there just as the file has them.
    pub unchanged: u64,
    /// Records set aside.
    pub rejected: u64,
}

/// A record and the line that it began on.
#[derive(Debug)]
pub struct Numbered {
    /// The line, from 1.
    pub line: u64,
    /// The record.
    pub record: AccountRecord,
}

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many of each.
    pub tally: Tally,
    /// Line, external id and reason of each record that was set aside.
    pub rejected: Vec<(u64, String, Reason)>,
}

/// One run over one file.
#[derive(Debug)]
pub struct Import {
    app: App,
    dry_run: bool,
    seen: HashSet<[u8; 32]>,
}

/// Why a transaction ended without a commit.
enum Undone {
    DryRun(Outcome),
    Failed(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Import {
    /// Starts a run; with `dry_run` every batch is rolled back.
    pub fn new(app: App, dry_run: bool) -> Self {
        Self { app, dry_run, seen: HashSet::new() }
    }

    /// Writes one batch: all of it with its evidence entry, or nothing.
    ///
    /// # Errors
    /// `AppError` where the database is away; earlier batches stay, and running the file again goes on from there.
    pub async fn batch(&mut self, batch: Vec<Numbered>) -> Result<Outcome, AppError> {
        let mut outcome = Outcome::default();
        let records: Vec<Numbered> = batch.into_iter().filter_map(|one| self.screen(one, &mut outcome)).collect();
        let mut work = Work {
            app: self.app.clone(),
            now: self.app.clock.now(),
            rng: self.app.rng(),
            outcome,
            claimed: HashMap::new(),
        };
        let dry_run = self.dry_run;
        let done = self.app.store.write(move |conn| {
            Box::pin(async move {
                work.run(conn, records).await?;
                if dry_run { Err(Undone::DryRun(work.outcome)) } else { Ok(work.outcome) }
            })
        });
        match done.await {
            Ok(outcome) | Err(Undone::DryRun(outcome)) => Ok(outcome),
            Err(Undone::Failed(error)) => Err(AppError::unavailable(error.to_string())),
        }
    }

    /// What can be said without the database.
    fn screen(&mut self, one: Numbered, outcome: &mut Outcome) -> Option<Numbered> {
        let hash = one.record.password_hash.as_ref().map(|hash| StoredHash::parse(hash.expose()));
        let id = self.app.keys.hash.mac(&[b"import id", one.record.external_id.as_bytes()]);
        let reason = match hash {
            Some(Err(error)) => Reason::PasswordHash(error.to_string()),
            _ if !self.seen.insert(*id.bytes()) => Reason::Repeated,
            _ => return Some(one),
        };
        outcome.reject(one, reason);
        None
    }
}

impl Outcome {
    fn reject(&mut self, one: Numbered, reason: Reason) {
        self.tally.rejected += 1;
        self.rejected.push((one.line, one.record.external_id, reason));
    }
}

/// A batch inside its transaction.
struct Work {
    app: App,
    now: Timestamp,
    rng: StdRng,
    outcome: Outcome,
    claimed: HashMap<(&'static str, String), String>,
}

impl Work {
    async fn run(&mut self, conn: &mut Conn, records: Vec<Numbered>) -> Result<(), StoreError> {
        let ids: Vec<&str> = records.iter().map(|one| one.record.external_id.as_str()).collect();
        let known = accounts::known(conn, &ids).await?;
        self.claimed = owners(conn, &records).await?;
        let lines = records.first().map(|one| one.line).zip(records.last().map(|one| one.line));
        let writes: Vec<Write> = records.into_iter().filter_map(|one| self.decide(one, &known)).collect();
        if writes.is_empty() {
            return Ok(());
        }
        let former = self.former(conn, &writes).await?;
        accounts::write(conn, &writes, self.now).await?;
        former::insert(conn, &former, self.now).await?;
        let Tally { created, updated, unchanged, rejected } = self.outcome.tally;
        let what = json!({
            "lines": lines.map(|(first, last)| [first, last]),
            "created": created, "updated": updated, "unchanged": unchanged, "rejected": rejected,
        });
        let entry = Draft::new("accounts.imported", None, what, self.now, &mut self.rng);
        evidence::append(conn, vec![entry]).await
    }

    /// What names accounts until now and will not after this batch.
    async fn former(&mut self, conn: &mut Conn, writes: &[Write]) -> Result<Vec<NewFormer>, StoreError> {
        let known: HashMap<&str, &Write> =
            writes.iter().filter(|write| write.known).map(|write| (write.id.as_str(), write)).collect();
        let ids: Vec<&str> = known.keys().copied().collect();
        let mut found = vec![];
        for (account, kind, text) in accounts::names(conn, &ids).await? {
            let Some(write) = known.get(account.as_str()) else { continue };
            let kind = ["user", "email", "phone"].into_iter().find(|known| *known == kind);
            let stays = |kind| write.record.identifiers().any(|name| name == (kind, text.as_str()));
            let Some(kind) = kind.filter(|kind| !stays(*kind)) else { continue };
            let value = Value { kind, text };
            found.push(exposure::former::sealed(&self.app.keys, &write.id, &value, self.now, &mut self.rng));
        }
        Ok(found)
    }

    fn decide(&mut self, one: Numbered, known: &HashMap<String, Known>) -> Option<Write> {
        let known = known.get(&one.record.external_id);
        let marks = self.marks(&one.record);
        let before = known.and_then(|known| known.marks);
        if before.is_some_and(|before| before.record == marks.record) {
            self.outcome.tally.unchanged += 1;
            return None;
        }
        let id = known.map_or_else(|| AccountId::new(self.now, &mut self.rng), |known| known.id.clone());
        if let Some(field) = self.taken(&one.record, &id) {
            self.outcome.reject(one, Reason::Taken { field });
            return None;
        }
        Some(self.write(id, known.is_some(), one.record, marks, before))
    }

    /// A secret that the file does not have stays as it is here; one that it had last time already does so, too.
    fn write(
        &mut self,
        id: AccountId,
        known: bool,
        record: AccountRecord,
        marks: Marks,
        before: Option<Marks>,
    ) -> Write {
        let tally = &mut self.outcome.tally;
        *if known { &mut tally.updated } else { &mut tally.created } += 1;
        let set_password = record.password_hash.is_some() && before.is_none_or(|old| old.password != marks.password);
        let set_totp = before.is_none_or(|old| old.totp != marks.totp);
        let totp = record.totp_secret.as_ref().filter(|_| set_totp);
        let totp = totp.and_then(|secret| data_encoding::BASE32_NOPAD.decode(secret.expose().as_bytes()).ok());
        let totp_sealed = totp.map(|secret| self.seal(&id, &zeroize::Zeroizing::new(secret)));
        for (kind, value) in record.identifiers() {
            self.claimed.insert((kind, value.to_owned()), id.as_str().to_owned());
        }
        Write { id, known, record, marks, set_password, totp_sealed }
    }

    fn seal(&mut self, id: &AccountId, secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        self.rng.fill_bytes(&mut nonce);
        self.app.keys.seal(id.as_str().as_bytes(), nonce, secret)
    }

    /// The field with an identifier that another account has, here or earlier in the batch.
    fn taken(&self, record: &AccountRecord, id: &AccountId) -> Option<&'static str> {
        let other = |(kind, value): (&'static str, &str)| {
            let owner = self.claimed.get(&(kind, value.to_owned()))?;
            (owner != id.as_str()).then_some(field_of(kind))
        };
        record.identifiers().find_map(other)
    }

    fn marks(&self, record: &AccountRecord) -> Marks {
        let secret = |purpose: &[u8], text: Option<&countersign_core::secret::SecretText>| -> Digest {
            let present = [u8::from(text.is_some())];
            self.app.keys.hash.mac(&[purpose, &present, text.map_or(&[], |text| text.expose().as_bytes())])
        };
        let password = secret(b"import password", record.password_hash.as_ref());
        let totp = secret(b"import totp", record.totp_secret.as_ref());
        let plain = canonical(record);
        let record = self.app.keys.hash.mac(&[b"import record", plain.as_bytes(), password.bytes(), totp.bytes()]);
        Marks { record, password, totp }
    }
}

/// Everything in a record but its secrets, in one text.
fn canonical(record: &AccountRecord) -> String {
    json!([
        record.external_id,
        record.user_names.iter().map(|name| name.shown()).collect::<Vec<_>>(),
        record.emails.iter().map(|email| (email.address.delivery(), email.confirmed)).collect::<Vec<_>>(),
        record.phones.iter().map(|phone| (phone.number.as_str(), phone.confirmed)).collect::<Vec<_>>(),
        record.locale,
        record.region,
        record.party,
        record.flags,
        record.created_at,
    ])
    .to_string()
}

fn field_of(kind: &str) -> &'static str {
    match kind {
        "email" => "emails",
        "phone" => "phones",
        _ => "user_names",
    }
}

async fn owners(conn: &mut Conn, records: &[Numbered]) -> Result<HashMap<(&'static str, String), String>, StoreError> {
    let mut all = HashMap::new();
    for kind in ["user", "email", "phone"] {
        let of_kind = records.iter().flat_map(|one| one.record.identifiers()).filter(|(k, _)| *k == kind);
        let values: Vec<&str> = of_kind.map(|(_, value)| value).collect();
        let found = accounts::owners(conn, kind, &values).await?;
        all.extend(found.into_iter().map(|(value, owner)| ((kind, value), owner)));
    }
    Ok(all)
}

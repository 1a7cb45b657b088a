//! Values that accounts had before: recorded where an import changes one, or told by the platform, sealed; in the index as
//! keyed hashes like the present ones.

use crate::app::App;
use crate::flows::Result;
use crate::flows::staff::Actor;
use crate::keyring::Keyring;
use crate::store::accounts as store_accounts;
use crate::store::evidence::{self, Draft};
use crate::store::exposure::former::{self, NewFormer};
use countersign_core::identifier;
use countersign_core::ids::AccountId;
use countersign_core::staff::{Permission, Reason};
use countersign_core::time::Timestamp;
use rand::Rng;
use serde_json::json;
use std::collections::HashMap;

/// A value that an account had.
#[derive(Clone)]
pub struct Value {
    /// `user`, `email` or `phone`.
    pub kind: &'static str,
    /// Normalised, as the directory has it.
    pub text: String,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({})", self.kind)
    }
}

/// What a seal is bound to.
fn context(account: &str) -> Vec<u8> {
    [b"former value ".as_slice(), account.as_bytes()].concat()
}

/// A row to be written.
pub fn sealed(keys: &Keyring, account: &AccountId, value: &Value, until: Timestamp, rng: &mut impl Rng) -> NewFormer {
    let mut nonce = [0; 12];
    rng.fill_bytes(&mut nonce);
    let parts: [&[u8]; 4] =
        [b"former value", account.as_str().as_bytes(), value.kind.as_bytes(), value.text.as_bytes()];
    NewFormer {
        account: account.clone(),
        kind: value.kind,
        key: keys.subject.mac(&parts),
        sealed: keys.seal(&context(account.as_str()), nonce, value.text.as_bytes()),
        until,
    }
}

/// What a sealed value says; `None` for one of another key or another account.
pub fn unsealed(app: &App, account: &str, sealed: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    app.keys.unseal(&context(account), sealed)
}

/// A line of a list of former values.
#[derive(Clone)]
pub struct Line {
    /// Its number.
    pub line: u64,
    /// Whose, as the platform calls them.
    pub external_id: String,
    /// `user`, `email` or `phone`.
    pub kind: String,
    /// The value.
    pub value: String,
    /// When it stopped to be theirs.
    pub until: String,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({})", self.line)
    }
}

/// What became of lines.
#[derive(Debug, Default)]
pub struct Tally {
    /// Values that are on record now and were not, or not with so late an end.
    pub recorded: u64,
    /// Lines that cannot be used.
    pub bad_count: u64,
    /// The first of them, and why.
    pub bad: Vec<(u64, &'static str)>,
}

/// Bad lines that are named.
const NAMED: usize = 20;

impl Tally {
    /// Takes in another one.
    pub fn add(&mut self, other: Self) {
        self.recorded += other.recorded;
        self.bad_count += other.bad_count;
        let room = NAMED.saturating_sub(self.bad.len());
        self.bad.extend(other.bad.into_iter().take(room));
    }

    fn refuse(&mut self, line: &Line, why: &'static str) {
        self.bad_count += 1;
        if self.bad.len() < NAMED {
            self.bad.push((line.line, why));
        }
    }
}

/// Records what the platform says that accounts had before; lines that cannot be used are counted.
///
/// # Errors
/// What `Asks::check` says; 503.
pub async fn record(app: &App, actor: &Actor, lines: Vec<Line>, reason: &Reason) -> Result<Tally> {
    if lines.is_empty() {
        return Ok(Tally::default());
    }
    let (now, mut rng, keys) = (app.clock.now(), app.rng(), app.keys.clone());
    let (asks, by, reason) = (actor.asks(app, Permission::ActOnExposure), actor.named(), reason.clone());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                let externals: Vec<&str> = lines.iter().map(|line| line.external_id.as_str()).collect();
                let accounts = store_accounts::known(conn, &externals).await?;
                let (mut tally, mut rows) = (Tally::default(), HashMap::new());
                for line in &lines {
                    let account = accounts.get(&line.external_id).map(|known| &known.id);
                    match (account, read(line)) {
                        (Some(account), Ok((value, until))) if until <= now => {
                            let row = sealed(&keys, account, &value, until, &mut rng);
                            // One statement must not write a row twice.
                            rows.insert((account.clone(), row.key.short()), row);
                        }
                        (None, _) => tally.refuse(line, "external_id: there is no such account"),
                        (_, Err(why)) => tally.refuse(line, why),
                        _ => tally.refuse(line, "until: is in the future"),
                    }
                }
                let rows: Vec<NewFormer> = rows.into_values().collect();
                tally.recorded = former::insert(conn, &rows, now).await?;
                if tally.recorded > 0 {
                    let what = json!({ "by": by, "reason": reason.as_str(), "values": tally.recorded });
                    let entry = Draft::new("staff.values_recorded", None, what, now, &mut rng);
                    evidence::append(conn, vec![entry]).await?;
                }
                Ok(tally)
            })
        })
        .await
}

fn read(line: &Line) -> std::result::Result<(Value, Timestamp), &'static str> {
    let kind = ["user", "email", "phone"].into_iter().find(|kind| *kind == line.kind);
    let kind = kind.ok_or("kind: user, email or phone is needed")?;
    let text = match kind {
        "email" => identifier::EmailAddress::parse(&line.value).map(|value| value.lookup().to_owned()),
        "phone" => identifier::PhoneNumber::parse(&line.value).map(|value| value.as_str().to_owned()),
        _ => identifier::UserName::parse(&line.value).map(|value| value.lookup().to_owned()),
    };
    let text = text.map_err(|_| "value: cannot be read as this kind")?;
    let until: jiff::Timestamp =
        line.until.parse().map_err(|_| "until: a time such as 2024-03-01T00:00:00Z is needed")?;
    Ok((Value { kind, text }, Timestamp::from_micros(until.as_microsecond())))
}

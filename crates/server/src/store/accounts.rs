//! Writes imported accounts, many in one statement.

use super::db::{Arg, Conn, Row, StoreError, placeholders, sql};
use countersign_core::ids::AccountId;
use countersign_core::import::AccountRecord;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;
use std::collections::HashMap;

/// Values bound in one statement; SQLite takes 32 766, PostgreSQL 65 535.
const MAX_BOUND: usize = 30_000;

/// An account that an earlier import or another flow made.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its id.
    pub id: AccountId,
    /// What was imported last; `None` where it did not come from an import.
    pub marks: Option<Marks>,
}

/// Keyed hashes of what was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Of the whole record.
    pub record: Digest,
    /// Of its password hash, present or not.
    pub password: Digest,
    /// Of its TOTP secret, present or not.
    pub totp: Digest,
}

/// One account to write.
#[derive(Debug)]
pub struct Write {
    /// Its id, new or known.
    pub id: AccountId,
    /// Whether it is there already.
    pub known: bool,
    /// What the file says.
    pub record: AccountRecord,
    /// Keyed hashes of that.
    pub marks: Marks,
    /// Whether the password hash is written; not where the file says the same as last time, so that a password changed
    /// here since then stays.
    pub set_password: bool,
    /// The sealed TOTP secret, where it is written.
    pub totp_sealed: Option<Vec<u8>>,
}

/// The accounts with these external ids.
pub async fn known(conn: &mut Conn, external_ids: &[&str]) -> Result<HashMap<String, Known>, StoreError> {
    let mut found = HashMap::new();
    for part in external_ids.chunks(MAX_BOUND) {
        let text = format!(
            "SELECT a.external_id, a.id, i.record_hash, i.password_hash, i.totp_hash FROM accounts a \
             LEFT JOIN imports i ON i.external_id = a.external_id WHERE a.external_id IN {}{}",
            placeholders(conn, 1, part.len()),
            if conn.is_postgres() { " FOR UPDATE OF a" } else { "" }
        );
        let rows = sql(text).bind_all(part.iter().map(|id| Arg::from(*id))).fetch_all(conn).await?;
        for row in rows {
            found.insert(row.text(0)?, known_row(&row)?);
        }
    }
    Ok(found)
}

fn known_row(row: &Row) -> Result<Known, StoreError> {
    let id = row.parsed(1, "accounts.id", |text| AccountId::parse(text).ok())?;
    let marks = match row.opt_bytes(2)? {
        None => None,
        Some(_) => Some(Marks { record: row.digest(2)?, password: row.digest(3)?, totp: row.digest(4)? }),
    };
    Ok(Known { id, marks })
}

/// Who has these identifiers of one kind.
pub async fn owners(conn: &mut Conn, kind: &str, values: &[&str]) -> Result<HashMap<String, String>, StoreError> {
    let mut found = HashMap::new();
    for part in values.chunks(MAX_BOUND) {
        let list = placeholders(conn, 1, part.len());
        let text =
            format!("SELECT value, account_id FROM identifiers WHERE value IN {list} AND kind = ${}", part.len() + 1);
        let rows = sql(text).bind_all(part.iter().map(|value| Arg::from(*value))).bind(kind).fetch_all(conn).await?;
        for row in rows {
            found.insert(row.text(0)?, row.text(1)?);
        }
    }
    Ok(found)
}

/// What names accounts: account, kind and value.
pub async fn names(conn: &mut Conn, ids: &[&str]) -> Result<Vec<(String, String, String)>, StoreError> {
    let mut found = Vec::new();
    for part in ids.chunks(MAX_BOUND) {
        let list = placeholders(conn, 1, part.len());
        let text = format!("SELECT account_id, kind, value FROM identifiers WHERE account_id IN {list}");
        for row in sql(text).bind_all(part.iter().map(|id| Arg::from(*id))).fetch_all(conn).await? {
            found.push((row.text(0)?, row.text(1)?, row.text(2)?));
        }
    }
    Ok(found)
}

/// Writes accounts with their identifiers, addresses and numbers. The caller has checked that no identifier belongs to
/// another account; where one does after all, the statement fails and nothing is written.
pub async fn write(conn: &mut Conn, writes: &[Write], now: Timestamp) -> Result<(), StoreError> {
    let mut confirmed = HashMap::new();
    for known in writes.iter().filter(|write| write.known) {
        update(conn, known, now).await?;
        confirmed.insert(known.id.as_str(), clear(conn, &known.id).await?);
    }
    let first = super::exposure::directory::next_number(conn).await?;
    let fresh = writes.iter().filter(|write| !write.known).zip(first..).map(|(w, n)| account_row(w, n, now)).collect();
    insert(
        conn,
        "accounts (id, external_id, locale, region, party, flags, password_hash, password_changed_at, totp_sealed, \
                  created_at, updated_at, number)",
        "",
        fresh,
    )
    .await?;
    insert(conn, "identifiers (kind, value, account_id)", "", writes.iter().flat_map(identifier_rows).collect())
        .await?;
    let keep = |write: &Write| confirmed.get(write.id.as_str()).cloned().unwrap_or_default();
    let emails = writes.iter().flat_map(|write| email_rows(write, &keep(write), now)).collect();
    insert(conn, "emails (account_id, address, normalized, confirmed_at, position)", "", emails).await?;
    let phones = writes.iter().flat_map(|write| phone_rows(write, &keep(write), now)).collect();
    insert(conn, "phones (account_id, number, confirmed_at, position)", "", phones).await?;
    let marks = writes.iter().map(|write| mark_row(write, now)).collect();
    insert(
        conn,
        "imports (external_id, account_id, record_hash, password_hash, totp_hash, imported_at)",
        MARKS_AGAIN,
        marks,
    )
    .await
}

const MARKS_AGAIN: &str = " ON CONFLICT (external_id) DO UPDATE SET record_hash = excluded.record_hash, \
                           password_hash = excluded.password_hash, totp_hash = excluded.totp_hash, \
                           imported_at = excluded.imported_at";

async fn insert(conn: &mut Conn, into: &str, tail: &str, rows: Vec<Vec<Arg>>) -> Result<(), StoreError> {
    let Some(columns) = rows.first().map(Vec::len) else { return Ok(()) };
    for part in rows.chunks(MAX_BOUND / columns) {
        let text = format!("INSERT INTO {into} VALUES {}{tail}", placeholders(conn, part.len(), columns));
        sql(text).bind_all(part.iter().flatten().cloned()).execute(conn).await?;
    }
    Ok(())
}

/// Flags are added and never taken away: some say what happened here, and the other system does not know them.
async fn update(conn: &mut Conn, write: &Write, now: Timestamp) -> Result<(), StoreError> {
    let record = &write.record;
    let current =
        sql("SELECT flags FROM accounts WHERE id = $1").bind(write.id.as_str()).fetch_one(conn).await?.text(0)?;
    let mut flags: Vec<&str> = current.split(' ').filter(|flag| !flag.is_empty()).collect();
    flags.extend(record.flags.iter().map(String::as_str));
    flags.sort_unstable();
    flags.dedup();
    let text = "UPDATE accounts SET locale = $2, region = $3, party = $4, flags = $5, updated_at = $6 WHERE id = $1";
    let set = sql(text).bind(write.id.as_str()).bind(record.locale.as_deref()).bind(record.region.as_deref());
    set.bind(record.party.as_deref()).bind(flags.join(" ")).bind(now).execute(conn).await?;
    if write.set_password {
        let hash = record.password_hash.as_ref().map(|hash| hash.expose());
        super::directory::set_password(conn, &write.id, hash, now).await?;
    }
    if write.totp_sealed.is_some() {
        super::directory::set_totp(conn, &write.id, write.totp_sealed.clone(), now).await?;
    }
    Ok(())
}

/// Takes away identifiers, addresses and numbers; what had been confirmed here, and when.
async fn clear(conn: &mut Conn, id: &AccountId) -> Result<HashMap<String, Timestamp>, StoreError> {
    let text = "SELECT normalized, confirmed_at FROM emails WHERE account_id = $1 AND confirmed_at IS NOT NULL \
                UNION ALL SELECT number, confirmed_at FROM phones WHERE account_id = $1 AND confirmed_at IS NOT NULL";
    let rows = sql(text).bind(id.as_str()).fetch_all(conn).await?;
    for text in [
        "DELETE FROM identifiers WHERE account_id = $1",
        "DELETE FROM emails WHERE account_id = $1",
        "DELETE FROM phones WHERE account_id = $1",
    ] {
        sql(text).bind(id.as_str()).execute(conn).await?;
    }
    rows.iter().map(|row| Ok((row.text(0)?, row.time(1)?))).collect()
}

fn account_row(write: &Write, number: i64, now: Timestamp) -> Vec<Arg> {
    let record = &write.record;
    let hash = record.password_hash.as_ref().map(|hash| hash.expose());
    vec![
        write.id.as_str().into(),
        (&record.external_id).into(),
        record.locale.as_deref().into(),
        record.region.as_deref().into(),
        record.party.as_deref().into(),
        record.flags.join(" ").into(),
        hash.into(),
        // When the password was set is not in the file, and unknown is shown as unknown (P1).
        Option::<i64>::None.into(),
        write.totp_sealed.clone().into(),
        record.created_at.unwrap_or(now).into(),
        now.into(),
        number.into(),
    ]
}

fn identifier_rows(write: &Write) -> Vec<Vec<Arg>> {
    let row = |(kind, value): (&str, &str)| vec![kind.into(), value.into(), write.id.as_str().into()];
    write.record.identifiers().map(row).collect()
}

fn email_rows(write: &Write, confirmed: &HashMap<String, Timestamp>, now: Timestamp) -> Vec<Vec<Arg>> {
    let row = |(position, email): (usize, &countersign_core::import::EmailEntry)| {
        let before = confirmed.get(email.address.lookup()).copied();
        vec![
            write.id.as_str().into(),
            email.address.delivery().into(),
            email.address.lookup().into(),
            before.or(email.confirmed.then_some(now)).into(),
            (position as i64).into(),
        ]
    };
    write.record.emails.iter().enumerate().map(row).collect()
}

fn phone_rows(write: &Write, confirmed: &HashMap<String, Timestamp>, now: Timestamp) -> Vec<Vec<Arg>> {
    let row = |(position, phone): (usize, &countersign_core::import::PhoneEntry)| {
        let before = confirmed.get(phone.number.as_str()).copied();
        let confirmed = before.or(phone.confirmed.then_some(now));
        vec![write.id.as_str().into(), phone.number.as_str().into(), confirmed.into(), (position as i64).into()]
    };
    write.record.phones.iter().enumerate().map(row).collect()
}

fn mark_row(write: &Write, now: Timestamp) -> Vec<Arg> {
    let Marks { record, password, totp } = &write.marks;
    let id = (&write.record.external_id).into();
    vec![id, write.id.as_str().into(), record.into(), password.into(), totp.into(), now.into()]
}

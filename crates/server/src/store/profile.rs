//! What is on record about one account, for those who look after it.

use super::db::{Conn, Row, StoreError, sql};
use super::log::number;
use countersign_core::ids::{AccountId, DeviceId, RequestId, SessionId, TicketId};
use countersign_core::time::Timestamp;

/// The account's row, without its secrets.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its id.
    pub id: AccountId,
    /// What the other system calls it.
    pub external_id: Option<String>,
    /// Its language.
    pub locale: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its party.
    pub party: Option<String>,
    /// Flags, space separated.
    pub flags: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// When it was last changed here; `None` where it was taken over and never changed.
    pub password_changed_at: Option<Timestamp>,
    /// Whether there is a second factor.
    pub second_factor: bool,
    /// Since when it is here.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// How often "this was not me" was said.
    pub disavow_level: i64,
    /// Requests without proof are not served until then.
    pub disavow_until: Timestamp,
    /// Recovery without strong proof is held until then.
    pub hold_until: Timestamp,
    /// Saved recovery codes that are unused.
    pub recovery_codes: i64,
}

/// The row of an account.
pub async fn facts(conn: &mut Conn, id: &AccountId) -> Result<Option<Facts>, StoreError> {
    let text = "SELECT id, external_id, locale, region, party, flags, \
                CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), password_changed_at, \
                CAST(CASE WHEN totp_sealed IS NULL THEN 0 ELSE 1 END AS BIGINT), created_at, updated_at, disavow_level, disavow_until, \
                hold_until, (SELECT count(*) FROM recovery_codes c WHERE c.account_id = accounts.id AND c.used_at IS NULL) \
                FROM accounts WHERE id = $1";
    let row = sql(text).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Facts, StoreError> {
    Ok(Facts {
        id: row.parsed(0, "accounts.id", |t| AccountId::parse(t).ok())?,
        external_id: row.opt_text(1)?,
        locale: row.opt_text(2)?,
        region: row.opt_text(3)?,
        party: row.opt_text(4)?,
        flags: row.text(5)?,
        has_password: row.int(6)? != 0,
        password_changed_at: row.opt_time(7)?,
        second_factor: row.int(8)? != 0,
        created_at: row.time(9)?,
        updated_at: row.time(10)?,
        disavow_level: row.int(11)?,
        disavow_until: row.time(12)?,
        hold_until: row.time(13)?,
        recovery_codes: row.int(14)?,
    })
}

/// The account that another system calls so.
pub async fn by_external_id(conn: &mut Conn, external: &str) -> Result<Option<AccountId>, StoreError> {
    one_account(conn, "SELECT id FROM accounts WHERE external_id = $1", external).await
}

/// The account of a request, a link, a change, an undo, a session or a device.
pub async fn owner(conn: &mut Conn, id: &str) -> Result<Option<AccountId>, StoreError> {
    let texts: &[&'static str] = match id.split('_').next() {
        Some("req") => {
            &["SELECT t.account_id FROM recovery_requests r JOIN tickets t ON t.id = r.ticket_id WHERE r.id = $1"]
        }
        Some("tkt") => &["SELECT account_id FROM tickets WHERE id = $1"],
        Some("chg") => &["SELECT account_id FROM changes WHERE id = $1", "SELECT account_id FROM undos WHERE id = $1"],
        Some("ses") => &["SELECT account_id FROM sessions WHERE id = $1"],
        Some("dev") => &["SELECT account_id FROM devices WHERE id = $1"],
        _ => &[],
    };
    for text in texts {
        if let Some(found) = one_account(conn, text, id).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

async fn one_account(conn: &mut Conn, text: &'static str, value: &str) -> Result<Option<AccountId>, StoreError> {
    let row = sql(text).bind(value).fetch_optional(conn).await?;
    row.map(|r| r.parsed(0, "accounts.id", |t| AccountId::parse(t).ok())).transpose()
}

/// Kind and text of everything that names the account when it is typed.
pub async fn identifiers(conn: &mut Conn, id: &AccountId) -> Result<Vec<(String, String)>, StoreError> {
    let text = "SELECT kind, value FROM identifiers WHERE account_id = $1 ORDER BY kind, value LIMIT 100";
    let rows = sql(text).bind(id.as_str()).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

/// Where messages to the account may go, the first choice first, and since when each is confirmed.
pub async fn emails(conn: &mut Conn, id: &AccountId) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
    let text = "SELECT address, confirmed_at FROM emails WHERE account_id = $1 ORDER BY position, normalized LIMIT 100";
    places(conn, text, id).await
}

/// Its phone numbers, likewise.
pub async fn phones(conn: &mut Conn, id: &AccountId) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
    let text = "SELECT number, confirmed_at FROM phones WHERE account_id = $1 ORDER BY position, number LIMIT 100";
    places(conn, text, id).await
}

async fn places(
    conn: &mut Conn,
    text: &'static str,
    id: &AccountId,
) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
    let rows = sql(text).bind(id.as_str()).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.opt_time(1)?))).collect()
}

/// How many there are, and the newest.
#[derive(Debug, Clone)]
pub struct Newest<T> {
    /// All of them.
    pub count: i64,
    /// The newest first.
    pub newest: Vec<(T, Timestamp)>,
}

/// Sessions that are open.
pub async fn sessions(conn: &mut Conn, id: &AccountId, limit: i64) -> Result<Newest<SessionId>, StoreError> {
    newest(conn, "sessions WHERE account_id = $1 AND ended_at IS NULL", id, limit, |t| SessionId::parse(t).ok()).await
}

/// Devices that are known.
pub async fn devices(conn: &mut Conn, id: &AccountId, limit: i64) -> Result<Newest<DeviceId>, StoreError> {
    newest(conn, "devices WHERE account_id = $1 AND revoked_at IS NULL", id, limit, |t| DeviceId::parse(t).ok()).await
}

async fn newest<T>(
    conn: &mut Conn,
    of: &'static str,
    id: &AccountId,
    limit: i64,
    parse: fn(&str) -> Option<T>,
) -> Result<Newest<T>, StoreError> {
    let count = sql(format!("SELECT count(*) FROM {of}")).bind(id.as_str()).fetch_one(conn).await?.int(0)?;
    let text = format!("SELECT id, created_at FROM {of} ORDER BY id DESC LIMIT $2");
    let rows = sql(text).bind(id.as_str()).bind(limit).fetch_all(conn).await?;
    let one = |row: &Row| Ok((row.parsed(0, "id", parse)?, row.time(1)?));
    Ok(Newest { count, newest: rows.iter().map(one).collect::<Result<_, StoreError>>()? })
}

/// A recovery link of an account.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: TicketId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
    /// `live`, `used` or `revoked`.
    pub state: String,
    /// What the request had shown.
    pub class: String,
    /// Wrong codes.
    pub code_tries: i64,
    /// When it was used or revoked.
    pub closed_at: Option<Timestamp>,
}

/// The newest links.
pub async fn links(conn: &mut Conn, id: &AccountId, limit: i64) -> Result<Vec<Link>, StoreError> {
    let text = "SELECT id, created_at, expires_at, state, class, code_tries, closed_at FROM tickets \
                WHERE account_id = $1 ORDER BY id DESC LIMIT $2";
    let rows = sql(text).bind(id.as_str()).bind(limit).fetch_all(conn).await?;
    let one = |row: &Row| {
        Ok(Link {
            id: row.parsed(0, "tickets.id", |t| TicketId::parse(t).ok())?,
            created_at: row.time(1)?,
            expires_at: row.time(2)?,
            state: row.text(3)?,
            class: row.text(4)?,
            code_tries: row.int(5)?,
            closed_at: row.opt_time(6)?,
        })
    };
    rows.iter().map(one).collect()
}

/// A request that led to a link, or met a live one.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The link.
    pub link: TicketId,
    /// When it came.
    pub received_at: Timestamp,
    /// `api` or `hosted`.
    pub door: String,
    /// The family of the asking device.
    pub agent: String,
    /// What it had shown.
    pub class: String,
    /// What was decided.
    pub outcome: Option<String>,
}

/// The newest requests of some links, a few of each: a flood may have met one link.
pub async fn requests(conn: &mut Conn, links: &[&TicketId], each: i64) -> Result<Vec<Request>, StoreError> {
    let mut found = Vec::new();
    for link in links {
        let text = "SELECT id, ticket_id, received_at, door, agent, class, outcome FROM recovery_requests \
                    WHERE ticket_id = $1 ORDER BY received_at DESC LIMIT $2";
        for row in sql(text).bind(link.as_str()).bind(each).fetch_all(conn).await? {
            found.push(Request {
                id: row.parsed(0, "recovery_requests.id", |t| RequestId::parse(t).ok())?,
                link: row.parsed(1, "recovery_requests.ticket_id", |t| TicketId::parse(t).ok())?,
                received_at: row.time(2)?,
                door: row.text(3)?,
                agent: row.text(4)?,
                class: row.text(5)?,
                outcome: row.opt_text(6)?,
            });
        }
    }
    Ok(found)
}

/// A password change that waits or waited, or one that can be or was undone.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// `waiting`, `applied`, `cancelled`; of an undo `open`, `used` or `expired`.
    pub state: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it takes effect, or when it can no longer be undone.
    pub until: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// The newest changes that had to wait.
pub async fn changes(conn: &mut Conn, id: &AccountId, limit: i64) -> Result<Vec<Step>, StoreError> {
    let text = "SELECT id, state, created_at, apply_at, closed_at FROM changes \
                WHERE account_id = $1 ORDER BY id DESC LIMIT $2";
    let rows = sql(text).bind(id.as_str()).bind(limit).fetch_all(conn).await?;
    let known = |s: &str| ["waiting", "applied", "cancelled"].contains(&s).then(|| s.to_owned());
    let one = |row: &Row| {
        Ok(Step {
            id: row.text(0)?,
            state: row.parsed(1, "changes.state", known)?,
            created_at: row.time(2)?,
            until: row.time(3)?,
            closed_at: row.opt_time(4)?,
        })
    };
    rows.iter().map(one).collect()
}

/// The newest changes that took effect: each can be undone for a while.
pub async fn undos(conn: &mut Conn, id: &AccountId, limit: i64, now: Timestamp) -> Result<Vec<Step>, StoreError> {
    let text = "SELECT id, created_at, expires_at, used_at FROM undos WHERE account_id = $1 ORDER BY id DESC LIMIT $2";
    let rows = sql(text).bind(id.as_str()).bind(limit).fetch_all(conn).await?;
    let one = |row: &Row| {
        let (until, used) = (row.time(2)?, row.opt_time(3)?);
        let state = if used.is_some() {
            "used"
        } else if until > now {
            "open"
        } else {
            "expired"
        };
        Ok(Step { id: row.text(0)?, state: state.to_owned(), created_at: row.time(1)?, until, closed_at: used })
    };
    rows.iter().map(one).collect()
}

/// Entries about what staff did with an account, the newest first.
pub async fn staff_entries(
    conn: &mut Conn,
    id: &AccountId,
    limit: i64,
) -> Result<Vec<super::log::EntryRow>, StoreError> {
    let n = number(conn);
    let text = format!(
        "SELECT {n}, id, at, kind, subject, payload, salt, commitment FROM evidence \
         WHERE subject = $1 AND kind >= 'staff.' AND kind < 'staff/' AND {n} IS NOT NULL ORDER BY seq DESC LIMIT $2"
    );
    let rows = sql(text).bind(id.as_str()).bind(limit).fetch_all(conn).await?;
    rows.iter().map(super::log::entry).collect()
}

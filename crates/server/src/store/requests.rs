//! Recovery requests: taken up, held, decided.

use super::db::{Arg, Conn, Row, StoreError, placeholders, sql};
use countersign_core::gate::Class;
use countersign_core::ids::{RequestId, TicketId};
use countersign_core::message::DeviceKind;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// A request as it is taken up.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Its id.
    pub id: RequestId,
    /// When it came.
    pub received_at: Timestamp,
    /// `api` or `hosted`.
    pub door: &'static str,
    /// What was typed, normalised; wiped when decided.
    pub identifier: String,
    /// Keyed hash of it.
    pub identifier_key: Digest,
    /// Keyed hash of the source.
    pub source_key: Digest,
    /// The reader's language.
    pub locale: Option<&'static str>,
    /// The family of the asking device.
    pub agent: DeviceKind,
    /// Id and binding of a device token.
    pub device: Option<String>,
    /// Keyed hash of a saved recovery code.
    pub code_hash: Option<Digest>,
    /// What was shown.
    pub class: Class,
    /// Whether it waits for proof.
    pub held: bool,
    /// When nobody waits any more.
    pub expires_at: Timestamp,
}

/// A request that is to be decided.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its id.
    pub id: RequestId,
    /// When it came.
    pub received_at: Timestamp,
    /// What was typed, normalised.
    pub identifier: String,
    /// The reader's language.
    pub locale: Option<String>,
    /// The family of the asking device.
    pub agent: DeviceKind,
    /// Id and binding of a device token.
    pub device: Option<String>,
    /// Keyed hash of a saved recovery code.
    pub code_hash: Option<Digest>,
    /// What was shown.
    pub class: Class,
    /// When nobody waits any more.
    pub expires_at: Timestamp,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Keyed hash of the identifier.
    pub identifier_key: Digest,
    /// What was shown.
    pub class: Class,
    /// Whether it is still undecided.
    pub open: bool,
    /// When nobody waits any more.
    pub expires_at: Timestamp,
    /// The ticket that its message carried, or the live one that it met.
    pub ticket: Option<TicketId>,
}

/// Inserts requests, several at once.
pub async fn insert(conn: &mut Conn, requests: &[NewRequest]) -> Result<(), StoreError> {
    let columns = "INSERT INTO recovery_requests (id, received_at, door, identifier, identifier_key, source_key, locale, \
                   agent, device, code_hash, class, state, wake_at, expires_at) VALUES ";
    let mut statement = sql(format!("{columns}{}", placeholders(conn, requests.len(), 14)));
    for r in requests {
        statement = statement.bind_all([
            Arg::from(r.id.as_str()),
            r.received_at.into(),
            r.door.into(),
            r.identifier.as_str().into(),
            (&r.identifier_key).into(),
            (&r.source_key).into(),
            r.locale.into(),
            r.agent.as_str().into(),
            r.device.clone().into(),
            r.code_hash.as_ref().into(),
            r.class.as_str().into(),
            if r.held { "held" } else { "queued" }.into(),
            r.received_at.into(),
            r.expires_at.into(),
        ]);
    }
    statement.execute(conn).await?;
    Ok(())
}

const PENDING: &str = "SELECT id, received_at, identifier, locale, device, code_hash, class, expires_at, agent \
                       FROM recovery_requests";

fn pending(row: &Row) -> Result<Pending, StoreError> {
    Ok(Pending {
        id: row.parsed(0, "recovery_requests.id", |t| RequestId::parse(t).ok())?,
        received_at: row.time(1)?,
        identifier: row.opt_text(2)?.unwrap_or_default(),
        locale: row.opt_text(3)?,
        device: row.opt_text(4)?,
        code_hash: row.opt_bytes(5)?.and_then(|b| Digest::from_slice(&b)),
        class: row.parsed(6, "recovery_requests.class", Class::parse)?,
        expires_at: row.time(7)?,
        agent: row.parsed(8, "recovery_requests.agent", DeviceKind::parse)?,
    })
}

/// Queued requests that are due, the strongest class first, the oldest first within it.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Pending>, StoreError> {
    let lock = if conn.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
    let mut found = Vec::new();
    for class in [Class::Strong, Class::Work, Class::Anonymous] {
        let room = limit - found.len() as i64;
        if room <= 0 {
            break;
        }
        let text = format!(
            "{PENDING} WHERE state = 'queued' AND class = $1 AND wake_at <= $2 ORDER BY received_at LIMIT $3{lock}"
        );
        let rows = sql(text).bind(class.as_str()).bind(now).bind(room).fetch_all(conn).await?;
        for row in &rows {
            found.push(pending(row)?);
        }
    }
    Ok(found)
}

/// Held requests that nobody has given up on, the newest first.
pub async fn newest_held(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Pending>, StoreError> {
    let lock = if conn.is_postgres() { " FOR UPDATE SKIP LOCKED" } else { "" };
    let text = format!(
        "{PENDING} WHERE state = 'held' AND class = 'anonymous' AND expires_at > $1 \
         ORDER BY received_at DESC LIMIT $2{lock}"
    );
    let rows = sql(text).bind(now).bind(limit).fetch_all(conn).await?;
    rows.iter().map(pending).collect()
}

/// Closes a request and wipes what was typed.
pub async fn close(
    conn: &mut Conn,
    id: &RequestId,
    outcome: &str,
    ticket: Option<&TicketId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "UPDATE recovery_requests SET state = 'done', outcome = $2, ticket_id = $3, identifier = NULL, \
                device = NULL, code_hash = NULL, decided_at = $4 WHERE id = $1";
    sql(text).bind(id.as_str()).bind(outcome).bind(ticket.map(TicketId::as_str)).bind(now).execute(conn).await?;
    Ok(())
}

/// Leaves a request undecided: held (as anonymous, if what it showed did not fit the account), or queued until later.
pub async fn postpone(
    conn: &mut Conn,
    id: &RequestId,
    class: Class,
    wake_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let state = if wake_at.is_some() { "queued" } else { "held" };
    let text = "UPDATE recovery_requests SET state = $2, class = $3, wake_at = coalesce($4, wake_at), device = NULL, \
                code_hash = NULL WHERE id = $1";
    sql(text).bind(id.as_str()).bind(state).bind(class.as_str()).bind(wake_at).execute(conn).await?;
    Ok(())
}

/// Holds every queued request that showed nothing; how many. One statement, because a flood may have queued thousands
/// before the mode changed.
pub async fn hold_anonymous(conn: &mut Conn) -> Result<u64, StoreError> {
    let text = "UPDATE recovery_requests SET state = 'held' WHERE state = 'queued' AND class = 'anonymous'";
    sql(text).execute(conn).await
}

/// Queues held requests whose budget is there again after a quiet time; how many.
pub async fn queue_held_work(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let text = "UPDATE recovery_requests SET state = 'queued' WHERE id IN (SELECT id FROM recovery_requests \
                WHERE state = 'held' AND class = 'work' AND expires_at > $1 ORDER BY received_at DESC LIMIT $2)";
    sql(text).bind(now).bind(limit).execute(conn).await
}

/// Upgrades an open request after its challenge was solved; `false` where it is closed already.
pub async fn proven(conn: &mut Conn, id: &RequestId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE recovery_requests SET class = 'work', state = 'queued', wake_at = $2 \
                WHERE id = $1 AND class = 'anonymous' AND state IN ('held', 'queued') AND expires_at > $2";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Whether anything is queued and due, and whether anything is held.
pub async fn waiting(conn: &mut Conn, now: Timestamp) -> Result<(bool, bool), StoreError> {
    let due = "SELECT id FROM recovery_requests WHERE state = 'queued' AND wake_at <= $1 LIMIT 1";
    let due = sql(due).bind(now).fetch_optional(conn).await?.is_some();
    let held = "SELECT id FROM recovery_requests WHERE state = 'held' LIMIT 1";
    Ok((due, sql(held).fetch_optional(conn).await?.is_some()))
}

/// Expires up to `limit` held and queued requests that nobody waits for, and wipes what was typed; how many.
pub async fn expire(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let text = "UPDATE recovery_requests SET state = 'expired', outcome = 'expired', identifier = NULL, device = NULL, \
                code_hash = NULL, decided_at = $1 WHERE id IN (SELECT id FROM recovery_requests \
                WHERE state IN ('queued', 'held') AND expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    sql(text).bind(now).bind(limit).execute(conn).await
}

/// Deletes closed requests that are older than `before`; how many.
pub async fn forget(conn: &mut Conn, before: Timestamp) -> Result<u64, StoreError> {
    let text = "DELETE FROM recovery_requests WHERE state IN ('done', 'expired') AND received_at < $1";
    sql(text).bind(before).execute(conn).await
}

/// Where a request stands.
pub async fn standing(conn: &mut Conn, id: &RequestId) -> Result<Option<Standing>, StoreError> {
    let text = "SELECT identifier_key, class, state, expires_at, ticket_id FROM recovery_requests WHERE id = $1";
    let Some(row) = sql(text).bind(id.as_str()).fetch_optional(conn).await? else {
        return Ok(None);
    };
    let open = row.parsed(2, "recovery_requests.state", |s| match s {
        "queued" | "held" => Some(true),
        "done" | "expired" => Some(false),
        _ => None,
    })?;
    Ok(Some(Standing {
        identifier_key: row.digest(0)?,
        class: row.parsed(1, "recovery_requests.class", Class::parse)?,
        open,
        expires_at: row.time(3)?,
        ticket: row.opt_text(4)?.and_then(|t| TicketId::parse(&t).ok()),
    }))
}

/// The latest ticket that requests for an identifier led to.
pub async fn latest_ticket(
    conn: &mut Conn,
    identifier_key: &Digest,
    since: Timestamp,
) -> Result<Option<TicketId>, StoreError> {
    let text = "SELECT ticket_id FROM recovery_requests WHERE identifier_key = $1 AND received_at > $2 \
                AND ticket_id IS NOT NULL ORDER BY received_at DESC LIMIT 1";
    let row = sql(text).bind(identifier_key).bind(since).fetch_optional(conn).await?;
    row.map(|r| r.parsed(0, "recovery_requests.ticket_id", |t| TicketId::parse(t).ok())).transpose()
}

/// Requests by state, for the overview and the drill.
pub async fn count_state(conn: &mut Conn, state: &str) -> Result<i64, StoreError> {
    let text = "SELECT count(*) FROM recovery_requests WHERE state = $1";
    sql(text).bind(state).fetch_one(conn).await?.int(0)
}

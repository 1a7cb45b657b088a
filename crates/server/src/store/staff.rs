//! Staff: who works in the console, their factors, sessions and one-time links.

use super::db::{Conn, Row, StoreError, sql};
use countersign_core::ids::{PleaId, StaffId, StaffLinkId, StaffSessionId};
use countersign_core::secret::Digest;
use countersign_core::staff::{Roles, Session};
use countersign_core::time::Timestamp;

/// Somebody of the staff.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Their id.
    pub id: StaffId,
    /// What they sign in with.
    pub name: String,
    /// What others see.
    pub shown_name: String,
    /// What they are here for.
    pub roles: Roles,
    /// The stored password hash.
    pub password_hash: Option<String>,
    /// The sealed TOTP secret.
    pub totp_sealed: Option<Vec<u8>>,
    /// Who else vouches for them, if anybody.
    pub oidc_issuer: Option<String>,
    /// Since when they are here.
    pub created_at: Timestamp,
    /// Since when they may not sign in.
    pub disabled_at: Option<Timestamp>,
}

const STAFF: &str = "SELECT s.id, s.name, s.shown_name, s.roles, s.password_hash, s.totp_sealed, s.oidc_issuer, \
                     s.created_at, s.disabled_at FROM staff s";

fn staff(row: &Row) -> Result<Staff, StoreError> {
    Ok(Staff {
        id: row.parsed(0, "staff.id", |t| StaffId::parse(t).ok())?,
        name: row.text(1)?,
        shown_name: row.text(2)?,
        roles: row.parsed(3, "staff.roles", Roles::parse)?,
        password_hash: row.opt_text(4)?,
        totp_sealed: row.opt_bytes(5)?,
        oidc_issuer: row.opt_text(6)?,
        created_at: row.time(7)?,
        disabled_at: row.opt_time(8)?,
    })
}

/// Puts somebody on the staff; `false` where the name is taken.
pub async fn insert(conn: &mut Conn, s: &Staff, oidc_subject: Option<&str>) -> Result<bool, StoreError> {
    let text = "INSERT INTO staff (id, name, shown_name, roles, oidc_issuer, oidc_subject, created_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING";
    let insert = sql(text).bind(s.id.as_str()).bind(&s.name).bind(&s.shown_name).bind(s.roles.to_string());
    let insert = insert.bind(s.oidc_issuer.clone()).bind(oidc_subject).bind(s.created_at);
    Ok(insert.execute(conn).await? == 1)
}

/// Whether anybody is on the staff.
pub async fn is_empty(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(sql("SELECT id FROM staff LIMIT 1").fetch_optional(conn).await?.is_none())
}

/// Whether anybody has a way to sign in.
pub async fn nobody_enrolled(conn: &mut Conn) -> Result<bool, StoreError> {
    let text = "SELECT s.id FROM staff s WHERE s.password_hash IS NOT NULL OR s.oidc_issuer IS NOT NULL \
                OR EXISTS (SELECT 1 FROM staff_passkeys p WHERE p.staff_id = s.id) LIMIT 1";
    Ok(sql(text).fetch_optional(conn).await?.is_none())
}

/// Everybody, in the order of their names.
pub async fn all(conn: &mut Conn) -> Result<Vec<Staff>, StoreError> {
    let rows = sql(format!("{STAFF} ORDER BY s.name")).fetch_all(conn).await?;
    rows.iter().map(staff).collect()
}

/// Who has an id.
pub async fn by_id(conn: &mut Conn, id: &StaffId) -> Result<Option<Staff>, StoreError> {
    let row = sql(format!("{STAFF} WHERE s.id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(staff).transpose()
}

/// Who signs in with a name.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Staff>, StoreError> {
    let row = sql(format!("{STAFF} WHERE s.name = $1")).bind(name).fetch_optional(conn).await?;
    row.as_ref().map(staff).transpose()
}

/// Whom an OpenID provider means.
pub async fn by_oidc(conn: &mut Conn, issuer: &str, subject: &str) -> Result<Option<Staff>, StoreError> {
    let select = sql(format!("{STAFF} WHERE s.oidc_issuer = $1 AND s.oidc_subject = $2")).bind(issuer).bind(subject);
    select.fetch_optional(conn).await?.as_ref().map(staff).transpose()
}

/// Sets the roles; `false` where there is nobody.
pub async fn set_roles(conn: &mut Conn, id: &StaffId, roles: Roles) -> Result<bool, StoreError> {
    let update = sql("UPDATE staff SET roles = $2 WHERE id = $1").bind(id.as_str()).bind(roles.to_string());
    Ok(update.execute(conn).await? == 1)
}

/// Sets what others see.
pub async fn set_shown_name(conn: &mut Conn, id: &StaffId, shown: &str) -> Result<(), StoreError> {
    sql("UPDATE staff SET shown_name = $2 WHERE id = $1").bind(id.as_str()).bind(shown).execute(conn).await?;
    Ok(())
}

/// Shuts somebody out, or lets them in again; `false` where nothing changed.
pub async fn set_disabled(conn: &mut Conn, id: &StaffId, at: Option<Timestamp>) -> Result<bool, StoreError> {
    let text = "UPDATE staff SET disabled_at = $2 WHERE id = $1 AND (disabled_at IS NULL) = ($3 = 1)";
    Ok(sql(text).bind(id.as_str()).bind(at).bind(at.is_some()).execute(conn).await? == 1)
}

/// Whether somebody besides `id` has a role and may sign in. On PostgreSQL it locks what it reads: of two who remove the
/// last two at once, one waits.
pub async fn another_has(conn: &mut Conn, id: &StaffId, role: &str) -> Result<bool, StoreError> {
    let text = format!("SELECT id, roles FROM staff WHERE disabled_at IS NULL ORDER BY id{}", conn.for_update());
    let rows = sql(text).fetch_all(conn).await?;
    for row in &rows {
        if row.text(0)? != id.as_str() && row.text(1)?.split(' ').any(|name| name == role) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sets the password hash.
pub async fn set_password(conn: &mut Conn, id: &StaffId, hash: Option<&str>) -> Result<(), StoreError> {
    sql("UPDATE staff SET password_hash = $2 WHERE id = $1").bind(id.as_str()).bind(hash).execute(conn).await?;
    Ok(())
}

/// Stores a sealed TOTP secret, and the step of the code that proved it.
pub async fn set_totp(conn: &mut Conn, id: &StaffId, sealed: Option<Vec<u8>>, step: i64) -> Result<(), StoreError> {
    let text = "UPDATE staff SET totp_sealed = $2, totp_last_step = $3 WHERE id = $1";
    sql(text).bind(id.as_str()).bind(sealed).bind(step).execute(conn).await?;
    Ok(())
}

/// Takes a one-time code's time step; `false` where it or a later one was taken (RFC 6238, 5.2).
pub async fn take_totp_step(conn: &mut Conn, id: &StaffId, step: i64) -> Result<bool, StoreError> {
    let text = "UPDATE staff SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2";
    Ok(sql(text).bind(id.as_str()).bind(step).execute(conn).await? == 1)
}

/// Replaces somebody's saved recovery codes.
pub async fn set_recovery_codes(
    conn: &mut Conn,
    id: &StaffId,
    hashes: &[Digest],
    now: Timestamp,
) -> Result<(), StoreError> {
    sql("DELETE FROM staff_recovery_codes WHERE staff_id = $1").bind(id.as_str()).execute(conn).await?;
    for hash in hashes {
        let text = "INSERT INTO staff_recovery_codes (code_hash, staff_id, created_at) VALUES ($1, $2, $3)";
        sql(text).bind(hash).bind(id.as_str()).bind(now).execute(conn).await?;
    }
    Ok(())
}

/// Uses a saved recovery code; `false` where it is not theirs or was used.
pub async fn use_recovery_code(
    conn: &mut Conn,
    id: &StaffId,
    hash: &Digest,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text =
        "UPDATE staff_recovery_codes SET used_at = $3 WHERE code_hash = $1 AND staff_id = $2 AND used_at IS NULL";
    Ok(sql(text).bind(hash).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Unused saved recovery codes.
pub async fn recovery_codes_left(conn: &mut Conn, id: &StaffId) -> Result<i64, StoreError> {
    let text = "SELECT count(*) FROM staff_recovery_codes WHERE staff_id = $1 AND used_at IS NULL";
    sql(text).bind(id.as_str()).fetch_one(conn).await?.int(0)
}

// Sessions ----------------------------------------------------------------------------------------------------------

/// A session as it is opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: StaffSessionId,
    /// Whose.
    pub staff: StaffId,
    /// Keyed hash of the cookie.
    pub token_hash: Digest,
    /// How the person proved who they are.
    pub method: &'static str,
    /// The family of the device.
    pub agent: String,
    /// The prefix of the network.
    pub source: String,
    /// When.
    pub at: Timestamp,
}

/// A session and whose it is.
#[derive(Debug, Clone)]
pub struct Seated {
    /// Its id.
    pub id: StaffSessionId,
    /// Its times.
    pub times: Session,
    /// How the person proved who they are.
    pub method: String,
    /// The family of the device.
    pub agent: String,
    /// The prefix of the network.
    pub source: String,
    /// Whose.
    pub staff: StaffId,
    /// What they sign in with.
    pub name: String,
    /// What others see.
    pub shown_name: String,
    /// What they are here for.
    pub roles: Roles,
    /// Whether they may not sign in any more.
    pub disabled: bool,
}

const SEATED: &str = "SELECT e.id, e.created_at, e.seen_at, e.confirmed_at, e.ended_at, e.method, e.agent, e.source, \
                      s.id, s.name, s.shown_name, s.roles, s.disabled_at \
                      FROM staff_sessions e JOIN staff s ON s.id = e.staff_id";

fn seated(row: &Row) -> Result<Seated, StoreError> {
    Ok(Seated {
        id: row.parsed(0, "staff_sessions.id", |t| StaffSessionId::parse(t).ok())?,
        times: Session {
            created_at: row.time(1)?,
            seen_at: row.time(2)?,
            confirmed_at: row.time(3)?,
            ended_at: row.opt_time(4)?,
        },
        method: row.text(5)?,
        agent: row.text(6)?,
        source: row.text(7)?,
        staff: row.parsed(8, "staff.id", |t| StaffId::parse(t).ok())?,
        name: row.text(9)?,
        shown_name: row.text(10)?,
        roles: row.parsed(11, "staff.roles", Roles::parse)?,
        disabled: row.opt_time(12)?.is_some(),
    })
}

/// Opens a session.
pub async fn open_session(conn: &mut Conn, s: &NewSession) -> Result<(), StoreError> {
    let text = "INSERT INTO staff_sessions (id, staff_id, token_hash, method, agent, source, created_at, seen_at, \
                confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)";
    let insert = sql(text).bind(s.id.as_str()).bind(s.staff.as_str()).bind(&s.token_hash).bind(s.method);
    insert.bind(&s.agent).bind(&s.source).bind(s.at).execute(conn).await?;
    Ok(())
}

/// The session of a cookie.
pub async fn session_by_token(conn: &mut Conn, hash: &Digest) -> Result<Option<Seated>, StoreError> {
    let row = sql(format!("{SEATED} WHERE e.token_hash = $1")).bind(hash).fetch_optional(conn).await?;
    row.as_ref().map(seated).transpose()
}

/// The session with an id.
pub async fn session(conn: &mut Conn, id: &StaffSessionId) -> Result<Option<Seated>, StoreError> {
    let row = sql(format!("{SEATED} WHERE e.id = $1")).bind(id.as_str()).fetch_optional(conn).await?;
    row.as_ref().map(seated).transpose()
}

/// Sessions of one person that nobody ended, the youngest first; old ones are among them until they are forgotten.
pub async fn sessions_of(conn: &mut Conn, id: &StaffId) -> Result<Vec<Seated>, StoreError> {
    let text = format!("{SEATED} WHERE e.staff_id = $1 AND e.ended_at IS NULL ORDER BY e.created_at DESC LIMIT 100");
    sql(text).bind(id.as_str()).fetch_all(conn).await?.iter().map(seated).collect()
}

/// Notes that a session is in use.
pub async fn touch_session(conn: &mut Conn, id: &StaffSessionId, now: Timestamp) -> Result<(), StoreError> {
    let text = "UPDATE staff_sessions SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND seen_at < $2";
    sql(text).bind(id.as_str()).bind(now).execute(conn).await?;
    Ok(())
}

/// Notes a fresh proof, and gives the session a new cookie: the old one is worth nothing from then on.
pub async fn confirm_session(
    conn: &mut Conn,
    id: &StaffSessionId,
    token_hash: &Digest,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text = "UPDATE staff_sessions SET confirmed_at = $3, seen_at = $3, token_hash = $2 \
                WHERE id = $1 AND ended_at IS NULL";
    Ok(sql(text).bind(id.as_str()).bind(token_hash).bind(now).execute(conn).await? == 1)
}

/// Ends one session; `false` where it is not `staff`'s or has ended.
pub async fn end_session(
    conn: &mut Conn,
    staff: &StaffId,
    id: &StaffSessionId,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text = "UPDATE staff_sessions SET ended_at = $3, end_reason = $4 \
                WHERE id = $1 AND staff_id = $2 AND ended_at IS NULL";
    let update = sql(text).bind(id.as_str()).bind(staff.as_str()).bind(now).bind(reason);
    Ok(update.execute(conn).await? == 1)
}

/// Ends all sessions of one person but one; how many.
pub async fn end_sessions(
    conn: &mut Conn,
    staff: &StaffId,
    but: Option<&StaffSessionId>,
    reason: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let text = "UPDATE staff_sessions SET ended_at = $2, end_reason = $3 \
                WHERE staff_id = $1 AND ended_at IS NULL AND id <> $4";
    let but = but.map_or("", StaffSessionId::as_str);
    sql(text).bind(staff.as_str()).bind(now).bind(reason).bind(but).execute(conn).await
}

// One-time links and calls for help -----------------------------------------------------------------------------------

/// A one-time link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: StaffLinkId,
    /// For whom.
    pub staff: StaffId,
    /// `first`, `invite`, `recover` or `reset`.
    pub purpose: String,
    /// When it dies.
    pub expires_at: Timestamp,
    /// When it was used or revoked.
    pub closed_at: Option<Timestamp>,
}

/// Stores a link and revokes the others for the same person.
pub async fn insert_link(
    conn: &mut Conn,
    link: &Link,
    secret: &Digest,
    by: Option<&StaffId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let revoke = "UPDATE staff_links SET closed_at = $2 WHERE staff_id = $1 AND closed_at IS NULL";
    sql(revoke).bind(link.staff.as_str()).bind(now).execute(conn).await?;
    let text = "INSERT INTO staff_links (id, staff_id, purpose, secret_hash, created_by, created_at, expires_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sql(text).bind(link.id.as_str()).bind(link.staff.as_str()).bind(&link.purpose).bind(secret);
    insert.bind(by.map(StaffId::as_str)).bind(now).bind(link.expires_at).execute(conn).await?;
    Ok(())
}

/// The link of a secret.
pub async fn link_by_secret(conn: &mut Conn, hash: &Digest) -> Result<Option<Link>, StoreError> {
    let text = "SELECT id, staff_id, purpose, expires_at, closed_at FROM staff_links WHERE secret_hash = $1";
    let row = sql(text).bind(hash).fetch_optional(conn).await?;
    let link = |r: Row| {
        Ok(Link {
            id: r.parsed(0, "staff_links.id", |t| StaffLinkId::parse(t).ok())?,
            staff: r.parsed(1, "staff_links.staff_id", |t| StaffId::parse(t).ok())?,
            purpose: r.text(2)?,
            expires_at: r.time(3)?,
            closed_at: r.opt_time(4)?,
        })
    };
    row.map(link).transpose()
}

/// Uses a link; exactly one caller gets `true`.
pub async fn close_link(conn: &mut Conn, id: &StaffLinkId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE staff_links SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL AND expires_at > $2";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Puts a call for help on record; `false` where one is open already.
pub async fn insert_plea(conn: &mut Conn, id: &PleaId, staff: &StaffId, now: Timestamp) -> Result<bool, StoreError> {
    let open = "SELECT id FROM staff_pleas WHERE staff_id = $1 AND closed_at IS NULL";
    if sql(open).bind(staff.as_str()).fetch_optional(conn).await?.is_some() {
        return Ok(false);
    }
    let text = "INSERT INTO staff_pleas (id, staff_id, created_at) VALUES ($1, $2, $3)";
    sql(text).bind(id.as_str()).bind(staff.as_str()).bind(now).execute(conn).await?;
    Ok(true)
}

/// Open calls for help: who, and since when.
pub async fn open_pleas(conn: &mut Conn) -> Result<Vec<(StaffId, Timestamp)>, StoreError> {
    let text = "SELECT staff_id, created_at FROM staff_pleas WHERE closed_at IS NULL ORDER BY created_at LIMIT 100";
    let rows = sql(text).fetch_all(conn).await?;
    let one = |r: &Row| Ok((r.parsed(0, "staff_pleas.staff_id", |t| StaffId::parse(t).ok())?, r.time(1)?));
    rows.iter().map(one).collect()
}

/// Closes the calls for help of one person.
pub async fn close_pleas(conn: &mut Conn, staff: &StaffId, now: Timestamp) -> Result<(), StoreError> {
    let text = "UPDATE staff_pleas SET closed_at = $2 WHERE staff_id = $1 AND closed_at IS NULL";
    sql(text).bind(staff.as_str()).bind(now).execute(conn).await?;
    Ok(())
}

/// Deletes ended and outlived sessions and dead links from before a time; how many rows.
pub async fn forget(conn: &mut Conn, before: Timestamp) -> Result<u64, StoreError> {
    let sessions = sql("DELETE FROM staff_sessions WHERE created_at < $1").bind(before).execute(conn).await?;
    Ok(sessions + sql("DELETE FROM staff_links WHERE expires_at < $1").bind(before).execute(conn).await?)
}

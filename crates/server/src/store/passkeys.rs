//! Passkeys of staff: the public halves, and what they are called.

use super::db::{Conn, Row, StoreError, sql};
use countersign_core::ids::{PasskeyId, StaffId};
use countersign_core::time::Timestamp;

/// A passkey.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// Its id with us.
    pub id: PasskeyId,
    /// Whose.
    pub staff: StaffId,
    /// Its id with the authenticator.
    pub credential_id: Vec<u8>,
    /// The public key and its counter, as the library keeps them (JSON).
    pub credential: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

const PASSKEY: &str = "SELECT p.id, p.staff_id, p.credential_id, p.credential, p.name, p.created_at, p.last_used_at FROM staff_passkeys p";

fn passkey(row: &Row) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        id: row.parsed(0, "staff_passkeys.id", |t| PasskeyId::parse(t).ok())?,
        staff: row.parsed(1, "staff_passkeys.staff_id", |t| StaffId::parse(t).ok())?,
        credential_id: row.bytes(2)?,
        credential: row.text(3)?,
        name: row.text(4)?,
        created_at: row.time(5)?,
        last_used_at: row.opt_time(6)?,
    })
}

/// Stores one; `false` where somebody has this credential already.
pub async fn insert(conn: &mut Conn, p: &Passkey) -> Result<bool, StoreError> {
    let text = "INSERT INTO staff_passkeys (id, staff_id, credential_id, credential, name, created_at) \
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (credential_id) DO NOTHING";
    let insert = sql(text).bind(p.id.as_str()).bind(p.staff.as_str()).bind(p.credential_id.clone());
    Ok(insert.bind(&p.credential).bind(&p.name).bind(p.created_at).execute(conn).await? == 1)
}

/// The passkey with a credential id.
pub async fn by_credential(conn: &mut Conn, credential_id: &[u8]) -> Result<Option<Passkey>, StoreError> {
    let select = sql(format!("{PASSKEY} WHERE p.credential_id = $1")).bind(credential_id.to_vec());
    select.fetch_optional(conn).await?.as_ref().map(passkey).transpose()
}

/// Somebody's passkeys, the oldest first.
pub async fn of(conn: &mut Conn, staff: &StaffId) -> Result<Vec<Passkey>, StoreError> {
    let select = sql(format!("{PASSKEY} WHERE p.staff_id = $1 ORDER BY p.created_at, p.id")).bind(staff.as_str());
    select.fetch_all(conn).await?.iter().map(passkey).collect()
}

/// Notes a use, and what the library keeps from now on; `false` where it is not as it was when the use was checked: then
/// somebody else used or removed it meanwhile.
pub async fn used(conn: &mut Conn, was: &Passkey, credential: &str, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE staff_passkeys SET credential = $3, last_used_at = $4 WHERE id = $1 AND credential = $2";
    let update = sql(text).bind(was.id.as_str()).bind(&was.credential).bind(credential).bind(now);
    Ok(update.execute(conn).await? == 1)
}

/// Calls one something else; `false` where it is not theirs.
pub async fn rename(conn: &mut Conn, staff: &StaffId, id: &PasskeyId, name: &str) -> Result<bool, StoreError> {
    let text = "UPDATE staff_passkeys SET name = $3 WHERE id = $1 AND staff_id = $2";
    Ok(sql(text).bind(id.as_str()).bind(staff.as_str()).bind(name).execute(conn).await? == 1)
}

/// Removes one; `false` where it is not theirs.
pub async fn remove(conn: &mut Conn, staff: &StaffId, id: &PasskeyId) -> Result<bool, StoreError> {
    let text = "DELETE FROM staff_passkeys WHERE id = $1 AND staff_id = $2";
    Ok(sql(text).bind(id.as_str()).bind(staff.as_str()).execute(conn).await? == 1)
}

/// Removes all of somebody's; how many.
pub async fn remove_all(conn: &mut Conn, staff: &StaffId) -> Result<u64, StoreError> {
    sql("DELETE FROM staff_passkeys WHERE staff_id = $1").bind(staff.as_str()).execute(conn).await
}

/// How many somebody has. On PostgreSQL it locks the person: of two who remove the last two at once, one waits.
pub async fn count_locked(conn: &mut Conn, staff: &StaffId) -> Result<i64, StoreError> {
    let lock = format!("SELECT id FROM staff WHERE id = $1{}", conn.for_update());
    sql(lock).bind(staff.as_str()).fetch_optional(conn).await?;
    sql("SELECT count(*) FROM staff_passkeys WHERE staff_id = $1").bind(staff.as_str()).fetch_one(conn).await?.int(0)
}

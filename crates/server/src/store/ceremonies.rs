//! What was begun with a browser and is finished by the same, once.

use super::db::{Conn, StoreError, sql};
use countersign_core::ids::StaffId;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// Something that was begun.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// What it is: `passkey_add`, `passkey_use`, `oidc` …; it is nothing else.
    pub kind: &'static str,
    /// Of whom, where that is known already.
    pub staff: Option<StaffId>,
    /// What must be known to finish it, sealed.
    pub state_sealed: Vec<u8>,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// What was put there.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Of whom.
    pub staff: Option<StaffId>,
    /// What must be known to finish it, sealed.
    pub state_sealed: Vec<u8>,
}

/// Puts one down.
pub async fn put(conn: &mut Conn, token: &Digest, c: &Ceremony) -> Result<(), StoreError> {
    let text = "INSERT INTO staff_ceremonies (token_hash, kind, staff_id, state_sealed, expires_at) \
                VALUES ($1, $2, $3, $4, $5)";
    let insert = sql(text).bind(token).bind(c.kind).bind(c.staff.as_ref().map(StaffId::as_str));
    insert.bind(c.state_sealed.clone()).bind(c.expires_at).execute(conn).await?;
    Ok(())
}

/// Takes one away; exactly one caller gets it, whatever they make of it then.
pub async fn take(conn: &mut Conn, token: &Digest, kind: &str, now: Timestamp) -> Result<Option<Taken>, StoreError> {
    let text = "DELETE FROM staff_ceremonies WHERE token_hash = $1 AND kind = $2 AND expires_at > $3 \
                RETURNING staff_id, state_sealed";
    let row = sql(text).bind(token).bind(kind).bind(now).fetch_optional(conn).await?;
    let taken = |row: super::db::Row| {
        let staff = row.opt_text(0)?.map(|_| row.parsed(0, "staff_ceremonies.staff_id", |t| StaffId::parse(t).ok()));
        Ok(Taken { staff: staff.transpose()?, state_sealed: row.bytes(1)? })
    };
    row.map(taken).transpose()
}

/// Deletes those that nobody finished in time; how many.
pub async fn forget(conn: &mut Conn, now: Timestamp) -> Result<u64, StoreError> {
    sql("DELETE FROM staff_ceremonies WHERE expires_at <= $1").bind(now).execute(conn).await
}

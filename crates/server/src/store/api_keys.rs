//! API keys and remembered answers (idempotency).

use super::db::{Conn, Row, StoreError, sql};
use countersign_core::ids::ApiKeyId;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;

/// A stored API key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// Space separated.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it dies, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last seen, to the minute.
    pub last_used_at: Option<Timestamp>,
}

const KEY: &str = "SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at FROM api_keys";

fn key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.parsed(0, "api_keys.id", |t| ApiKeyId::parse(t).ok())?,
        name: row.text(1)?,
        scopes: row.text(2)?,
        created_at: row.time(3)?,
        expires_at: row.opt_time(4)?,
        revoked_at: row.opt_time(5)?,
        last_used_at: row.opt_time(6)?,
    })
}

/// Stores a key.
pub async fn insert(conn: &mut Conn, k: &ApiKey, hash: &Digest) -> Result<(), StoreError> {
    let text = "INSERT INTO api_keys (id, name, key_hash, scopes, created_at, expires_at) \
                VALUES ($1, $2, $3, $4, $5, $6)";
    let insert = sql(text).bind(k.id.as_str()).bind(&k.name).bind(hash).bind(&k.scopes);
    insert.bind(k.created_at).bind(k.expires_at).execute(conn).await?;
    Ok(())
}

/// The key with a hash.
pub async fn by_hash(conn: &mut Conn, hash: &Digest) -> Result<Option<ApiKey>, StoreError> {
    let row = sql(format!("{KEY} WHERE key_hash = $1")).bind(hash).fetch_optional(conn).await?;
    row.as_ref().map(key).transpose()
}

/// Every key, the newest first.
pub async fn all(conn: &mut Conn) -> Result<Vec<ApiKey>, StoreError> {
    let rows = sql(format!("{KEY} ORDER BY created_at DESC")).fetch_all(conn).await?;
    rows.iter().map(key).collect()
}

/// Revokes a key; `false` where there is none or it was revoked.
pub async fn revoke(conn: &mut Conn, id: &ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    Ok(sql(text).bind(id.as_str()).bind(now).execute(conn).await? == 1)
}

/// Notes that a key was used.
pub async fn touch(conn: &mut Conn, id: &ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
    let text = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";
    sql(text).bind(id.as_str()).bind(now).execute(conn).await?;
    Ok(())
}

/// An answer that was given to a request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Of the request's body, so that another request under the same key is noticed.
    pub request: Digest,
    /// HTTP status; [`IN_PROGRESS`] until the first request is answered.
    pub status: i64,
    /// The body, sealed by the caller: it may hold secrets.
    pub body: String,
}

/// The status of an entry whose request is still being answered.
pub const IN_PROGRESS: i64 = 0;

/// The remembered answer under a key.
pub async fn remembered(conn: &mut Conn, hash: &Digest) -> Result<Option<Remembered>, StoreError> {
    let text = "SELECT request_digest, status, body FROM idempotency WHERE key_hash = $1";
    let row = sql(text).bind(hash).fetch_optional(conn).await?;
    row.map(|r| Ok(Remembered { request: r.digest(0)?, status: r.int(1)?, body: r.text(2)? })).transpose()
}

/// Remembers an answer; `false` where one is remembered already.
pub async fn remember(conn: &mut Conn, hash: &Digest, r: &Remembered, now: Timestamp) -> Result<bool, StoreError> {
    let text = "INSERT INTO idempotency (key_hash, request_digest, status, body, created_at) \
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key_hash) DO NOTHING";
    let insert = sql(text).bind(hash).bind(&r.request).bind(r.status).bind(&r.body).bind(now);
    Ok(insert.execute(conn).await? == 1)
}

/// Fills in the answer of a request that was in progress.
pub async fn complete(conn: &mut Conn, hash: &Digest, status: i64, body: &str) -> Result<(), StoreError> {
    let text = "UPDATE idempotency SET status = $2, body = $3 WHERE key_hash = $1 AND status = 0";
    sql(text).bind(hash).bind(status).bind(body).execute(conn).await?;
    Ok(())
}

/// Takes over an entry that has been in progress since before `since`; `false` where there is none.
pub async fn take_over(conn: &mut Conn, hash: &Digest, since: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let text = "UPDATE idempotency SET created_at = $3 WHERE key_hash = $1 AND status = 0 AND created_at < $2";
    Ok(sql(text).bind(hash).bind(since).bind(now).execute(conn).await? == 1)
}

/// Forgets an entry that is in progress, so that the request may be made again.
pub async fn give_up(conn: &mut Conn, hash: &Digest) -> Result<(), StoreError> {
    sql("DELETE FROM idempotency WHERE key_hash = $1 AND status = 0").bind(hash).execute(conn).await?;
    Ok(())
}

/// Forgets answers older than `before`.
pub async fn forget(conn: &mut Conn, before: Timestamp) -> Result<u64, StoreError> {
    sql("DELETE FROM idempotency WHERE created_at < $1").bind(before).execute(conn).await
}

//! Idempotency keys: a POST that is sent again gets the answer of the first one (draft-ietf-httpapi-idempotency-key-header).
//!
//! A row is written before the flow acts, so of two requests with one key exactly one acts. Answers may hold secrets
//! (tokens, recovery codes), so every one is sealed with the keyring; requests may hold passwords, so only a keyed hash
//! of them is kept. Housekeeping forgets both after a day.

use super::Result;
use super::api_keys::Caller;
use crate::app::App;
use crate::error::AppError;
use crate::store::api_keys::{self as store, IN_PROGRESS, Remembered};
use countersign_core::secret::Digest;
use data_encoding::BASE64_NOPAD;
use rand::Rng;
use std::time::Duration;

/// After this long a request that never ended is taken for lost with the process that worked on it, and may be made
/// again. Flows are safe to run twice: secrets are single use and messages have their own limits.
const LOST_AFTER: Duration = Duration::from_secs(60);
/// A client whose request is still being worked on asks again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What a key stands for.
#[derive(Debug)]
pub enum Claim {
    /// Nobody asked this before: act, then [`finish`].
    Fresh(Entry),
    /// It was answered before, so.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
}

/// A request in progress.
#[derive(Debug, Clone, Copy)]
pub struct Entry(Digest);

/// Claims a key for a request. `route` names the operation and what it is applied to.
///
/// # Errors
/// 409 while the first request is being answered, 422 where the key came with another request.
pub async fn claim(app: &App, caller: &Caller, route: &str, key: &str, body: &[u8]) -> Result<Claim> {
    let parts = [b"idempotency", caller.id.as_str().as_bytes(), route.as_bytes(), key.as_bytes()];
    let hash = app.keys.hash.mac(&parts);
    let request = app.keys.hash.mac(&[b"idempotent request", body]);
    let fresh = Remembered { request, status: IN_PROGRESS, body: String::new() };
    let now = app.clock.now();
    let found = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                if store::remember(conn, &hash, &fresh, now).await? {
                    return Ok::<_, AppError>(None);
                }
                let found = store::remembered(conn, &hash).await?;
                let same = found.as_ref().is_some_and(|f| f.request == fresh.request);
                if same && store::take_over(conn, &hash, now.minus(LOST_AFTER), now).await? {
                    return Ok(None);
                }
                Ok(found)
            })
        })
        .await?;
    found.map_or(Ok(Claim::Fresh(Entry(hash))), |found| replay(app, &hash, &request, &found))
}

fn replay(app: &App, hash: &Digest, request: &Digest, found: &Remembered) -> Result<Claim> {
    if found.request != *request {
        let public = "This Idempotency-Key came with another request before. Use a new key for a new request.";
        return Err(AppError::new(422, "idempotency_key_reused", public));
    }
    if found.status == IN_PROGRESS {
        let public = "The first request with this Idempotency-Key is still being answered. Ask again in a moment.";
        let busy = AppError::new(409, "idempotency_key_in_use", public);
        return Err(AppError { retry_after: Some(ASK_AGAIN), ..busy });
    }
    let sealed = BASE64_NOPAD.decode(found.body.as_bytes()).ok();
    let body = sealed.and_then(|sealed| app.keys.unseal(hash.bytes(), &sealed));
    let body = body.ok_or_else(|| AppError::internal("a remembered answer could not be opened with this key"))?;
    let status = u16::try_from(found.status).map_err(|_| AppError::internal("a remembered answer has no status"))?;
    Ok(Claim::Answered { status, body: body.to_vec() })
}

/// Remembers an answer; or, where it says nothing about the request itself (429, 5xx), forgets that it was made.
pub async fn finish(app: &App, entry: Entry, status: u16, body: &[u8]) -> Result<()> {
    let hash = entry.0;
    if status == 429 || status >= 500 {
        return Ok(app.store.write(move |conn| Box::pin(async move { store::give_up(conn, &hash).await })).await?);
    }
    let mut nonce = [0; 12];
    app.rng().fill_bytes(&mut nonce);
    let sealed = BASE64_NOPAD.encode(&app.keys.seal(hash.bytes(), nonce, body));
    let write = app
        .store
        .write(move |conn| Box::pin(async move { store::complete(conn, &hash, i64::from(status), &sealed).await }));
    Ok(write.await?)
}

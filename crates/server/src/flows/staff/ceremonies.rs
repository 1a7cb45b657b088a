//! Ceremonies: what begins with one request of a browser and ends with another. What must be known to end it stays here,
//! sealed; the browser holds a token that is good once.
//!
//! Beginning and taking one is no change of state that anybody would look for in the log: no entry. What it leads to has one.

use super::sessions;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::StoreError;
use crate::store::ceremonies::{self, Ceremony, Taken};
use countersign_core::ids::StaffId;
use countersign_core::secret::{Digest, SecretText};
use rand::Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// What WebAuthn recommends for a person who looks for a security key (Level 3, 15.1): five minutes. It is also enough for
/// a password and a code at a provider.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);

fn hash(app: &App, token: &SecretText) -> Digest {
    app.keys.hash.mac(&[b"staff ceremony", token.expose().as_bytes()])
}

fn context(kind: &str) -> Vec<u8> {
    [b"staff ceremony ", kind.as_bytes()].concat()
}

/// Begins one; the token ends it.
pub(super) async fn begin(
    app: &App,
    kind: &'static str,
    staff: Option<&StaffId>,
    state: &impl Serialize,
) -> Result<SecretText> {
    let mut rng = app.rng();
    let (token, mut nonce) = (sessions::secret(&mut rng), [0; 12]);
    rng.fill_bytes(&mut nonce);
    let state = serde_json::to_vec(state).map_err(|error| AppError::internal(error.to_string()))?;
    let state = zeroize::Zeroizing::new(state);
    let ceremony = Ceremony {
        kind,
        staff: staff.cloned(),
        state_sealed: app.keys.seal(&context(kind), nonce, &state),
        expires_at: app.clock.now().plus(LIFETIME),
    };
    let hash = hash(app, &token);
    let put: std::result::Result<(), StoreError> =
        app.store.write(move |conn| Box::pin(async move { ceremonies::put(conn, &hash, &ceremony).await })).await;
    put?;
    Ok(token)
}

/// Takes one, whatever becomes of it then; `None` for a token that is used, expired, of another kind, of somebody else, or
/// was never ours.
pub(super) async fn take<T: DeserializeOwned>(
    app: &App,
    kind: &'static str,
    staff: Option<&StaffId>,
    token: &SecretText,
) -> Result<Option<T>> {
    let (hash, now) = (hash(app, token), app.clock.now());
    let taken: std::result::Result<Option<Taken>, StoreError> =
        app.store.write(move |conn| Box::pin(async move { ceremonies::take(conn, &hash, kind, now).await })).await;
    let Some(taken) = taken?.filter(|taken| taken.staff.as_ref() == staff) else { return Ok(None) };
    let state = app.keys.unseal(&context(kind), &taken.state_sealed);
    let state = state.ok_or_else(|| AppError::internal("a ceremony could not be opened with this key"))?;
    serde_json::from_slice(&state).map(Some).map_err(|error| AppError::internal(error.to_string()))
}

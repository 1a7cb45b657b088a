//! Hands the log over to another key.

use super::own::{By, KEY_ROTATED};
use super::start::Chain;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::Conn;
use crate::store::evidence::{self, Draft};
use crate::store::log::{self, LogKey};
use countersign_core::time::Timestamp;
use countersign_evidence::note::{SigningKey, VerifierKey};
use countersign_evidence::rotation::{MOST_ROTATIONS, Rotation};
use rand::rngs::StdRng;
use serde_json::json;
use std::sync::Arc;

/// What was recorded.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The size from which on the new key signs.
    pub size: u64,
    /// The key that signed until then.
    pub old: VerifierKey,
    /// The key that signs from then on.
    pub new: VerifierKey,
}

/// Records, in one transaction, that this process's key handed over to `new`, and signs with that from now on. Other
/// processes on this database notice before they sign again. The caller has made `new` durable where the key is looked for.
///
/// # Errors
/// 409 where another rotation was first; 422 for a key that signed before, and beyond the most rotations of a log; 503.
pub async fn rotate(app: &App, new: SigningKey, by: By) -> Result<Rotated> {
    if let Some(doubt) = app.log.doubt() {
        return Err(AppError::unavailable(doubt));
    }
    let new = Arc::new(new);
    let turn = Turn { old: app.log.key(), new: new.clone(), by, now: app.clock.now() };
    let mut rng = app.rng();
    let rotated = app.store.write(move |conn| Box::pin(async move { turn.record(conn, &mut rng).await })).await?;
    app.log.replace_key(new);
    Ok(rotated)
}

struct Turn {
    old: Arc<SigningKey>,
    new: Arc<SigningKey>,
    by: By,
    now: Timestamp,
}

impl Turn {
    async fn record(&self, conn: &mut Conn, rng: &mut StdRng) -> Result<Rotated> {
        let head = log::head_locked(conn).await?.ok_or_else(|| AppError::unavailable("the log has no head"))?;
        let mut keys = log::keys(conn).await?;
        let (old, new) = (self.old.verifier(), self.new.verifier());
        if keys.last().is_none_or(|last| last.vkey != old.to_string()) {
            return Err(AppError::new(
                409,
                "key_rotated_already",
                "The key was rotated meanwhile. Nothing was changed.",
            ));
        }
        if keys.len() > MOST_ROTATIONS {
            let public = format!("A log's key can be rotated {MOST_ROTATIONS} times. Start a new log.");
            return Err(AppError::invalid("key", "rotations_exhausted", public));
        }
        let size = head.head.size;
        let rotation = Rotation::sign(size, &self.old, &self.new).map_err(bad_key)?;
        let position = keys.len() as i64;
        let row = LogKey { position, vkey: new.to_string(), from_size: size, rotation: Some(rotation.to_string()) };
        keys.push(row.clone());
        Chain::read(&keys).map_err(bad_key)?;
        log::add_key(conn, &row).await?;
        let what = json!({
            "origin": new.name(), "position": position, "old": old.to_string(), "new": new.to_string(), "size": size,
            "by": self.by.as_str(),
        });
        evidence::append(conn, vec![Draft::new(KEY_ROTATED, None, what, self.now, rng)]).await?;
        Ok(Rotated { size, old: old.clone(), new: new.clone() })
    }
}

fn bad_key(error: impl std::fmt::Display) -> AppError {
    AppError::invalid("key", "key_invalid", format!("This key cannot take over: {error}"))
}

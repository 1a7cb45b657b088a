//! Known devices: registered with a completed sign-in or recovery; the token itself is `core::device`.

use super::Result;
use crate::app::App;
use crate::error::AppError;
use crate::keyring::Keyring;
use crate::store::{Conn, StoreError, directory, evidence};
use countersign_core::device;
pub use countersign_core::device::Claim;
use countersign_core::ids::{AccountId, DeviceId};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use serde_json::json;

/// The token for a device of an account.
pub fn token(keys: &Keyring, account: &AccountId, id: &DeviceId) -> SecretText {
    device::token(&keys.device, account, id)
}

/// Reads a token; `None` unless it is one of ours, whosever it is.
pub fn read(keys: &Keyring, token: &str) -> Option<Claim> {
    device::read(&keys.device, token)
}

/// Registers a new device in the caller's transaction.
pub async fn register(
    conn: &mut Conn,
    account: &AccountId,
    device: &DeviceId,
    now: Timestamp,
) -> std::result::Result<(), StoreError> {
    directory::add_device(conn, device, account, now).await
}

/// Issues a token for a device that completed the platform's own sign-in.
pub async fn issue(app: &App, account: AccountId) -> Result<SecretText> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let device = DeviceId::new(now, &mut rng);
    let token = token(&app.keys, &account, &device);
    let what = json!({ "device": device.as_str(), "by": "api" });
    let draft = evidence::Draft::new("device.known", Some(&account), what, now, &mut rng);
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if directory::by_id(conn, &account).await?.is_none() {
                    return Err(AppError::not_found("There is no such account."));
                }
                register(conn, &account, &device, now).await?;
                evidence::append(conn, vec![draft]).await?;
                Ok(())
            })
        })
        .await?;
    Ok(token)
}

//! Known devices: a token that a device gets with a completed sign-in or recovery, and shows when it asks for recovery.
//!
//! `cd1.<device id>.<binding>.<tag>`: the binding ties the device to one account without naming it; the tag lets the
//! gate tell a real token from an invented one before any account is looked up (invariants G1, G5).

use super::Result;
use crate::app::App;
use crate::error::AppError;
use crate::keyring::Keyring;
use crate::store::{Conn, StoreError, directory, evidence};
use countersign_core::ids::{AccountId, DeviceId};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use serde_json::json;
use subtle::ConstantTimeEq;

/// Hex characters of binding and tag: 128 bits each.
const MAC_CHARS: usize = 32;
/// Longer tokens are not looked at.
const MAX_TOKEN_CHARS: usize = 128;

/// A device token whose tag is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The device.
    pub device: DeviceId,
    binding: String,
}

impl Claim {
    /// For the store, until the request is decided.
    pub fn to_stored(&self) -> String {
        format!("{}.{}", self.device, self.binding)
    }

    /// Back from the store.
    pub fn from_stored(text: &str) -> Option<Self> {
        let (device, binding) = text.split_once('.')?;
        Some(Self { device: DeviceId::parse(device).ok()?, binding: binding.to_owned() })
    }

    /// Whether the token was given to a device of this account.
    pub fn is_bound_to(&self, keys: &Keyring, account: &AccountId) -> bool {
        binding(keys, account, &self.device).as_bytes().ct_eq(self.binding.as_bytes()).into()
    }

    /// The device as a number, for its limit.
    pub fn number(&self, keys: &Keyring) -> u64 {
        keys.device.mac(&[b"limit", self.device.as_str().as_bytes()]).short()
    }
}

fn binding(keys: &Keyring, account: &AccountId, device: &DeviceId) -> String {
    let mac = keys.device.mac(&[b"binding", account.as_str().as_bytes(), device.as_str().as_bytes()]);
    mac.hex()[..MAC_CHARS].to_owned()
}

fn tag(keys: &Keyring, device: &DeviceId, binding: &str) -> String {
    keys.device.mac(&[b"tag", device.as_str().as_bytes(), binding.as_bytes()]).hex()[..MAC_CHARS].to_owned()
}

/// The token for a device of an account.
pub fn token(keys: &Keyring, account: &AccountId, device: &DeviceId) -> SecretText {
    let binding = binding(keys, account, device);
    SecretText::new(format!("cd1.{device}.{binding}.{}", tag(keys, device, &binding)))
}

/// Reads a token; `None` unless it is one of ours, whosever it is.
pub fn read(keys: &Keyring, token: &str) -> Option<Claim> {
    if token.len() > MAX_TOKEN_CHARS {
        return None;
    }
    let mut parts = token.strip_prefix("cd1.")?.split('.');
    let (device, binding, given) = (DeviceId::parse(parts.next()?).ok()?, parts.next()?, parts.next()?);
    let right: bool = tag(keys, &device, binding).as_bytes().ct_eq(given.as_bytes()).into();
    (right && parts.next().is_none()).then(|| Claim { device, binding: binding.to_owned() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_token_is_bound_to_its_account_and_cannot_be_invented() {
        let keys = Keyring::derive(&[1; 32]);
        let mut rng = StdRng::seed_from_u64(1);
        let now = Timestamp::from_secs(1_700_000_000);
        let (mine, other) = (AccountId::new(now, &mut rng), AccountId::new(now, &mut rng));
        let token = token(&keys, &mine, &DeviceId::new(now, &mut rng));
        let claim = read(&keys, token.expose()).unwrap();
        assert!(claim.is_bound_to(&keys, &mine) && !claim.is_bound_to(&keys, &other));
        assert_eq!(Claim::from_stored(&claim.to_stored()), Some(claim));
        for cut in 0..token.expose().len() {
            assert_eq!(read(&keys, &token.expose()[..cut]), None);
        }
        assert_eq!(read(&Keyring::derive(&[2; 32]), token.expose()), None);
    }
}

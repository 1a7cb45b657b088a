//! Known-device tokens: what a device gets with a completed sign-in or recovery, and shows when it asks for recovery.
//!
//! Never: names the account; looks one up; compares in variable time.
//! In: a key, an account's id, a device's id, a token's text.   Out: the token, or a `Claim`.
//! I/O for this room: server/src/flows/devices.rs.   Tests: beside the code, fuzz/fuzz_targets/token.rs.
//!
//! `cd1.<device id>.<binding>.<tag>`: the binding ties the device to one account without naming it; the tag lets the
//! gate tell a real token from an invented one before any account is looked up (invariants G1, G5).

use crate::ids::{AccountId, DeviceId};
use crate::secret::{Key, SecretText};
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
    pub fn is_bound_to(&self, key: &Key, account: &AccountId) -> bool {
        binding(key, account, &self.device).as_bytes().ct_eq(self.binding.as_bytes()).into()
    }

    /// The device as a number, for its limit.
    pub fn number(&self, key: &Key) -> u64 {
        key.mac(&[b"limit", self.device.as_str().as_bytes()]).short()
    }
}

fn binding(key: &Key, account: &AccountId, device: &DeviceId) -> String {
    let mac = key.mac(&[b"binding", account.as_str().as_bytes(), device.as_str().as_bytes()]);
    mac.hex()[..MAC_CHARS].to_owned()
}

fn tag(key: &Key, device: &DeviceId, binding: &str) -> String {
    key.mac(&[b"tag", device.as_str().as_bytes(), binding.as_bytes()]).hex()[..MAC_CHARS].to_owned()
}

/// The token for a device of an account.
pub fn token(key: &Key, account: &AccountId, device: &DeviceId) -> SecretText {
    let binding = binding(key, account, device);
    SecretText::new(format!("cd1.{device}.{binding}.{}", tag(key, device, &binding)))
}

/// Reads a token; `None` unless it is one of ours, whosever it is.
pub fn read(key: &Key, token: &str) -> Option<Claim> {
    if token.len() > MAX_TOKEN_CHARS {
        return None;
    }
    let mut parts = token.strip_prefix("cd1.")?.split('.');
    let (device, binding, given) = (DeviceId::parse(parts.next()?).ok()?, parts.next()?, parts.next()?);
    let right: bool = tag(key, &device, binding).as_bytes().ct_eq(given.as_bytes()).into();
    (right && parts.next().is_none()).then(|| Claim { device, binding: binding.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_token_is_bound_to_its_account_and_cannot_be_invented() {
        let key = Key::new([1; 32]);
        let mut rng = StdRng::seed_from_u64(1);
        let now = Timestamp::from_secs(1_700_000_000);
        let (mine, other) = (AccountId::new(now, &mut rng), AccountId::new(now, &mut rng));
        let token = token(&key, &mine, &DeviceId::new(now, &mut rng));
        let claim = read(&key, token.expose()).unwrap();
        assert!(claim.is_bound_to(&key, &mine) && !claim.is_bound_to(&key, &other));
        assert_eq!(Claim::from_stored(&claim.to_stored()), Some(claim));
        for cut in 0..token.expose().len() {
            assert_eq!(read(&key, &token.expose()[..cut]), None);
        }
        assert_eq!(read(&Key::new([2; 32]), token.expose()), None);
    }
}

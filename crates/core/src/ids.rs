//! Typed, prefixed identifiers: `acc_…`, `req_…`, `msg_…`; one cannot be passed for another.
//!
//! Never: draws randomness or reads a clock; both are parameters.
//! In: 80 random bits and a time.   Out: an id whose text sorts by creation time.
//! I/O for this room: none.   Tests: beside the code.

use crate::time::Timestamp;
use rand_core::Rng;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Crockford's base 32, lower case: no i, l, o, u, so that an id survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters after the prefix: 48 bits of milliseconds and 80 random bits, five bits each.
const BODY_LEN: usize = 26;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with {prefix:?} and 26 letters or digits")]
pub struct BadId {
    /// What the id must start with.
    pub prefix: &'static str,
}

fn body(now: Timestamp, rng: &mut impl Rng) -> String {
    let millis = u128::try_from(now.micros().div_euclid(1000)).unwrap_or(0) & 0xffff_ffff_ffff;
    let random = (u128::from(rng.next_u64()) << 16 | u128::from(rng.next_u32() & 0xffff)) & ((1 << 80) - 1);
    let mut value = millis << 80 | random;
    let mut out = [0_u8; BODY_LEN];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    out.iter().map(|b| char::from(*b)).collect()
}

fn check(text: &str, prefix: &'static str) -> Result<(), BadId> {
    match text.strip_prefix(prefix) {
        Some(rest) if rest.len() == BODY_LEN && rest.bytes().all(|b| ALPHABET.contains(&b)) => Ok(()),
        _ => Err(BadId { prefix }),
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id; its text sorts by `now`.
            pub fn new(now: Timestamp, rng: &mut impl Rng) -> Self {
                Self(format!("{}{}", $prefix, body(now, rng)))
            }

            /// Reads an id that came from outside.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                check(text, $prefix).map(|()| Self(text.to_owned()))
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person's or party's identity in a directory.
    AccountId = "acc_";
    /// One recovery request, as it was taken up.
    RequestId = "req_";
    /// One permission to set a new password: a link and a code.
    TicketId = "tkt_";
    /// One message that we send; on record before it leaves.
    MessageId = "msg_";
    /// A session of an account.
    SessionId = "ses_";
    /// A device that completed a sign-in or a recovery.
    DeviceId = "dev_";
    /// A machine's key to the API.
    ApiKeyId = "key_";
    /// An entry of the evidence log.
    EntryId = "evi_";
    /// A change that waits out a cool-off.
    ChangeId = "chg_";
    /// Somebody who works in the console.
    StaffId = "stf_";
    /// A session of one of them.
    StaffSessionId = "sss_";
    /// A passkey of one of them.
    PasskeyId = "pky_";
    /// A one-time link for one of them.
    StaffLinkId = "lnk_";
    /// A leak that was matched.
    LeakId = "lek_";
    /// A policy on a cohort.
    ContainmentId = "con_";
    /// A leak file that is being handed over.
    UploadId = "upl_";
    /// A call for help of one who cannot sign in.
    PleaId = "ple_";
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn ids_sort_by_time_and_parse_back() {
        let mut rng = StdRng::seed_from_u64(1);
        let early = RequestId::new(Timestamp::from_secs(1_000), &mut rng);
        let late = RequestId::new(Timestamp::from_secs(2_000), &mut rng);
        assert!(early < late);
        assert_eq!(RequestId::parse(early.as_str()), Ok(early));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = RequestId::new(Timestamp::from_secs(1), &mut StdRng::seed_from_u64(1));
        assert!(AccountId::parse(id.as_str()).is_err());
        assert!(RequestId::parse("req_").is_err());
        assert!(RequestId::parse(&format!("{id}0")).is_err());
        assert!(RequestId::parse(&id.as_str().to_uppercase()).is_err());
    }
}

//! The proof of work: challenges in the format of ALTCHA v1, so that its widgets and libraries solve ours.
//!
//! `challenge = hex(SHA-256(salt ‖ number))`, `signature = hex(HMAC-SHA-256(challenge))`; the solver finds `number` in
//! `0..=maxnumber`. The salt ends in parameters (`?expires=…&bind=…&max=…&`), so the signature covers them; the closing
//! `&` keeps a digit of the number from being read as part of a parameter. The number is derived from the salt with a
//! key, so the server keeps nothing until a solution is spent.

use crate::secret::{Digest, Key};
use crate::time::Timestamp;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// A solution is a few hundred bytes; more is not looked at.
pub const MAX_PAYLOAD_BYTES: usize = 2048;

/// What a solver gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Always `SHA-256`.
    pub algorithm: String,
    /// The hash to be found, hex.
    pub challenge: String,
    /// The largest number to try.
    pub maxnumber: u64,
    /// What the number is appended to.
    pub salt: String,
    /// Ours, over `challenge`.
    pub signature: String,
}

/// A checked solution.
#[derive(Clone, Copy, Debug)]
pub struct Solved {
    /// Identifies the challenge; each is spent once.
    pub challenge: Digest,
    /// What it cost: the largest number that might have been needed.
    pub max_number: u64,
    /// When the challenge expires; afterwards it need not be remembered as spent.
    pub expires_at: Timestamp,
}

/// Why a solution is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// Not Base64 of a JSON object of the right form.
    #[error("not an ALTCHA solution: Base64 of a JSON object with algorithm, challenge, number, salt, signature")]
    Malformed,
    /// The challenge is not ours, or the number does not solve it.
    #[error("the solution is wrong")]
    Wrong,
    /// It took too long.
    #[error("the challenge has expired; ask again")]
    Expired,
    /// It was made for another identifier.
    #[error("the challenge was made for another request")]
    Unbound,
}

#[derive(Deserialize)]
struct Payload {
    algorithm: String,
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

/// What a challenge is good for: one identifier at one site.
pub fn binding(key: &Key, origin: &str, identifier_key: &Digest) -> String {
    key.mac(&[b"altcha binding", origin.as_bytes(), identifier_key.bytes()]).hex()[..32].to_owned()
}

fn hash(salt: &str, number: u64) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update(number.to_string().as_bytes());
    hasher.finalize().into()
}

fn number(key: &Key, salt: &str, max_number: u64) -> u64 {
    // The bias of a remainder of 2^64 by at most 2^40 is below 2^-24: of no use to a solver.
    key.mac(&[b"altcha number", salt.as_bytes()]).short() % (max_number + 1)
}

/// Makes a challenge.
pub fn challenge(key: &Key, bind: &str, max_number: u64, expires_at: Timestamp, rng: &mut impl Rng) -> Challenge {
    let mut random = [0; 16];
    rng.fill_bytes(&mut random);
    let random = data_encoding::HEXLOWER.encode(&random);
    let salt = format!("{random}?expires={}&bind={bind}&max={max_number}&", expires_at.secs());
    let hash = hash(&salt, number(key, &salt, max_number));
    let challenge = data_encoding::HEXLOWER.encode(&hash);
    let signature = key.mac_raw(challenge.as_bytes()).hex();
    Challenge { algorithm: "SHA-256".into(), challenge, maxnumber: max_number, salt, signature }
}

/// The answer to one of our own challenges without the work, for whoever holds the key (the drill accounts for the
/// attacker's work instead of burning it).
pub fn answer(key: &Key, challenge: &Challenge) -> String {
    let number = number(key, &challenge.salt, challenge.maxnumber);
    payload(challenge, number)
}

/// The Base64 payload that a solver sends.
pub fn payload(challenge: &Challenge, number: u64) -> String {
    let json = serde_json::json!({
        "algorithm": challenge.algorithm, "challenge": challenge.challenge, "number": number,
        "salt": challenge.salt, "signature": challenge.signature,
    });
    data_encoding::BASE64.encode(json.to_string().as_bytes())
}

/// Checks a solution. That it is used once only is the store's part.
///
/// # Errors
/// Says what is wrong with it; nothing in it tells of any account.
pub fn verify(key: &Key, payload: &str, bind: &str, now: Timestamp) -> Result<Solved, BadProof> {
    let payload = read(payload)?;
    let expected = key.mac_raw(payload.challenge.as_bytes()).hex();
    let signed: bool = expected.as_bytes().ct_eq(payload.signature.as_bytes()).into();
    let digest = hash(&payload.salt, payload.number);
    let solved: bool = data_encoding::HEXLOWER.encode(&digest).as_bytes().ct_eq(payload.challenge.as_bytes()).into();
    if payload.algorithm != "SHA-256" || !signed || !solved {
        return Err(BadProof::Wrong);
    }
    let expires: i64 = parameter(&payload.salt, "expires")?.parse().map_err(|_| BadProof::Malformed)?;
    let max_number: u64 = parameter(&payload.salt, "max")?.parse().map_err(|_| BadProof::Malformed)?;
    if parameter(&payload.salt, "bind")? != bind {
        return Err(BadProof::Unbound);
    }
    let expires_at = Timestamp::from_secs(expires);
    if expires_at <= now {
        return Err(BadProof::Expired);
    }
    let challenge = Digest::from_slice(&digest).ok_or(BadProof::Malformed)?;
    Ok(Solved { challenge, max_number, expires_at })
}

fn read(payload: &str) -> Result<Payload, BadProof> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(BadProof::Malformed);
    }
    let bytes = data_encoding::BASE64.decode(payload.trim().as_bytes()).map_err(|_| BadProof::Malformed)?;
    let payload: Payload = serde_json::from_slice(&bytes).map_err(|_| BadProof::Malformed)?;
    // Ours always ends in '&'. Without it, digits could move between the last parameter and the number.
    if payload.salt.ends_with('&') { Ok(payload) } else { Err(BadProof::Wrong) }
}

fn parameter<'a>(salt: &'a str, name: &str) -> Result<&'a str, BadProof> {
    let (_, query) = salt.split_once('?').ok_or(BadProof::Malformed)?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value).ok_or(BadProof::Malformed)
}

/// When a challenge made now expires.
pub fn expiry(now: Timestamp, ttl_secs: u32) -> Timestamp {
    now.plus(Duration::from_secs(u64::from(ttl_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    fn key() -> Key {
        Key::new([9; 32])
    }

    fn now() -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    fn made() -> Challenge {
        challenge(&key(), "abc", 1_000, expiry(now(), 600), &mut StdRng::seed_from_u64(3))
    }

    fn solve(challenge: &Challenge) -> u64 {
        let wanted = |n: &u64| data_encoding::HEXLOWER.encode(&hash(&challenge.salt, *n)) == challenge.challenge;
        (0..=challenge.maxnumber).find(wanted).expect("there is an answer")
    }

    #[test]
    fn a_solved_challenge_is_accepted_and_the_key_holder_knows_the_answer() {
        let made = made();
        let payload = payload(&made, solve(&made));
        assert_eq!(payload, answer(&key(), &made));
        assert_eq!(verify(&key(), &payload, "abc", now()).unwrap().max_number, 1_000);
    }

    #[test]
    fn wrong_expired_and_foreign_solutions_are_refused() {
        let made = made();
        let (right, number) = (answer(&key(), &made), solve(&made));
        let refused = |p: &str, bind: &str, at| verify(&key(), p, bind, at).unwrap_err();
        assert_eq!(refused(&payload(&made, number + 1), "abc", now()), BadProof::Wrong);
        assert_eq!(refused(&right, "abd", now()), BadProof::Unbound);
        assert_eq!(refused(&right, "abc", expiry(now(), 600)), BadProof::Expired);
        assert_eq!(refused("e30=", "abc", now()), BadProof::Malformed);
        assert_eq!(verify(&Key::new([8; 32]), &right, "abc", now()).unwrap_err(), BadProof::Wrong);
    }

    #[test]
    fn a_digit_cannot_move_from_the_parameters_to_the_number() {
        let made = made();
        let number = solve(&made);
        let shorter = made.salt.trim_end_matches('&').to_owned();
        let cut = Challenge { salt: shorter, ..made };
        assert!(verify(&key(), &payload(&cut, number), "abc", now()).is_err());
    }

    proptest! {
        #[test]
        fn no_payload_panics_or_passes(text in "\\PC{0,300}") {
            prop_assert!(verify(&key(), &text, "abc", now()).is_err());
        }
    }
}

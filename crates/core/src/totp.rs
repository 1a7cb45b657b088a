//! Time-based one-time codes (RFC 6238): SHA-1, six digits, 30 seconds, as every authenticator app makes them.
//!
//! Never: reads a clock; tells which digit was wrong.
//! In: a secret, what was typed, now.   Out: the time step that it is right for.
//! I/O for this room: none.   Tests: beside the code, with the vectors of the RFC.

use crate::time::Timestamp;
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder};

/// Seconds of one step.
const STEP_SECS: i64 = 30;
/// Steps before and after now that are accepted (RFC 6238, 5.2: at most one is recommended for the delay).
const SKEW: i64 = 1;

/// The code for a time step.
fn code(secret: &[u8], step: i64) -> Option<String> {
    let secs = u64::try_from(step.checked_mul(STEP_SECS)?).ok()?;
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(0).with_step_duration(30u64);
    Some(totp.with_secret(secret.to_vec()).build_noncompliant().generate(secs).to_string())
}

/// The step that a typed code is right for; each step may be taken once, which is the store's part.
pub fn step(secret: &[u8], typed: &str, now: Timestamp) -> Option<i64> {
    let current = now.secs().div_euclid(STEP_SECS);
    let mut found = None;
    for step in current - SKEW..=current + SKEW {
        // Every step is compared, so that the time tells nothing.
        let right = code(secret, step).is_some_and(|c| c.as_bytes().ct_eq(typed.as_bytes()).into());
        if right {
            found = Some(step);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1, the last six of the eight digits.
    const VECTORS: [(i64, &str); 4] =
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")];

    #[test]
    fn the_vectors_of_the_rfc() {
        for (secs, digits) in VECTORS {
            assert_eq!(step(b"12345678901234567890", digits, Timestamp::from_secs(secs)), Some(secs / 30));
        }
    }

    #[test]
    fn one_step_of_skew_and_no_more() {
        let at = |secs| step(b"12345678901234567890", "287082", Timestamp::from_secs(secs));
        assert_eq!((at(29), at(89), at(119)), (Some(1), Some(1), None));
        assert_eq!(step(b"12345678901234567890", "", Timestamp::from_secs(59)), None);
    }
}

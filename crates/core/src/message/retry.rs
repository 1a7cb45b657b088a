//! When a message that could not be handed over is tried again, and when to give up.
//!
//! Never: reads a clock or draws randomness of its own.
//! In: how many tries were made, `now`, a generator.   Out: the next time, or the end.
//! I/O for this room: server/src/jobs.   Tests: beside the code.

use crate::time::Timestamp;
use rand_core::Rng;
use std::time::Duration;

/// No wait is longer than a year, whatever the settings say; a bound for the arithmetic.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Doubling waits with jitter, up to a longest wait and a last try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The longest wait after the first try.
    pub first: Duration,
    /// No wait is longer than this.
    pub max: Duration,
    /// Tries in all; after the last one it is given up.
    pub attempts: u32,
    /// The share of each wait that is drawn, from 0 (none) to 1 (all of it).
    pub jitter: f64,
}

impl Retry {
    /// When to try again after `tries` failed tries (1 after the first); `None` to give up.
    ///
    /// The wait is `first · 2^(tries − 1)`, less a random part of it, so that messages which failed together do not come
    /// back together.
    pub fn retry_at(&self, tries: u32, now: Timestamp, rng: &mut impl Rng) -> Option<Timestamp> {
        if tries >= self.attempts {
            return None;
        }
        let doubled = self.first.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
        let drawn = f64::from(rng.next_u32()) / f64::from(u32::MAX);
        Some(now.plus(doubled.min(self.max).min(LONGEST).mul_f64(1.0 - self.jitter.clamp(0.0, 1.0).max(0.0) * drawn)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    const RETRY: Retry =
        Retry { first: Duration::from_secs(4), max: Duration::from_secs(60), attempts: 9, jitter: 0.5 };

    #[test]
    fn waits_double_up_to_the_longest_and_then_end() {
        let mut rng = StdRng::seed_from_u64(1);
        let now = Timestamp::from_secs(1000);
        for (tries, longest) in [(1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (8, 60)] {
            for _ in 0..200 {
                let wait = RETRY.retry_at(tries, now, &mut rng).unwrap().since(now);
                let longest = Duration::from_secs(longest);
                assert!(wait >= longest / 2 && wait <= longest, "{tries}: {wait:?}");
            }
        }
        assert_eq!(RETRY.retry_at(9, now, &mut rng), None);
        assert_eq!(RETRY.retry_at(u32::MAX, now, &mut rng), None);
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let retry = Retry { first: Duration::MAX, max: Duration::MAX, attempts: u32::MAX, jitter: 0.5 };
        assert!(retry.retry_at(u32::MAX - 1, Timestamp::from_secs(1), &mut StdRng::seed_from_u64(2)).is_some());
        let none = Retry { first: Duration::ZERO, max: Duration::ZERO, attempts: 2, jitter: f64::NAN };
        assert_eq!(
            none.retry_at(1, Timestamp::from_secs(1), &mut StdRng::seed_from_u64(2)),
            Some(Timestamp::from_secs(1))
        );
    }
}

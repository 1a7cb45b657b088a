//! The budgets over all unsolicited messages: buckets whose refill follows completed recoveries (invariant G4).
//!
//! A message that leads to a completed recovery gives its token back; one that does not is only replaced by the refill,
//! and the refill is a share of the completions of the same class. So a flood of requests that nobody completes drains
//! the bucket and keeps it drained, whatever its sources; and the budget of those who show something is another one.

use super::Mode;
use super::policy::{BucketPolicy, BudgetPolicy};
use crate::time::Timestamp;

/// One thousand of these is a message.
const MILLI: i64 = 1000;
const MICROS_PER_HOUR: f64 = 3_600_000_000.0;

/// A bucket's state, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Thousandths of a message.
    pub level_milli: i64,
    /// Completions an hour, thousandths, a decaying average.
    pub rate_milli: i64,
    /// When this was true.
    pub updated_at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub fn full(policy: BucketPolicy, now: Timestamp) -> Self {
        Self { level_milli: i64::from(policy.burst) * MILLI, rate_milli: 0, updated_at: now }
    }

    /// Messages an hour that come back without completions of their own.
    fn refill_per_hour(&self, policy: BucketPolicy) -> f64 {
        let following = self.rate_milli as f64 / 1000.0 * f64::from(policy.follow_percent) / 100.0;
        following.max(f64::from(policy.floor_per_hour))
    }

    /// What the bucket holds at most, thousandths: the burst, or six minutes of completions where that is more.
    pub fn capacity_milli(&self, policy: BucketPolicy) -> i64 {
        (i64::from(policy.burst) * MILLI).max(self.rate_milli / 10)
    }

    /// The state at `now`; a clock that went back changes nothing.
    #[must_use]
    pub fn at(&self, now: Timestamp, policy: BucketPolicy, memory_hours: u32) -> Self {
        let hours = now.since(self.updated_at).as_micros() as f64 / MICROS_PER_HOUR;
        let grown = (self.refill_per_hour(policy) * hours * 1000.0) as i64;
        let level = self.level_milli.saturating_add(grown).min(self.capacity_milli(policy));
        let rate = self.rate_milli as f64 * (-hours / f64::from(memory_hours.max(1))).exp();
        Self { level_milli: level, rate_milli: rate as i64, updated_at: self.updated_at.max(now) }
    }

    /// Takes one message's worth; `None` where there is not enough.
    #[must_use]
    pub fn take(&self) -> Option<Self> {
        (self.level_milli >= MILLI).then(|| Self { level_milli: self.level_milli - MILLI, ..*self })
    }

    /// A message of this class led to a completed recovery.
    #[must_use]
    pub fn completed(&self, policy: BucketPolicy, memory_hours: u32) -> Self {
        let rate_milli = self.rate_milli.saturating_add(MILLI / i64::from(memory_hours.max(1)));
        let next = Self { rate_milli, ..*self };
        Self { level_milli: (self.level_milli + MILLI).min(next.capacity_milli(policy)), ..next }
    }

    /// Somebody said "this was not me".
    #[must_use]
    pub fn disavowed(&self, cost: u32) -> Self {
        Self { level_milli: (self.level_milli - i64::from(cost) * MILLI).max(0), ..*self }
    }

    /// How full it is, 0 to 100.
    pub fn percent(&self, policy: BucketPolicy) -> u8 {
        let share = self.level_milli.max(0) * 100 / self.capacity_milli(policy).max(1);
        u8::try_from(share.min(100)).unwrap_or(100)
    }
}

/// The three budgets together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// For requests that showed nothing.
    pub anonymous: Bucket,
    /// For solved challenges.
    pub work: Bucket,
    /// For releasing held requests.
    pub release: Bucket,
}

impl Budgets {
    /// Full budgets, for a first start.
    pub fn full(policy: &BudgetPolicy, now: Timestamp) -> Self {
        Self {
            anonymous: Bucket::full(policy.anonymous, now),
            work: Bucket::full(policy.work, now),
            release: Bucket::full(policy.release, now),
        }
    }

    /// The state at `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp, policy: &BudgetPolicy) -> Self {
        let hours = policy.memory_hours;
        Self {
            anonymous: self.anonymous.at(now, policy.anonymous, hours),
            work: self.work.at(now, policy.work, hours),
            release: self.release.at(now, policy.release, hours),
        }
    }

    /// The mode that follows from the levels. `before` gives hysteresis: proof is asked for from `proof_below_percent`
    /// down and until `open_above_percent` is reached again. `flooded` keeps it up while requests still pour in.
    pub fn mode(&self, before: Mode, flooded: bool, policy: &BudgetPolicy) -> Mode {
        if self.work.level_milli < MILLI {
            return Mode::Hold;
        }
        let percent = self.anonymous.percent(policy.anonymous);
        let tight = percent < policy.proof_below_percent;
        let recovered = percent >= policy.open_above_percent && !flooded;
        match before {
            Mode::Open if tight => Mode::Proof,
            Mode::Open => Mode::Open,
            Mode::Proof | Mode::Hold if recovered => Mode::Open,
            Mode::Proof | Mode::Hold => Mode::Proof,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Policy;
    use proptest::prelude::*;
    use std::time::Duration;

    fn start() -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    #[test]
    fn requests_without_completions_drain_it_and_it_stays_drained() {
        let policy = Policy::default().budget;
        let mut bucket = Bucket::full(policy.anonymous, start());
        let mut sent = 0;
        for second in 0..3600 {
            bucket = bucket.at(start().plus(Duration::from_secs(second)), policy.anonymous, policy.memory_hours);
            while let Some(next) = bucket.take() {
                bucket = next;
                sent += 1;
            }
        }
        assert!((30..=91).contains(&sent), "{sent}");
    }

    #[test]
    fn completions_raise_the_refill() {
        let policy = Policy::default().budget;
        let mut bucket = Bucket::full(policy.anonymous, start());
        for second in 0..24 * 3600 {
            bucket = bucket.at(start().plus(Duration::from_secs(second)), policy.anonymous, policy.memory_hours);
            bucket = bucket
                .take()
                .expect("completed recoveries pay for themselves")
                .completed(policy.anonymous, policy.memory_hours);
        }
        assert!(bucket.refill_per_hour(policy.anonymous) > 500.0, "{}", bucket.refill_per_hour(policy.anonymous));
        assert!(bucket.capacity_milli(policy.anonymous) > 100_000);
    }

    #[test]
    fn the_mode_has_hysteresis() {
        let policy = Policy::default().budget;
        let mut budgets = Budgets::full(&policy, start());
        assert_eq!(budgets.mode(Mode::Open, true, &policy), Mode::Open);
        budgets.anonymous.level_milli = 14_000;
        assert_eq!(budgets.mode(Mode::Open, false, &policy), Mode::Proof);
        budgets.anonymous.level_milli = 20_000;
        assert_eq!(budgets.mode(Mode::Proof, false, &policy), Mode::Proof);
        budgets.anonymous.level_milli = 25_000;
        assert_eq!(budgets.mode(Mode::Proof, true, &policy), Mode::Proof);
        assert_eq!(budgets.mode(Mode::Proof, false, &policy), Mode::Open);
        budgets.work.level_milli = 0;
        assert_eq!(budgets.mode(Mode::Open, false, &policy), Mode::Hold);
    }

    #[test]
    fn a_clock_that_jumps_back_gives_nothing() {
        let policy = Policy::default().budget;
        let empty = Bucket { level_milli: 0, rate_milli: 0, updated_at: start() };
        let back = empty.at(start().minus(Duration::from_secs(86_400)), policy.anonymous, 24);
        assert_eq!(back, empty);
    }

    proptest! {
        #[test]
        fn the_level_stays_between_zero_and_capacity(steps in prop::collection::vec((0_u8..4, 0_u64..100_000), 1..200)) {
            let policy = Policy::default().budget;
            let (mut bucket, mut now) = (Bucket::full(policy.work, start()), start());
            for (what, secs) in steps {
                now = now.plus(Duration::from_secs(secs));
                bucket = bucket.at(now, policy.work, 24);
                bucket = match what {
                    0 | 1 => bucket.take().unwrap_or(bucket),
                    2 => bucket.completed(policy.work, 24),
                    _ => bucket.disavowed(5),
                };
                prop_assert!(bucket.level_milli >= 0 && bucket.level_milli <= bucket.capacity_milli(policy.work));
            }
        }
    }
}

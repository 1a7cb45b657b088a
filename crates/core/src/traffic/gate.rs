//! How the gate is disposed, in numbers, and why.

use super::words::{UpTo, grouped};
use crate::gate::budget::{Bucket, Budgets};
use crate::gate::policy::BucketPolicy;
use crate::gate::{Mode, Policy, pressure};

/// What is left of one budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Level {
    /// Whole messages that are left.
    pub left: u64,
    /// Messages that it holds at most.
    pub capacity: u64,
    /// The share that is left.
    pub percent: u8,
}

impl Level {
    fn of(bucket: &Bucket, policy: BucketPolicy) -> Self {
        let whole = |milli: i64| u64::try_from(milli / 1000).unwrap_or(0);
        let capacity = whole(bucket.capacity_milli(policy));
        Self { left: whole(bucket.level_milli), capacity, percent: bucket.percent(policy) }
    }
}

/// The gate at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GateNow {
    /// What is asked of everybody.
    pub mode: Mode,
    /// Requests in the last minute, of all nodes.
    pub per_minute: u64,
    /// Whether that is far more than completions explain.
    pub flooded: bool,
    /// For requests that showed nothing.
    pub anonymous: Level,
    /// For solved challenges.
    pub work: Level,
    /// For releasing requests that wait.
    pub release: Level,
    /// Requests that wait for proof or for budget.
    pub held: UpTo,
    /// Below this share of the first budget sending slows.
    pub slow_below: u8,
    /// Below this share proof is asked for.
    pub proof_below: u8,
    /// From this share on it is not any more.
    pub open_from: u8,
}

impl GateNow {
    /// From the budgets as they are now.
    pub fn of(mode: Mode, per_minute: u64, budgets: &Budgets, held: UpTo, policy: &Policy) -> Self {
        let limits = &policy.budget;
        Self {
            mode,
            per_minute,
            flooded: pressure::flooded(per_minute, budgets, policy),
            anonymous: Level::of(&budgets.anonymous, limits.anonymous),
            work: Level::of(&budgets.work, limits.work),
            release: Level::of(&budgets.release, limits.release),
            held,
            slow_below: limits.slow_below_percent,
            proof_below: limits.proof_below_percent,
            open_from: limits.open_above_percent,
        }
    }

    /// Whether messages to those who showed nothing go out with a delay, or not at all.
    pub const fn is_slow(&self) -> bool {
        self.anonymous.percent < self.slow_below
    }

    /// The mode in a sentence.
    pub const fn meaning(&self) -> &'static str {
        match self.mode {
            Mode::Open if self.is_slow() => "Requests are served; messages go out with a delay.",
            Mode::Open => "Requests are served as they come.",
            Mode::Proof => "Whoever has no known device is asked for proof; others wait.",
            Mode::Hold => "Only known devices and saved codes are served; all others wait.",
        }
    }

    /// Why it is so, and what would change it.
    pub fn reasons(&self) -> Vec<String> {
        let (percent, per_minute) = (self.anonymous.percent, grouped(self.per_minute));
        let level = format!("The budget for requests that show nothing is at {percent} %.");
        let next = match self.mode {
            Mode::Open if self.is_slow() => {
                format!(
                    "Below {} % messages slow down; below {} % proof is asked for.",
                    self.slow_below, self.proof_below
                )
            }
            Mode::Open => format!("Below {} % messages slow down.", self.slow_below),
            Mode::Proof if percent >= self.open_from => "It opens again when the flood ends.".to_owned(),
            Mode::Proof => format!("Proof is asked for until it is at {} % again.", self.open_from),
            Mode::Hold => {
                "The budget for solved challenges is spent too; it refills with completed recoveries.".to_owned()
            }
        };
        let flood = if self.flooded {
            format!("In the last minute {per_minute} requests came: far more than completed recoveries explain.")
        } else {
            format!("In the last minute {per_minute} requests came: no flood.")
        };
        vec![level, next, flood]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn told(change: impl FnOnce(&mut Budgets), mode: Mode, per_minute: u64) -> String {
        let policy = Policy::default();
        let mut budgets = Budgets::full(&policy.budget, Timestamp::default());
        change(&mut budgets);
        let gate = GateNow::of(mode, per_minute, &budgets, UpTo::default(), &policy);
        format!("{}\n  {}\n", gate.meaning(), gate.reasons().join("\n  "))
    }

    #[test]
    fn every_mode_says_why_and_until_when() {
        let all = [
            told(|_| (), Mode::Open, 3),
            told(|b| b.anonymous.level_milli = 17_000, Mode::Open, 3),
            told(|b| b.anonymous.level_milli = 9000, Mode::Proof, 9000),
            told(|b| b.anonymous.level_milli = 29_000, Mode::Proof, 9000),
            told(|b| (b.anonymous.level_milli, b.work.level_milli) = (0, 0), Mode::Hold, 9000),
        ];
        insta::assert_snapshot!(all.concat(), @r"
        Requests are served as they come.
          The budget for requests that show nothing is at 100 %.
          Below 75 % messages slow down.
          In the last minute 3 requests came: no flood.
        Requests are served; messages go out with a delay.
          The budget for requests that show nothing is at 56 %.
          Below 75 % messages slow down; below 50 % proof is asked for.
          In the last minute 3 requests came: no flood.
        Whoever has no known device is asked for proof; others wait.
          The budget for requests that show nothing is at 30 %.
          Proof is asked for until it is at 80 % again.
          In the last minute 9,000 requests came: far more than completed recoveries explain.
        Whoever has no known device is asked for proof; others wait.
          The budget for requests that show nothing is at 96 %.
          It opens again when the flood ends.
          In the last minute 9,000 requests came: far more than completed recoveries explain.
        Only known devices and saved codes are served; all others wait.
          The budget for requests that show nothing is at 0 %.
          The budget for solved challenges is spent too; it refills with completed recoveries.
          In the last minute 9,000 requests came: far more than completed recoveries explain.
        ");
    }
}

//! How many requests arrive lately, and what a proof of work costs because of it.

use super::budget::Budgets;
use super::policy::Policy;
use crate::time::Timestamp;

/// Seconds over which arrivals are counted.
const WINDOW: usize = 10;

/// Arrivals in the last ten seconds, a slot each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrivals {
    counts: [u32; WINDOW],
    second: i64,
}

impl Arrivals {
    /// One more arrival.
    pub fn count(&mut self, now: Timestamp) {
        self.forget(now);
        let slot = &mut self.counts[(self.second.rem_euclid(WINDOW as i64)) as usize];
        *slot = slot.saturating_add(1);
    }

    /// Arrivals a minute, as far as the last ten seconds tell.
    pub fn per_minute(&mut self, now: Timestamp) -> u64 {
        self.forget(now);
        let sum: u64 = self.counts.iter().map(|c| u64::from(*c)).sum();
        sum * 60 / WINDOW as u64
    }

    fn forget(&mut self, now: Timestamp) {
        let passed = now.secs().saturating_sub(self.second);
        if passed <= 0 {
            return;
        }
        for step in 1..=passed.min(WINDOW as i64) {
            self.counts[((self.second + step).rem_euclid(WINDOW as i64)) as usize] = 0;
        }
        self.second = now.secs();
    }
}

/// Requests a minute that completions and the policy explain.
fn expected_per_minute(budgets: &Budgets, policy: &Policy) -> u64 {
    let completions = budgets.anonymous.rate_milli + budgets.work.rate_milli;
    let explained = u64::try_from(completions / 1000 / 60).unwrap_or(0) * 4;
    explained.max(u64::from(policy.proof.calm_per_minute))
}

/// Whether far more requests arrive than completions explain.
pub fn flooded(per_minute: u64, budgets: &Budgets, policy: &Policy) -> bool {
    per_minute > expected_per_minute(budgets, policy).saturating_mul(4)
}

/// The largest number that a challenge made now has to be searched up to.
///
/// The price follows the load in proportion, so that a flood of N times the calm rate pays N times as much for each
/// request; and it doubles for each eighth of the work budget that is gone, so that whoever can still pay is slowed down
/// before the budget is empty.
pub fn max_number(per_minute: u64, budgets: &Budgets, policy: &Policy) -> u64 {
    let proof = &policy.proof;
    let ratio = (per_minute / expected_per_minute(budgets, policy)).max(1);
    let gone = 100 - u32::from(budgets.work.percent(policy.budget.work));
    let doublings = (gone * 8 / 100).min(16);
    proof.base_max_number.saturating_mul(ratio).saturating_mul(1 << doublings).min(proof.top_max_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    #[test]
    fn arrivals_are_forgotten_after_ten_seconds() {
        let mut arrivals = Arrivals::default();
        (0..50).for_each(|_| arrivals.count(now()));
        assert_eq!(arrivals.per_minute(now()), 300);
        assert_eq!(arrivals.per_minute(Timestamp::from_secs(now().secs() + 9)), 300);
        assert_eq!(arrivals.per_minute(Timestamp::from_secs(now().secs() + 10)), 0);
    }

    #[test]
    fn the_price_follows_the_load_and_the_budget() {
        let policy = Policy::default();
        let mut budgets = Budgets::full(&policy.budget, now());
        assert_eq!(max_number(10, &budgets, &policy), 50_000);
        assert_eq!(max_number(1_200, &budgets, &policy), 500_000);
        assert_eq!(max_number(240_000, &budgets, &policy), 100_000_000);
        assert_eq!(max_number(10_000_000, &budgets, &policy), policy.proof.top_max_number);
        budgets.work.level_milli /= 2;
        assert_eq!(max_number(10, &budgets, &policy), 50_000 << 4);
    }
}

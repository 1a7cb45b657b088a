//! Every limit of the gate, with its unit in its name. `config.default.toml` holds the values and argues them.

use serde::{Deserialize, Serialize};

/// The gate's limits.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Per source address, prefix and device.
    pub source: SourcePolicy,
    /// Per mailbox.
    pub mailbox: SlotPolicy,
    /// Per account, over all its addresses.
    pub account: SlotPolicy,
    /// Over everything.
    pub budget: BudgetPolicy,
    /// What is asked as proof.
    pub proof: ProofPolicy,
    /// What happens to requests that must wait.
    pub hold: HoldPolicy,
    /// What "this was not me" does.
    pub disavow: DisavowPolicy,
}

/// A generic cell rate: `burst` at once, then `per_hour`, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests at once after a long pause.
    pub burst: u32,
    /// Requests an hour in the long run.
    pub per_hour: u32,
}

/// Limits on where requests come from. The only ones that may be seen (429), because they say nothing of an identifier.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourcePolicy {
    /// One IPv4 address.
    pub v4_address: Rate,
    /// An IPv4 /24.
    pub v4_24: Rate,
    /// One IPv6 address.
    pub v6_address: Rate,
    /// An IPv6 /64: one customer.
    pub v6_64: Rate,
    /// An IPv6 /48: one site.
    pub v6_48: Rate,
    /// One known device; used instead of the address ladder.
    pub device: Rate,
    /// Requests with a solved challenge have a ladder of their own with these times the rates.
    pub work_factor: u32,
    /// All sources together for which the table has no place left.
    pub overflow: Rate,
    /// Places in the table; 16 bytes each.
    pub table_entries: usize,
}

/// How many recovery messages one mailbox or account may get in 24 hours. The last ones are kept for those who show
/// more, so that an attacker cannot use them up (G5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SlotPolicy {
    /// While this many were sent, a request that shows nothing gets no more.
    pub anonymous_per_day: u8,
    /// Likewise for a request with a solved challenge.
    pub work_per_day: u8,
    /// Likewise for everybody. At most 3 (G3).
    pub total_per_day: u8,
}

/// The budgets over all unsolicited messages (G4).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetPolicy {
    /// For requests that showed nothing.
    pub anonymous: BucketPolicy,
    /// For requests with a solved challenge.
    pub work: BucketPolicy,
    /// For releasing held requests; they draw from `anonymous` as well.
    pub release: BucketPolicy,
    /// Below this share of the anonymous budget sending slows.
    pub slow_below_percent: u8,
    /// Below this share proof is asked for.
    pub proof_below_percent: u8,
    /// Above this share proof is no longer asked for.
    pub open_above_percent: u8,
    /// The longest delay in the slow stage.
    pub slow_delay_secs: u32,
    /// Averages of completions look back over about this long.
    pub memory_hours: u32,
}

/// One budget: a bucket whose refill follows completed recoveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BucketPolicy {
    /// Messages that may be out without a completion, at least.
    pub burst: u32,
    /// Refill where nothing is known yet.
    pub floor_per_hour: u32,
    /// Refill as a share of the completions an hour; a completion also gives its own message back.
    pub follow_percent: u32,
}

/// The proof of work.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProofPolicy {
    /// Largest number to try in calm times; half of it is the mean.
    pub base_max_number: u64,
    /// Largest number to try under the worst attack.
    pub top_max_number: u64,
    /// Requests a minute above which the price rises with the load, where completions do not justify more.
    pub calm_per_minute: u32,
    /// How long a challenge may be solved.
    pub ttl_secs: u32,
}

/// Requests that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HoldPolicy {
    /// How long a person would wait; then the request expires.
    pub expire_secs: u32,
}

/// "This was not me".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DisavowPolicy {
    /// How long requests without proof are not served for that account, after the first time; doubles each time.
    pub quiet_hours: u32,
    /// The longest such time.
    pub quiet_hours_most: u32,
    /// What one "not me" takes from the anonymous and work budgets, in messages.
    pub budget_cost: u32,
}

impl Default for Policy {
    /// The values of `config.default.toml`; a test keeps the two equal.
    fn default() -> Self {
        let slots = SlotPolicy { anonymous_per_day: 1, work_per_day: 2, total_per_day: 3 };
        Self {
            source: SourcePolicy {
                v4_address: Rate { burst: 3, per_hour: 3 },
                v4_24: Rate { burst: 30, per_hour: 30 },
                v6_address: Rate { burst: 3, per_hour: 3 },
                v6_64: Rate { burst: 6, per_hour: 6 },
                v6_48: Rate { burst: 30, per_hour: 30 },
                device: Rate { burst: 5, per_hour: 5 },
                work_factor: 4,
                overflow: Rate { burst: 100, per_hour: 600 },
                table_entries: 4 << 20,
            },
            mailbox: slots,
            account: slots,
            budget: BudgetPolicy {
                anonymous: BucketPolicy { burst: 30, floor_per_hour: 60, follow_percent: 50 },
                work: BucketPolicy { burst: 120, floor_per_hour: 120, follow_percent: 50 },
                release: BucketPolicy { burst: 1, floor_per_hour: 30, follow_percent: 25 },
                slow_below_percent: 75,
                proof_below_percent: 50,
                open_above_percent: 80,
                slow_delay_secs: 5,
                memory_hours: 24,
            },
            proof: ProofPolicy {
                base_max_number: 50_000,
                top_max_number: 800_000_000,
                calm_per_minute: 120,
                ttl_secs: 600,
            },
            hold: HoldPolicy { expire_secs: 1800 },
            disavow: DisavowPolicy { quiet_hours: 24, quiet_hours_most: 720, budget_cost: 5 },
        }
    }
}

impl Policy {
    /// What is wrong with the values, each with the key it is about.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut demand = |holds: bool, key: &'static str, why: &str| {
            if !holds {
                found.push((key, why.to_owned()));
            }
        };
        for (key, slots) in [("gate.mailbox", self.mailbox), ("gate.account", self.account)] {
            demand(slots.total_per_day <= 3, key, "total_per_day is at most 3");
            let rising = slots.anonymous_per_day <= slots.work_per_day && slots.work_per_day <= slots.total_per_day;
            demand(rising, key, "anonymous_per_day ≤ work_per_day ≤ total_per_day is needed");
        }
        let source = &self.source;
        let rates = [source.v4_address, source.v4_24, source.v6_address, source.v6_64, source.v6_48, source.device];
        let positive = rates.iter().chain([&source.overflow]).all(|r| r.burst > 0 && r.per_hour > 0);
        demand(positive, "gate.source", "every burst and per_hour is at least 1");
        demand(source.work_factor >= 1, "gate.source.work_factor", "at least 1");
        demand(source.table_entries >= 1024, "gate.source.table_entries", "at least 1024");
        let budget = &self.budget;
        let steps = budget.proof_below_percent <= budget.slow_below_percent
            && budget.proof_below_percent < budget.open_above_percent
            && budget.open_above_percent <= 100;
        demand(steps, "gate.budget", "proof_below ≤ slow_below, proof_below < open_above ≤ 100 is needed");
        demand(budget.memory_hours >= 1, "gate.budget.memory_hours", "at least 1");
        let proof = &self.proof;
        let numbers = proof.base_max_number >= 1000 && proof.base_max_number <= proof.top_max_number;
        demand(numbers, "gate.proof", "1000 ≤ base_max_number ≤ top_max_number is needed");
        // A browser counts exactly up to 2^53.
        demand(proof.top_max_number <= 1 << 40, "gate.proof.top_max_number", "at most 2^40");
        demand(proof.calm_per_minute >= 1, "gate.proof.calm_per_minute", "at least 1");
        demand(proof.ttl_secs >= 60, "gate.proof.ttl_secs", "at least 60");
        demand(self.hold.expire_secs >= 60, "gate.hold.expire_secs", "at least 60");
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Policy::default().problems(), vec![]);
    }

    #[test]
    fn more_than_three_a_day_is_refused() {
        let mut policy = Policy::default();
        policy.mailbox.total_per_day = 4;
        assert_eq!(policy.problems().len(), 1);
    }
}

//! `[gate]`: the limits of the recovery gate. Their types are the pure crate's.

use super::reader::Reader;
use countersign_core::gate::Policy;
use countersign_core::gate::risk::RiskPolicy;

/// The limits.
#[derive(Clone, Debug)]
pub struct Gate {
    /// How many requests and messages, from and for whom.
    pub policy: Policy,
    /// When a recovery waits.
    pub risk: RiskPolicy,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    source: countersign_core::gate::policy::SourcePolicy,
    mailbox: countersign_core::gate::policy::SlotPolicy,
    account: countersign_core::gate::policy::SlotPolicy,
    budget: countersign_core::gate::policy::BudgetPolicy,
    proof: countersign_core::gate::policy::ProofPolicy,
    hold: countersign_core::gate::policy::HoldPolicy,
    disavow: countersign_core::gate::policy::DisavowPolicy,
    risk: RiskPolicy,
}

impl Gate {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let s: Section = r.section("gate");
        let policy = Policy {
            source: s.source,
            mailbox: s.mailbox,
            account: s.account,
            budget: s.budget,
            proof: s.proof,
            hold: s.hold,
            disavow: s.disavow,
        };
        for (key, why) in policy.problems() {
            r.problem(key, why);
        }
        Self { policy, risk: s.risk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_and_the_pure_defaults_are_one() {
        let gate = crate::config::Config::defaults().gate;
        assert_eq!(gate.policy, Policy::default());
        assert_eq!(gate.risk, RiskPolicy::default());
    }
}

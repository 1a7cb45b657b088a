//! Whether a recovery must wait before it takes effect (invariant G7).

use serde::{Deserialize, Serialize};

/// What speaks for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Signals {
    /// The device was never seen with this account.
    pub new_device: bool,
    /// The account has no second factor, so the mailbox was all that was shown.
    pub no_second_factor: bool,
    /// The mailbox is in a known leak, or the platform flagged it.
    pub leaked_mailbox: bool,
    /// The request came while the gate asked everybody for proof.
    pub siege: bool,
    /// The owner said "this was not me" lately.
    pub disavowed: bool,
}

/// Weights; the sum is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RiskPolicy {
    /// For a new device.
    pub new_device: u32,
    /// For no second factor.
    pub no_second_factor: u32,
    /// For a leaked mailbox.
    pub leaked_mailbox: u32,
    /// For a siege.
    pub siege: u32,
    /// For a recent "this was not me".
    pub disavowed: u32,
    /// From this sum on the change waits.
    pub threshold: u32,
}

impl Default for RiskPolicy {
    /// A leaked mailbox or a recent "not me" makes a recovery wait unless something else speaks for it (a known device
    /// or a second factor); a siege alone does not, because most people who recover during one are genuine.
    fn default() -> Self {
        Self { new_device: 1, no_second_factor: 1, leaked_mailbox: 2, siege: 1, disavowed: 2, threshold: 4 }
    }
}

/// The sum of the weights of what was seen.
pub fn score(signals: Signals, policy: &RiskPolicy) -> u32 {
    let pairs = [
        (signals.new_device, policy.new_device),
        (signals.no_second_factor, policy.no_second_factor),
        (signals.leaked_mailbox, policy.leaked_mailbox),
        (signals.siege, policy.siege),
        (signals.disavowed, policy.disavowed),
    ];
    pairs.iter().filter(|(seen, _)| *seen).map(|(_, weight)| weight).sum()
}

/// Whether the change must wait.
pub fn must_wait(signals: Signals, policy: &RiskPolicy) -> bool {
    score(signals, policy) >= policy.threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaked_mailbox_alone_on_a_new_device_waits_and_a_siege_alone_does_not() {
        let policy = RiskPolicy::default();
        let stranger = Signals { new_device: true, no_second_factor: true, ..Signals::default() };
        assert!(!must_wait(stranger, &policy));
        assert!(!must_wait(Signals { siege: true, ..stranger }, &policy));
        assert!(must_wait(Signals { leaked_mailbox: true, ..stranger }, &policy));
        assert!(must_wait(Signals { disavowed: true, ..stranger }, &policy));
        let known = Signals { new_device: false, ..stranger };
        assert!(!must_wait(Signals { leaked_mailbox: true, ..known }, &policy));
    }
}

//! The decision over one request, once the account it names is known to the job (never to the one who asked).

use super::policy::Policy;
use super::slots::Slots;
use super::{Class, Mode};
use crate::gate::budget::Budgets;
use crate::time::Timestamp;
use std::time::Duration;

/// What is known of a request when it is decided.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When it was taken up.
    pub received_at: Timestamp,
    /// When nobody waits for it any more.
    pub expires_at: Timestamp,
    /// What it showed, checked against the account.
    pub class: Class,
    /// It waited and was picked because the budget allows one more.
    pub released: bool,
    /// The account, if the identifier names one.
    pub account: Option<AccountFacts>,
}

/// What is known of the account.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    /// It may not recover by itself (suspended, closed).
    pub barred: bool,
    /// There is a confirmed address to send to.
    pub has_address: bool,
    /// Messages to the account lately.
    pub account_slots: Slots,
    /// Messages to the mailbox lately, whatever the account.
    pub mailbox_slots: Slots,
    /// "This was not me": requests without proof are not served until then.
    pub disavowed_until: Timestamp,
    /// Recovery without strong proof is held until then.
    pub held_until: Timestamp,
}

/// Why a request was decided as it was. In evidence and counters; never in an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// Nothing speaks against it.
    Clear,
    /// Nobody waits for it any more.
    Expired,
    /// No account has this identifier.
    NoAccount,
    /// The account has no confirmed address.
    NoAddress,
    /// The account may not recover by itself.
    Barred,
    /// A link to this account or mailbox is live.
    LiveLink,
    /// The mailbox got its messages of the day.
    MailboxLimit,
    /// The account got its messages of the day.
    AccountLimit,
    /// The owner said that it was not them.
    Disavowed,
    /// Recovery of the account is held.
    Held,
    /// Sending slows, because the budget shrinks.
    Slowed,
    /// Proof is asked for and was not shown.
    ProofWanted,
    /// The budget for this class is spent.
    BudgetSpent,
}

impl Reason {
    /// Every reason, for counters.
    pub const ALL: [Self; 13] = [
        Self::Clear,
        Self::Expired,
        Self::NoAccount,
        Self::NoAddress,
        Self::Barred,
        Self::LiveLink,
        Self::MailboxLimit,
        Self::AccountLimit,
        Self::Disavowed,
        Self::Held,
        Self::Slowed,
        Self::ProofWanted,
        Self::BudgetSpent,
    ];

    /// The name in the store, in metrics and in evidence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Expired => "expired",
            Self::NoAccount => "no_account",
            Self::NoAddress => "no_address",
            Self::Barred => "barred",
            Self::LiveLink => "live_link",
            Self::MailboxLimit => "mailbox_limit",
            Self::AccountLimit => "account_limit",
            Self::Disavowed => "disavowed",
            Self::Held => "held",
            Self::Slowed => "slowed",
            Self::ProofWanted => "proof_wanted",
            Self::BudgetSpent => "budget_spent",
        }
    }
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Send one message; the budgets after it.
    Send {
        /// With this message's token taken.
        budgets: Budgets,
    },
    /// Not now; look again then.
    Wait {
        /// When.
        until: Timestamp,
    },
    /// Not until proof is shown or the request is released.
    Hold,
    /// Nothing, ever.
    Drop,
}

/// A verdict and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// Decides one request. Order matters: what is silent about the budget comes first, so that requests that would send
/// nothing anyway draw nothing.
pub fn decide(facts: &Facts, mode: Mode, budgets: &Budgets, policy: &Policy, now: Timestamp) -> Decision {
    if let Some(reason) = refusal(facts, policy, now) {
        return Decision { verdict: Verdict::Drop, reason };
    }
    let budgets = budgets.at(now, &policy.budget);
    match facts.class {
        Class::Strong => send(budgets, Reason::Clear),
        Class::Work => match budgets.work.take() {
            Some(work) => send(Budgets { work, ..budgets }, Reason::Clear),
            None => hold(Reason::BudgetSpent),
        },
        Class::Anonymous if facts.released => release(&budgets),
        Class::Anonymous => anonymous(facts, mode, &budgets, policy, now),
    }
}

fn refusal(facts: &Facts, policy: &Policy, now: Timestamp) -> Option<Reason> {
    if facts.expires_at <= now {
        return Some(Reason::Expired);
    }
    let Some(account) = &facts.account else {
        return Some(Reason::NoAccount);
    };
    let class = facts.class;
    let checks = [
        (account.barred, Reason::Barred),
        (!account.has_address, Reason::NoAddress),
        (account.account_slots.has_live_link(now) || account.mailbox_slots.has_live_link(now), Reason::LiveLink),
        (class == Class::Anonymous && account.disavowed_until > now, Reason::Disavowed),
        (class != Class::Strong && account.held_until > now, Reason::Held),
        (!account.mailbox_slots.has_room(class, now, policy.mailbox), Reason::MailboxLimit),
        (!account.account_slots.has_room(class, now, policy.account), Reason::AccountLimit),
    ];
    checks.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
}

fn anonymous(facts: &Facts, mode: Mode, budgets: &Budgets, policy: &Policy, now: Timestamp) -> Decision {
    if mode != Mode::Open {
        return hold(Reason::ProofWanted);
    }
    // The level decides too, not only the mode that other nodes last saw: one batch cannot overrun the threshold.
    if budgets.anonymous.percent(policy.budget.anonymous) < policy.budget.proof_below_percent {
        return hold(Reason::ProofWanted);
    }
    let ready = facts.received_at.plus(slow_delay(budgets, policy));
    if ready > now {
        return Decision { verdict: Verdict::Wait { until: ready }, reason: Reason::Slowed };
    }
    match budgets.anonymous.take() {
        Some(anonymous) => send(Budgets { anonymous, ..*budgets }, Reason::Clear),
        None => hold(Reason::BudgetSpent),
    }
}

/// Grows from nothing at `slow_below_percent` to the whole delay at `proof_below_percent`.
fn slow_delay(budgets: &Budgets, policy: &Policy) -> Duration {
    let limits = &policy.budget;
    let percent = budgets.anonymous.percent(limits.anonymous);
    let missing = u64::from(limits.slow_below_percent.saturating_sub(percent));
    let width = u64::from(limits.slow_below_percent.saturating_sub(limits.proof_below_percent).max(1));
    Duration::from_millis(u64::from(limits.slow_delay_secs) * 1000 * missing.min(width) / width)
}

fn release(budgets: &Budgets) -> Decision {
    match (budgets.anonymous.take(), budgets.release.take()) {
        (Some(anonymous), Some(release)) => send(Budgets { anonymous, release, ..*budgets }, Reason::Clear),
        _ => hold(Reason::BudgetSpent),
    }
}

const fn send(budgets: Budgets, reason: Reason) -> Decision {
    Decision { verdict: Verdict::Send { budgets }, reason }
}

const fn hold(reason: Reason) -> Decision {
    Decision { verdict: Verdict::Hold, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    fn account() -> AccountFacts {
        AccountFacts {
            barred: false,
            has_address: true,
            account_slots: Slots::default(),
            mailbox_slots: Slots::default(),
            disavowed_until: Timestamp::default(),
            held_until: Timestamp::default(),
        }
    }

    fn facts(class: Class) -> Facts {
        let expires_at = now().plus(Duration::from_secs(1800));
        Facts { received_at: now(), expires_at, class, released: false, account: Some(account()) }
    }

    fn reason(facts: &Facts, mode: Mode) -> (bool, Reason) {
        let policy = Policy::default();
        let decision = decide(facts, mode, &Budgets::full(&policy.budget, now()), &policy, now());
        (matches!(decision.verdict, Verdict::Send { .. }), decision.reason)
    }

    #[test]
    fn the_table() {
        let live = Slots::default().with_message(now(), now().plus(Duration::from_secs(900)));
        let one = Slots { live_until: Timestamp::default(), sent: [now(), Timestamp::default(), Timestamp::default()] };
        let full = Slots { live_until: Timestamp::default(), sent: [now(); 3] };
        let later = now().plus(Duration::from_secs(60));
        type Change = fn(&mut AccountFacts, Slots, Timestamp);
        let mailbox: Change = |a, s, _| a.mailbox_slots = s;
        let whole: Change = |a, s, _| a.account_slots = s;
        let cases: [(&str, Class, Slots, Change, Reason); 10] = [
            ("nothing against it", Class::Anonymous, one, |_, _, _| (), Reason::Clear),
            ("live link", Class::Strong, live, mailbox, Reason::LiveLink),
            ("live link of the account", Class::Strong, live, whole, Reason::LiveLink),
            ("one today, nothing shown", Class::Anonymous, one, mailbox, Reason::MailboxLimit),
            ("one today, work shown", Class::Work, one, mailbox, Reason::Clear),
            ("one today for the account", Class::Anonymous, one, whole, Reason::AccountLimit),
            ("three today, known device", Class::Strong, full, mailbox, Reason::MailboxLimit),
            ("disavowed", Class::Anonymous, one, |a, _, t| a.disavowed_until = t, Reason::Disavowed),
            ("disavowed, work shown", Class::Work, one, |a, _, t| a.disavowed_until = t, Reason::Clear),
            ("held", Class::Work, one, |a, _, t| a.held_until = t, Reason::Held),
        ];
        for (name, class, slots, change, expected) in cases {
            let mut facts = facts(class);
            change(facts.account.as_mut().unwrap(), slots, later);
            assert_eq!(reason(&facts, Mode::Open), (expected == Reason::Clear, expected), "{name}");
        }
    }

    #[test]
    fn proof_is_asked_of_whoever_showed_nothing() {
        assert_eq!(reason(&facts(Class::Anonymous), Mode::Proof), (false, Reason::ProofWanted));
        assert_eq!(reason(&facts(Class::Work), Mode::Proof), (true, Reason::Clear));
        assert_eq!(reason(&facts(Class::Strong), Mode::Hold), (true, Reason::Clear));
    }

    #[test]
    fn unknown_identifiers_draw_nothing() {
        let stranger = Facts { account: None, ..facts(Class::Anonymous) };
        assert_eq!(reason(&stranger, Mode::Open), (false, Reason::NoAccount));
    }

    #[test]
    fn a_request_that_nobody_waits_for_is_dropped() {
        let old = Facts { expires_at: now(), ..facts(Class::Strong) };
        assert_eq!(reason(&old, Mode::Open), (false, Reason::Expired));
    }

    #[test]
    fn sending_slows_before_proof_is_asked() {
        let policy = Policy::default();
        let mut budgets = Budgets::full(&policy.budget, now());
        budgets.anonymous.level_milli = 18_000;
        let decision = decide(&facts(Class::Anonymous), Mode::Open, &budgets, &policy, now());
        assert_eq!(decision.reason, Reason::Slowed);
        budgets.anonymous.level_milli = 14_000;
        let decision = decide(&facts(Class::Anonymous), Mode::Open, &budgets, &policy, now());
        assert_eq!((decision.verdict, decision.reason), (Verdict::Hold, Reason::ProofWanted));
    }

    proptest! {
        /// G4: whatever the order of requests, anonymous sends never exceed half the burst plus the refill.
        #[test]
        fn an_attack_gets_half_the_burst_and_the_refill(gaps in prop::collection::vec(0_u64..2_000, 1..500)) {
            let policy = Policy::default();
            let (mut budgets, mut mode) = (Budgets::full(&policy.budget, now()), Mode::Open);
            let (mut at, mut sent) = (now(), 0_u64);
            for gap in gaps {
                at = at.plus(Duration::from_millis(gap));
                budgets = budgets.at(at, &policy.budget);
                mode = budgets.mode(mode, true, &policy.budget);
                let facts = Facts { received_at: at.minus(Duration::from_secs(10)), expires_at: at.plus(Duration::from_secs(9)), ..facts(Class::Anonymous) };
                if let Verdict::Send { budgets: after } = decide(&facts, mode, &budgets, &policy, at).verdict {
                    budgets = after;
                    sent += 1;
                }
            }
            let minutes = at.since(now()).as_secs() / 60 + 1;
            prop_assert!(sent <= 16 + minutes, "{sent} in {minutes} min");
        }
    }
}

//! How many recovery messages one mailbox or one account got lately (invariants G3, G5).

use super::Class;
use super::policy::SlotPolicy;
use crate::time::Timestamp;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The three latest messages and the live link; the zero value is "never".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Slots {
    /// A link that was sent is live until then.
    pub live_until: Timestamp,
    /// When messages were sent, the latest first.
    pub sent: [Timestamp; 3],
}

impl Slots {
    /// Whether a link is live, so that a second message would say nothing new.
    pub fn has_live_link(&self, now: Timestamp) -> bool {
        self.live_until > now
    }

    /// Messages within the last 24 hours. A time in the future (the clock jumped back) counts.
    pub fn used(&self, now: Timestamp) -> u8 {
        let since = now.minus(DAY);
        self.sent.iter().map(|t| u8::from(*t > since && t.micros() > 0)).sum()
    }

    /// Whether a request of this class may have one more.
    pub fn has_room(&self, class: Class, now: Timestamp, policy: SlotPolicy) -> bool {
        let most = match class {
            Class::Anonymous => policy.anonymous_per_day,
            Class::Work => policy.work_per_day,
            Class::Strong => policy.total_per_day,
        };
        self.used(now) < most
    }

    /// After one more message whose link lives until `live_until`.
    #[must_use]
    pub fn with_message(&self, now: Timestamp, live_until: Timestamp) -> Self {
        Self { live_until, sent: [now, self.sent[0], self.sent[1]] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Policy;
    use proptest::prelude::*;

    proptest! {
        /// G3: whatever asks, and whenever, never more than three in any 24 hours.
        #[test]
        fn never_more_than_three_in_any_24_hours(steps in prop::collection::vec((0_u64..20_000, 0_u8..3), 1..300)) {
            let policy = Policy::default().mailbox;
            let (mut slots, mut now, mut sent) = (Slots::default(), Timestamp::from_secs(1_700_000_000), vec![]);
            for (gap, class) in steps {
                now = now.plus(Duration::from_secs(gap));
                let class = [Class::Anonymous, Class::Work, Class::Strong][usize::from(class)];
                if !slots.has_live_link(now) && slots.has_room(class, now, policy) {
                    slots = slots.with_message(now, now.plus(Duration::from_secs(900)));
                    sent.push(now);
                }
            }
            for window in sent.windows(4) {
                prop_assert!(window[3].since(window[0]) >= DAY);
            }
        }

        /// G5: what strangers do leaves the owner a message.
        #[test]
        fn strangers_cannot_use_up_the_owners_message(gaps in prop::collection::vec(900_u64..4000, 1..200)) {
            let policy = Policy::default().mailbox;
            let (mut slots, mut now) = (Slots::default(), Timestamp::from_secs(1_700_000_000));
            for (n, gap) in gaps.into_iter().enumerate() {
                now = now.plus(Duration::from_secs(gap));
                let class = if n % 2 == 0 { Class::Anonymous } else { Class::Work };
                if !slots.has_live_link(now) && slots.has_room(class, now, policy) {
                    slots = slots.with_message(now, now.plus(Duration::from_secs(900)));
                }
                prop_assert!(slots.has_room(Class::Strong, now, policy));
            }
        }
    }
}

//! How fast messages may leave for one recipient domain, so that a flood does not ruin our name with a mail provider.
//!
//! Never: reads a clock; grows beyond its bound; forgets a domain that must still wait in favour of a new one.
//! In: a domain, `now`.   Out: when the next message may leave.
//! I/O for this room: server/src/jobs.   Tests: beside the code.
//!
//! A generic cell rate algorithm (GCRA): each domain has one number, the time at which its bucket is full again.

use crate::time::{Timestamp, micros_of};
use std::collections::HashMap;
use std::time::Duration;

/// One domain's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceRule {
    /// Messages in each `per`.
    pub messages: u32,
    /// The time that `messages` are spread over.
    pub per: Duration,
    /// Messages that may leave at once after a quiet time; at least one.
    pub burst: u32,
    /// Domains that are remembered. Beyond it, new ones share one bucket until others are quiet again.
    pub max_domains: usize,
}

/// Where each domain stands.
#[derive(Clone, Debug)]
pub struct Pace {
    interval_micros: i64,
    tolerance_micros: i64,
    max_domains: usize,
    full_at: HashMap<String, Timestamp>,
    shared: Timestamp,
}

impl Pace {
    /// Every bucket full.
    pub fn new(rule: PaceRule) -> Self {
        let interval_micros = (micros_of(rule.per) / i64::from(rule.messages.max(1))).max(1);
        let tolerance_micros = interval_micros.saturating_mul(i64::from(rule.burst.max(1)) - 1);
        Self {
            interval_micros,
            tolerance_micros,
            max_domains: rule.max_domains.max(1),
            full_at: HashMap::new(),
            shared: Timestamp::from_micros(i64::MIN),
        }
    }

    /// The earliest time at which a message to `domain` may leave; `now` if it may leave at once.
    pub fn ready_at(&self, domain: &str, now: Timestamp) -> Timestamp {
        let full_at = self.full_at.get(domain).copied().unwrap_or_else(|| self.unknown_full_at());
        Timestamp::from_micros(full_at.micros().saturating_sub(self.tolerance_micros)).max(now)
    }

    /// Takes one message's share.
    ///
    /// # Errors
    /// The time at which to ask again; nothing was taken.
    pub fn take(&mut self, domain: &str, now: Timestamp) -> Result<(), Timestamp> {
        self.make_room(domain, now);
        let ready = self.ready_at(domain, now);
        if ready > now {
            return Err(ready);
        }
        let interval = self.interval_micros;
        let full_at = self.slot(domain);
        *full_at = Timestamp::from_micros((*full_at).max(now).micros().saturating_add(interval));
        Ok(())
    }

    /// Domains remembered at present.
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    /// Whether no domain is remembered.
    pub fn is_empty(&self) -> bool {
        self.full_at.is_empty()
    }

    fn is_full(&self) -> bool {
        self.full_at.len() >= self.max_domains
    }

    fn unknown_full_at(&self) -> Timestamp {
        if self.is_full() { self.shared } else { Timestamp::from_micros(i64::MIN) }
    }

    fn slot(&mut self, domain: &str) -> &mut Timestamp {
        if !self.full_at.contains_key(domain) && self.is_full() {
            return &mut self.shared;
        }
        self.full_at.entry(domain.to_owned()).or_insert(Timestamp::from_micros(i64::MIN))
    }

    /// A full bucket and no bucket are the same, so forgetting one forgives nothing.
    fn make_room(&mut self, domain: &str, now: Timestamp) {
        if self.is_full() && !self.full_at.contains_key(domain) {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1000)
    }

    fn pace(burst: u32, max_domains: usize) -> Pace {
        Pace::new(PaceRule { messages: 10, per: Duration::from_secs(1), burst, max_domains })
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_the_rate() {
        let mut pace = pace(3, 10);
        for _ in 0..3 {
            assert_eq!(pace.take("example.org", at(1000)), Ok(()));
        }
        assert_eq!(pace.take("example.org", at(1000)), Err(at(1100)));
        assert_eq!(pace.ready_at("example.org", at(1000)), at(1100));
        assert_eq!(pace.take("example.org", at(1100)), Ok(()));
        assert_eq!(pace.take("example.org", at(1100)), Err(at(1200)));
    }

    #[test]
    fn domains_do_not_wait_for_each_other() {
        let mut pace = pace(1, 10);
        assert_eq!(pace.take("example.org", at(0)), Ok(()));
        assert_eq!(pace.take("example.net", at(0)), Ok(()));
        assert_eq!(pace.take("example.org", at(0)), Err(at(100)));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_only_quiet_domains() {
        let mut pace = pace(1, 2);
        assert!(pace.take("a.example", at(0)).is_ok());
        assert!(pace.take("b.example", at(0)).is_ok());
        // No room: two new domains share one bucket, and the first two keep theirs.
        assert!(pace.take("c.example", at(0)).is_ok());
        assert_eq!(pace.take("d.example", at(0)), Err(at(100)));
        assert_eq!(pace.take("a.example", at(0)), Err(at(100)));
        assert_eq!(pace.len(), 2);
        // Once a and b are quiet there is room again.
        assert!(pace.take("d.example", at(100)).is_ok());
        assert_eq!(pace.len(), 1);
    }

    #[test]
    fn a_clock_that_jumps_back_lets_nothing_through_early() {
        let mut pace = pace(1, 10);
        assert!(pace.take("example.org", at(1000)).is_ok());
        assert_eq!(pace.take("example.org", at(0)), Err(at(1100)));
    }

    #[test]
    fn odd_rules_do_not_divide_by_zero() {
        let mut pace = Pace::new(PaceRule { messages: 0, per: Duration::ZERO, burst: 0, max_domains: 0 });
        assert!(pace.take("example.org", at(0)).is_ok());
    }
}

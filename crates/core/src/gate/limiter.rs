//! Keyed rate limits in bounded memory: a set-associative table of GCRA states.
//!
//! GCRA (the "virtual scheduling" form of ITU-T I.371, Annex A) needs one number a key: the theoretical arrival time
//! (TAT). A key whose TAT has passed is as good as never seen, so its place is free. Where a set is full of keys that
//! still count, the one that is nearest to being forgotten goes, but never one that is being refused: then the newcomer
//! is counted in one bucket with all others that found no place. So memory is fixed and an attacker with a million
//! addresses cannot wash a refusal away.

use super::policy::{Rate, SourcePolicy};
use super::source::{Rung, ladder};
use crate::time::Timestamp;
use std::hash::Hasher;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Keys in a set; 8 × 16 bytes are two cache lines.
const WAYS: usize = 8;
/// Locks; far more than cores, so that two requests seldom meet.
const SHARDS: usize = 64;

/// Key and the time (microseconds) until which it is refused, which is its TAT less the tolerance of its rate; so a place
/// tells whether it refuses without knowing its rate. All zero is a free place.
type Place = [u64; 2];

/// Which ladder a request climbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// It showed nothing.
    Anonymous,
    /// It brought a solved challenge.
    Work,
}

/// The limiter's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Within every limit.
    Admitted,
    /// Refused; ask again after this long.
    Refused {
        /// At least one microsecond.
        retry_after: Duration,
    },
}

/// The table.
pub struct Limiter {
    shards: Vec<Mutex<Vec<Place>>>,
    sets_per_shard: usize,
    seed: [u64; 2],
    policy: SourcePolicy,
    overflow: Mutex<u64>,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Limiter({} places)", self.sets_per_shard * SHARDS * WAYS)
    }
}

/// The spacing between admissions, microseconds.
fn interval(rate: Rate) -> u64 {
    3_600_000_000 / u64::from(rate.per_hour.max(1))
}

/// How far ahead of now the TAT may run before a request is refused.
fn tolerance(rate: Rate) -> u64 {
    interval(rate).saturating_mul(u64::from(rate.burst.max(1)) - 1)
}

/// One GCRA step: the new time until which the key is refused, or how long to wait.
fn step(refused_until: u64, now: u64, rate: Rate) -> Result<u64, u64> {
    if refused_until > now {
        return Err(refused_until - now);
    }
    let arrival = refused_until.saturating_add(tolerance(rate)).max(now);
    Ok((arrival + interval(rate)).saturating_sub(tolerance(rate)))
}

/// What a step means to the one who asked.
fn answer(step: Result<(), u64>) -> Admission {
    match step {
        Ok(()) => Admission::Admitted,
        Err(wait) => Admission::Refused { retry_after: Duration::from_micros(wait.max(1)) },
    }
}

fn micros(now: Timestamp) -> u64 {
    u64::try_from(now.micros()).unwrap_or(0)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding the lock leaves whole numbers behind; counting on is safer than refusing for ever.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limiter {
    /// A table with at least `policy.table_entries` places. `seed` is random, so that nobody can aim at a set.
    pub fn new(policy: SourcePolicy, seed: [u64; 2]) -> Self {
        let sets_per_shard = policy.table_entries.div_ceil(SHARDS * WAYS).max(1);
        // All zeros: the system hands such pages out when they are first touched, so an idle table costs nothing.
        let shard = || Mutex::new(vec![[0_u64; 2]; sets_per_shard * WAYS]);
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), sets_per_shard, seed, policy, overflow: Mutex::new(0) }
    }

    /// Counts a request from `ip` on every rung, or on none and says how long to wait.
    pub fn admit(&self, ip: IpAddr, lane: Lane, now: Timestamp) -> Admission {
        let (rungs, count) = self.rungs(ip, lane);
        let rungs = &rungs[..count];
        for (taken, rung) in rungs.iter().enumerate() {
            if let Err(wait) = self.take(self.key(rung.level, rung.prefix), rung.rate, now) {
                rungs[..taken].iter().for_each(|r| self.give_back(self.key(r.level, r.prefix), r.rate));
                return answer(Err(wait));
            }
        }
        Admission::Admitted
    }

    /// Whether `admit` would refuse now; counts nothing. The cheap first look of a door that is being flooded.
    pub fn peek(&self, ip: IpAddr, lane: Lane, now: Timestamp) -> Admission {
        let (rungs, count) = self.rungs(ip, lane);
        let now = micros(now);
        let refused = rungs[..count].iter().find_map(|rung| {
            let until = self.refused_until(self.key(rung.level, rung.prefix));
            (until > now).then(|| Duration::from_micros(until - now))
        });
        refused.map_or(Admission::Admitted, |retry_after| Admission::Refused { retry_after })
    }

    fn refused_until(&self, key: u64) -> u64 {
        let (shard, first) = self.set(key);
        let table = locked(shard);
        table[first..first + WAYS].iter().find(|p| p[0] == key).map_or(0, |p| p[1])
    }

    /// Counts a request from a known device.
    pub fn admit_device(&self, device: u64, now: Timestamp) -> Admission {
        answer(self.take(self.key(200, u128::from(device)), self.policy.device, now))
    }

    /// Counts a use of anything else that is limited per source (`purpose` from 32 to 99), such as a look-up.
    pub fn admit_purpose(&self, purpose: u8, ip: IpAddr, rate: Rate, now: Timestamp) -> Admission {
        // One customer is an IPv4 address or an IPv6 /64.
        let (rungs, count) = ladder(ip, &self.policy);
        let rung = if count == 3 { rungs[1] } else { rungs[0] };
        answer(self.take(self.key(purpose, rung.prefix), rate, now))
    }

    /// Counts a use that is limited per subject (a hash), whoever uses it.
    pub fn admit_subject(&self, subject: u64, rate: Rate, now: Timestamp) -> Admission {
        answer(self.take(self.key(201, u128::from(subject)), rate, now))
    }

    fn rungs(&self, ip: IpAddr, lane: Lane) -> ([Rung; 3], usize) {
        let (mut rungs, count) = ladder(ip, &self.policy);
        if lane == Lane::Work {
            rungs.iter_mut().for_each(|rung| *rung = self.for_work(*rung));
        }
        (rungs, count)
    }

    fn for_work(&self, rung: Rung) -> Rung {
        let times = |n: u32| n.saturating_mul(self.policy.work_factor);
        let rate = Rate { burst: times(rung.rate.burst), per_hour: times(rung.rate.per_hour) };
        Rung { level: rung.level + 16, rate, ..rung }
    }

    /// SipHash-1-3 over the seed and the prefix. Never zero, which marks a free place.
    #[expect(deprecated, reason = "the only SipHash of the standard library that takes a key")]
    fn key(&self, level: u8, prefix: u128) -> u64 {
        let mut hasher = std::hash::SipHasher::new_with_keys(self.seed[0], self.seed[1]);
        hasher.write_u128(prefix);
        hasher.write_u8(level);
        hasher.finish().max(1)
    }

    fn set(&self, key: u64) -> (&Mutex<Vec<Place>>, usize) {
        let shard = (key % SHARDS as u64) as usize;
        let set = ((key / SHARDS as u64) % self.sets_per_shard as u64) as usize;
        (&self.shards[shard], set * WAYS)
    }

    fn take(&self, key: u64, rate: Rate, now: Timestamp) -> Result<(), u64> {
        let now = micros(now);
        let (shard, first) = self.set(key);
        let mut table = locked(shard);
        let set = &mut table[first..first + WAYS];
        if let Some(place) = set.iter_mut().find(|p| p[0] == key) {
            place[1] = step(place[1], now, rate)?;
            return Ok(());
        }
        let Some(place) = set.iter_mut().filter(|p| p[1] <= now).min_by_key(|p| p[1]) else {
            drop(table);
            return self.take_overflow(now);
        };
        *place = [key, step(0, now, rate)?];
        Ok(())
    }

    fn take_overflow(&self, now: u64) -> Result<(), u64> {
        let mut refused_until = locked(&self.overflow);
        *refused_until = step(*refused_until, now, self.policy.overflow)?;
        Ok(())
    }

    fn give_back(&self, key: u64, rate: Rate) {
        let (shard, first) = self.set(key);
        let mut table = locked(shard);
        if let Some(place) = table[first..first + WAYS].iter_mut().find(|p| p[0] == key) {
            place[1] = place[1].saturating_sub(interval(rate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Policy;
    use proptest::prelude::*;

    fn limiter(change: impl FnOnce(&mut SourcePolicy)) -> Limiter {
        let mut policy = Policy::default().source;
        policy.table_entries = 4096;
        change(&mut policy);
        Limiter::new(policy, [1, 2])
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn ip(n: u32) -> IpAddr {
        IpAddr::V6(std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(n) << 80))
    }

    #[test]
    fn the_burst_passes_then_the_rate_holds() {
        let limiter = limiter(|_| ());
        let source = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            assert_eq!(limiter.admit(source, Lane::Anonymous, at(0)), Admission::Admitted);
        }
        let refused = limiter.admit(source, Lane::Anonymous, at(0));
        assert_eq!(refused, Admission::Refused { retry_after: Duration::from_secs(1200) });
        assert_eq!(limiter.admit(source, Lane::Anonymous, at(1200)), Admission::Admitted);
        assert!(matches!(limiter.admit(source, Lane::Anonymous, at(1201)), Admission::Refused { .. }));
    }

    #[test]
    fn a_look_counts_nothing_and_says_what_admit_would() {
        let limiter = limiter(|_| ());
        let source = "192.0.2.1".parse().unwrap();
        for _ in 0..10 {
            assert_eq!(limiter.peek(source, Lane::Anonymous, at(0)), Admission::Admitted);
        }
        while limiter.admit(source, Lane::Anonymous, at(0)) == Admission::Admitted {}
        let refused = limiter.admit(source, Lane::Anonymous, at(0));
        assert_eq!(limiter.peek(source, Lane::Anonymous, at(0)), refused);
    }

    #[test]
    fn a_solved_challenge_has_a_ladder_of_its_own() {
        let limiter = limiter(|_| ());
        let source = "192.0.2.1".parse().unwrap();
        while limiter.admit(source, Lane::Anonymous, at(0)) == Admission::Admitted {}
        for _ in 0..12 {
            assert_eq!(limiter.admit(source, Lane::Work, at(0)), Admission::Admitted);
        }
        assert!(matches!(limiter.admit(source, Lane::Work, at(0)), Admission::Refused { .. }));
    }

    #[test]
    fn addresses_of_one_64_share_its_limit() {
        let limiter = limiter(|_| ());
        let admitted = (0..100_u128)
            .map(|n| IpAddr::V6(std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 | n)))
            .filter(|ip| limiter.admit(*ip, Lane::Anonymous, at(0)) == Admission::Admitted)
            .count();
        assert_eq!(admitted, 6);
    }

    #[test]
    fn what_a_wide_rung_refuses_costs_the_fine_rung_nothing() {
        let limiter = limiter(|policy| policy.v4_24 = Rate { burst: 1, per_hour: 3600 });
        let (a, b) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!(limiter.admit(a, Lane::Anonymous, at(0)), Admission::Admitted);
        for _ in 0..10 {
            assert!(matches!(limiter.admit(b, Lane::Anonymous, at(0)), Admission::Refused { .. }));
        }
        for second in 1..=3 {
            assert_eq!(limiter.admit(b, Lane::Anonymous, at(second)), Admission::Admitted);
        }
    }

    #[test]
    fn a_flood_of_sources_forgives_no_active_refusal() {
        let limiter = limiter(|policy| policy.v6_64 = Rate { burst: 1, per_hour: 1 });
        let refused: Vec<IpAddr> = (0..500).map(ip).collect();
        for source in &refused {
            assert_eq!(limiter.admit(*source, Lane::Anonymous, at(0)), Admission::Admitted);
        }
        for n in 1_000..60_000 {
            limiter.admit(ip(n), Lane::Anonymous, at(1));
        }
        let forgiven = refused.iter().filter(|s| limiter.admit(**s, Lane::Anonymous, at(2)) == Admission::Admitted);
        assert_eq!(forgiven.count(), 0);
    }

    #[test]
    fn a_clock_that_jumps_back_forgives_nothing() {
        let limiter = limiter(|_| ());
        let source = "192.0.2.1".parse().unwrap();
        while limiter.admit(source, Lane::Anonymous, at(0)) == Admission::Admitted {}
        assert!(matches!(limiter.admit(source, Lane::Anonymous, at(-86_400)), Admission::Refused { .. }));
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(burst in 1_u32..20, per_hour in 1_u32..1000, gaps in prop::collection::vec(0_i64..600, 1..200)) {
            let rate = Rate { burst, per_hour };
            let (mut state, mut now, mut passed) = (0, 1_700_000_000_000_000_u64, 0_u64);
            let start = now;
            for gap in gaps {
                now += gap as u64 * 1_000_000;
                if let Ok(next) = step(state, now, rate) {
                    state = next;
                    passed += 1;
                }
                prop_assert!(passed <= u64::from(burst) + (now - start) / interval(rate) + 1);
            }
        }
    }
}

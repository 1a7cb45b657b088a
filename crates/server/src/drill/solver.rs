//! What solving costs: the attacker's sixteen cores and people's devices, accounted for and not burnt.
//!
//! The answers come from the key (`proof::answer`). What they would have cost is taken from a budget of hashes (the
//! attacker) or waited for (people); the number to be found is even over `0..=maxnumber`, so the mean is half of it.

use super::tally::Tally;
use crate::clock::Clock;
use countersign_core::gate::proof::Challenge;
use rand::{RngExt, rngs::StdRng};
use sha2::digest::Update;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Cores that the attacker has.
pub const CORES: f64 = 16.0;
/// Challenges that the attacker keeps at hand: the cheapest that it saw.
const KEPT: usize = 20_000;
/// The gate takes a solution down to this share of its present price in percent (flows/recover.rs: half). A clever attacker
/// knows that, and leaves some room for the price to rise meanwhile.
const STILL_TAKEN: u64 = 60;

/// People's devices: their share in percent, and hashes a second over all workers. Assumed, not measured on such devices:
/// one worker of our script made 1.5 to 2.7 million a second on one server core, and devices differ by the number of their
/// workers and by a factor of a few either way.
const DEVICES: [(u32, f64); 4] = [(15, 1.5e6), (35, 4e6), (25, 8e6), (25, 15e6)];

/// The speed of somebody's device.
pub fn device_speed(rng: &mut StdRng) -> f64 {
    let mut at = rng.random_range(0..100_u32);
    for (share, speed) in DEVICES {
        if at < share {
            return speed;
        }
        at -= share;
    }
    DEVICES[0].1
}

/// Hashes that finding the number takes.
pub fn effort(challenge: &Challenge, rng: &mut StdRng) -> f64 {
    rng.random_range(0..=challenge.maxnumber) as f64 + 1.0
}

/// SHA-256 blocks that one core of this machine does in a second: the best of several short runs, because the machine
/// may be busy. One block a try, as a solver does that has hashed the salt beforehand.
pub fn measured_rate(clock: &Clock) -> f64 {
    const TRIES: u32 = 20_000;
    let block = [7_u8; 50];
    let run = |_| {
        let start = clock.now();
        let mut folded = 0_u8;
        for n in 0..TRIES {
            let hash = Sha256::new().chain(block).chain(n.to_be_bytes()).finalize();
            folded ^= hash[0];
        }
        std::hint::black_box(folded);
        f64::from(TRIES) / clock.now().since(start).as_secs_f64().max(1e-6)
    };
    (0..100).map(run).fold(0.0, f64::max)
}

/// A challenge that the attacker could solve.
#[derive(Debug)]
pub struct Target {
    /// The request.
    pub id: String,
    /// What is to be solved.
    pub challenge: Challenge,
}

/// What the attacker has collected, the cheapest first.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    targets: BTreeMap<(u64, u64), Target>,
    seen: u64,
    price: u64,
}

impl Pool {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a challenge up.
    pub fn offer(&self, target: Target) {
        let mut inner = self.inner();
        let price = target.challenge.maxnumber;
        (inner.price, inner.seen) = (price, inner.seen + 1);
        let key = (price, inner.seen);
        inner.targets.insert(key, target);
        if inner.targets.len() > KEPT {
            inner.targets.pop_last();
        }
    }

    /// The cheapest one that the gate would still take at the price that was seen last.
    pub fn cheapest(&self) -> Option<Target> {
        let mut inner = self.inner();
        let least = inner.price * STILL_TAKEN / 100;
        let key = *inner.targets.range((least, 0)..).next()?.0;
        inner.targets.remove(&key)
    }
}

/// The attacker's computing power.
#[derive(Debug)]
pub struct Power {
    per_second: f64,
    since: countersign_core::time::Timestamp,
    spent: f64,
}

impl Power {
    /// Sixteen cores that do `per_core` hashes a second each, from now on.
    pub fn new(per_core: f64, clock: &Clock) -> Self {
        Self { per_second: per_core * CORES, since: clock.now(), spent: 0.0 }
    }

    /// How long until `hashes` more are done. They are counted as spent.
    pub fn spend(&mut self, hashes: f64, clock: &Clock, tally: &Tally) -> std::time::Duration {
        let elapsed = clock.now().since(self.since).as_secs_f64();
        // Idle cores save nothing up; a second's worth stands for what they do side by side.
        self.spent = self.spent.max((elapsed - 1.0) * self.per_second) + hashes;
        tally.hashes(hashes);
        std::time::Duration::from_secs_f64((self.spent / self.per_second - elapsed).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(price: u64) -> Target {
        let text = String::new;
        let challenge =
            Challenge { algorithm: text(), challenge: text(), maxnumber: price, salt: text(), signature: text() };
        Target { id: text(), challenge }
    }

    #[test]
    fn the_attacker_takes_the_cheapest_that_still_counts() {
        let pool = Pool::default();
        for price in [10, 100, 599, 600, 1000] {
            pool.offer(target(price));
        }
        assert_eq!(pool.cheapest().unwrap().challenge.maxnumber, 600);
        assert_eq!(pool.cheapest().unwrap().challenge.maxnumber, 1000);
        assert!(pool.cheapest().is_none());
    }

    #[test]
    fn power_is_spent_over_time() {
        let clock = Clock::manual(countersign_core::time::Timestamp::from_secs(100));
        let mut power = Power::new(1000.0, &clock);
        let tally = Tally::default();
        assert_eq!(power.spend(16_000.0, &clock, &tally).as_secs(), 1);
        clock.advance(std::time::Duration::from_secs(5));
        assert_eq!(power.spend(16_000.0, &clock, &tally), std::time::Duration::ZERO);
    }
}

//! The only place that asks what time it is and draws randomness; everything else is told.
//!
//! Never: goes back. A system clock that jumps back is held at the latest time handed out, so that nothing that has
//! expired lives again.
//! In: the system's clock and generator.   Out: `Timestamp`, a seeded generator.
//! I/O for this room: this is it.   Tests: beside the code.

use countersign_core::time::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from.
#[derive(Clone, Debug)]
pub struct Clock {
    latest: Arc<AtomicI64>,
    manual: bool,
}

impl Clock {
    /// The system's clock, never going back.
    pub fn system() -> Self {
        Self { latest: Arc::new(AtomicI64::new(i64::MIN)), manual: false }
    }

    /// The system's clock, never earlier than `floor`: what a process before this one had seen.
    pub fn system_after(floor: Timestamp) -> Self {
        Self { latest: Arc::new(AtomicI64::new(floor.micros())), manual: false }
    }

    /// How far the system's clock is behind what was handed out already; zero as it should be.
    pub fn behind(&self) -> std::time::Duration {
        self.now().since(Timestamp::from_micros(system_micros()))
    }

    /// What the system's clock shows, although it went back; for deciding whether it is to be believed.
    pub fn system_now(&self) -> Timestamp {
        if self.manual { self.now() } else { Timestamp::from_micros(system_micros()) }
    }

    /// A clock that stands at `start` until a test moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self { latest: Arc::new(AtomicI64::new(start.micros())), manual: true }
    }

    /// Now; never earlier than the last answer.
    pub fn now(&self) -> Timestamp {
        if self.manual {
            return Timestamp::from_micros(self.latest.load(Ordering::SeqCst));
        }
        let system = system_micros();
        let latest = self.latest.fetch_max(system, Ordering::SeqCst);
        Timestamp::from_micros(system.max(latest))
    }

    /// Moves a manual clock forward; a system clock stays as it is.
    pub fn advance(&self, by: std::time::Duration) {
        if self.manual {
            let step = countersign_core::time::micros_of(by);
            self.latest.fetch_add(step, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_micros() -> i64 {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => countersign_core::time::micros_of(since),
        Err(_) => 0,
    }
}

/// A generator seeded by the operating system.
pub fn generator() -> StdRng {
    let mut seed = [0; 32];
    match rand::rngs::SysRng.try_fill_bytes(&mut seed) {
        Ok(()) => StdRng::from_seed(seed),
        // Without the system's generator no secret can be made; going on would be worse than stopping.
        Err(error) => panic!("the operating system gave no random bytes: {error}"),
    }
}

use rand::TryRng;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumped_back_over_a_restart_stands_still() {
        let floor = Timestamp::from_secs(100_000_000_000);
        let clock = Clock::system_after(floor);
        assert_eq!(clock.now(), floor);
        assert!(clock.behind() > std::time::Duration::from_secs(1));
        assert!(Clock::system().behind() < std::time::Duration::from_secs(1));
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_secs(10));
        assert_eq!(clock.now(), Timestamp::from_secs(10));
        clock.advance(std::time::Duration::from_secs(5));
        assert_eq!(clock.now(), Timestamp::from_secs(15));
    }
}

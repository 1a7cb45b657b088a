//! The clock: every expiry depends on it.

use super::check::Check;
use countersign_core::time::Timestamp;
use std::time::Duration;

/// 2026-11-01T00:00:00Z: this version was written later, so no right clock shows less. Moved with each release; a
/// constant and not the time of the build, so that builds can be reproduced.
const NOT_BEFORE: Timestamp = Timestamp::from_secs(1_793_491_200);

/// A code lives 15 minutes; two servers that differ by more than this would argue about it.
const MOST_APART: Duration = Duration::from_secs(5);

/// Looks at the clock by itself.
pub fn look(now: Timestamp) -> Check {
    let shown = jiff::Timestamp::from_microsecond(now.micros()).map_or_else(|_| "?".to_owned(), |t| t.to_string());
    if now < NOT_BEFORE {
        let found = format!("{shown} is before this version of Countersign was written");
        return Check::fail("clock", found, "set the clock (NTP): every expiry depends on it");
    }
    Check::ok("clock", shown)
}

/// Compares the clock with the database server's.
pub fn compare(now: Timestamp, other: Timestamp) -> Check {
    let name = "clock against database";
    let apart = now.since(other).max(other.since(now));
    if apart > MOST_APART {
        let found = format!("{} s apart", apart.as_secs());
        return Check::fail(name, found, "set both clocks (NTP): several nodes share what expires");
    }
    Check::ok(name, format!("{} ms apart", apart.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::super::check::Outcome;
    use super::*;

    #[test]
    fn a_clock_before_the_release_fails() {
        assert_eq!(look(Timestamp::from_secs(0)).outcome, Outcome::Fail);
        assert_eq!(look(NOT_BEFORE).outcome, Outcome::Ok);
        assert_eq!(compare(NOT_BEFORE, NOT_BEFORE.plus(Duration::from_secs(60))).outcome, Outcome::Fail);
        let shown = jiff::Timestamp::from_microsecond(NOT_BEFORE.micros()).unwrap().to_string();
        assert_eq!(shown, "2026-11-01T00:00:00Z");
    }
}

//! How long a session lasts: while it is used, at most so long in all, and privileged for a while after each proof.

use crate::time::Timestamp;
use std::time::Duration;

/// The limits of sessions (NIST SP 800-63B-4, 2.2.3: at AAL2 at most 24 hours, 1 hour of inactivity).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Without use.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
    /// How long after a proof privileged steps are taken.
    pub step_up: Duration,
}

/// A session's times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When the person last proved who they are.
    pub confirmed_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
}

/// Whether a session may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It may; `fresh` says whether also for privileged steps.
    Live {
        /// Whether the last proof is recent enough.
        fresh: bool,
    },
    /// It was not used for too long.
    Idle,
    /// It is too old.
    Old,
    /// Somebody ended it.
    Ended,
}

impl Session {
    /// Whether it may be used now.
    pub fn standing(&self, limits: &Limits, now: Timestamp) -> Standing {
        if self.ended_at.is_some() {
            return Standing::Ended;
        }
        if now.since(self.created_at) >= limits.absolute {
            return Standing::Old;
        }
        if now.since(self.seen_at) >= limits.idle {
            return Standing::Idle;
        }
        Standing::Live { fresh: now.since(self.confirmed_at) < limits.step_up }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        idle: Duration::from_secs(1800),
        absolute: Duration::from_secs(43_200),
        step_up: Duration::from_secs(600),
    };

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(secs))
    }

    fn standing(seen: u64, confirmed: u64, now: u64) -> Standing {
        let session = Session { created_at: at(0), seen_at: at(seen), confirmed_at: at(confirmed), ended_at: None };
        session.standing(&LIMITS, at(now))
    }

    #[test]
    fn a_session_ends_by_idleness_by_age_and_by_hand() {
        assert_eq!(standing(0, 0, 599), Standing::Live { fresh: true });
        assert_eq!(standing(0, 0, 600), Standing::Live { fresh: false });
        assert_eq!(standing(0, 0, 1800), Standing::Idle);
        assert_eq!(standing(43_100, 43_100, 43_199), Standing::Live { fresh: true });
        assert_eq!(standing(43_199, 43_199, 43_200), Standing::Old);
        let ended = Session { created_at: at(0), seen_at: at(0), confirmed_at: at(0), ended_at: Some(at(1)) };
        assert_eq!(ended.standing(&LIMITS, at(2)), Standing::Ended);
    }
}

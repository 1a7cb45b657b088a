//! Tells on standard error how far a long verification is.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Nothing is said before this, nor more often.
const PAUSE: Duration = Duration::from_secs(1);
/// Where lines stay, they are fewer.
const PAUSE_BETWEEN_LINES: Duration = Duration::from_secs(10);

/// How far it is.
pub struct Progress {
    total: u64,
    last: Instant,
    is_terminal: bool,
    has_spoken: bool,
}

impl Progress {
    pub fn new(total: u64) -> Self {
        Self { total, last: now(), is_terminal: std::io::stderr().is_terminal(), has_spoken: false }
    }

    /// So many are done.
    pub fn at(&mut self, done: u64) {
        let pause = if self.has_spoken && !self.is_terminal { PAUSE_BETWEEN_LINES } else { PAUSE };
        let now = now();
        if now.duration_since(self.last) < pause {
            return;
        }
        self.last = now;
        self.has_spoken = true;
        let end = if self.is_terminal { "\r" } else { "\n" };
        let percent = done.saturating_mul(100) / self.total.max(1);
        let _ = write!(std::io::stderr(), "{done} of {} entries ({percent} %){end}", self.total);
    }

    /// Clears the line.
    pub fn end(self) {
        if self.has_spoken && self.is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: how often to say something, and nothing else")]
fn now() -> Instant {
    Instant::now()
}

//! A bar that shows itself where something takes longer than a second.

use crate::clock::Clock;
use countersign_core::time::Timestamp;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// What takes less than this is not worth a bar.
const QUIET_FOR: Duration = Duration::from_secs(1);

/// The bar.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    since: Timestamp,
}

impl Bar {
    /// One that counts `things`.
    pub fn new(things: &str) -> Self {
        let template = format!("{{bar:30}} {{percent}}% of {{len}} {things}, {{per_sec}}, {{eta}} left");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style);
        Self { bar, since: Clock::system().now() }
    }

    /// So many of so many are done.
    pub fn show(&self, done: u64, of: u64) {
        if self.bar.is_hidden() && Clock::system().now().since(self.since) > QUIET_FOR {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_length(of.max(done));
        self.bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

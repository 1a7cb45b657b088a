//! Looking at a run from outside, and ending it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a run has done so far; shared by its threads and whoever looks.
#[derive(Debug, Default)]
pub struct Watch {
    bytes: AtomicU64,
    rows: AtomicU64,
    matched: AtomicU64,
    cancelled: AtomicBool,
}

impl Watch {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes read, after unpacking.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Records read.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Accounts found so far: while the run goes on one counts for each thread that found it.
    pub fn matched(&self) -> u64 {
        self.matched.load(Ordering::Relaxed)
    }

    /// Ends the run, after a tenth of a second or so.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it shall end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn matched_in_all(&self, accounts: u64) {
        self.matched.store(accounts, Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: u64, rows: u64, matched: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.matched.fetch_add(matched, Ordering::Relaxed);
    }
}

//! What this process has just committed to the evidence table, so that the sequencer need not read it back.

use super::evidence::Written;
use std::sync::{Mutex, PoisonError};

/// Commitments that are kept for the sequencer at the most (8 MiB). With more the sequencer is not there or far behind,
/// and reads the rows instead.
const MOST: usize = 1 << 18;

/// A queue that may lose everything: the rows are the truth.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    runs: Vec<Written>,
    count: usize,
}

impl Fresh {
    /// Adds what a commit has written.
    pub(super) fn add(&self, written: &[Written]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more: usize = written.iter().map(|run| run.commitments.len()).sum();
        if kept.count + more > MOST {
            *kept = Kept::default();
            return;
        }
        kept.count += more;
        kept.runs.extend_from_slice(written);
    }

    /// Takes all of it.
    pub fn take(&self) -> Vec<Written> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).runs
    }
}

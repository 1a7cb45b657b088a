//! A leak, read by several threads and matched against the directory.
//!
//! Never: writes a leaked value anywhere; gives a result for a part of a leak; gives another one for another number of threads.
//! In: bytes of a leak, its layout, a directory and its key.   Out: marks and counts, or nothing.
//! I/O for this room: none but the bytes that it is fed with.   Tests: beside the code.
//!
//! Threads take pieces under a lock, in the order of the leak; what they find does not depend on who takes which.

mod digest;
mod feed;
#[cfg(test)]
mod tests;
mod watch;

pub use feed::{BlockError, Feed};
pub use watch::Watch;

use countersign_core::expose::index::View;
use countersign_core::expose::key::HashKey;
use countersign_core::expose::layout::Layout;
use countersign_core::expose::matching::{Ask, Marks, Tally, Worker};
use countersign_core::expose::read::Reader;
use digest::Leaves;
use feed::Claims;
use std::thread;

/// Values that wait before they are asked for, on all threads together: 16 bytes each, and as much again in room.
const EPOCH: usize = 6 << 20;

/// What is done with a leak.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// What its columns are.
    pub layout: &'a Layout,
    /// The country of phone numbers whose record names none.
    pub region: Option<[u8; 2]>,
    /// The directory.
    pub view: View<'a>,
    /// The key of its hashes.
    pub key: &'a HashKey,
    /// One more than the greatest number of an account.
    pub accounts: u32,
    /// One more than the greatest number of a former value.
    pub formers: u32,
    /// How many threads; at least one is used.
    pub threads: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Findings {
    /// What was counted.
    pub tally: Tally,
    /// By account, and by former value.
    pub marks: Marks,
    /// BLAKE3 of each source as it was read (unpacked), as `b3sum` says it.
    pub digests: Vec<[u8; 32]>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Somebody said so.
    #[error("was cancelled")]
    Cancelled,
    /// A source could not be read to its end.
    #[error("source {}: {error}", .source_number + 1)]
    Source {
        /// Which, from zero.
        source_number: usize,
        /// Why.
        error: BlockError,
    },
    /// A thread ended in the middle.
    #[error("a thread ended in the middle of its work")]
    Thread,
}

/// Reads all sources and matches what is in them.
///
/// # Errors
/// `Refused`; nothing is kept then.
pub fn run(feeds: Vec<Feed<'_>>, plan: Plan<'_>, watch: &Watch) -> Result<Findings, Refused> {
    let threads = plan.threads.max(1);
    let reader = Reader::new(plan.layout);
    let claims = Claims::new(feeds, &reader);
    let Plan { layout, region, view, key, accounts, formers, .. } = plan;
    let ask = Ask { layout, region, view, key, accounts, formers, epoch: EPOCH / threads };
    let done: Vec<_> = thread::scope(|scope| {
        let work = || scope.spawn(|| work(Worker::new(ask), reader.clone(), &claims, watch));
        let threads: Vec<_> = std::iter::repeat_with(work).take(threads).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut digests = claims.end()?;
    if watch.is_cancelled() {
        return Err(Refused::Cancelled);
    }
    let (mut tally, mut marks) = (Tally::default(), None::<Marks>);
    for one in done {
        let (counted, found, leaves) = one.map_err(|_| Refused::Thread)?;
        tally.add(counted);
        match &mut marks {
            None => marks = Some(found),
            Some(marks) => marks.merge(&found),
        }
        digests.take(leaves);
    }
    tally.number_lines();
    let marks = marks.ok_or(Refused::Thread)?;
    watch.matched_in_all(marks.iter().count() as u64);
    Ok(Findings { tally, marks, digests: digests.finish() })
}

fn work(mut worker: Worker<'_>, mut reader: Reader, claims: &Claims<'_>, watch: &Watch) -> (Tally, Marks, Leaves) {
    let mut leaves = Leaves::default();
    while !watch.is_cancelled()
        && let Some(claim) = claims.next()
    {
        leaves.hash(&claim);
        let before = worker.rows();
        let marked = worker.piece(claim.number, claim.bytes(), &mut reader, &claim.piece);
        watch.add(claim.bytes().len() as u64, worker.rows() - before, marked);
    }
    let (tally, marks) = if watch.is_cancelled() { Default::default() } else { worker.end() };
    (tally, marks, leaves)
}

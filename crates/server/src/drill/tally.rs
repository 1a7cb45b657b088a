//! What is counted while the exercise runs.

use countersign_core::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What somebody counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    /// A request of the attacker.
    Hostile,
    /// A request of somebody who lost a password.
    Genuine,
    /// A request that names an account with a confirmed address: an unguarded endpoint would have sent a message.
    Unguarded,
    /// A request that a source limit stopped.
    Limited,
    /// A request that got neither 202 nor 429.
    Failed,
    /// A challenge that the attacker solved.
    Solved,
    /// A solution of the attacker that was taken.
    SolutionTaken,
    /// A link that a scanner opened.
    Scanned,
    /// A press of "ask again" by a bot.
    Pressed,
    /// A request for the one bombed mailbox.
    Bombed,
}

/// How somebody's recovery went.
#[derive(Clone, Debug)]
pub struct Story {
    /// Known device, solved challenge, nothing.
    pub kind: Kind,
    /// How it ended.
    pub end: End,
    /// From the request (or the solved challenge) to the message at the mail server.
    pub wait: Option<Duration>,
}

/// What somebody showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The token of a known device.
    Device,
    /// A solved challenge.
    Solved,
    /// Would have solved, and was not asked to.
    NotAsked,
    /// Nothing: waits.
    Waits,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum End {
    /// A new password was set.
    Completed,
    /// The person changed their mind after the message came.
    Abandoned,
    /// The device was still solving when the exercise ended.
    StillSolving,
    /// No message came before the exercise ended.
    NoMessage,
    /// The request was stopped by a source limit.
    Limited,
    /// The new password was not taken, or the server did not answer as it should.
    Refused,
}

/// The counters.
#[derive(Debug, Default)]
pub struct Tally {
    counts: [AtomicU64; 10],
    hashes: AtomicU64,
    asked: Mutex<BTreeMap<String, Timestamp>>,
    stories: Mutex<Vec<Story>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    /// One more.
    pub fn count(&self, what: What) {
        self.counts[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn of(&self, what: What) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// The attacker spent hashes.
    pub fn hashes(&self, hashes: f64) {
        self.hashes.fetch_add(hashes as u64, Ordering::Relaxed);
    }

    /// How many the attacker spent.
    pub fn hashes_spent(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// The owner of a mailbox asked for a message; the first time counts.
    pub fn owner_asked(&self, mailbox: &str, at: Timestamp) {
        locked(&self.asked).entry(mailbox.to_owned()).or_insert(at);
    }

    /// When the owner of a mailbox first asked.
    pub fn asked_at(&self, mailbox: &str) -> Option<Timestamp> {
        locked(&self.asked).get(mailbox).copied()
    }

    /// Somebody's recovery ended.
    pub fn tell(&self, story: Story) {
        locked(&self.stories).push(story);
    }

    /// Every recovery that ended.
    pub fn stories(&self) -> Vec<Story> {
        locked(&self.stories).clone()
    }
}

//! What was found, by account.

use super::Mark;
use crate::expose::index::{FORMER, Ordinal};
use std::sync::atomic::{AtomicU16, Ordering};

/// The marks of all accounts of an index and of all values that accounts had; threads mark at the same time.
#[derive(Debug)]
pub struct Marks {
    accounts: Vec<AtomicU16>,
    formers: Vec<AtomicU16>,
}

impl Marks {
    /// For so many accounts and former values, none of them marked.
    pub fn new(accounts: u32, formers: u32) -> Self {
        let none = |count: u32| (0..count).map(|_| AtomicU16::new(0)).collect();
        Self { accounts: none(accounts), formers: none(formers) }
    }

    /// Marks one; whether it is an account that had no mark.
    #[inline]
    pub(super) fn add(&self, number: Ordinal, mark: Mark) -> bool {
        let slot = if number < FORMER {
            self.accounts.get(number as usize)
        } else {
            self.formers.get((number - FORMER) as usize)
        };
        // Marks only gather; who reads them waits for the threads to end.
        match slot {
            Some(slot) if slot.load(Ordering::Relaxed) & mark.0 != mark.0 => {
                slot.fetch_or(mark.0, Ordering::Relaxed) == 0 && number < FORMER
            }
            _ => false,
        }
    }

    /// Of one account.
    pub fn of(&self, account: Ordinal) -> Mark {
        Mark(self.accounts.get(account as usize).map_or(0, |slot| slot.load(Ordering::Relaxed)))
    }

    /// Every account that is marked.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, Mark)> {
        marked(&self.accounts)
    }

    /// Every former value that is marked, by its own number (without `FORMER`).
    pub fn formers(&self) -> impl Iterator<Item = (u32, Mark)> {
        marked(&self.formers)
    }

    /// A sum that does not depend on any order, and that a query can compute: over all accounts, the remainder of the number
    /// by 1 000 003, and one, times the mark's bits.
    pub fn checksum(&self) -> u64 {
        let one = |(account, mark): (Ordinal, Mark)| u64::from(account % 1_000_003 + 1) * u64::from(mark.bits());
        self.iter().map(one).fold(0, u64::wrapping_add)
    }
}

fn marked(slots: &[AtomicU16]) -> impl Iterator<Item = (u32, Mark)> {
    let all = slots.iter().enumerate().map(|(n, slot)| (n as u32, Mark(slot.load(Ordering::Relaxed))));
    all.filter(|(_, mark)| mark.is_match())
}

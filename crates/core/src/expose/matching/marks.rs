//! What was found, by account.

use super::Mark;
use crate::expose::index::{FORMER, Ordinal};

/// The marks of all accounts of an index and of all values that accounts had. Each thread has its own: to mark in memory that
/// threads share costs a barrier each, and the processor waits for one account after the other.
#[derive(Debug, Default)]
pub struct Marks {
    accounts: Vec<u16>,
    formers: Vec<u16>,
}

impl Marks {
    /// For so many accounts and former values, none of them marked.
    pub fn new(accounts: u32, formers: u32) -> Self {
        let none = |count: u32| vec![0; count as usize];
        Self { accounts: none(accounts), formers: none(formers) }
    }

    /// Marks one; whether it is an account that had no mark.
    #[inline]
    pub(super) fn add(&mut self, number: Ordinal, mark: Mark) -> bool {
        let slot = if number < FORMER {
            self.accounts.get_mut(number as usize)
        } else {
            self.formers.get_mut((number - FORMER) as usize)
        };
        let Some(slot) = slot else { return false };
        let before = *slot;
        *slot |= mark.0;
        before == 0 && number < FORMER
    }

    /// Takes in what another thread found.
    pub fn merge(&mut self, other: &Self) {
        let both = |into: &mut [u16], from: &[u16]| into.iter_mut().zip(from).for_each(|(into, from)| *into |= from);
        both(&mut self.accounts, &other.accounts);
        both(&mut self.formers, &other.formers);
    }

    /// Of one account.
    pub fn of(&self, account: Ordinal) -> Mark {
        Mark(self.accounts.get(account as usize).map_or(0, |slot| *slot))
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

fn marked(slots: &[u16]) -> impl Iterator<Item = (u32, Mark)> {
    let all = slots.iter().enumerate().map(|(n, slot)| (n as u32, Mark(*slot)));
    all.filter(|(_, mark)| mark.is_match())
}

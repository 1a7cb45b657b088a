//! How old the data of a leak is: which snapshot of the directory it fits.
//!
//! Two witnesses, neither of which needs the leak's own word:
//! - **Changes.** Somebody changed an address at a known time. A leak that has the old value was taken before, one that has
//!   the new value after. The time that contradicts the fewest of these is the best guess.
//! - **Beginnings.** A leak has no accounts that were made after it was taken, so the share of accounts that it has drops
//!   to nothing at that time.

use crate::time::Timestamp;

/// A value that changed, and what a leak says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Which of the two the leak has.
    pub shows: Shows,
}

/// Which value a leak has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// The one before the change.
    Old,
    /// The one after it.
    New,
}

/// What the changes say.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fit {
    /// After the last change that speaks for a later leak; `None`: before every change that is known.
    pub after: Option<Timestamp>,
    /// Before the next change; `None`: after every change that is known.
    pub before: Option<Timestamp>,
    /// Changes later than that.
    pub later: u64,
    /// Of those, how many have the old value in the leak.
    pub later_old: u64,
    /// Changes earlier than that.
    pub earlier: u64,
    /// Of those, how many have the new value in the leak.
    pub earlier_new: u64,
}

/// Fewer changes than this prove nothing.
pub const LEAST_CHANGES: usize = 20;
/// A fit that fewer than this share of the changes agree with is none: the leak is a mixture, or is not of this directory.
pub const LEAST_AGREEMENT: f64 = 0.7;

impl Fit {
    /// The share of changes that agree with the fit, 0 to 1.
    pub fn agreement(&self) -> f64 {
        (self.later_old + self.earlier_new) as f64 / (self.later + self.earlier).max(1) as f64
    }

    /// The share of values that changed later of which the leak has the old one; `None` where none changed later.
    pub fn old_share(&self) -> Option<f64> {
        (self.later > 0).then(|| self.later_old as f64 / self.later as f64)
    }

    /// Whether it says anything.
    pub fn is_sound(&self) -> bool {
        (self.later + self.earlier) as usize >= LEAST_CHANGES && self.agreement() >= LEAST_AGREEMENT
    }
}

/// The time that contradicts the fewest changes. Of several the middle one of the first run; `None` without changes.
pub fn fit(mut changes: Vec<Change>) -> Option<Fit> {
    changes.sort_unstable_by_key(|change| change.at);
    let all_old = changes.iter().filter(|change| change.shows == Shows::Old).count();
    // Taken before the change at `cut`, and after the one before it: those before should show the new value.
    let (mut best, mut best_wrong) = (0, usize::MAX);
    let (mut wrong_before, mut old_before) = (0, 0);
    for cut in 0..=changes.len() {
        // Two changes at one time cannot be told apart.
        let between = cut == 0 || cut == changes.len() || changes[cut - 1].at < changes[cut].at;
        let new_after = (changes.len() - cut) - (all_old - old_before);
        let wrong = wrong_before + new_after;
        if between && wrong < best_wrong {
            (best, best_wrong) = (cut, wrong);
        }
        if let Some(change) = changes.get(cut) {
            let old = usize::from(change.shows == Shows::Old);
            wrong_before += old;
            old_before += old;
        }
    }
    (!changes.is_empty()).then(|| told(&changes, best))
}

fn told(changes: &[Change], cut: usize) -> Fit {
    let (earlier, later) = changes.split_at(cut);
    let count = |part: &[Change], shows| part.iter().filter(|change| change.shows == shows).count() as u64;
    Fit {
        after: earlier.last().map(|change| change.at),
        before: later.first().map(|change| change.at),
        later: later.len() as u64,
        later_old: count(later, Shows::Old),
        earlier: earlier.len() as u64,
        earlier_new: count(earlier, Shows::New),
    }
}

/// Whether a leak has an account that was made at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beginning {
    /// When it was made.
    pub at: Timestamp,
    /// Whether the leak has it.
    pub seen: bool,
}

/// What the beginnings say.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Horizon {
    /// The leak has accounts made before this time, and next to none made after it.
    pub at: Timestamp,
    /// Accounts made before, and how many of them it has.
    pub before: (u64, u64),
    /// Accounts made after, and how many of them it has.
    pub after: (u64, u64),
}

/// The share of accounts after a horizon must be this many times smaller than before it.
const DROP: f64 = 5.0;
/// Fewer accounts on either side of a horizon prove nothing.
pub const LEAST_BEGINNINGS: u64 = 30;

/// The time after which the leak's share of accounts drops most clearly, if it drops clearly at all.
///
/// The cut that makes the two sides most likely, each with a share of its own (a change point of a Bernoulli sequence).
pub fn horizon(mut beginnings: Vec<Beginning>) -> Option<Horizon> {
    beginnings.sort_unstable_by_key(|beginning| beginning.at);
    let (count, all_seen) = (beginnings.len() as u64, beginnings.iter().filter(|b| b.seen).count() as u64);
    let (mut seen, mut best): (u64, Option<(f64, Horizon)>) = (0, None);
    for (n, beginning) in beginnings.iter().enumerate() {
        let before = (n as u64, seen);
        let after = (count - before.0, all_seen - before.1);
        let between = n > 0 && beginnings[n - 1].at < beginning.at;
        let enough = before.0 >= LEAST_BEGINNINGS && after.0 >= LEAST_BEGINNINGS;
        if between && enough && share(before) > DROP * share(after) {
            let likely = likelihood(before) + likelihood(after);
            if best.is_none_or(|(most, _)| likely > most) {
                best = Some((likely, Horizon { at: beginning.at, before, after }));
            }
        }
        seen += u64::from(beginning.seen);
    }
    best.map(|(_, horizon)| horizon)
}

fn share((all, some): (u64, u64)) -> f64 {
    some as f64 / all as f64
}

/// Log-likelihood of `some` of `all` under their own share.
fn likelihood((all, some): (u64, u64)) -> f64 {
    let share = share((all, some));
    let part = |number: u64, share: f64| if number == 0 { 0.0 } else { number as f64 * share.ln() };
    part(some, share) + part(all - some, 1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_secs(day * 86_400)
    }

    fn change(day: i64, shows: Shows) -> Change {
        Change { at: at(day), shows }
    }

    #[test]
    fn a_leak_of_day_fifty_has_new_values_before_and_old_ones_after() {
        let changes = (0..100).map(|day| change(day, if day < 50 { Shows::New } else { Shows::Old })).collect();
        let fit = fit(changes).unwrap();
        assert_eq!((fit.after, fit.before), (Some(at(49)), Some(at(50))));
        assert_eq!((fit.earlier, fit.earlier_new, fit.later, fit.later_old), (50, 50, 50, 50));
        assert!(fit.is_sound());
    }

    #[test]
    fn noise_does_not_move_it_far_and_is_told() {
        // Every tenth value is of another source.
        let shows = |day| if (day < 50) == (day % 10 != 3) { Shows::New } else { Shows::Old };
        let fit = fit((0..100).map(|day| change(day, shows(day))).collect()).unwrap();
        assert_eq!(fit.before, Some(at(50)));
        assert_eq!(fit.old_share(), Some(0.9));
        assert!(fit.is_sound());
    }

    #[test]
    fn a_fresh_leak_has_every_new_value_and_an_ancient_one_every_old_one() {
        let all = |shows| fit((0..30).map(|day| change(day, shows)).collect()).unwrap();
        assert_eq!((all(Shows::New).after, all(Shows::New).before), (Some(at(29)), None));
        assert_eq!((all(Shows::Old).after, all(Shows::Old).before), (None, Some(at(0))));
        assert_eq!(all(Shows::New).old_share(), None);
        assert_eq!(fit(vec![]), None);
    }

    #[test]
    fn few_changes_and_a_mixture_prove_nothing() {
        let few = fit((0..10).map(|day| change(day, Shows::Old)).collect()).unwrap();
        assert!(!few.is_sound());
        let mixed = |day| if day % 2 == 0 { Shows::Old } else { Shows::New };
        assert!(!fit((0..200).map(|day| change(day, mixed(day))).collect()).unwrap().is_sound());
    }

    #[test]
    fn accounts_made_after_the_leak_are_not_in_it() {
        let beginning = |day: i64| Beginning { at: at(day), seen: day < 200 && day % 3 == 0 };
        let found = horizon((0..400).map(beginning).collect()).unwrap();
        // The last account that it has was made on day 198.
        assert!((199..=200).contains(&(found.at.secs() / 86_400)), "{found:?}");
        assert_eq!(found.after.1, 0);
        let steady = (0..400).map(|day| Beginning { at: at(day), seen: day % 3 == 0 }).collect();
        assert_eq!(horizon(steady), None);
        assert_eq!(horizon(vec![]), None);
    }

    proptest! {
        #[test]
        fn no_cut_contradicts_fewer(days in proptest::collection::vec((0_i64..20, any::<bool>()), 1..40)) {
            let shows = |old| if old { Shows::Old } else { Shows::New };
            let changes: Vec<Change> = days.iter().map(|(day, old)| change(*day, shows(*old))).collect();
            let found = fit(changes.clone()).unwrap();
            let wrong = |cut: Timestamp| changes.iter().filter(|c| (c.at < cut) == (c.shows == Shows::Old)).count();
            let least = (0..=20).map(|day| wrong(at(day))).min().unwrap();
            let of_found = (found.later - found.later_old) + (found.earlier - found.earlier_new);
            prop_assert_eq!(of_found as usize, least);
        }
    }
}

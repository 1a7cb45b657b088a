//! How many of the messages led to a completed recovery.

use super::counted::{Counts, What};

/// Messages sent and recoveries completed over the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Completion {
    /// Recovery messages.
    pub sent: u64,
    /// Completed recoveries.
    pub completed: u64,
}

impl Completion {
    /// Of what was counted.
    pub const fn of(counts: &Counts) -> Self {
        Self { sent: counts.get(What::Sent), completed: counts.get(What::Completed) }
    }

    /// The share in percent, rounded down. `None`, which is shown as unknown, where there is no basis: nothing was sent, or
    /// more was completed than sent, because the links are from before.
    pub const fn percent(self) -> Option<u8> {
        if self.sent == 0 || self.completed > self.sent {
            return None;
        }
        Some((self.completed as u128 * 100 / self.sent as u128) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_a_basis_the_share_is_unknown() {
        let percent = |completed, sent| Completion { sent, completed }.percent();
        assert_eq!((percent(0, 0), percent(1, 0), percent(3, 2)), (None, None, None));
        assert_eq!((percent(0, 5), percent(1, 3), percent(5, 5)), (Some(0), Some(33), Some(100)));
        assert_eq!(percent(999, 1000), Some(99), "not all of them");
    }

    proptest! {
        #[test]
        fn a_share_is_never_more_than_all(sent: u64, completed: u64) {
            let percent = Completion { sent, completed }.percent();
            prop_assert!(percent.is_none_or(|p| p <= 100 && (p == 100) == (sent == completed)));
        }
    }
}

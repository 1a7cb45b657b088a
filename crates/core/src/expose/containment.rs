//! What a containment asks of an account, and what several of them come to.

use std::fmt;

/// A policy on a cohort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Containment {
    /// A password must be set anew before the account is signed in again.
    MustReset,
    /// Recovery waits, but for whoever shows strong proof.
    RecoveryHeld,
    /// Nothing is refused; whoever looks is told.
    Watched,
}

impl Containment {
    /// Every one, the strictest first.
    pub const ALL: [Self; 3] = [Self::MustReset, Self::RecoveryHeld, Self::Watched];

    /// The name in the store and at every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MustReset => "must_reset",
            Self::RecoveryHeld => "recovery_held",
            Self::Watched => "watched",
        }
    }

    /// What it is called, in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::MustReset => "new password first",
            Self::RecoveryHeld => "recovery held",
            Self::Watched => "watched",
        }
    }

    /// What it does, in a sentence.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::MustReset => "Before the next sign-in a new password must be set.",
            Self::RecoveryHeld => "Recovery waits, unless a known device or a saved recovery code is shown.",
            Self::Watched => "Nothing is refused; whoever looks at the account is told.",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a sign-in path is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Nothing stands against it.
    Allow,
    /// Only towards a new password.
    MustReset,
    /// Sign-in is free; recovery is not.
    RecoveryHeld,
}

impl Decision {
    /// The word in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::MustReset => "must_reset",
            Self::RecoveryHeld => "recovery_held",
        }
    }

    /// Of all that hold for an account: the strictest.
    pub fn of(kinds: impl IntoIterator<Item = Containment>) -> Self {
        match kinds.into_iter().min() {
            Some(Containment::MustReset) => Self::MustReset,
            Some(Containment::RecoveryHeld) => Self::RecoveryHeld,
            Some(Containment::Watched) | None => Self::Allow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_decides() {
        use Containment::{MustReset, RecoveryHeld, Watched};
        for (kinds, decision) in [
            (&[][..], "allow"),
            (&[Watched], "allow"),
            (&[Watched, RecoveryHeld], "recovery_held"),
            (&[RecoveryHeld, MustReset], "must_reset"),
            (&[MustReset, Watched], "must_reset"),
        ] {
            assert_eq!(Decision::of(kinds.iter().copied()).as_str(), decision, "{kinds:?}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in Containment::ALL {
            assert_eq!(Containment::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Containment::parse("blocked"), None);
    }
}

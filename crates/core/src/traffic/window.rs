//! How far back one looks, and in which steps.

use crate::time::Timestamp;

/// Seconds of a minute.
pub const MINUTE: i64 = 60;

/// The minute that a time is in, counted from 1970.
pub const fn minute_of(time: Timestamp) -> i64 {
    time.secs().div_euclid(MINUTE)
}

/// When a minute begins.
pub const fn time_of(minute: i64) -> Timestamp {
    Timestamp::from_secs(minute.saturating_mul(MINUTE))
}

/// How far back one looks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Window {
    /// An hour by two minutes: a glance, for a page that has to stay small.
    Glance,
    /// An hour by the minute.
    Hour,
    /// A day by the half hour.
    Day,
    /// Two weeks by the quarter of a day.
    Fortnight,
}

impl Window {
    /// The windows to choose from, the shortest first. For the steps of each of them numbers are kept.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Fortnight];

    /// The window whose numbers this one is made of.
    pub const fn kept(self) -> Self {
        match self {
            Self::Glance => Self::Hour,
            other => other,
        }
    }

    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Glance => "glance",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Fortnight => "fortnight",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.as_str() == text)
    }

    /// In words that go on after "in".
    pub const fn label(self) -> &'static str {
        match self {
            Self::Glance | Self::Hour => "the last hour",
            Self::Day => "the last 24 hours",
            Self::Fortnight => "the last 14 days",
        }
    }

    /// Minutes of one step.
    pub const fn step(self) -> i64 {
        match self {
            Self::Glance => 2,
            Self::Hour => 1,
            Self::Day => 30,
            Self::Fortnight => 360,
        }
    }

    /// What one step is called: "requests each minute".
    pub const fn each(self) -> &'static str {
        match self {
            Self::Glance => "every two minutes",
            Self::Hour => "each minute",
            Self::Day => "each half hour",
            Self::Fortnight => "every six hours",
        }
    }

    /// How many steps.
    pub const fn steps(self) -> usize {
        match self {
            Self::Glance => 30,
            Self::Hour => 60,
            Self::Day => 48,
            Self::Fortnight => 56,
        }
    }

    /// Steps between two marks of the time axis; a divisor of `steps`.
    pub const fn mark_every(self) -> usize {
        match self {
            Self::Glance => 5,
            Self::Hour => 10,
            Self::Day | Self::Fortnight => 8,
        }
    }

    /// The first minute that is shown: the last step is the one that `now` is in.
    pub const fn first_minute(self, now: Timestamp) -> i64 {
        let current = minute_of(now).div_euclid(self.step());
        (current + 1 - self.steps() as i64) * self.step()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_lengths() {
        let lengths = Window::ALL.map(|w| w.step() * w.steps() as i64);
        assert_eq!(lengths, [60, 24 * 60, 14 * 24 * 60]);
        for window in Window::ALL {
            assert_eq!(Window::parse(window.as_str()), Some(window));
            assert_eq!(window.steps() % window.mark_every(), 0);
        }
        assert_eq!(Window::parse("week"), None);
        assert_eq!(Window::parse("glance"), None, "nobody asks for it by name");
        let glance = Window::Glance;
        assert_eq!((glance.step() * glance.steps() as i64, glance.steps() % glance.mark_every()), (60, 0));
    }

    proptest! {
        #[test]
        fn now_is_in_the_last_step(secs in -4_000_000_000_i64..4_000_000_000) {
            let now = Timestamp::from_secs(secs);
            for window in [Window::Glance, Window::Hour, Window::Day, Window::Fortnight] {
                let first = window.first_minute(now);
                let place = (minute_of(now) - first) / window.step();
                prop_assert_eq!(place, window.steps() as i64 - 1);
                prop_assert_eq!(first.rem_euclid(window.step()), 0);
            }
        }
    }
}

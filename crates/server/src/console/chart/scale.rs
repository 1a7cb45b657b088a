//! Round numbers for an axis.

use countersign_core::traffic::grouped;

/// Steps of an axis at most: enough to read a height by, few enough for a phone.
const MOST_STEPS: u64 = 4;

/// An axis from zero to a round number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scale {
    /// Between two marks.
    pub step: u64,
    /// How many steps.
    pub steps: u64,
}

impl Scale {
    /// The finest axis of one, two or five times a power of ten that reaches `max` in few steps.
    pub fn to(max: u64) -> Self {
        let mut size = 1_u64;
        loop {
            for step in [1, 2, 5].map(|n: u64| n.saturating_mul(size)) {
                if max.div_ceil(step) <= MOST_STEPS {
                    return Self { step, steps: max.div_ceil(step).max(1) };
                }
            }
            size = size.saturating_mul(10);
        }
    }

    /// Where it ends.
    pub const fn top(self) -> u64 {
        self.step.saturating_mul(self.steps)
    }

    /// The marks from the top down to zero.
    pub fn marks(self) -> Vec<String> {
        (0..=self.steps).rev().map(|n| short(self.step.saturating_mul(n))).collect()
    }

    /// How far below the top a value is on an axis of `height` units.
    pub fn depth(self, value: u64, height: u64) -> u64 {
        let up = (u128::from(value) * u128::from(height) * 2 + u128::from(self.top())) / (u128::from(self.top()) * 2);
        height - u64::try_from(up).unwrap_or(height).min(height)
    }
}

/// A round number in few characters: `5,000`, `20k`, `1M`.
fn short(number: u64) -> String {
    let units = [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)];
    let unit = units.into_iter().find(|(_, size)| number >= 10_000 && number.is_multiple_of(*size));
    unit.map_or_else(|| grouped(number), |(name, size)| format!("{}{name}", grouped(number / size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let marks = |max| Scale::to(max).marks().join(" ");
        assert_eq!(marks(0), "1 0");
        assert_eq!(marks(1), "1 0");
        assert_eq!(marks(3), "3 2 1 0");
        assert_eq!(marks(7), "8 6 4 2 0");
        assert_eq!(marks(41), "60 40 20 0");
        assert_eq!(marks(361_204), "400k 300k 200k 100k 0");
        assert_eq!(marks(1_999), "2,000 1,500 1,000 500 0");
        assert_eq!(marks(3_500_000), "4M 3M 2M 1M 0");
    }

    proptest! {
        #[test]
        fn every_value_has_its_place_and_no_axis_is_much_too_long(value in 0_u64..1 << 60, of in 0_u64..1 << 60) {
            let (low, max) = (value.min(of), value.max(of));
            let scale = Scale::to(max);
            prop_assert!(scale.top() >= max && scale.steps <= MOST_STEPS);
            prop_assert!(max < 4 || scale.top() <= max * 2, "{} for {max}", scale.top());
            prop_assert_eq!(scale.marks().len() as u64, scale.steps + 1);
            let (deep, high) = (scale.depth(low, 160), scale.depth(max, 160));
            prop_assert!(high <= deep && deep <= 160);
            prop_assert_eq!(scale.depth(0, 160), 160);
            prop_assert_eq!(scale.depth(scale.top(), 160), 0);
        }
    }
}

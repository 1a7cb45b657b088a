//! Minutes folded into the steps of a window.

use super::counted::{Counts, What};
use super::window::Window;
use crate::time::Timestamp;

/// A number for one thing in a stretch of time that begins with a minute; how long it is does not matter, as long as it
/// does not reach into the next step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its first minute.
    pub minute: i64,
    /// What was counted.
    pub what: What,
    /// How many.
    pub number: u64,
}

/// One step of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bucket {
    /// Its first minute.
    pub minute: i64,
    /// What was counted; `None` from before anything was: unknown, not zero.
    pub counts: Option<Counts>,
}

/// What happened in a window, step by step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Series {
    /// Which window.
    pub window: Window,
    /// The oldest first.
    pub buckets: Vec<Bucket>,
}

impl Series {
    /// Folds rows into a window that ends now. `since` is the first minute of which anything is known.
    pub fn fold(window: Window, now: Timestamp, since: i64, rows: impl IntoIterator<Item = Row>) -> Self {
        let (first, step) = (window.first_minute(now), window.step());
        let bucket = |place: usize| {
            let minute = first + place as i64 * step;
            Bucket { minute, counts: (minute + step > since).then(Counts::default) }
        };
        let mut buckets: Vec<Bucket> = (0..window.steps()).map(bucket).collect();
        for row in rows {
            let place = usize::try_from((row.minute - first).div_euclid(step)).ok();
            if let Some(bucket) = place.and_then(|place| buckets.get_mut(place)) {
                // Something was counted, so it is known, whatever `since` says.
                bucket.counts.get_or_insert_default().add(row.what, row.number);
            }
        }
        Self { window, buckets }
    }

    /// Everything together; unknown steps count nothing.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.buckets.iter().filter_map(|bucket| bucket.counts.as_ref()).for_each(|counts| total.add_all(counts));
        total
    }

    /// How many steps are unknown.
    pub fn unknown(&self) -> usize {
        self.buckets.iter().filter(|bucket| bucket.counts.is_none()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_768_400_000);

    fn row(minute: i64, number: u64) -> Row {
        Row { minute, what: What::Requests, number }
    }

    #[test]
    fn rows_fall_into_their_step_and_others_are_left_out() {
        let first = Window::Day.first_minute(NOW);
        let rows = [row(first - 1, 9), row(first, 1), row(first + 29, 2), row(first + 30, 4), row(first + 1440, 9)];
        let series = Series::fold(Window::Day, NOW, 0, rows);
        let numbers: Vec<u64> =
            series.buckets.iter().map(|b| b.counts.unwrap().get(What::Requests)).filter(|n| *n > 0).collect();
        assert_eq!(numbers, [3, 4]);
        assert_eq!(series.total().get(What::Requests), 7);
    }

    #[test]
    fn what_was_before_the_first_count_is_unknown() {
        let first = Window::Hour.first_minute(NOW);
        let series = Series::fold(Window::Hour, NOW, first + 50, [row(first + 55, 3)]);
        assert_eq!(series.unknown(), 50);
        assert_eq!(series.buckets[50].counts, Some(Counts::default()));
        assert_eq!(Series::fold(Window::Hour, NOW, first + 600, []).unknown(), 60);
    }

    proptest! {
        #[test]
        fn nothing_within_a_window_is_lost_or_counted_twice(
            rows in prop::collection::vec((-30_000_i64..3000, 0_u64..1000), 0..200),
        ) {
            let now_minute = super::super::minute_of(NOW);
            for window in Window::ALL {
                let rows: Vec<Row> = rows.iter().map(|(at, n)| row(now_minute + at, *n)).collect();
                let (from, to) = (window.first_minute(NOW), window.first_minute(NOW) + window.step() * window.steps() as i64);
                let within: u64 = rows.iter().filter(|r| (from..to).contains(&r.minute)).map(|r| r.number).sum();
                let series = Series::fold(window, NOW, 0, rows);
                prop_assert_eq!(series.total().get(What::Requests), within);
                prop_assert_eq!(series.buckets.len(), window.steps());
            }
        }
    }
}

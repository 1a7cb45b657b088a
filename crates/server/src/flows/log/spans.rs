//! Sets of entry numbers, kept as runs.

use serde_json::{Value, json};

/// Numbers in ascending runs that do not touch each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans(Vec<(u64, u64)>);

impl Spans {
    /// Adds a number that is not below any that is there.
    pub fn push(&mut self, number: u64) {
        match self.0.last_mut() {
            Some((_, last)) if number <= last.saturating_add(1) => *last = (*last).max(number),
            _ => self.0.push((number, number)),
        }
    }

    /// Numbers in any order, some of them perhaps twice.
    pub fn of(mut runs: Vec<(u64, u64)>) -> Self {
        runs.sort_unstable();
        let mut all = Self::default();
        for (first, last) in runs {
            match all.0.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => all.0.push((first, last)),
            }
        }
        all
    }

    /// The runs, each with its first and its last number.
    pub fn runs(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// Whether a number is among them.
    pub fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(at).is_some_and(|(first, _)| *first <= number)
    }

    /// How many numbers.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        let mut holes = other.0.iter().peekable();
        for (first, last) in &self.0 {
            let mut at = *first;
            while holes.peek().is_some_and(|(_, end)| *end < at) {
                holes.next();
            }
            let mut ahead = holes.clone();
            while let Some((start, end)) = ahead.next_if(|(start, _)| start <= last) {
                if *start > at {
                    rest.push((at, start - 1));
                }
                at = at.max(end.saturating_add(1));
            }
            if at <= *last {
                rest.push((at, *last));
            }
        }
        Self(rest)
    }

    /// `[[first,last],…]`, as entries name them.
    pub fn to_json(&self) -> Value {
        self.0.iter().map(|(first, last)| json!([first, last])).collect()
    }

    /// Reads what [`Self::to_json`] wrote; `None` for runs that are out of order or touch each other.
    pub fn from_json(value: &Value) -> Option<Self> {
        let run = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
            Some([first, last]) => first.as_u64().zip(last.as_u64()).filter(|(first, last)| first <= last),
            _ => None,
        };
        let runs: Vec<(u64, u64)> = value.as_array()?.iter().map(run).collect::<Option<_>>()?;
        let read = Self(runs);
        (Self::of(read.0.clone()) == read).then_some(read)
    }
}

impl std::fmt::Display for Spans {
    /// `4–5, 9`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}–{last}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn spans(numbers: &BTreeSet<u64>) -> Spans {
        let mut all = Spans::default();
        numbers.iter().for_each(|number| all.push(*number));
        all
    }

    #[test]
    fn they_are_shown_and_read_back() {
        let some = spans(&[4, 5, 9].into());
        assert_eq!((some.to_string().as_str(), some.count()), ("4–5, 9", 3));
        assert_eq!(Spans::from_json(&some.to_json()), Some(some));
        for bad in [json!([[5, 4]]), json!([[1, 2], [3, 4]]), json!([[3, 4], [1, 1]]), json!([[1]]), json!({})] {
            assert_eq!(Spans::from_json(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn they_are_sets(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            let wide = |set: &BTreeSet<u8>| set.iter().map(|n| u64::from(*n) + 1).collect::<BTreeSet<u64>>();
            let (a, b) = (wide(&a), wide(&b));
            prop_assert_eq!(spans(&a).count(), a.len() as u64);
            prop_assert!((0..300).all(|n| spans(&a).contains(n) == a.contains(&n)));
            prop_assert_eq!(Spans::of(a.iter().rev().map(|n| (*n, *n)).collect()), spans(&a));
            prop_assert_eq!(spans(&a).without(&spans(&b)), spans(&(&a - &b)));
        }
    }
}

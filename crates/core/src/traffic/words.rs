//! Numbers as people read them.

use std::fmt;
use std::time::Duration;

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How long something lasts, in the largest unit of which there are two, rounded down: "90 seconds", "3 hours".
pub fn lasting(duration: Duration) -> String {
    let secs = duration.as_secs();
    let units = [("days", 86_400), ("hours", 3600), ("minutes", 60)];
    match units.into_iter().find(|(_, size)| secs >= 2 * size) {
        Some((name, size)) => format!("{} {name}", grouped(secs / size)),
        None if secs == 1 => "1 second".to_owned(),
        None => format!("{secs} seconds"),
    }
}

/// A number that was counted up to some limit only, because counting millions of rows takes longer than anybody waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct UpTo {
    /// How many there are, or the limit.
    pub number: u64,
    /// Whether there are more.
    pub more: bool,
}

impl UpTo {
    /// From a count that stopped one after `limit`.
    pub const fn counted(number: u64, limit: u64) -> Self {
        if number > limit { Self { number: limit, more: true } } else { Self { number, more: false } }
    }

    /// Whether there is any.
    pub const fn any(self) -> bool {
        self.number > 0
    }

    /// A sentence: "One request waits.", "12 requests wait."
    pub fn wait(self, what: &str) -> String {
        match self.number {
            0 => format!("No {what} waits."),
            1 if !self.more => format!("One {what} waits."),
            _ => {
                let told = format!("{self} {what}s wait.");
                told[..1].to_uppercase() + &told[1..]
            }
        }
    }
}

impl fmt::Display for UpTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.more { "more than " } else { "" }, grouped(self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let all = [0, 7, 999, 1000, 65_536, 1_000_000, u64::MAX].map(grouped);
        assert_eq!(all, ["0", "7", "999", "1,000", "65,536", "1,000,000", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        let told = [0, 1, 119, 120, 7199, 7200, 172_799, 172_800].map(|s| lasting(Duration::from_secs(s)));
        let expected =
            ["0 seconds", "1 second", "119 seconds", "2 minutes", "119 minutes", "2 hours", "47 hours", "2 days"];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_count_that_stopped_says_so() {
        assert_eq!(UpTo::counted(10_001, 10_000).to_string(), "more than 10,000");
        assert_eq!(UpTo::counted(10_000, 10_000).to_string(), "10,000");
        let waits = |number| UpTo::counted(number, 5).wait("message");
        assert_eq!((waits(0), waits(1)), ("No message waits.".into(), "One message waits.".into()));
        assert_eq!((waits(5), waits(6)), ("5 messages wait.".into(), "More than 5 messages wait.".into()));
    }
}

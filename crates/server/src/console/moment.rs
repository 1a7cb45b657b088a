//! Times as people read them: how long ago, and exactly, in UTC.

use countersign_core::time::Timestamp;
use std::fmt;

/// A point in time on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// `2026-01-14 14:13 UTC`.
    pub exact: String,
    /// RFC 3339, for `<time datetime>`.
    pub machine: String,
    /// `3 min ago`, `in 2 h`.
    pub about: String,
}

impl Moment {
    /// How a time is shown now.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        let Ok(instant) = jiff::Timestamp::from_microsecond(at.micros()) else {
            return Self { exact: "–".to_owned(), machine: String::new(), about: "at an unknown time".to_owned() };
        };
        let whole = jiff::Timestamp::from_second(instant.as_second()).unwrap_or(instant);
        let exact = whole.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        Self { exact, machine: whole.to_string(), about: about(at, now) }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.about)
    }
}

fn about(at: Timestamp, now: Timestamp) -> String {
    let (secs, future) = ((now.micros() - at.micros()).unsigned_abs() / 1_000_000, at > now);
    let length = match secs {
        0..5 => return "just now".to_owned(),
        5..90 => format!("{secs} s"),
        90..5400 => format!("{} min", (secs + 30) / 60),
        5400..129_600 => format!("{} h", (secs + 1800) / 3600),
        _ => format!("{} days", (secs + 43_200) / 86_400),
    };
    if future { format!("in {length}") } else { format!("{length} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Timestamp::from_secs(1_768_400_000);
        let shown = |secs: i64| Moment::new(Timestamp::from_secs(1_768_400_000 - secs), now).about;
        assert_eq!(
            [shown(0), shown(30), shown(180), shown(7200), shown(259_200)],
            ["just now", "30 s ago", "3 min ago", "2 h ago", "3 days ago"]
        );
        assert_eq!(shown(-600), "in 10 min");
        assert_eq!(Moment::new(now, now).exact, "2026-01-14 14:13:20 UTC");
        assert_eq!(Moment::new(now, now).machine, "2026-01-14T14:13:20Z");
    }
}

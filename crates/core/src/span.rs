//! Lengths of time as people write them in settings: `500ms`, `15m`, `24h`.
//!
//! Never: guesses a unit; a bare number is an error, because nobody can see whether it meant seconds or minutes.
//! In: a text.   Out: `Span`.
//! I/O for this room: none.   Tests: beside the code.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The units, longest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A length of time with millisecond precision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(Duration);

impl Span {
    /// From whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// From whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The same length as the standard library's type.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn secs(self) -> u64 {
        self.0.as_secs()
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

/// Why a text is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSpan {
    /// There is a number but no unit.
    #[error("has no unit; write ms, s, m, h or d after the number, such as \"15m\"")]
    NoUnit,
    /// Not a whole number and a unit.
    #[error("is not a length of time; write a whole number and ms, s, m, h or d, such as \"15m\"")]
    Malformed,
    /// More than 292 million years of milliseconds.
    #[error("is too long to count in milliseconds")]
    TooLong,
}

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(BadSpan::Malformed);
        }
        let unit = unit.trim_start();
        if unit.is_empty() {
            return Err(BadSpan::NoUnit);
        }
        let millis = UNITS.iter().find(|(name, _)| *name == unit).ok_or(BadSpan::Malformed)?.1;
        let number: u64 = number.parse().map_err(|_| BadSpan::TooLong)?;
        number.checked_mul(millis).map(Self::from_millis).ok_or(BadSpan::TooLong)
    }
}

impl fmt::Display for Span {
    /// The longest unit that gives a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis == 0 {
            return f.write_str("0s");
        }
        let unit = UNITS.iter().find(|(_, size)| millis.is_multiple_of(u128::from(*size)));
        let (name, size) = unit.unwrap_or(&("ms", 1));
        write!(f, "{}{name}", millis / u128::from(*size))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|e| serde::de::Error::custom(format_args!("{text:?} {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_written_back() {
        for text in ["500ms", "10s", "15m", "24h", "3d", "90s"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>(), Ok(span), "{text}");
        }
        assert_eq!("15m".parse::<Span>().unwrap().secs(), 900);
        assert_eq!("24h".parse::<Span>().unwrap().to_string(), "1d");
        assert_eq!("0s".parse::<Span>().unwrap().to_string(), "0s");
    }

    #[test]
    fn what_is_not_a_length_of_time_is_told_why() {
        assert_eq!("15".parse::<Span>(), Err(BadSpan::NoUnit));
        assert_eq!("99999999999999999999h".parse::<Span>(), Err(BadSpan::TooLong));
        assert_eq!("18446744073709551615d".parse::<Span>(), Err(BadSpan::TooLong));
        for bad in ["", "m", "-5m", "1.5h", "5 minutes", "5M", "１５m"] {
            assert_eq!(bad.parse::<Span>(), Err(BadSpan::Malformed), "{bad:?}");
        }
    }
}

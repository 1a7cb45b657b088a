//! Which entries: by number or by time.

use crate::error::AppError;
use crate::flows::Result;
use crate::store::{Conn, log};
use countersign_core::time::Timestamp;

/// Most entries in one bundle; with more, several are made.
pub const MOST_ENTRIES: u64 = 2_000_000;

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// An entry's number, from 1.
    Number(u64),
    /// A time.
    At(Timestamp),
}

impl Bound {
    /// Reads a number, or a time as RFC 3339 has it.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().ok().filter(|number| *number > 0).map(Self::Number);
        }
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(Self::At(Timestamp::from_micros(at.as_microsecond())))
    }

    /// The time, in seconds since 1970, if it is one.
    pub fn secs(self) -> Option<i64> {
        match self {
            Self::Number(_) => None,
            Self::At(at) => Some(at.micros().div_euclid(1_000_000)),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// From here; `None`: from the first entry.
    pub from: Option<Bound>,
    /// Up to and with this; `None`: up to the checkpoint.
    pub to: Option<Bound>,
}

impl Range {
    /// The indices that it comes to in a log of `size` entries, the end excluded.
    ///
    /// # Errors
    /// 422 that names the end that does not fit; 503.
    pub async fn resolve(&self, conn: &mut Conn, size: u64) -> Result<std::ops::Range<u64>> {
        let start = match self.from {
            None => 0,
            Some(Bound::Number(number)) if number > size => return Err(beyond("from", size)),
            Some(Bound::Number(number)) => number - 1,
            Some(Bound::At(at)) => log::first_since(conn, at, size).await?.map_or(size, |number| number - 1),
        };
        let end = match self.to {
            None => size,
            Some(Bound::Number(number)) if number > size => return Err(beyond("to", size)),
            Some(Bound::Number(number)) => number,
            Some(Bound::At(at)) => log::last_until(conn, at, size).await?.unwrap_or(0),
        };
        if let (Some(Bound::Number(from)), Some(Bound::Number(to))) = (self.from, self.to)
            && from > to
        {
            return Err(AppError::invalid("to", "range_reversed", "The range ends before it begins."));
        }
        match end.checked_sub(start) {
            Some(count) if count > MOST_ENTRIES => {
                let public = format!("A bundle holds at most {MOST_ENTRIES} entries; these are {count}.");
                Err(AppError::invalid("to", "range_too_large", public))
            }
            Some(_) => Ok(start..end),
            // Nothing was written between the two times.
            None => Ok(start..start),
        }
    }
}

fn beyond(field: &'static str, size: u64) -> AppError {
    AppError::invalid(field, "range_beyond_log", format!("The log has {size} entries."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_numbers_or_times() {
        assert_eq!(Bound::parse("17"), Some(Bound::Number(17)));
        let at = Bound::At(Timestamp::from_secs(1_768_209_300));
        assert_eq!(Bound::parse("2026-01-12T09:15:00Z"), Some(at));
        assert_eq!(Bound::parse("2026-01-12T10:15:00+01:00"), Some(at));
        for bad in ["", "0", "-1", "+5", "2026-01-12", "yesterday", "99999999999999999999999"] {
            assert_eq!(Bound::parse(bad), None, "{bad}");
        }
    }
}

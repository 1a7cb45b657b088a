//! RFC 3339 times.

use crate::time::Timestamp;

/// Reads `2024-02-29T12:00:00.5+01:00`; years 1970 to 9999. A leap second counts as the one before it.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let valid = (1970..=9999).contains(&year) && hour < 24 && minute < 60 && second <= 60;
    let days = days_since_epoch(year, month, day).filter(|_| valid)?;
    let (micros, zone) = fraction(rest)?;
    let secs = days * 86_400 + hour * 3600 + minute * 60 + second.min(59) - offset_secs(zone)?;
    Some(Timestamp::from_micros(secs * 1_000_000 + micros))
}

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut out = [0; 3];
    for ((slot, part), width) in out.iter_mut().zip(parts).zip(widths) {
        *slot = digits(part).filter(|_| part.len() == width)?;
    }
    Some(out)
}

fn digits(text: &str) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Microseconds and what follows them.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(text) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let six: String = text[..end].chars().chain("000000".chars()).take(6).collect();
    (end > 0).then_some((digits(&six)?, &text[end..]))
}

fn offset_secs(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, clock) = zone.strip_prefix('+').map(|c| (1, c)).or_else(|| zone.strip_prefix('-').map(|c| (-1, c)))?;
    let (hours, minutes) = clock.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month - 1).ok().filter(|index| *index < 12)?;
    if !(1..=lengths[index]).contains(&day) {
        return None;
    }
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    Some(years + lengths[..index].iter().sum::<i64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, secs) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00+01:00", 951_822_000),
            ("2024-02-29T23:59:60Z", 1_709_251_199),
            ("2026-01-08 00:00:00-00:30", 1_767_832_200),
        ] {
            assert_eq!(rfc3339(text), Some(Timestamp::from_secs(secs)), "{text}");
        }
        assert_eq!(rfc3339("1970-01-01T00:00:00.25Z"), Some(Timestamp::from_micros(250_000)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01",
            "1704067200",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+1:00",
            "1969-12-31T23:59:59Z",
            "２０24-01-01T00:00:00Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }
}

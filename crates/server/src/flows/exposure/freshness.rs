//! How old the data of a leak is, asked of the directory: what changed since when, and who was made when.

use crate::app::App;
use crate::flows::Result;
use crate::store::exposure::{directory, former};
use countersign_core::expose::cohort::Accounts;
use countersign_core::expose::freshness::{self, Beginning, Change, Fit, Horizon, Shows};
use countersign_core::expose::key::Kind;
use countersign_core::time::Timestamp;
use serde_json::{Value, json};

/// Changes that are looked at: the latest so many.
const MOST_CHANGES: i64 = 1_000_000;
/// Accounts whose beginnings are looked at, evenly spread over the directory.
const SAMPLE: u32 = 20_000;

/// What the directory says of a leak's age.
#[derive(Debug, Clone, Default)]
pub struct Freshness {
    /// By values that changed.
    pub fit: Option<Fit>,
    /// By accounts that were made after it.
    pub horizon: Option<Horizon>,
    /// The earliest and the latest known change: what the first witness can tell apart.
    pub known: Option<(Timestamp, Timestamp)>,
}

/// What a match found that bears on it.
#[derive(Debug)]
pub struct Found<'a> {
    /// Former values that the leak has, by their numbers.
    pub formers: &'a Accounts,
    /// Accounts of which a present e-mail address matched.
    pub email: &'a Accounts,
    /// Of which a present phone number did.
    pub phone: &'a Accounts,
    /// Of which a present user name did.
    pub user: &'a Accounts,
    /// Everybody who matched.
    pub all: &'a Accounts,
}

/// Asks the directory.
///
/// # Errors
/// 503.
pub async fn ask(app: &App, found: &Found<'_>) -> Result<Freshness> {
    let conn = &mut app.store.read().await?;
    let rows = former::changes(conn, MOST_CHANGES).await?;
    let ends = rows.iter().map(|row| row.at);
    let known = ends.clone().min().zip(ends.max());
    let changes: Vec<Change> = rows.iter().filter_map(|row| change(row, found)).collect();
    let end = directory::end(conn).await?;
    let step = (end / SAMPLE).max(1) as usize;
    let numbers: Vec<u32> = (0..end).step_by(step).collect();
    let beginnings = directory::beginnings(conn, &numbers).await?;
    let seen = |(number, at): (u32, Timestamp)| Beginning { at, seen: found.all.contains(number) };
    let horizon = freshness::horizon(beginnings.into_iter().map(seen).collect());
    Ok(Freshness { fit: freshness::fit(changes), horizon, known })
}

/// A change of which the leak has the one value and not the other; both or neither say nothing.
fn change(row: &former::Change, found: &Found<'_>) -> Option<Change> {
    let kind = match row.kind {
        b'e' => Kind::Address,
        b'p' => Kind::Phone,
        b'u' => Kind::UserName,
        _ => return None,
    };
    let present = match kind {
        Kind::Address => found.email,
        Kind::Phone => found.phone,
        _ => found.user,
    };
    match (found.formers.contains(row.former), present.contains(row.account)) {
        (true, false) => Some(Change { at: row.at, shows: Shows::Old }),
        (false, true) => Some(Change { at: row.at, shows: Shows::New }),
        _ => None,
    }
}

impl Freshness {
    /// What it comes to, in one or two sentences.
    pub fn sentence(&self) -> String {
        match (self.fit.filter(Fit::is_sound), self.horizon) {
            (Some(fit), Some(horizon)) => format!("{} {}", by_changes(&fit), by_beginnings(&horizon)),
            (Some(fit), None) => by_changes(&fit),
            (None, Some(horizon)) => by_beginnings(&horizon),
            (None, None) => self.nothing(),
        }
    }

    fn nothing(&self) -> String {
        match self.fit {
            Some(fit) if fit.later + fit.earlier >= freshness::LEAST_CHANGES as u64 => {
                "It fits no time of our directory well: it may be put together from several sources.".into()
            }
            _ => "How old it is cannot be told: too few values that it has are known to have changed.".into(),
        }
    }

    /// For reports.
    pub fn told(&self) -> Value {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
        json!({
            "sentence": self.sentence(),
            "changes": self.fit.map(|fit| json!({
                "after": micros(fit.after), "before": micros(fit.before), "later": fit.later, "later_old": fit.later_old,
                "earlier": fit.earlier, "earlier_new": fit.earlier_new, "sound": fit.is_sound(),
            })),
            "beginnings": self.horizon.map(|horizon| json!({
                "at": horizon.at.micros(), "before": horizon.before.0, "before_seen": horizon.before.1,
                "after": horizon.after.0, "after_seen": horizon.after.1,
            })),
        })
    }
}

fn by_changes(fit: &Fit) -> String {
    let when = match (fit.after, fit.before) {
        (Some(after), Some(before)) => format!("It looks like data of {}", between(after, before)),
        (None, Some(before)) => format!("It looks like data from before {}", month(before)),
        (Some(after), None) => format!("It looks like data from after {}, as far as we know", month(after)),
        (None, None) => return String::new(),
    };
    let percent = |share: f64| (share * 100.0).round();
    match fit.old_share() {
        Some(share) => format!("{when}: {} % of the values that changed later have the old value.", percent(share)),
        None => {
            let share = fit.earlier_new as f64 / fit.earlier.max(1) as f64;
            format!("{when}: {} % of the values that changed before have the new value.", percent(share))
        }
    }
}

fn by_beginnings(horizon: &Horizon) -> String {
    let (before, after) = (horizon.before, horizon.after);
    let percent = |(all, some): (u64, u64)| (some as f64 / all.max(1) as f64 * 1000.0).round() / 10.0;
    format!(
        "Accounts made since {} are hardly in it ({} %, against {} % of older ones).",
        month(horizon.at),
        percent(after),
        percent(before)
    )
}

/// Two times in the words that a newsroom uses: `early 2024`, `March 2024 to June 2024`.
fn between(after: Timestamp, before: Timestamp) -> String {
    let (from, to) = (civil(after), civil(before));
    let third = |(year, month): (i16, i8)| (year, (month - 1) / 4);
    if from == to {
        return month(after);
    }
    if third(from) == third(to) {
        let part = ["early", "the middle of", "late"][usize::from(third(from).1.unsigned_abs()).min(2)];
        return format!("{part} {}", from.0);
    }
    format!("{} to {}", month(after), month(before))
}

fn civil(at: Timestamp) -> (i16, i8) {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    (day.year(), day.month())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month(at: Timestamp) -> String {
    let (year, month) = civil(at);
    format!("{} {year}", MONTHS[usize::from(month.unsigned_abs()).clamp(1, 12) - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = format!("{text}T00:00:00Z").parse().unwrap();
        Timestamp::from_micros(at.as_microsecond())
    }

    fn fit(after: Option<&str>, before: Option<&str>) -> Fit {
        let (later, earlier) = (if before.is_some() { 100 } else { 0 }, if after.is_some() { 50 } else { 0 });
        let (later_old, earlier_new) = (later * 93 / 100, earlier);
        Fit { after: after.map(at), before: before.map(at), later, later_old, earlier, earlier_new }
    }

    #[test]
    fn the_age_is_told_in_words() {
        let horizon = Horizon { at: at("2024-03-05"), before: (1000, 700), after: (500, 1) };
        let mut told = String::new();
        for (fit, horizon) in [
            (Some(fit(Some("2024-01-10"), Some("2024-03-02"))), None),
            (Some(fit(Some("2024-03-01"), Some("2024-03-20"))), Some(horizon)),
            (Some(fit(Some("2023-11-01"), Some("2024-06-20"))), None),
            (Some(fit(None, Some("2019-06-20"))), None),
            (Some(fit(Some("2025-12-31"), None)), None),
            (None, Some(horizon)),
            (None, None),
            (Some(Fit { later_old: 40, ..fit(Some("2024-01-10"), Some("2024-03-02")) }), None),
        ] {
            told += &Freshness { fit, horizon, known: None }.sentence();
            told.push('\n');
        }
        insta::assert_snapshot!(told, @r"
        It looks like data of early 2024: 93 % of the values that changed later have the old value.
        It looks like data of March 2024: 93 % of the values that changed later have the old value. Accounts made since March 2024 are hardly in it (0.2 %, against 70 % of older ones).
        It looks like data of November 2023 to June 2024: 93 % of the values that changed later have the old value.
        It looks like data from before June 2019: 93 % of the values that changed later have the old value.
        It looks like data from after December 2025, as far as we know: 100 % of the values that changed before have the new value.
        Accounts made since March 2024 are hardly in it (0.2 %, against 70 % of older ones).
        How old it is cannot be told: too few values that it has are known to have changed.
        It fits no time of our directory well: it may be put together from several sources.
        ");
    }
}

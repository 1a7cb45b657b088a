//! From series to charts.

use crate::console::chart::{Band, Chart, Line};
use countersign_core::traffic::{Bucket, Completion, Counts, Fate, Series, What, Window, grouped, time_of};

/// A minute as `14:05`, or with its day.
fn told(minute: i64, format: &str) -> String {
    let time = jiff::Timestamp::from_second(time_of(minute).secs());
    time.map_or_else(|_| "?".to_owned(), |time| time.strftime(format).to_string())
}

/// When each step begins.
fn times(series: &Series) -> Vec<String> {
    let format = if series.window == Window::Fortnight { "%-d %b %H:%M" } else { "%H:%M" };
    series.buckets.iter().map(|bucket| told(bucket.minute, format)).collect()
}

/// The marks of the time axis, from the beginning of the first step to the end of the last.
fn marks(series: &Series) -> Vec<String> {
    let format = if series.window == Window::Fortnight { "%-d %b" } else { "%H:%M" };
    let first = series.buckets.first().map_or(0, |bucket| bucket.minute);
    let every = series.window.mark_every();
    (0..=series.window.steps() / every)
        .map(|n| told(first + (n * every) as i64 * series.window.step(), format))
        .collect()
}

fn values(series: &Series, number: impl Fn(&Counts) -> u64) -> Vec<Option<u64>> {
    series.buckets.iter().map(|bucket: &Bucket| bucket.counts.as_ref().map(&number)).collect()
}

/// The course of one thing.
pub fn course(series: &Series, number: impl Fn(&Counts) -> u64) -> Vec<Option<u64>> {
    values(series, number)
}

const fn short(fate: Fate) -> &'static str {
    match fate {
        Fate::Sent => "sent",
        Fate::Limited => "enough already",
        Fate::Nobody => "nobody to write to",
        Fate::Guarded => "guarded or held",
        Fate::Expired => "expired",
    }
}

/// Requests, and what became of them.
pub fn requests(series: &Series) -> Chart {
    let band =
        |(look, fate): (usize, Fate)| Band { label: short(fate), look, values: values(series, |c| c.fate(fate)) };
    let total = series.total();
    let summary = format!(
        "In {}: {} requests came, {} messages were sent, {} requests led to none.",
        series.window.label(),
        grouped(total.get(What::Requests)),
        grouped(total.get(What::Sent)),
        grouped(total.suppressed()),
    );
    Chart {
        id: "r",
        title: "Requests, and what became of them".to_owned(),
        unit: format!("Decided {} (bars), came {} (line); UTC", series.window.each(), series.window.each()),
        summary,
        bands: Fate::ALL.into_iter().enumerate().map(band).collect(),
        line: Some(Line { label: "came", values: values(series, |c| c.get(What::Requests)) }),
        times: times(series),
        marks: marks(series),
    }
}

/// Messages sent, and recoveries completed.
pub fn completions(series: &Series) -> Chart {
    let Completion { sent, completed } = Completion::of(&series.total());
    let band = |look, label, what| Band { label, look, values: values(series, move |c| c.get(what)) };
    Chart {
        id: "c",
        title: "Recoveries completed".to_owned(),
        unit: format!("Links used or ended unused (bars), messages sent (line), {}; UTC", series.window.each()),
        summary: format!(
            "In {}: {} messages were sent and {} recoveries completed.",
            series.window.label(),
            grouped(sent),
            grouped(completed)
        ),
        bands: vec![band(5, "completed", What::Completed), band(1, "ended unused", What::Revoked)],
        line: Some(Line { label: "sent", values: values(series, |c| c.get(What::Sent)) }),
        times: times(series),
        marks: marks(series),
    }
}

/// How mail of every kind left.
pub fn mail(series: &Series) -> Chart {
    let total = series.total();
    let band = |look, label, what| Band { label, look, values: values(series, move |c| c.get(what)) };
    Chart {
        id: "m",
        title: "Mail handed over".to_owned(),
        unit: format!("Messages of every kind, {}; UTC", series.window.each()),
        summary: format!(
            "In {}: {} messages were handed over, {} failed, {} are unknown.",
            series.window.label(),
            grouped(total.get(What::MailSent)),
            grouped(total.get(What::MailFailed)),
            grouped(total.get(What::MailUnknown))
        ),
        bands: vec![
            band(0, "handed over", What::MailSent),
            band(3, "failed", What::MailFailed),
            band(4, "unknown", What::MailUnknown),
        ],
        line: None,
        times: times(series),
        marks: marks(series),
    }
}

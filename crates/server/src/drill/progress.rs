//! What is shown on standard error while the exercise runs.

use super::Stage;
use super::tally::What;
use crate::app::App;
use countersign_core::gate::Reason;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Says what was done and how long it took.
pub fn note(what: &str, took: Duration) {
    eprintln!("{what}, {:.1} s", took.as_secs_f64());
}

const EVERY: Duration = Duration::from_millis(500);
/// What keeps a message from being sent, as it is counted.
const SUPPRESSED: [Reason; 6] = [
    Reason::ProofWanted,
    Reason::LiveLink,
    Reason::MailboxLimit,
    Reason::AccountLimit,
    Reason::BudgetSpent,
    Reason::NoAccount,
];

/// A line that counts up to `length`.
pub fn bar(what: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{msg:<12} {bar:40} {pos}/{len}  {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Shows where the exercise stands until `stopped`.
pub async fn watch(app: App, stage: Arc<Stage>, act: watch::Receiver<&'static str>, stopped: watch::Receiver<bool>) {
    let spinner = ProgressBar::new_spinner();
    let mut before = 0;
    while !*stopped.borrow() {
        let requests = stage.tally.of(What::Hostile) + stage.tally.of(What::Genuine);
        let rate = (requests - before) * 1000 / EVERY.as_millis() as u64;
        before = requests;
        spinner.set_message(line(&app, *act.borrow(), requests, rate));
        spinner.tick();
        tokio::time::sleep(EVERY).await;
    }
    spinner.finish_and_clear();
}

fn line(app: &App, act: &str, requests: u64, rate: u64) -> String {
    let mode = app.gate().mode.as_str();
    let (mails, held) = (app.metrics.messages_of("sent"), app.metrics.requests_of("held"));
    let limited = app.metrics.requests_of("source_limited");
    let mut line =
        format!("{act} · gate {mode} · {requests} requests, {rate}/s · {mails} mails · held {held} · 429 {limited}");
    for reason in SUPPRESSED {
        let count = app.metrics.decisions_of(reason);
        if count > 0 {
            line.push_str(&format!(" · {} {count}", reason.as_str()));
        }
    }
    line
}

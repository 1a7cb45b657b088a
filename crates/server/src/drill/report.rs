//! What the exercise came to: the numbers, what they mean, and whether the targets were reached.

use super::leak::Matched;
use super::outsider::Seen;
use super::post::Post;
use super::tally::{End, Kind, Story, Tally, What};
use countersign_core::time::Timestamp;
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

/// G3: recovery messages per mailbox and day.
const MOST_PER_MAILBOX: usize = 3;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The result as machines read it; later acts add their own keys.
#[derive(Clone, Debug, Serialize)]
pub struct Numbers {
    /// Recovery requests, of attackers and others.
    pub requests: u64,
    /// Recovery messages that arrived.
    pub mails_sent: u64,
    /// Messages that an endpoint without a gate would have sent for the same requests.
    pub mails_unguarded: u64,
    /// Messages to people who had not asked.
    pub unwanted_mails: u64,
    /// Recoveries with a known device or a solved challenge.
    pub genuine_started: u64,
    /// Of those: ended with a new password.
    pub genuine_completed: u64,
    /// Recoveries of people who could show nothing while proof was asked for.
    pub waiting_started: u64,
    /// Of those: ended with a new password within the exercise.
    pub waiting_completed: u64,
    /// 95 of 100 genuine messages were at the mail server by then, after the request or the solved challenge.
    pub genuine_p95_ms: u64,
    /// The most recovery messages in one mailbox within 24 hours.
    pub max_mails_per_mailbox_24h: usize,
    /// Welch's t between the times of answers for known and for unknown identifiers.
    pub timing_t: f64,
    /// Evidence entries.
    pub evidence_entries: u64,
    /// Whether the whole log is sound, checked from inside: every entry, every tile, everything that is signed.
    pub evidence_verified: bool,
    /// Entries whose place in the signed log an outsider computed, from the files that everybody can fetch.
    pub outside_entries: u64,
    /// Messages for which an outsider asked whether they are genuine.
    pub outside_messages: usize,
    /// Of those: proven, for their text and their recipient.
    pub outside_messages_proven: usize,
    /// Whether everything that can be checked from outside holds.
    pub outside_verified: bool,
    /// Lines of the leak of act three.
    pub leak_lines: u64,
    /// Accounts in it.
    pub leak_accounts: u64,
    /// Of those: found.
    pub leak_accounts_found: u64,
    /// Accounts that were found and are not in it.
    pub leak_accounts_added: u64,
    /// The cohort of them.
    pub leak_cohort: String,
    /// Whether a containment on it held within a second.
    pub leak_contained: bool,
    /// Where the server still answers.
    pub console_url: String,
}

/// The numbers, and what only the table tells.
#[derive(Clone, Debug)]
pub struct Report {
    /// For machines.
    pub numbers: Numbers,
    /// For people.
    pub aside: Aside,
}

/// What only the table tells.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    /// Requests of the attacker.
    pub hostile: u64,
    /// How long the attack lasted.
    pub attack_secs: f64,
    /// Measured rate of one core.
    pub per_core: f64,
    /// Hashes that the attacker spent.
    pub hashes: u64,
    /// Challenges that it solved, and how many solutions were taken.
    pub solved: (u64, u64),
    /// Links that scanners opened, presses of "ask again", requests for the bombed mailbox.
    pub scanned: u64,
    /// See above.
    pub pressed: u64,
    /// See above.
    pub bombed: (u64, usize),
    /// Requests that a source limit stopped.
    pub limited: u64,
    /// Requests with another answer than 202 and 429.
    pub failed: u64,
    /// Notices, such as "your password was changed".
    pub notices: u64,
    /// Genuine stories by how they ended, those with proof.
    pub ends: Vec<(End, usize)>,
    /// People who were asked to solve: those whose device found the answer before the end, and all.
    pub solvers: (usize, usize),
    /// Whoever was never asked for proof: started, completed.
    pub not_asked: (u64, u64),
    /// What is wrong with the log, if anything.
    pub broken: Vec<String>,
    /// The leak of act three.
    pub leak: Matched,
    /// What an outsider could check.
    pub seen: Seen,
    /// Settings that differ from the defaults.
    pub overrides: Vec<String>,
}

/// What the mailboxes hold.
#[derive(Debug, Default)]
pub struct Mails {
    /// Recovery messages.
    pub sent: u64,
    /// To people who had not asked.
    pub unwanted: u64,
    /// The most in one mailbox within 24 hours.
    pub most: usize,
    /// Other messages.
    pub notices: u64,
    /// Recovery messages in the bombed mailbox.
    pub bombed: usize,
}

impl Mails {
    /// Counts them. Each person asks for one message, so every other one in their mailbox is unwanted too.
    pub fn count(post: &Post, tally: &Tally, bombed: &str) -> Self {
        let mut mails = Self::default();
        for (mailbox, recovery, other) in post.all() {
            let asked = tally.asked_at(&mailbox);
            let wanted = asked.is_some_and(|at| recovery.iter().any(|t| *t >= at));
            mails.sent += recovery.len() as u64;
            mails.notices += other.len() as u64;
            mails.unwanted += (recovery.len() - usize::from(wanted)) as u64;
            mails.unwanted += if asked.is_some() { 0 } else { other.len() as u64 };
            mails.most = mails.most.max(most_in_a_day(&recovery));
            if mailbox == bombed {
                mails.bombed = recovery.len();
            }
        }
        mails
    }
}

fn most_in_a_day(times: &[Timestamp]) -> usize {
    let within = |from: Timestamp| times.iter().filter(|t| **t >= from && t.since(from) < DAY).count();
    times.iter().map(|t| within(*t)).max().unwrap_or(0)
}

/// Started, completed, and the times until the message was there.
pub fn genuine(stories: &[Story], with: impl Fn(&Story) -> bool) -> (u64, u64, Vec<Duration>) {
    // Whoever changed their mind, and a device that had not found the answer yet, says nothing about the gate.
    let counts = |s: &&Story| with(s) && !matches!(s.end, End::Abandoned | End::StillSolving);
    let started = stories.iter().filter(counts).count();
    let completed = stories.iter().filter(counts).filter(|s| s.end == End::Completed).count();
    let waits = stories.iter().filter(|s| with(s)).filter_map(|s| s.wait).collect();
    (started as u64, completed as u64, waits)
}

/// Whether somebody showed proof.
pub const fn with_proof(story: &Story) -> bool {
    matches!(story.kind, Kind::Device | Kind::Solved)
}

/// The 95th percentile, in milliseconds.
pub fn p95(mut waits: Vec<Duration>) -> u64 {
    waits.sort_unstable();
    let at = (waits.len() * 95).div_ceil(100).saturating_sub(1);
    waits.get(at).map_or(0, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

impl Aside {
    /// What the tally says.
    pub fn of(tally: &Tally, stories: &[Story]) -> Self {
        let mut ends = std::collections::BTreeMap::new();
        for story in stories.iter().filter(|s| with_proof(s)) {
            *ends.entry(story.end).or_insert(0) += 1;
        }
        let (started, completed, _) = genuine(stories, |s| s.kind == Kind::NotAsked);
        let asked = stories.iter().filter(|s| s.kind == Kind::Solved);
        let solved = asked.clone().filter(|s| s.end != End::StillSolving).count();
        Self {
            hostile: tally.of(What::Hostile),
            hashes: tally.hashes_spent(),
            solved: (tally.of(What::Solved), tally.of(What::SolutionTaken)),
            scanned: tally.of(What::Scanned),
            pressed: tally.of(What::Pressed),
            bombed: (tally.of(What::Bombed), 0),
            limited: tally.of(What::Limited),
            failed: tally.of(What::Failed),
            ends: ends.into_iter().collect(),
            not_asked: (started, completed),
            solvers: (solved, asked.count()),
            ..Self::default()
        }
    }
}

/// A target and whether it was reached.
#[derive(Debug)]
pub struct Verdict {
    /// The sentence.
    pub target: &'static str,
    /// What was measured.
    pub measured: String,
    /// Whether it holds.
    pub reached: bool,
}

impl Report {
    /// Every target of the exercise.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let n = &self.numbers;
        let share = percent(n.genuine_completed, n.genuine_started);
        let unwanted = percent(n.unwanted_mails, n.mails_unguarded);
        let verdict = |target, measured, reached| Verdict { target, measured, reached };
        vec![
            verdict(
                "No mailbox gets more than 3 recovery messages in 24 hours",
                format!("{}", n.max_mails_per_mailbox_24h),
                n.max_mails_per_mailbox_24h <= MOST_PER_MAILBOX,
            ),
            verdict(
                "Messages to people who did not ask: at most 0.1 % of an unguarded endpoint's",
                format!("{unwanted:.3} %"),
                n.unwanted_mails * 1000 <= n.mails_unguarded,
            ),
            verdict(
                "At least 99.5 % of people with a known device or a solved challenge complete",
                format!("{share:.1} %"),
                n.genuine_completed * 1000 >= n.genuine_started * 995,
            ),
            verdict(
                "Their message is at the mail server within 5 s (95 of 100)",
                format!("{:.2} s", n.genuine_p95_ms as f64 / 1000.0),
                n.genuine_p95_ms <= 5000,
            ),
            verdict(
                "The time of an answer tells nothing: |t| below 4.5",
                format!("{:.2}", n.timing_t.abs()),
                n.timing_t.abs() < 4.5,
            ),
            verdict(
                "Everybody in the leak is found, and nobody else",
                format!("{} of {}, {} more", n.leak_accounts_found, n.leak_accounts, n.leak_accounts_added),
                self.aside.leak.is_exact(),
            ),
            verdict(
                "A containment on their cohort holds within a second, and for nobody else",
                format!("{:.0} ms", self.aside.leak.held_after.as_secs_f64() * 1000.0),
                self.aside.leak.holds(),
            ),
            verdict(
                "The evidence log is sound: every entry, every tile, everything signed",
                format!("{} entries, {} findings", n.evidence_entries, self.aside.broken.len()),
                n.evidence_verified,
            ),
            verdict(
                "An outsider with the key can check all of the log, and each message for its recipient",
                format!(
                    "{} entries, {} of {} messages",
                    n.outside_entries, n.outside_messages_proven, n.outside_messages
                ),
                n.outside_verified,
            ),
        ]
    }

    /// Whether an invariant that must hold in every run is broken (G3, evidence).
    pub const fn broken(&self) -> bool {
        let n = &self.numbers;
        n.max_mails_per_mailbox_24h > MOST_PER_MAILBOX || !n.evidence_verified || !n.outside_verified
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let mut row = |name: &str, value: String, means: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "  {name:<34} {value:>12}   {means}");
        };
        self.rows_of_the_attack(&mut row);
        self.rows_of_people(&mut row);
        self.rows_of_the_leak(&mut row);
        out
    }

    fn rows_of_the_attack(&self, row: &mut impl FnMut(&str, String, &str)) {
        let (n, a) = (&self.numbers, &self.aside);
        let rate = a.hostile as f64 / a.attack_secs.max(0.001);
        row("requests", n.requests.to_string(), "Recovery requests that reached the server, from everybody.");
        row("  hostile", a.hostile.to_string(), &format!("Sent by the attacker, {rate:.0} a second."));
        row("  stopped at the door", a.limited.to_string(), "Answered 429: too many from one source. Costs no write.");
        row(
            "  not answered as they should",
            a.failed.to_string(),
            "Neither 202 nor 429; 503 means that the queue was full.",
        );
        row("mails, without a gate", n.mails_unguarded.to_string(), "What an unguarded endpoint would have sent.");
        row("mails sent", n.mails_sent.to_string(), "Recovery messages that arrived.");
        row("  unwanted", n.unwanted_mails.to_string(), "To people who had not asked.");
        row(
            "  most in one mailbox",
            n.max_mails_per_mailbox_24h.to_string(),
            "In 24 hours, over all spellings of its address.",
        );
        let bombed = format!("{} asked for it, spelled in many ways.", a.bombed.0);
        row("  in the bombed mailbox", a.bombed.1.to_string(), &bombed);
        row("  notices besides", a.notices.to_string(), "\"Your password was changed\", to every confirmed address.");
        let power =
            format!("By 16 cores at {:.1} M hashes/s each; {} solutions were taken.", a.per_core / 1e6, a.solved.1);
        row("challenges the attacker solved", a.solved.0.to_string(), &power);
        row("links opened by scanners", a.scanned.to_string(), "Mail gateways open links; nothing was redeemed by it.");
        row(
            "\"ask again\" pressed by a bot",
            a.pressed.to_string(),
            "One page, pressed many times, counts as one request.",
        );
    }

    fn rows_of_the_evidence(&self, row: &mut impl FnMut(&str, String, &str)) {
        let (n, seen) = (&self.numbers, &self.aside.seen);
        let inside = "Each checked from inside: content, commitment, place in the tree, every tile.";
        row("evidence entries", n.evidence_entries.to_string(), inside);
        let outside = format!(
            "Fetched by an outsider with {} tiles; the log goes on from the {} kept before the attack.",
            seen.tiles, seen.kept
        );
        row("  seen from outside", n.outside_entries.to_string(), &outside);
        let proven = format!("{} / {}", n.outside_messages_proven, n.outside_messages);
        row("  messages proven genuine", proven, "By the code in them: this text, to this address, and to no other.");
        for what in self.aside.broken.iter().chain(&seen.wrong) {
            row("  wrong", String::new(), what);
        }
        row(
            "  not shown by that",
            String::new(),
            "That entries are true; with no witness, that everybody sees one log.",
        );
    }

    fn rows_of_the_leak(&self, row: &mut impl FnMut(&str, String, &str)) {
        let leak = &self.aside.leak;
        let took = format!("A leak appears; from its first byte to its cohort {:.2} s.", leak.took.as_secs_f64());
        row("lines of a leak", leak.lines.to_string(), &took);
        let broken = format!("{} / {}", leak.broken.1, leak.broken.0);
        row("  broken ones counted", broken, "Written broken on purpose; none of them took another line with it.");
        let found = format!("{} / {}", leak.found, leak.expected);
        row("  accounts found", found, "By user name and address, in whatever spelling.");
        row("  found and not in it", leak.added.to_string(), "People who would be worried for nothing.");
        row("  how old", String::new(), &leak.age);
        let held = format!("{:.0} ms", leak.held_after.as_secs_f64() * 1000.0);
        row("  must reset, after", held, "From the commit of the containment to the first check that says so.");
    }

    fn rows_of_people(&self, row: &mut impl FnMut(&str, String, &str)) {
        let (n, a) = (&self.numbers, &self.aside);
        let done = format!("{} / {}", n.genuine_completed, n.genuine_started);
        row("people with proof, completed", done, "Known device or solved challenge, to the new password.");
        for (end, count) in a.ends.iter().filter(|(end, _)| *end != End::Completed) {
            row(&format!("  {}", name(*end)), count.to_string(), explain(*end));
        }
        row(
            "  95 of 100 waited at most",
            format!("{} ms", n.genuine_p95_ms),
            "From request or solved challenge to the message.",
        );
        let solved = format!("{} / {}", a.solvers.0, a.solvers.1);
        row(
            "devices that solved in time",
            solved,
            "Of people asked to solve. The price of the attacker's 16 cores is theirs too.",
        );
        let done = format!("{} / {}", a.not_asked.1, a.not_asked.0);
        row("people not asked for proof", done, "Completed of started, in the calm before the attack.");
        let done = format!("{} / {}", n.waiting_completed, n.waiting_started);
        row(
            "people who can only wait",
            done,
            "No JavaScript: served as the budget allows, newest first, up to 30 minutes.",
        );
        row(
            "timing, Welch's t",
            format!("{:.2}", n.timing_t),
            "Answers for known and unknown names; below 4.5 is no difference.",
        );
        self.rows_of_the_evidence(row);
    }

    /// Targets and settings, below the table.
    pub fn conclusion(&self) -> String {
        let mut out = String::from("\nTargets\n");
        for Verdict { target, measured, reached } in self.verdicts() {
            let word = if reached { "reached    " } else { "NOT reached" };
            let _ = writeln!(out, "  {word}  {target}: {measured}");
        }
        out.push_str("\nSettings that differ from config.default.toml (the gate's limits do not)\n");
        for line in &self.aside.overrides {
            let _ = writeln!(out, "  {line}");
        }
        out
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

const fn name(end: End) -> &'static str {
    match end {
        End::Completed => "completed",
        End::Abandoned => "changed their mind",
        End::StillSolving => "still solving at the end",
        End::NoMessage => "no message before the end",
        End::Limited => "stopped by a source limit",
        End::Refused => "refused",
    }
}

const fn explain(end: End) -> &'static str {
    match end {
        End::Completed => "",
        End::Abandoned => "After the message came; not counted above.",
        End::StillSolving => "Slow devices; not counted above, because they had shown nothing yet.",
        End::NoMessage => "Counted above as not completed.",
        End::Limited => "Counted above as not completed.",
        End::Refused => "Counted above as not completed.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_a_window_that_moves() {
        let at = |hours: i64| Timestamp::from_secs(1_700_000_000 + hours * 3600);
        assert_eq!(most_in_a_day(&[at(0), at(1), at(2)]), 3);
        assert_eq!(most_in_a_day(&[at(0), at(12), at(25), at(30)]), 3);
        assert_eq!(most_in_a_day(&[]), 0);
    }

    #[test]
    fn the_95th_of_a_hundred() {
        assert_eq!(p95((1..=100).map(Duration::from_millis).collect()), 95);
        assert_eq!(p95(vec![]), 0);
    }
}

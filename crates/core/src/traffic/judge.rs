//! Is something wrong, and what should I do next?

use super::counted::{Counts, What};
use super::gate::GateNow;
use super::tasks::{Task, Urgency};
use super::words::UpTo;
use crate::gate::Mode;
use std::time::Duration;

/// A message that is due leaves within seconds; this long means that none does.
const DUE_FOR: Duration = Duration::from_secs(300);
/// Entries are signed twice a second.
const UNSIGNED_FOR: Duration = Duration::from_secs(60);
/// Witnesses may be away for a while; an hour without them is worth a look.
const UNWITNESSED_FOR: Duration = Duration::from_secs(3600);
/// Below this the clock is adjusted by its own means.
const CLOCK_BEHIND: Duration = Duration::from_secs(5);
/// Lost messages in an hour that are no accident, if they are also a fifth of all.
const LOST_MAILS: u64 = 3;
/// Links ended unused in an hour that are no accident, if they are also a tenth of all messages.
const DISAVOWALS: u64 = 3;

/// What is known of the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outbox {
    /// Messages that have not left.
    pub waiting: UpTo,
    /// For how long the oldest has been due; `None` where none is.
    pub due_for: Option<Duration>,
    /// Whether a mail server is named.
    pub has_server: bool,
}

/// What is known of the evidence log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LogFacts {
    /// Whether nothing is signed any more.
    pub in_doubt: bool,
    /// For how long the oldest entry has waited for a signature; `None` where none waits.
    pub unsigned_for: Option<Duration>,
    /// For how long no checkpoint was witnessed; `None` where there are no witnesses, or they have cosigned the newest.
    pub unwitnessed_for: Option<Duration>,
}

/// Everything that is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The gate.
    pub gate: GateNow,
    /// What was counted in the last hour.
    pub hour: Counts,
    /// Messages.
    pub outbox: Outbox,
    /// Evidence.
    pub log: LogFacts,
    /// How far the clock is behind.
    pub clock_behind: Duration,
    /// Leaks that matched accounts and that no containment was ever put on.
    pub leaks: Uncontained,
    /// Colleagues who cannot sign in.
    pub pleas: usize,
    /// Colleagues with a password only.
    pub unguarded: usize,
    /// Whether there is any account.
    pub has_accounts: bool,
}

/// Leaks that nobody has done anything about yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Uncontained {
    /// How many.
    pub leaks: usize,
    /// Accounts in the one that has the most of them.
    pub accounts: u64,
}

/// The one sentence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Headline {
    /// Something does not work.
    Wrong,
    /// An attack is held back.
    Siege,
    /// More than usual; the gate still serves everybody, or asks for proof.
    Pressure,
    /// The gate has nothing to say, but something needs a person.
    Look,
    /// Nothing is wrong, but something is missing for a start.
    Setup,
    /// Nothing to do.
    Quiet,
}

impl Headline {
    /// The sentence.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Wrong => "Something is wrong",
            Self::Siege => "Under siege",
            Self::Pressure => "Under pressure",
            Self::Look => "Something to look at",
            Self::Setup => "Not quite ready",
            Self::Quiet => "Quiet",
        }
    }

    /// What that means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Wrong => "A part of the service does not work as it should.",
            Self::Siege => "A flood of requests is being held back. Owners with a known device or proof are served.",
            Self::Pressure => "There are more requests than completed recoveries explain. The gate is careful.",
            Self::Look => "Requests are served as they come. Something else needs a person.",
            Self::Setup => "Everything works that is set up. Something is still missing.",
            Self::Quiet => "Requests are served as they come, and nothing needs you.",
        }
    }

    /// The name in classes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Siege => "siege",
            Self::Pressure => "pressure",
            Self::Look => "look",
            Self::Setup => "setup",
            Self::Quiet => "quiet",
        }
    }
}

/// The judgement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overview {
    /// In a word.
    pub headline: Headline,
    /// What to do, the most urgent first.
    pub tasks: Vec<Task>,
}

/// Judges.
pub fn judge(facts: &Facts) -> Overview {
    let mut tasks: Vec<Task> = [faults(facts), gate(facts), others(facts)].into_iter().flatten().collect();
    tasks.sort_by_key(|task| (task.urgency(), task.clone()));
    Overview { headline: headline(facts, &tasks), tasks }
}

fn headline(facts: &Facts, tasks: &[Task]) -> Headline {
    let any = |urgency| tasks.iter().any(|task| task.urgency() == urgency);
    let gate = &facts.gate;
    let siege = gate.mode == Mode::Hold || (gate.mode == Mode::Proof && gate.flooded);
    let pressure = gate.mode == Mode::Proof || gate.flooded || gate.is_slow();
    match () {
        () if any(Urgency::Now) => Headline::Wrong,
        () if siege => Headline::Siege,
        () if pressure => Headline::Pressure,
        () if any(Urgency::Soon) => Headline::Look,
        () if any(Urgency::Setup) => Headline::Setup,
        () => Headline::Quiet,
    }
}

fn faults(facts: &Facts) -> Vec<Task> {
    let (outbox, log) = (&facts.outbox, &facts.log);
    let lost = facts.hour.get(What::MailFailed) + facts.hour.get(What::MailUnknown);
    let mails = facts.hour.mails();
    let waiting = outbox.waiting;
    let longer = |since: Option<Duration>, than: Duration| since.filter(|since| *since >= than);
    let stalled = longer(outbox.due_for, DUE_FOR).filter(|_| outbox.has_server);
    [
        log.in_doubt.then_some(Task::LogInDoubt),
        // In doubt nothing is signed; that is said already.
        longer(log.unsigned_for, UNSIGNED_FOR).filter(|_| !log.in_doubt).map(|since| Task::LogStalled { since }),
        (!outbox.has_server && outbox.waiting.any()).then_some(Task::NoMailServer { waiting }),
        stalled.map(|since| Task::OutboxStalled { waiting, since }),
        (lost >= LOST_MAILS && lost * 5 >= mails).then_some(Task::MailFails { lost, of: mails }),
        (facts.clock_behind >= CLOCK_BEHIND).then_some(Task::ClockBehind { by: facts.clock_behind }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn gate(facts: &Facts) -> Vec<Task> {
    let GateNow { mode, held, flooded, per_minute, .. } = facts.gate;
    let percent = facts.gate.anonymous.percent;
    let mode = match mode {
        Mode::Hold => Some(Task::GateHolds { held }),
        Mode::Proof => Some(Task::GateAsksProof { held, percent }),
        Mode::Open => facts.gate.is_slow().then_some(Task::BudgetShrinks { percent }),
    };
    let flood = flooded.then_some(Task::Flood { per_minute });
    let (revoked, sent) = (facts.hour.get(What::Revoked), facts.hour.get(What::Sent));
    let disavowals = (revoked >= DISAVOWALS && revoked * 10 >= sent).then_some(Task::Disavowals { revoked, sent });
    [mode, flood, disavowals].into_iter().flatten().collect()
}

fn others(facts: &Facts) -> Vec<Task> {
    let unwitnessed = facts.log.unwitnessed_for.filter(|since| *since >= UNWITNESSED_FOR);
    let names_server = !facts.outbox.has_server && !facts.outbox.waiting.any();
    let Uncontained { leaks, accounts } = facts.leaks;
    [
        (leaks > 0).then_some(Task::LeaksUncontained { leaks, accounts }),
        unwitnessed.map(|since| Task::Unwitnessed { since }),
        (facts.pleas > 0).then_some(Task::StaffWaiting { pleas: facts.pleas }),
        (facts.unguarded > 0).then_some(Task::StaffUnguarded { people: facts.unguarded }),
        names_server.then_some(Task::NameMailServer),
        (!facts.has_accounts).then_some(Task::ImportAccounts),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests;

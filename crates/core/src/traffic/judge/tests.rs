//! Cases in a table, with all that is said about each; and what holds for any facts.

use super::super::gate::Level;
use super::*;
use crate::gate::Policy;
use crate::gate::budget::Budgets;
use crate::time::Timestamp;
use proptest::prelude::*;

const MANY: UpTo = UpTo { number: 10_000, more: true };
const MINUTES: Duration = Duration::from_secs(600);

/// Everything is as it should be.
fn calm() -> Facts {
    let policy = Policy::default();
    let full = Budgets::full(&policy.budget, Timestamp::default());
    Facts {
        gate: GateNow::of(Mode::Open, 1, &full, UpTo::default(), &policy),
        hour: Counts::default(),
        outbox: Outbox { has_server: true, ..Outbox::default() },
        log: LogFacts::default(),
        clock_behind: Duration::ZERO,
        leaks: Uncontained::default(),
        pleas: 0,
        unguarded: 0,
        has_accounts: true,
    }
}

fn counted(numbers: &[(What, u64)]) -> Counts {
    let mut counts = Counts::default();
    numbers.iter().for_each(|(what, number)| counts.add(*what, *number));
    counts
}

fn line(name: &str, facts: &Facts) -> String {
    let overview = judge(facts);
    let mut text = format!("{name}: {}\n", overview.headline.label());
    for task in &overview.tasks {
        let target = task.target().map_or("nowhere".to_owned(), |t| format!("{t:?}"));
        text += &format!("  [{}] {} ({target}). {}\n", task.urgency().label(), task.title(), task.reason());
    }
    text
}

type Change = fn(&mut Facts);
const CASES: [(&str, Change); 19] = [
    ("calm", |_| ()),
    ("new", |f| (f.has_accounts, f.outbox.has_server) = (false, false)),
    ("slow", |f| f.gate.anonymous.percent = 59),
    ("proof", |f| (f.gate.mode, f.gate.anonymous.percent) = (Mode::Proof, 12)),
    ("siege", |f| {
        (f.gate.mode, f.gate.flooded, f.gate.per_minute, f.gate.held, f.gate.anonymous.percent) =
            (Mode::Proof, true, 360_000, MANY, 3);
    }),
    ("hold", |f| (f.gate.mode, f.gate.anonymous.percent) = (Mode::Hold, 0)),
    ("flood", |f| (f.gate.flooded, f.gate.per_minute) = (true, 5000)),
    ("doubt", |f| (f.log.in_doubt, f.log.unsigned_for) = (true, Some(MINUTES))),
    ("unsigned", |f| f.log.unsigned_for = Some(MINUTES)),
    ("unwitnessed", |f| f.log.unwitnessed_for = Some(MINUTES * 12)),
    ("no server", |f| f.outbox = Outbox { waiting: MANY, due_for: Some(MINUTES), has_server: false }),
    ("no mail leaves", |f| f.outbox = Outbox { waiting: MANY, due_for: Some(MINUTES), has_server: true }),
    ("mail fails", |f| f.hour = counted(&[(What::MailSent, 12), (What::MailFailed, 2), (What::MailUnknown, 1)])),
    ("not me", |f| f.hour = counted(&[(What::Sent, 30), (What::Revoked, 3)])),
    ("clock", |f| f.clock_behind = MINUTES),
    ("a leak", |f| f.leaks = Uncontained { leaks: 1, accounts: 12_345 }),
    ("leaks", |f| f.leaks = Uncontained { leaks: 2, accounts: 1 }),
    ("one colleague", |f| (f.pleas, f.unguarded) = (1, 1)),
    ("colleagues", |f| (f.pleas, f.unguarded) = (2, 3)),
];

#[test]
fn the_table() {
    let told: Vec<String> = CASES
        .into_iter()
        .map(|(name, change)| {
            let mut facts = calm();
            change(&mut facts);
            line(name, &facts)
        })
        .collect();
    insta::assert_snapshot!(told.concat(), @r"
    calm: Quiet
    new: Not quite ready
      [Set up] Name a mail server before the first person needs one (Settings). `mail.host` is not set: messages would wait.
      [Set up] Import the accounts (nowhere). No account is known, so nobody can recover one: `countersign accounts import`.
    slow: Under pressure
      [Look] Watch the budget (Traffic). Messages go out more slowly: the budget for requests that show nothing is at 59 %.
    proof: Under pressure
      [Look] See why proof is asked for (Traffic). The budget for requests that show nothing is at 12 %, so proof is asked for. No request waits.
    siege: Under siege
      [Look] See why proof is asked for (Traffic). The budget for requests that show nothing is at 3 %, so proof is asked for. More than 10,000 requests wait.
      [Look] Watch the flood of requests (Traffic). In the last minute 360,000 requests came, far more than completed recoveries explain.
    hold: Under siege
      [Look] See what is attacking (Traffic). Both budgets are spent; known devices and saved codes are still served. No request waits.
    flood: Under pressure
      [Look] Watch the flood of requests (Traffic). In the last minute 5,000 requests came, far more than completed recoveries explain.
    doubt: Something is wrong
      [Now] Stop and look at the evidence log (Evidence). The log is not as it was left. Nothing is signed until somebody has looked: run `countersign doctor` on the server.
    unsigned: Something is wrong
      [Now] Find out why nothing is signed (Evidence). Entries have waited for their signature for 10 minutes. Run `countersign doctor`.
    unwitnessed: Something to look at
      [Look] Look at the witnesses (Evidence). No checkpoint has had its witnesses' signatures for 2 hours.
    no server: Something is wrong
      [Now] Name a mail server (Settings). More than 10,000 messages wait. `mail.host` is not set, so nobody gets a link.
    no mail leaves: Something is wrong
      [Now] Find out why no mail leaves (Register). More than 10,000 messages wait. The oldest was due 10 minutes ago.
    mail fails: Something is wrong
      [Now] Look at the messages that failed (Register). In the last hour 3 of 15 messages failed or are unknown.
    not me: Something to look at
      [Look] See who says “this was not me” (Traffic). In the last hour 3 links were ended unused, and 30 messages were sent.
    clock: Something is wrong
      [Now] Set the clock right (nowhere). The server's clock is 10 minutes behind the database; time stands still until then.
    a leak: Something to look at
      [Look] Decide what a leak asks for (Exposure). 12,345 accounts are in a leak, and no containment was put on a cohort of it.
    leaks: Something to look at
      [Look] Decide what a leak asks for (Exposure). 2 leaks have accounts of yours, one of them 1, and no containment was put on a cohort of them.
    one colleague: Something to look at
      [Look] Help a colleague to sign in (Staff). One person cannot sign in and asks for help.
      [Look] Have a second factor set up (Staff). One person signs in with a password alone.
    colleagues: Something to look at
      [Look] Help a colleague to sign in (Staff). 2 people cannot sign in and ask for help.
      [Look] Have a second factor set up (Staff). 3 people sign in with a password alone.
    ");
}

#[test]
fn what_is_just_below_its_bound_is_no_task() {
    let mut facts = calm();
    facts.log.unsigned_for = Some(UNSIGNED_FOR / 2);
    facts.log.unwitnessed_for = Some(UNWITNESSED_FOR / 2);
    facts.outbox = Outbox { waiting: MANY, due_for: Some(DUE_FOR / 2), has_server: true };
    facts.hour = counted(&[(What::MailSent, 17), (What::MailFailed, 3), (What::Sent, 31), (What::Revoked, 3)]);
    facts.gate.anonymous.percent = facts.gate.slow_below;
    assert_eq!(judge(&facts), Overview { headline: Headline::Quiet, tasks: vec![] });
}

prop_compose! {
    fn any_facts()(
        mode in prop::sample::select(vec![Mode::Open, Mode::Proof, Mode::Hold]),
        flags in prop::array::uniform5(any::<bool>()),
        percent in 0_u8..=100,
        numbers in prop::collection::vec(0_u64..50, 16),
        secs in prop::array::uniform4(0_u64..10_000),
        people in (0_usize..4, 0_usize..4),
    ) -> Facts {
        let since = |at: usize| flags[at].then(|| Duration::from_secs(secs[at]));
        Facts {
            gate: GateNow { mode, flooded: flags[0], anonymous: Level { percent, ..Level::default() }, ..calm().gate },
            hour: counted(&What::ALL.into_iter().zip(numbers).collect::<Vec<_>>()),
            outbox: Outbox {
                waiting: UpTo { number: secs[0] % 3, more: false },
                due_for: since(1),
                has_server: flags[2],
            },
            log: LogFacts { in_doubt: flags[3], unsigned_for: since(0), unwitnessed_for: since(2) },
            clock_behind: Duration::from_secs(secs[3] % 10),
            leaks: Uncontained { leaks: people.1 % 3, accounts: secs[2] },
            pleas: people.0,
            unguarded: people.1,
            has_accounts: flags[4],
        }
    }
}

proptest! {
    #[test]
    fn the_headline_and_the_tasks_never_contradict_each_other(facts in any_facts()) {
        let Overview { headline, tasks } = judge(&facts);
        let urgencies: Vec<Urgency> = tasks.iter().map(Task::urgency).collect();
        prop_assert!(urgencies.is_sorted(), "the most urgent comes first");
        prop_assert_eq!(headline == Headline::Wrong, urgencies.contains(&Urgency::Now));
        prop_assert_eq!(headline == Headline::Quiet, tasks.is_empty());
        prop_assert!(facts.gate.mode == Mode::Open || headline <= Headline::Pressure);
        let told: std::collections::BTreeSet<&str> = tasks.iter().map(Task::title).collect();
        prop_assert_eq!(told.len(), tasks.len(), "nothing is said twice");
        prop_assert!(tasks.iter().all(|task| task.reason().ends_with('.')));
    }
}

//! kill −9 while two forks of a log are being submitted: what was handed out is one history, and never a smaller one.
//!
//! A kill leaves what was written in the system's cache, so this shows the order of steps, not that the disk has it. That
//! `fsync` comes before the answer is looked at in `synced_before_it_is_answered`.

use super::log::TestLog;
use super::{PATIENCE, Running, command};
use crate::support::{not_run, program};
use countersign::attest::{Outcome, Witness};
use countersign_evidence::tree::Head;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The forks part here.
const COMMON: usize = 5;
/// Entries of each fork in the end; more than are cosigned before the last kill.
const ENTRIES: usize = 400;
/// Who submits, half of them each fork.
const SUBMITTERS: usize = 6;
/// After so many cosignatures of one life it is killed, with the others' submissions under way.
const KILLED_AFTER: [usize; 10] = [1, 2, 3, 5, 1, 8, 13, 1, 21, 2];

/// One cosignature that somebody got: when its request began and ended, on a clock that counts events.
#[derive(Debug, Clone, Copy)]
struct Given {
    from: u64,
    to: u64,
    head: Head,
}

#[derive(Default)]
struct Seen {
    events: AtomicU64,
    given: Mutex<Vec<Given>>,
    cut_off: AtomicUsize,
    refused: AtomicUsize,
}

impl Seen {
    fn event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_handed_out_is_one_history() {
    let dir = tempfile::tempdir().unwrap();
    let common = TestLog::new(1).grown(COMMON, "a");
    let forks = ["b", "c"].map(|text| Arc::new(common.clone().grown(ENTRIES - COMMON, text)));
    let seen = Arc::new(Seen::default());
    for life in KILLED_AFTER {
        let running = Running::start(dir.path(), &[&common.verifier()]);
        let (enough, is_enough) = tokio::sync::watch::channel(false);
        let submitters: Vec<_> = (0..SUBMITTERS)
            .map(|n| {
                let (fork, seen) = (Arc::clone(&forks[n % 2]), Arc::clone(&seen));
                let until = seen.given.lock().unwrap().len() + life;
                tokio::spawn(submit(running.client(), fork, seen, until, enough.clone()))
            })
            .collect();
        let mut is_enough = is_enough;
        is_enough.wait_for(|enough| *enough).await.unwrap();
        running.kill();
        for submitter in submitters {
            submitter.await.unwrap();
        }
    }
    judge(&seen, &forks);
    let last = Running::start(dir.path(), &[&common.verifier()]);
    let kept = last.client().latest(common.origin()).await.unwrap().unwrap();
    let kept = countersign_evidence::checkpoint::Checkpoint::parse(&kept.text).unwrap().head;
    let largest = seen.given.lock().unwrap().iter().map(|given| given.head.size).max().unwrap();
    assert!(kept.size >= largest, "{kept:?} is less than {largest}, which somebody has a cosignature of");
}

/// Submits one fork, a little larger each time, until the witness is gone.
async fn submit(
    witness: Witness,
    fork: Arc<TestLog>,
    seen: Arc<Seen>,
    until: usize,
    enough: tokio::sync::watch::Sender<bool>,
) {
    let (mut old, mut step) = (0, 0);
    loop {
        step = step % 3 + 1;
        let size = (old + step).max(COMMON as u64 + 1).min(ENTRIES as u64);
        let log = TestLog::clone(&fork).cut(usize::try_from(size).unwrap());
        let proof = if old == 0 { Vec::new() } else { log.proof(old).unwrap() };
        let from = seen.event();
        match witness.cosign(old, &proof, &log.checkpoint()).await {
            Outcome::Cosigned { .. } => {
                let given = Given { from, to: seen.event(), head: log.head() };
                let mut all = seen.given.lock().unwrap();
                all.push(given);
                if all.len() >= until {
                    let _ = enough.send(true);
                }
                old = size;
            }
            Outcome::Behind { size } | Outcome::Ahead { size } => old = size,
            // The fork that came second: try again from elsewhere, it must never get through.
            Outcome::Refused { status: 422, .. } => {
                seen.refused.fetch_add(1, Ordering::SeqCst);
                old = 0;
            }
            Outcome::Unreachable(_) => {
                seen.cut_off.fetch_add(1, Ordering::SeqCst);
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

fn judge(seen: &Seen, forks: &[Arc<TestLog>; 2]) {
    let given = seen.given.lock().unwrap();
    let is_of = |fork: &TestLog| given.iter().all(|given| fork.head_at(given.head.size) == given.head);
    assert!(forks.iter().filter(|fork| is_of(fork)).count() == 1, "cosigned two histories, or none: {given:?}");
    for first in given.iter() {
        for second in given.iter().filter(|second| first.to < second.from) {
            assert!(first.head.size <= second.head.size, "smaller after larger: {first:?} {second:?}");
        }
    }
    let (cut_off, refused) = (seen.cut_off.load(Ordering::SeqCst), seen.refused.load(Ordering::SeqCst));
    assert!(given.len() >= KILLED_AFTER.iter().sum::<usize>() && refused > 0, "{} {refused}", given.len());
    assert_eq!(cut_off, SUBMITTERS * KILLED_AFTER.len(), "every submitter was cut off each time");
}

/// The calls to the system, in their order: the record is synced, gets its name, the directory is synced, and then the
/// answer leaves.
#[tokio::test(flavor = "multi_thread")]
async fn synced_before_it_is_answered() {
    let Some(strace) = program("strace").filter(|_| can_trace()) else {
        return not_run("the order of fsync and answer", "install strace, and allow ptrace");
    };
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace");
    let log = TestLog::new(1).grown(4, "a");
    let mut traced = Command::new(strace);
    let calls = "trace=fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg,write,writev";
    // -D: our child is the witness, and strace its guest.
    traced.args(["-D", "-f", "-y", "-e", calls, "-o"]).arg(&trace);
    let running = Running::traced(traced, &command(dir.path(), &[&log.verifier()]));
    assert!(super::is_cosigned(&super::ask(&log, &running.client(), 0).await));
    assert!(super::is_cosigned(&super::ask(&log.clone().grown(1, "a"), &running.client(), 4).await));
    running.kill();
    let text = complete(&trace).await;
    let found: Vec<&str> = text.lines().filter_map(step).collect();
    let one = ["write", "sync file", "rename", "sync directory", "answer"];
    assert_eq!(found, [one, one].concat(), "{text}");
}

/// The trace, once strace has seen the end.
async fn complete(trace: &Path) -> String {
    let whole = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        loop {
            tick.tick().await;
            let text = std::fs::read_to_string(trace).unwrap();
            if text.trim_end().ends_with("+++ killed by SIGKILL +++") {
                return text;
            }
        }
    };
    tokio::time::timeout(PATIENCE, whole).await.unwrap()
}

/// What a line of the trace is to the record; `None` for everything else.
fn step(line: &str) -> Option<&'static str> {
    let is =
        |name: &str| line.split_once(name).is_some_and(|(before, _)| before.trim().bytes().all(|b| b.is_ascii_digit()));
    if line.contains("resumed>") {
        return None;
    }
    let in_logs = line.contains("/logs/");
    match () {
        () if is("write(") && in_logs => Some("write"),
        () if (is("fsync(") || is("fdatasync(")) && line.contains("checkpoint.new>") => Some("sync file"),
        () if is("rename") && in_logs => Some("rename"),
        () if is("fsync(") && in_logs => Some("sync directory"),
        () if line.contains("HTTP/1.1 200") => Some("answer"),
        () => None,
    }
}

fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

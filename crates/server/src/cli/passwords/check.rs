//! `passwords check`: passwords or hashes from standard input, verdicts to standard output; what came in is not repeated.

use super::super::{Global, print_json};
use super::build::HashName;
use crate::breached::Corpus;
use countersign_core::breached::{Hash, HashKind};
use serde_json::json;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Longest line that is taken for a password.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// Arguments of `passwords check`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A file that `passwords build` made
    file: PathBuf,
    /// The lines are hashes in hex and not passwords
    #[arg(long, value_enum, value_name = "HASH")]
    hashes: Option<HashName>,
}

/// What is said of a line.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    Leaked(Option<u32>),
    NotLeaked,
    Unreadable,
}

/// One verdict a line; exit code 1 where one was leaked or could not be read.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let corpus = match Corpus::open(&args.file) {
        Ok(corpus) => corpus,
        Err(error) => {
            eprintln!("{}: {error}", args.file.display());
            return ExitCode::FAILURE;
        }
    };
    if io::stdin().is_terminal() {
        eprintln!("one a line; what you type can be seen on the screen");
    }
    match check(global, args, &corpus) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("standard input: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(global: &Global, args: &Args, corpus: &Corpus) -> io::Result<bool> {
    let mut input = io::stdin().lock();
    let mut all_good = true;
    for number in 1.. {
        let mut line = Zeroizing::new(Vec::new());
        if input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let verdict = verdict(args, corpus, trimmed(&line));
        all_good &= matches!(verdict, Verdict::NotLeaked);
        show(global, number, verdict);
    }
    Ok(all_good)
}

/// Without the line's end. Other blanks belong to a password.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn verdict(args: &Args, corpus: &Corpus, line: &[u8]) -> Verdict {
    let hash = hash(args.hashes.map(HashName::kind), corpus.header().hash, line);
    match hash.map(|hash| corpus.find(&hash)) {
        None => Verdict::Unreadable,
        Some(None) => Verdict::NotLeaked,
        Some(Some(found)) => Verdict::Leaked(found.count),
    }
}

/// The hash that a line stands for, if the file can tell of it.
fn hash(given: Option<HashKind>, wanted: HashKind, line: &[u8]) -> Option<Hash> {
    match given {
        None => std::str::from_utf8(line).ok().map(|text| Hash::of(wanted, text)),
        Some(kind) => Hash::parse(kind, line.trim_ascii()).filter(|_| kind == wanted),
    }
}

fn show(global: &Global, number: u64, verdict: Verdict) {
    let (word, count) = match verdict {
        Verdict::Leaked(count) => ("leaked", count),
        Verdict::NotLeaked => ("not leaked", None),
        Verdict::Unreadable => ("unreadable", None),
    };
    match (global.json, count) {
        (true, count) => print_json(&json!({ "line": number, "verdict": word, "count": count })),
        (false, Some(count)) => println!("{number}: {word}, {count} times"),
        (false, None) => println!("{number}: {word}"),
    }
}

//! `passwords build`: published lists into one file.

use super::super::{Global, print_json};
use super::info::{describe, facts};
use crate::breached::build::{Build, Built, Step, Tally, build};
use crate::clock::Clock;
use countersign_core::breached::{BadLine, Form, HashKind};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `passwords build`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files of `HASH:count` lines, directories of range files (00000.txt …), `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file to make; temporary ones are made beside it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// 48 bits for each hash instead of 18, and no password is refused by chance
    #[arg(long)]
    exact: bool,
    /// Keep whole hashes and counts (22 bytes each): what the range API needs
    #[arg(long, conflicts_with = "exact")]
    range: bool,
    /// Leave out hashes that were seen less often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    min_count: u32,
    /// Which hashes the files hold
    #[arg(long, value_enum, default_value_t = HashName::Sha1)]
    hash: HashName,
}

/// The hashes by name.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum HashName {
    /// SHA-1 of the text (Pwned Passwords)
    Sha1,
    /// The NT hash of Windows
    Ntlm,
}

impl HashName {
    /// Which it is.
    pub const fn kind(self) -> HashKind {
        match self {
            Self::Sha1 => HashKind::Sha1,
            Self::Ntlm => HashKind::Ntlm,
        }
    }
}

impl Args {
    const fn form(&self) -> Form {
        match (self.exact, self.range) {
            (_, true) => Form::Ranges,
            (true, false) => Form::Exact,
            (false, false) => Form::Filter,
        }
    }
}

/// Builds and says what came of it; exit code 1 where nothing did. Bad lines are told and do not fail it.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let ask = Build {
        inputs: args.files.clone(),
        out: args.out.clone(),
        form: args.form(),
        hash: args.hash.kind(),
        min_count: args.min_count,
    };
    let (clock, bar) = (Clock::system(), ProgressBar::no_length());
    let begun = clock.now();
    let built = build(&ask, &mut |step| show(&bar, step));
    bar.finish_and_clear();
    match built {
        Ok(built) => {
            let seconds = clock.now().since(begun).as_secs_f64();
            if global.json {
                print_json(&as_json(&built, seconds))
            } else {
                print(args, &built, seconds)
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn show(bar: &ProgressBar, step: Step) {
    match step {
        Step::Begun(Some(bytes)) => {
            bar.set_length(bytes);
            style(bar, "reading {bar:30} {percent}% {bytes_per_sec}, {eta} left  {msg}");
        }
        Step::Begun(None) => style(bar, "reading {bytes}, {bytes_per_sec}  {msg}"),
        Step::Read { bytes, hashes } => {
            bar.set_position(bytes);
            bar.set_message(format!("{hashes} hashes"));
        }
        Step::Sorting(hashes) => {
            bar.reset();
            bar.set_length(hashes);
            bar.set_message("");
            style(bar, "writing {bar:30} {percent}% {per_sec}, {eta} left");
        }
        Step::Written(hashes) => bar.set_position(hashes),
    }
}

fn style(bar: &ProgressBar, template: &str) {
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
}

fn by_reason(tally: &Tally) -> Vec<(&'static str, u64)> {
    BadLine::ALL.into_iter().filter_map(|reason| Some((reason.code(), *tally.bad.get(&reason)?))).collect()
}

fn as_json(built: &Built, seconds: f64) -> serde_json::Value {
    let tally = &built.tally;
    let sample = |s: &crate::breached::build::Sample| json!({ "file": s.file, "line": s.line, "reason": s.reason.code(), "shape": s.shape.map(|shape| shape.to_string()) });
    let bad: serde_json::Map<String, serde_json::Value> =
        by_reason(tally).into_iter().map(|(reason, count)| (reason.to_owned(), count.into())).collect();
    let mut value = facts(&built.header);
    value["lines"] = tally.lines.into();
    value["below_min_count"] = tally.below.into();
    value["padding"] = tally.padding.into();
    value["repeated"] = (tally.taken - built.header.keys).into();
    value["bad_lines"] = bad.into();
    value["samples"] = tally.samples.iter().map(sample).collect();
    value["skipped_files"] = tally.skipped_files.into();
    value["seconds"] = seconds.into();
    value
}

fn print(args: &Args, built: &Built, seconds: f64) {
    let tally = &built.tally;
    println!("{}: {}", args.out.display(), describe(&built.header));
    println!(
        "  {} lines in {seconds:.1} s; left out: {} below --min-count, {} repeated, {} of padding",
        tally.lines,
        tally.below,
        tally.taken - built.header.keys,
        tally.padding
    );
    if tally.skipped_files > 0 {
        eprintln!("  {} files in the directories are no range files (such as 00000.txt)", tally.skipped_files);
    }
    for (reason, count) in by_reason(tally) {
        eprintln!("  {count} bad lines: {reason}");
    }
    for sample in &tally.samples {
        let shape = sample.shape.map(|shape| format!(" ({shape})")).unwrap_or_default();
        eprintln!("    {}:{}: {}{shape}", sample.file.display(), sample.line, sample.reason.code());
    }
}

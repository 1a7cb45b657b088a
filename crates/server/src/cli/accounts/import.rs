//! `accounts import`: a file or standard input into the embedded directory.

use super::super::{EXIT_USAGE, Global, print_json, runtime};
use super::rejects::Rejects;
use crate::flows::accounts::{BATCH, Import, Numbered, Outcome, Tally};
use crate::serve;
use countersign_core::import::{Format, Reader, Row};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `accounts import`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The file; `-` for standard input
    file: PathBuf,
    /// The form of the file; by its ending (.csv, .ndjson, .jsonl) where it is not given
    #[arg(long)]
    format: Option<FormatName>,
    /// Where rejected records go [default: FILE.rejected.ndjson]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Check everything and change nothing; each 1000 records are checked against what is stored
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum FormatName {
    Csv,
    Ndjson,
}

/// What a run came to.
#[derive(Debug)]
struct Summary {
    tally: Tally,
    rejects: Option<PathBuf>,
    by_reason: BTreeMap<&'static str, u64>,
}

/// Imports and prints a summary; exit code 1 where something was set aside or failed.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let Some(format) = args.format() else {
        eprintln!("{}: say --format csv or --format ndjson", args.file.display());
        return ExitCode::from(EXIT_USAGE);
    };
    match import(global, args, format) {
        Ok(summary) => {
            if global.json {
                print_json(&summary.json(args.dry_run))
            } else {
                summary.print(args.dry_run)
            }
            ExitCode::from(u8::from(summary.tally.rejected > 0))
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

impl Args {
    fn is_stdin(&self) -> bool {
        self.file == Path::new("-")
    }

    fn format(&self) -> Option<Format> {
        let ending = self.file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        match (self.format, ending.as_deref()) {
            (Some(FormatName::Csv), _) | (None, Some("csv")) => Some(Format::Csv),
            (Some(FormatName::Ndjson), _) | (None, Some("ndjson" | "jsonl")) => Some(Format::Ndjson),
            _ => None,
        }
    }

    fn rejects(&self) -> PathBuf {
        let mut name = if self.is_stdin() { "stdin".into() } else { self.file.clone().into_os_string() };
        name.push(".rejected.ndjson");
        self.rejects.clone().unwrap_or_else(|| name.into())
    }
}

fn import(global: &Global, args: &Args, format: Format) -> Result<Summary, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", args.file.display());
    let (input, size) = open(args).map_err(|error| named(&error))?;
    let reader = Reader::new(format, input).map_err(|error| named(&error))?;
    let runtime = runtime().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let run = start(global, args).await?;
        let rejects = Rejects::new(args.rejects()).map_err(|error| error.to_string())?;
        let mut going = Going { run, rejects, tally: Tally::default(), bar: bar(size) };
        going.all(reader).await.map_err(|error| named(&error))?;
        going.bar.finish_and_clear();
        let (rejects, by_reason) = going.rejects.close().map_err(|error| error.to_string())?;
        Ok(Summary { tally: going.tally, rejects, by_reason })
    })
}

fn open(args: &Args) -> io::Result<(Box<dyn BufRead>, Option<u64>)> {
    if args.is_stdin() {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = File::open(&args.file)?;
    let size = file.metadata()?.len();
    Ok((Box::new(BufReader::with_capacity(1 << 18, file)), Some(size)))
}

async fn start(global: &Global, args: &Args) -> Result<Import, String> {
    let config = global.load().map_err(|problems| problems.to_string())?;
    let place = global.place(&config);
    let app = serve::open(config, &place, &global.data).await.map_err(|error| error.to_string())?;
    Ok(Import::new(app, args.dry_run))
}

fn bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:30} {percent}% {bytes_per_sec}, {eta} left  {msg}"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}, {bytes_per_sec}  {msg}"),
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}

struct Going {
    run: Import,
    rejects: Rejects,
    tally: Tally,
    bar: ProgressBar,
}

impl Going {
    async fn all(&mut self, mut reader: Reader<Box<dyn BufRead>>) -> Result<(), String> {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = reader.next_row().map_err(|error| error.to_string())? {
            self.take(row, &mut batch)?;
            if batch.len() == BATCH {
                self.write(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).await?;
                self.show(reader.bytes());
            }
        }
        self.write(batch).await
    }

    fn take(&mut self, Row { line, outcome }: Row, batch: &mut Vec<Numbered>) -> Result<(), String> {
        match outcome {
            Ok(record) => batch.push(Numbered { line, record }),
            Err(rejected) => {
                self.tally.rejected += 1;
                self.rejects
                    .add(line, &rejected.reason, rejected.record.as_ref())
                    .map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    async fn write(&mut self, batch: Vec<Numbered>) -> Result<(), String> {
        if batch.is_empty() {
            return Ok(());
        }
        let internal = |error: crate::error::AppError| error.internal.unwrap_or(error.public);
        let Outcome { tally, rejected } = self.run.batch(batch).await.map_err(internal)?;
        self.tally.created += tally.created;
        self.tally.updated += tally.updated;
        self.tally.unchanged += tally.unchanged;
        self.tally.rejected += tally.rejected;
        for (line, external_id, reason) in rejected {
            let record = serde_json::Map::from_iter([("external_id".to_owned(), external_id.into())]);
            self.rejects.add(line, &reason, Some(&record)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn show(&self, bytes: u64) {
        let Tally { created, updated, unchanged, rejected } = self.tally;
        self.bar.set_position(bytes);
        self.bar.set_message(format!("{} records, {rejected} rejected", created + updated + unchanged + rejected));
    }
}

impl Summary {
    fn json(&self, dry_run: bool) -> serde_json::Value {
        let Tally { created, updated, unchanged, rejected } = self.tally;
        json!({
            "dry_run": dry_run, "created": created, "updated": updated, "unchanged": unchanged, "rejected": rejected,
            "rejected_by_reason": self.by_reason, "reject_file": self.rejects,
        })
    }

    fn print(&self, dry_run: bool) {
        let Tally { created, updated, unchanged, rejected } = self.tally;
        let note = if dry_run { " (dry run: nothing was changed)" } else { "" };
        println!("{created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected{note}");
        for (reason, count) in &self.by_reason {
            println!("  {count} {reason}");
        }
        if let Some(path) = &self.rejects {
            println!("rejected records and why: {}", path.display());
        }
    }
}

//! `expose import`.

use super::{Result, Stop};
use crate::app::App;
use crate::cli::print_json;
use crate::expose::open::{self, Letters, Limits, Source};
use crate::expose::run::Watch;
use crate::flows::exposure::directory;
use crate::flows::exposure::import::{self, How, Imported, Opened};
use crate::flows::profile;
use crate::flows::staff::Actor;
use countersign_core::expose::sniff::{Known, Said};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `expose import`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The files: CSV, TSV, NDJSON, JSON, SQL dumps, user:pass lines; plain, .gz, .zst or .zip
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What the leak is called here [default: the first file's name]
    #[arg(long)]
    name: Option<String>,
    /// How it is written; `auto` looks
    #[arg(long, default_value = "auto")]
    format: String,
    /// The table of a SQL dump [default: the one with the most promising columns]
    #[arg(long)]
    table: Option<String>,
    /// What a column is, such as mail2=email; `-` for nothing; may be repeated
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// The country of phone numbers whose record names none, such as FR
    #[arg(long)]
    region: Option<String>,
    /// The encoding of its letters, such as windows-1252; looked at where it is not given
    #[arg(long)]
    letters: Option<String>,
    /// Why; it goes into the evidence
    #[arg(long, default_value = "matched from the command line")]
    reason: String,
    /// Match although the same files were matched before
    #[arg(long)]
    again: bool,
    /// Show the columns and stop
    #[arg(long)]
    look: bool,
    /// Do not ask whether the columns are right
    #[arg(long, short)]
    yes: bool,
    /// Threads that match [default: one for each processor]
    #[arg(long)]
    threads: Option<usize>,
}

/// Does it.
pub async fn run(app: &App, args: Args, as_json: bool) -> Result<()> {
    let begun = app.clock.now();
    let known = Known { format: format(&args.format)?, table: args.table.clone() };
    let mut opened = Opened::look(sources(&args)?, &known, &args.map)?;
    if !as_json || args.look {
        show(&opened, as_json);
    }
    if args.look {
        return Ok(());
    }
    opened.check()?;
    if !args.yes && !as_json && io::stdin().is_terminal() {
        ask(&mut opened)?;
    }
    stand_up(app).await?;
    let how = How {
        name: args.name.clone().unwrap_or_else(|| opened.sources[0].label.clone()),
        reason: profile::reason(&args.reason)?,
        region: args.region.clone(),
        again: args.again,
        threads: args.threads.unwrap_or_else(processors),
    };
    let imported = with_progress(app, opened, how).await?;
    tell(&imported, app.clock.now().since(begun), as_json);
    Ok(())
}

/// The index must stand; the first one of a directory is built here, and the next import finds it.
async fn stand_up(app: &App) -> Result<()> {
    directory::open(app).await?;
    if directory::follow(app).await? || app.exposure.directory.shown().is_none() {
        super::index::with_progress(app, directory::rebuild(app)).await?;
    }
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

fn sources(args: &Args) -> Result<Vec<Source>> {
    let unknown = |name: &String| Stop::Usage(format!("--letters {name}: this encoding is not known"));
    let letters = args.letters.as_ref().map(|name| Letters::named(name).ok_or_else(|| unknown(name))).transpose()?;
    let mut all = vec![];
    for path in &args.files {
        all.extend(open::open(path, letters, Limits::default()).map_err(|error| Stop::Said(error.to_string()))?);
    }
    Ok(all)
}

fn format(name: &str) -> Result<Option<Said>> {
    if name == "auto" {
        return Ok(None);
    }
    let names = Said::NAMES.join(", ");
    Said::parse(name).map(Some).ok_or_else(|| Stop::Usage(format!("--format {name}: is none of auto, {names}")))
}

/// What will be read, on standard error: the result is what standard output is for.
fn show(opened: &Opened, as_json: bool) {
    if as_json {
        let columns: Vec<_> = opened
            .layout
            .columns
            .iter()
            .map(|c| {
                json!({
                    "name": c.name, "field": c.field.map(|f| f.as_str()), "sure": c.sure.as_str(), "looks_like": c.shapes,
                })
            })
            .collect();
        return print_json(&json!({ "format": opened.layout.format.as_str(), "columns": columns }));
    }
    for source in &opened.sources {
        eprintln!("{} ({}, {})", source.label, source.packing.as_str(), source.letters.name());
    }
    eprintln!("read as {}:", opened.layout.format.as_str());
    for (n, column) in opened.layout.columns.iter().enumerate() {
        let field = column.field.map_or("-", |field| field.as_str());
        let shapes = column.shapes.join("  ");
        eprintln!("  #{:<3} {:<24} {:<12} {:<8} {shapes}", n + 1, column.name, field, column.sure.as_str());
    }
}

/// Asks whether the columns are right, and takes corrections until they are.
fn ask(opened: &mut Opened) -> Result<()> {
    let mut lines = io::stdin().lock().lines();
    loop {
        eprint!("Match these? Enter for yes, COLUMN=FIELD to correct, n for no: ");
        let _ = io::stderr().flush();
        let line = lines.next().transpose().map_err(|error| Stop::Said(error.to_string()))?;
        match line.as_deref().map(str::trim) {
            None | Some("n" | "no" | "q") => return Err(Stop::Said("Nothing was read.".into())),
            Some("" | "y" | "yes") => return Ok(()),
            Some(correction) => match opened.correct(&[correction.to_owned()]) {
                Ok(()) => show(opened, false),
                Err(error) => eprintln!("{}", error.public),
            },
        }
    }
}

async fn with_progress(app: &App, opened: Opened, how: How) -> Result<Imported> {
    let size: Option<u64> = opened.sources.iter().map(|source| source.size).sum();
    let done: Vec<_> = opened.sources.iter().map(Source::done).collect();
    let plain = opened.sources.iter().all(|source| source.as_it_lies().is_some());
    let (bar, watch) = (bar(size), Arc::new(Watch::new()));
    let mut work = std::pin::pin!(import::import(app, &Actor::Command, opened, how, watch.clone()));
    loop {
        tokio::select! {
            imported = &mut work => {
                bar.finish_and_clear();
                return Ok(imported?);
            }
            pressed = tokio::signal::ctrl_c() => {
                if pressed.is_ok() {
                    watch.cancel();
                }
            }
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                // Of what lies there as it is, what was read; of what is packed, what was taken of the pack.
                let bytes = if plain { watch.bytes() } else { done.iter().map(open::Done::bytes).sum() };
                bar.set_position(bytes);
                bar.set_message(format!("{} rows, {} accounts", watch.rows(), watch.matched()));
            }
        }
    }
}

fn bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:30} {percent}% {bytes_per_sec}, {eta} left  {msg}"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}, {bytes_per_sec}  {msg}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The most memory that this process has had, in bytes.
fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn tell(imported: &Imported, took: Duration, as_json: bool) {
    let leak = &imported.leak;
    let report: serde_json::Value = serde_json::from_str(&leak.report).unwrap_or_default();
    if as_json {
        return print_json(&json!({
            "leak": leak.id, "rows": leak.rows, "bad_rows": leak.bad, "matched_accounts": leak.accounts,
            "strong_accounts": leak.strong, "fields": report["fields"], "keys": report["keys"], "bad": report["bad"],
            "cohort": leak.cohort.to_string(), "checksum": format!("{:016x}", imported.checksum),
            "freshness": report["freshness"]["sentence"], "seconds": took.as_secs_f64(),
            "match_seconds": imported.match_seconds, "peak_rss_bytes": peak_rss(),
        }));
    }
    println!("{} ({}): {} rows, {} of them not readable", leak.name, leak.id, leak.rows + leak.bad, leak.bad);
    println!("{} accounts matched, {} by a strong key; cohort {}", leak.accounts, leak.strong, leak.cohort);
    for (field, count) in report["fields"].as_object().into_iter().flatten() {
        println!("  {count:>12} {field}");
    }
    for sample in report["samples"].as_array().into_iter().flatten() {
        let text = |name: &str| sample[name].as_str().unwrap_or_default().to_owned();
        println!("  line {}: {} ({})", sample["line"], text("fault"), text("looks_like"));
    }
    if let Some(sentence) = report["freshness"]["sentence"].as_str() {
        println!("{sentence}");
    }
    println!("{:.1} s, {:.1} s of them matching", took.as_secs_f64(), imported.match_seconds);
}

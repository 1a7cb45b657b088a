//! `expose former`: values that accounts had before, from a platform that kept them.

use super::{Result, Stop, tell};
use crate::app::App;
use crate::flows::exposure::former::{self, Line, Tally};
use crate::flows::profile;
use crate::flows::staff::Actor;
use serde_json::json;
use std::fs::File;
use std::path::PathBuf;

/// Arguments of `expose former`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// CSV with the columns external_id, kind (user, email, phone), value, until (RFC 3339); `-` for standard input
    file: PathBuf,
    /// Why; it goes into the evidence
    #[arg(long)]
    reason: String,
}

/// Lines in one transaction.
const BATCH: usize = 1000;

/// Does it. Lines that cannot be used are counted and named by their number.
pub async fn run(app: &App, args: &Args, as_json: bool) -> Result<()> {
    let reason = profile::reason(&args.reason)?;
    let named = |error: &dyn std::fmt::Display| Stop::Said(format!("{}: {error}", args.file.display()));
    let input: Box<dyn std::io::Read> = match args.file.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(File::open(&args.file).map_err(|error| named(&error))?),
    };
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers().map_err(|error| named(&error))?.clone();
    let column = |name: &str| {
        let at = header.iter().position(|column| column.trim() == name);
        at.ok_or_else(|| Stop::Usage(format!("{}: there is no column `{name}`", args.file.display())))
    };
    let columns = [column("external_id")?, column("kind")?, column("value")?, column("until")?];
    let (mut tally, mut batch) = (Tally::default(), Vec::with_capacity(BATCH));
    for record in reader.records() {
        let record = record.map_err(|error| named(&error))?;
        let cell = |at: usize| record.get(columns[at]).unwrap_or_default().trim().to_owned();
        let line = record.position().map_or(0, csv::Position::line);
        batch.push(Line { line, external_id: cell(0), kind: cell(1), value: cell(2), until: cell(3) });
        if batch.len() == BATCH {
            tally.add(former::record(app, &Actor::Command, std::mem::take(&mut batch), &reason).await?);
        }
    }
    tally.add(former::record(app, &Actor::Command, batch, &reason).await?);
    for (line, why) in &tally.bad {
        eprintln!("line {line}: {why}");
    }
    let said = json!({ "recorded": tally.recorded, "bad": tally.bad_count });
    tell(as_json, &said, &format!("{} values recorded, {} lines not used", tally.recorded, tally.bad_count));
    Ok(())
}

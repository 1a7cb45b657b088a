//! `evidence export`: entries, what they say, and all that proves them, for somebody without a network.

use super::super::{Global, print_json};
use super::progress::Bar;
use super::{Told, open, told, why};
use crate::flows::log::export::{Bound, Export, Exported, Range, export};
use crate::flows::log::own::By;
use countersign_core::time::Timestamp;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `evidence export`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// From this entry (its number) or time (2026-01-12T09:00:00Z) on; from the first one if not given
    #[arg(long, value_parser = bound)]
    from: Option<Bound>,
    /// Up to and with this entry or time; up to the newest checkpoint if not given
    #[arg(long, value_parser = bound)]
    to: Option<Bound>,
    /// Where to; a directory that is not there yet, or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// For whom, as it is written into the bundle and into the log
    #[arg(long, default_value = "not named")]
    recipient: String,
    /// Until when the recipient may keep it (2026-12-31T00:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time)]
    keep_until: Option<Timestamp>,
    /// Prove that the entries are there, and show none of what they say
    #[arg(long)]
    commitments_only: bool,
}

fn bound(text: &str) -> Result<Bound, String> {
    Bound::parse(text).ok_or_else(|| "neither an entry's number nor a time such as 2026-01-12T09:00:00Z".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    match Bound::parse(text) {
        Some(Bound::At(at)) => Ok(at),
        _ => Err("not a time such as 2026-01-12T09:00:00Z".to_owned()),
    }
}

/// Exports; a bundle that is cut off leaves nothing behind at the place that was named.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    told(make(global, args)).map_or_else(|code| code, |exported| show(global, args, &exported))
}

async fn make(global: &Global, args: &Args) -> Result<Exported, Told> {
    let app = open(global).await?;
    let ask = Export {
        range: Range { from: args.from, to: args.to },
        recipient: args.recipient.clone(),
        keep_until: args.keep_until,
        commitments_only: args.commitments_only,
        by: By::CommandLine,
    };
    let bar = Bar::new("entries");
    export(&app, &ask, &args.out, move |done, of| bar.show(done, of)).await.map_err(why)
}

fn show(global: &Global, args: &Args, exported: &Exported) -> ExitCode {
    let Exported { manifest, digest, opened, erased, withheld } = exported;
    if global.json {
        print_json(&json!({
            "out": args.out, "origin": manifest.origin, "size": manifest.size, "count": manifest.count,
            "first": manifest.first + 1, "opened": opened, "erased": erased, "withheld": withheld,
            "manifest": digest.to_hex(),
        }));
        return ExitCode::SUCCESS;
    }
    println!(
        "{} entries in {}: {opened} with content, {erased} erased, {withheld} withheld",
        manifest.count,
        args.out.display()
    );
    eprintln!("to be checked with: countersign-verify bundle {} --key VKEY", args.out.display());
    eprintln!(
        "(VKEY is what `countersign evidence key` prints; the recipient needs it from somewhere else than this bundle)"
    );
    ExitCode::SUCCESS
}

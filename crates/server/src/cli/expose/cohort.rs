//! `expose cohort`.

use super::{Result, Stop, day, stand, tell};
use crate::app::App;
use crate::cli::print_json;
use crate::flows::exposure::cohorts::{self, Export, Make};
use crate::flows::profile;
use crate::flows::staff::Actor;
use crate::store::exposure::cohorts::Cohort;
use crate::store::exposure::directory::Named;
use countersign_core::expose::cohort::CohortDigest;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What can be done with cohorts.
#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// Count who a query means, such as "leak:lek_… and not second-factor"
    Count {
        /// The query
        query: String,
    },
    /// Make a cohort
    Make {
        /// The query
        query: String,
        /// What it is called here
        #[arg(long)]
        name: String,
        /// Why; it goes into the evidence
        #[arg(long)]
        reason: String,
        /// What `count` called it: where it is another set by now, nothing is made
        #[arg(long, value_name = "COHORT")]
        expect: Option<CohortArg>,
    },
    /// The newest
    List {
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Write who is in it: account, your id, number
    Export {
        /// The cohort
        cohort: CohortArg,
        /// Where to; `-` for standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// How
        #[arg(long, default_value = "csv")]
        format: Form,
        /// Why; it goes into the evidence
        #[arg(long)]
        reason: String,
    },
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum Form {
    /// With a header
    Csv,
    /// An object on each line
    Ndjson,
}

/// A cohort on the command line.
#[derive(Clone, Debug)]
pub struct CohortArg(pub CohortDigest);

impl std::str::FromStr for CohortArg {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        CohortDigest::parse(text).map(Self).ok_or("a cohort is named coh_ and 64 hex digits")
    }
}

/// Does it.
pub async fn run(app: &App, what: What, as_json: bool) -> Result<()> {
    match what {
        What::Count { query } => count(app, &query, as_json).await,
        What::Make { query, name, reason, expect } => {
            stand(app).await?;
            let (query, reason) = (cohorts::query(&query)?, profile::reason(&reason)?);
            let make = Make { query, name, reason, expected: expect.map(|arg| arg.0) };
            let made = cohorts::make(app, &Actor::Command, make).await?;
            let text = format!("{}  {} accounts", made.cohort.digest, made.cohort.size);
            let there = if made.was_there { " (it was there already)" } else { "" };
            let said = json!({
                "cohort": made.cohort.digest.to_string(), "accounts": made.cohort.size, "was_there": made.was_there,
            });
            tell(as_json, &said, &format!("{text}{there}"));
            Ok(())
        }
        What::List { limit } => {
            list(&cohorts::list(app, i64::from(limit)).await?, as_json);
            Ok(())
        }
        What::Export { cohort, out, format, reason } => {
            let mut export = Export::begin(app, &Actor::Command, &cohort.0, profile::reason(&reason)?).await?;
            let bar = bar(export.size(), &out);
            let written = write(&mut export, &out, format, &bar).await?;
            bar.finish_and_clear();
            let said = json!({ "cohort": cohort.0.to_string(), "accounts": written, "out": out });
            if out != Path::new("-") {
                tell(as_json, &said, &format!("{written} accounts written to {}", out.display()));
            }
            Ok(())
        }
    }
}

async fn count(app: &App, query: &str, as_json: bool) -> Result<()> {
    stand(app).await?;
    let preview = cohorts::preview(app, &cohorts::query(query)?).await?;
    if as_json {
        let names: serde_json::Map<String, serde_json::Value> =
            preview.names.iter().map(|(name, count)| (name.clone(), (*count).into())).collect();
        print_json(&json!({
            "accounts": preview.accounts, "of": preview.of, "cohort": preview.digest.to_string(),
            "there": preview.there.is_some(), "names": names,
        }));
        return Ok(());
    }
    for (name, count) in &preview.names {
        println!("{count:>12}  {name}");
    }
    println!("{:>12}  of {} accounts; as a cohort: {}", preview.accounts, preview.of, preview.digest);
    Ok(())
}

fn list(all: &[Cohort], as_json: bool) {
    if as_json {
        let one = |cohort: &Cohort| {
            json!({
                "cohort": cohort.digest.to_string(), "name": cohort.name, "query": cohort.query,
                "accounts": cohort.size, "created_at": day(cohort.created_at),
            })
        };
        return print_json(&all.iter().map(one).collect::<Vec<_>>());
    }
    for cohort in all {
        println!("{}  {}  {} accounts  {}", cohort.digest, day(cohort.created_at), cohort.size, cohort.name);
    }
}

fn bar(size: u64, out: &Path) -> ProgressBar {
    if out == Path::new("-") {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent}% {pos}/{len} accounts, {eta} left");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// To a file that takes its name when it is whole, so that nobody works on half a cohort.
async fn write(export: &mut Export, out: &Path, form: Form, bar: &ProgressBar) -> Result<u64> {
    let named = |error: io::Error| Stop::Said(format!("{}: {error}", out.display()));
    if out == Path::new("-") {
        return pages(export, &mut io::stdout().lock(), form, bar).await.map_err(|stop| stop.named(&named));
    }
    let beside = out.with_extension("part");
    let mut file = BufWriter::new(File::create(&beside).map_err(named)?);
    let written = pages(export, &mut file, form, bar).await;
    let closed = match written {
        Ok(count) => file.flush().and_then(|()| file.get_ref().sync_all()).map(|()| count).map_err(Halt::Io),
        Err(halt) => Err(halt),
    };
    let renamed = closed.and_then(|count| std::fs::rename(&beside, out).map(|()| count).map_err(Halt::Io));
    if renamed.is_err() {
        // The error that counts is the other one.
        let _ = std::fs::remove_file(&beside);
    }
    renamed.map_err(|halt| halt.named(&named))
}

enum Halt {
    App(crate::error::AppError),
    Io(io::Error),
}

impl Halt {
    fn named(self, named: &dyn Fn(io::Error) -> Stop) -> Stop {
        match self {
            Self::App(error) => Stop::Failed(error),
            Self::Io(error) => named(error),
        }
    }
}

async fn pages(
    export: &mut Export,
    out: &mut impl Write,
    form: Form,
    bar: &ProgressBar,
) -> std::result::Result<u64, Halt> {
    if matches!(form, Form::Csv) {
        out.write_all(b"account,external_id,number\n").map_err(Halt::Io)?;
    }
    let mut count = 0;
    loop {
        let page = export.page().await.map_err(Halt::App)?;
        if page.is_empty() {
            return Ok(count);
        }
        for one in &page {
            line(out, one, form).map_err(Halt::Io)?;
        }
        count += page.len() as u64;
        bar.inc(page.len() as u64);
    }
}

fn line(out: &mut impl Write, one: &Named, form: Form) -> io::Result<()> {
    match form {
        Form::Csv => {
            let external = one.external_id.as_deref().unwrap_or_default();
            let quoted = external.contains([',', '"', '\n', '\r']);
            let external = if quoted { format!("\"{}\"", external.replace('"', "\"\"")) } else { external.to_owned() };
            writeln!(out, "{},{external},{}", one.id, one.number)
        }
        Form::Ndjson => {
            writeln!(out, "{}", json!({ "account": one.id, "external_id": one.external_id, "number": one.number }))
        }
    }
}

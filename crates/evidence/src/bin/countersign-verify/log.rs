//! `log`: a mirror of a whole log, recomputed from its entries.

use crate::args::LogArgs;
use crate::dir::{Dir, Others, others};
use crate::progress::Progress;
use crate::trust::{Seen, Trust};
use crate::verdict::Verdict;
use countersign_evidence::mirror::{Broken, Outcome, Plan, audit};
use countersign_evidence::tree::Head;
use std::path::Path;

pub fn run(args: &LogArgs) -> Result<Verdict, Verdict> {
    let trust = Trust::read(&args.trust)?;
    let seen = trust.checkpoint(&args.dir.join("checkpoint"))?;
    let kept: Vec<Seen> = args.kept.iter().map(|path| trust.checkpoint(path)).collect::<Result<_, _>>()?;
    if kept.iter().any(|kept| kept.checkpoint.origin != seen.checkpoint.origin) {
        return Err(Verdict::disproven("the kept checkpoint is of another log"));
    }
    let heads: Vec<Head> = kept.iter().map(|kept| kept.checkpoint.head).collect();
    let head = seen.checkpoint.head;
    let others = others(&args.dir, head.size)
        .map_err(|error| Verdict::unreadable(format!("{}: {error}", args.dir.display())))?;
    let done = verify(&args.dir, &Plan { head, kept: &heads, older: &others.older })?;
    Ok(conclude(&seen, &heads, &done, &others))
}

fn verify(dir: &Path, plan: &Plan<'_>) -> Result<Outcome, Verdict> {
    let mut progress = Progress::new(plan.head.size);
    let done = audit(&mut Dir::new(dir), plan, |entries| progress.at(entries));
    progress.end();
    done.map_err(|broken| match broken {
        Broken::Read(..) => Verdict::unreadable(broken.to_string()),
        _ => Verdict::disproven(broken.to_string()),
    })
}

fn conclude(seen: &Seen, kept: &[Head], done: &Outcome, others: &Others) -> Verdict {
    let sizes = kept.iter().map(|kept| kept.size.to_string()).collect::<Vec<_>>().join(", ");
    let since =
        if kept.is_empty() { String::new() } else { format!(", and is the continuation of what it was at {sizes}") };
    let what = format!("{} has exactly the entries and tiles that its signed checkpoint says{since}", seen.log());
    let mut verdict = Verdict::proven(what);
    if kept.is_empty() {
        verdict = verdict.but_not("that it continues what it was before (no kept checkpoint was named)");
    }
    if others.newer + others.strange > 0 {
        let count = others.newer + others.strange;
        verdict = verdict.but_not(format!("anything about {count} files that are not part of this checkpoint's log"));
    }
    seen.conclude(verdict)
        .with("entries", done.entries)
        .with("bundles", done.bundles)
        .with("tiles", done.tiles)
        .with("older_partial_files", done.older)
        .with("files_not_looked_at", others.newer + others.strange)
        .with("bytes", done.bytes)
}

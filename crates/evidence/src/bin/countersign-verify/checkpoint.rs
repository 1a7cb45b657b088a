//! `checkpoint`: a log's key, and enough witnesses, signed it.

use crate::args::CheckpointArgs;
use crate::trust::Trust;
use crate::verdict::Verdict;

pub fn run(args: &CheckpointArgs) -> Result<Verdict, Verdict> {
    let seen = Trust::read(&args.trust)?.checkpoint(&args.file)?;
    let head = &seen.checkpoint.head;
    let what = format!("{} and root {} is signed by its key", seen.log(), head.root);
    Ok(seen.conclude(Verdict::proven(what)))
}

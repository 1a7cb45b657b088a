//! What the program is called with.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Check evidence offline: what was proven, and what was not, in one sentence.
#[derive(Parser)]
#[command(name = "countersign-verify", version, after_help = EXIT_CODES)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// Print one JSON object instead of a sentence.
    #[arg(long, global = true)]
    pub json: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 proven; 1 disproven (changed, forged, not ours); 2 not called as it should be, or a \
                          file that cannot be read; 3 well-formed, but not enough to prove it.";

#[derive(Subcommand)]
pub enum Command {
    /// That a log's key, and enough witnesses, signed a checkpoint.
    Checkpoint(CheckpointArgs),
    /// That one checkpoint's log is the continuation of another's.
    Consistency(ConsistencyArgs),
    /// That an entry is in the log, and what it says.
    Entry(EntryArgs),
    /// That a saved mail is what its sender put on record, for this recipient.
    Message(MessageArgs),
    /// A mirror of a whole log: every entry, every tile, the checkpoint.
    Log(LogArgs),
    /// An exported bundle.
    Bundle(BundleArgs),
}

/// Whom the reader trusts.
#[derive(clap::Args)]
pub struct TrustArgs {
    /// The log's verifier key (name+hash+key), as you pinned it.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// Which witnesses must have cosigned, and which logs are known (C2SP tlog-policy).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How the log's key changed since you pinned it.
    #[arg(long, value_name = "FILE")]
    pub rotations: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct CheckpointArgs {
    /// The checkpoint (a signed note).
    pub file: PathBuf,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("from").required(true))]
pub struct ConsistencyArgs {
    /// The checkpoint that you kept.
    pub old: PathBuf,
    /// The newer one.
    pub new: PathBuf,
    /// The consistency proof: a hash in Base64 on each line.
    #[arg(long, group = "from", value_name = "FILE")]
    pub proof: Option<PathBuf>,
    /// A mirror of the log's files, to make the proof from.
    #[arg(long, group = "from", value_name = "DIR")]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(clap::Args)]
pub struct EntryArgs {
    /// The proof file (C2SP tlog-proof); with an opening in it what the entry says is shown.
    #[arg(long, value_name = "FILE")]
    pub proof: PathBuf,
    /// The public entry, for a proof without an opening.
    #[arg(long, value_name = "HEX")]
    pub entry: Option<String>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(clap::Args)]
pub struct MessageArgs {
    /// The mail, saved with all its headers.
    pub eml: PathBuf,
    /// The proof file that the sender offers for the mail's code.
    #[arg(long, value_name = "FILE")]
    pub proof: PathBuf,
    /// Your own address, to which the mail came; the To line of a mail proves nothing.
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(clap::Args)]
pub struct LogArgs {
    /// The directory: `checkpoint`, `tile/…`, `tile/entries/…`.
    pub dir: PathBuf,
    /// A checkpoint that you kept, of which the log must be the continuation.
    #[arg(long, value_name = "CHECKPOINT")]
    pub kept: Vec<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(clap::Args)]
pub struct BundleArgs {
    /// The directory of the bundle.
    pub dir: PathBuf,
    #[command(flatten)]
    pub trust: TrustArgs,
}

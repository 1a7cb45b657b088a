//! `entry`: an entry is in the log, and this is what it says.

use crate::args::EntryArgs;
use crate::files;
use crate::trust::{Seen, Trust};
use crate::verdict::{Verdict, printable};
use countersign_evidence::content::{About, Content};
use countersign_evidence::proof::{self, ProofFile};
use countersign_evidence::tree::verify_inclusion;
use countersign_evidence::{Hash, Opening};
use serde_json::{Value, json};
use std::path::Path;

pub fn run(args: &EntryArgs) -> Result<Verdict, Verdict> {
    let trust = Trust::read(&args.trust)?;
    let proof = read(&args.proof)?;
    match (opening(&proof), &args.entry) {
        (Some(opening), None) => opened(&trust, &proof, &opening),
        (_, Some(hex)) => bare(&trust, &proof, hex),
        (None, None) => Err(Verdict::not_enough(
            "the proof has no opening in it, so nothing says which entry it is of; name the entry with --entry",
        )),
    }
}

/// Reads a proof file.
pub fn read(path: &Path) -> Result<ProofFile, Verdict> {
    let text = files::text(path, proof::MOST_BYTES)?;
    ProofFile::parse(&text).map_err(|bad| Verdict::unreadable(format!("{}: {bad}", path.display())))
}

/// The opening that came with the proof.
pub fn opening(proof: &ProofFile) -> Option<Opening> {
    proof.extra.as_deref().and_then(Opening::decode)
}

/// Checks that the entry is in the log of a checkpoint that is trusted.
pub fn included(trust: &Trust, proof: &ProofFile, entry: &[u8]) -> Result<Seen, Verdict> {
    let seen = trust.check(&proof.checkpoint)?;
    let head = &seen.checkpoint.head;
    verify_inclusion(&Hash::leaf(entry), proof.index, head.size, &proof.path, &head.root)
        .map_err(|bad| Verdict::disproven(format!("the entry is not in the log: {bad}")))?;
    Ok(seen)
}

fn opened(trust: &Trust, proof: &ProofFile, opening: &Opening) -> Result<Verdict, Verdict> {
    let seen = included(trust, proof, &opening.commitment().entry())?;
    let content = Content::read(&opening.payload)
        .map_err(|bad| Verdict::not_enough(format!("the entry is in the log, but {bad}")))?;
    let what = format!("entry {} of {} says {}, as shown", proof.index, seen.log(), printable(&content.kind));
    Ok(seen.conclude(Verdict::proven(what)).with("index", proof.index).with("content", json(&content)).showing(
        // JSON escapes what could steer a terminal, but for some characters beyond ASCII.
        printable_lines(&serde_json::to_string_pretty(&json(&content)).unwrap_or_default()),
    ))
}

fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn json(content: &Content) -> Value {
    let about = match &content.about {
        About::Nobody => Value::Null,
        About::Named(name) => json!({ "subject": name }),
        About::Hashed(hash) => json!({ "subject_hash": hash }),
    };
    json!({
        "id": content.id, "at_micros": content.at_micros, "kind": content.kind, "about": about, "what": content.what,
    })
}

fn bare(trust: &Trust, proof: &ProofFile, hex: &str) -> Result<Verdict, Verdict> {
    let entry = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
    let entry = entry.map_err(|_| Verdict::unreadable("--entry: not the hex digits of an entry"))?;
    let seen = included(trust, proof, &entry)?;
    let what = format!("this is entry {} of {}", proof.index, seen.log());
    let verdict = seen.conclude(Verdict::proven(what)).with("index", proof.index);
    Ok(verdict.but_not("what the entry says (it was not opened)"))
}

//! `bundle`: an exported bundle, file by file and entry by entry.

mod entries;
mod stamps;

use crate::args::BundleArgs;
use crate::files;
use crate::trust::{Seen, Trust};
use crate::verdict::Verdict;
use countersign_evidence::Hash;
use countersign_evidence::bundle::{self, Manifest, RangeProof};
use countersign_evidence::note::{self, VerifierKey};
use countersign_evidence::{policy, rotation};
use entries::Told;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// What is hashed at a time.
const PIECE_BYTES: usize = 64 * 1024;

pub fn run(args: &BundleArgs) -> Result<Verdict, Verdict> {
    let mut trust = Trust::read_some(&args.trust)?;
    let is_pinned = trust.is_pinned();
    let dir = args.dir.as_path();
    let json = files::text(&dir.join(bundle::MANIFEST), bundle::MOST_MANIFEST_BYTES)?;
    let manifest = Manifest::parse(&json).map_err(|bad| Verdict::unreadable(bad.to_string()))?;
    check_files(dir, &manifest)?;
    take_over(dir, &manifest, &mut trust)?;
    let keys = trust.keys_at(manifest.size)?;
    let sig = files::text(&dir.join(bundle::MANIFEST_SIG), note::MOST_BYTES)?;
    bundle::check_signature(&sig, json.as_bytes(), &keys).map_err(|bad| Verdict::disproven(bad.to_string()))?;
    let seen = trust.checkpoint(&dir.join(bundle::CHECKPOINT))?;
    let told = check_entries(dir, &manifest, &seen)?;
    let stamps = stamps::check(dir, &manifest, &trust, &seen)?;
    let verdict = conclude(&manifest, &seen, &told, stamps);
    Ok(if is_pinned { verdict } else { without_key(&seen) })
}

/// Every file is there as the manifest says, and no other.
fn check_files(dir: &Path, manifest: &Manifest) -> Result<(), Verdict> {
    for (path, expected) in &manifest.files {
        let found = hash(&dir.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Verdict::disproven(format!("{path} is missing from the bundle")),
            _ => Verdict::unreadable(format!("{path}: {error}")),
        })?;
        if found != *expected {
            return Err(Verdict::disproven(format!("{path} was changed: the manifest names another hash")));
        }
    }
    let mut found = BTreeSet::new();
    list(dir, "", &mut found).map_err(|error| Verdict::unreadable(format!("{}: {error}", dir.display())))?;
    let is_named = |path: &&String| {
        manifest.files.contains_key(*path) || *path == bundle::MANIFEST || *path == bundle::MANIFEST_SIG
    };
    match found.iter().find(|path| !is_named(path)) {
        Some(path) => Err(Verdict::disproven(format!("{path} is in the bundle, and the manifest does not name it"))),
        None => Ok(()),
    }
}

fn hash(path: &Path) -> io::Result<Hash> {
    use countersign_evidence::hash::Hasher;
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&piece[..read]),
        }
    }
}

/// The names of all files, in folders too; what begins with a dot is the file system's own.
fn list(dir: &Path, prefix: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    for item in std::fs::read_dir(dir)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if name.starts_with('.') {
            continue;
        }
        // A folder in a folder is in no bundle; its name is enough to refuse it.
        if item.file_type()?.is_dir() && prefix.is_empty() {
            list(&item.path(), &format!("{path}/"), found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

/// Takes what the reader did not bring from the bundle: rotations (which prove themselves from the pinned key on), the
/// policy, and without any key the sender's.
fn take_over(dir: &Path, manifest: &Manifest, trust: &mut Trust) -> Result<(), Verdict> {
    if manifest.files.contains_key(bundle::ROTATIONS) {
        trust.add_rotations(&files::text(&dir.join(bundle::ROTATIONS), rotation::MOST_BYTES)?)?;
    }
    if manifest.files.contains_key(bundle::POLICY) {
        trust.add_policy(&files::text(&dir.join(bundle::POLICY), policy::MOST_BYTES)?)?;
    }
    let keys = keys(dir)?;
    if !trust.is_pinned() {
        keys.into_iter().next().into_iter().for_each(|key| trust.pin(key));
    }
    Ok(())
}

fn keys(dir: &Path) -> Result<Vec<VerifierKey>, Verdict> {
    let text = files::text(&dir.join(bundle::KEYS), bundle::MOST_KEYS * 1024)?;
    bundle::keys_from_file(&text).map_err(|bad| Verdict::unreadable(bad.to_string()))
}

fn check_entries(dir: &Path, manifest: &Manifest, seen: &Seen) -> Result<Told, Verdict> {
    let proof = RangeProof::parse(&files::text(&dir.join(bundle::PROOF), note::MOST_BYTES)?)
        .map_err(|bad| Verdict::unreadable(bad.to_string()))?;
    let said = (manifest.first, manifest.count, manifest.size, manifest.origin.as_str());
    let found = (proof.start, proof.count, seen.checkpoint.head.size, seen.checkpoint.origin.as_str());
    if said != found {
        return Err(Verdict::disproven("the manifest, the proof and the checkpoint are not about the same entries"));
    }
    entries::check(&dir.join(bundle::ENTRIES), &proof, &seen.checkpoint.head)
}

fn conclude(manifest: &Manifest, seen: &Seen, told: &Told, stamps: usize) -> Verdict {
    let hidden = match (told.erased, told.withheld) {
        (0, 0) => String::new(),
        (erased, 0) => format!("; {erased} erased"),
        (erased, withheld) => format!("; {erased} erased, {withheld} withheld"),
    };
    let which = match manifest.last() {
        Some(last) => format!("the bundle's {} entries ({} to {last}{hidden})", manifest.count, manifest.first),
        None => "the bundle without entries".to_owned(),
    };
    let what = format!("{which} stand side by side in {}, and say what the bundle shows", seen.log());
    let mut verdict = Verdict::proven(what);
    if manifest.files.contains_key(bundle::INDEX_HTML) {
        verdict = verdict.but_not("the words of index.html");
    }
    if stamps > 0 {
        verdict =
            verdict.but_not(format!("the signatures on its time stamps ({stamps}; `openssl ts -verify` checks them)"));
    }
    seen.conclude(verdict)
        .with("first", manifest.first)
        .with("count", manifest.count)
        .with("opened", told.opened)
        .with("erased", told.erased)
        .with("withheld", told.withheld)
        .with("timestamps", stamps)
        .with("recipient", manifest.recipient.as_str())
        .with("expires_at_secs", manifest.expires_at_secs)
}

fn without_key(seen: &Seen) -> Verdict {
    let what = format!(
        "the bundle agrees with itself, but no key was pinned, so anybody could have made it; name the key of {} with --key",
        seen.checkpoint.origin
    );
    Verdict::not_enough(what)
}

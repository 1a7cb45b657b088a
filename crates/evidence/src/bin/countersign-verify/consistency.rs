//! `consistency`: one checkpoint's log is the beginning of another's.

use crate::args::ConsistencyArgs;
use crate::dir::Dir;
use crate::files;
use crate::trust::Trust;
use crate::verdict::Verdict;
use countersign_evidence::Hash;
use countersign_evidence::mirror::{Source as _, TILE_BYTES};
use countersign_evidence::tile::{self, FromTiles, TilePath, Tiles};
use countersign_evidence::tree::{self, Head};
use std::path::Path;

/// Most bytes of a proof: 64 hashes of 44 characters, and room for line ends of two.
const MOST_PROOF_BYTES: usize = 64 * 46;

pub fn run(args: &ConsistencyArgs) -> Result<Verdict, Verdict> {
    let trust = Trust::read(&args.trust)?;
    let (old, new) = (trust.checkpoint(&args.old)?, trust.checkpoint(&args.new)?);
    if old.checkpoint.origin != new.checkpoint.origin {
        return Err(Verdict::disproven("the two checkpoints are of two logs"));
    }
    let (before, after) = (old.checkpoint.head, new.checkpoint.head);
    if before.size > after.size {
        let what = format!("the log has {} entries and had {}: it was cut", after.size, before.size);
        return Err(Verdict::disproven(what));
    }
    let path = match (&args.proof, &args.log) {
        (Some(file), _) => proof_in(file)?,
        (None, Some(dir)) => proof_from(dir, &before, &after)?,
        (None, None) => Vec::new(),
    };
    tree::verify_consistency(&before, &after, &path)
        .map_err(|bad| Verdict::disproven(format!("the log is not the continuation of what it was: {bad}")))?;
    let what = format!("{} is the continuation of what it was at {} entries", new.log(), before.size);
    Ok(new.conclude(Verdict::proven(what)).with("old_size", before.size))
}

/// A hash in Base64 on each line, as witnesses are sent them (C2SP tlog-witness).
fn proof_in(file: &Path) -> Result<Vec<Hash>, Verdict> {
    let text = files::text(file, MOST_PROOF_BYTES)?;
    let hashes: Option<Vec<Hash>> = text.lines().map(Hash::from_base64).collect();
    hashes.ok_or_else(|| Verdict::unreadable(format!("{} is not a hash in Base64 on each line", file.display())))
}

fn proof_from(dir: &Path, old: &Head, new: &Head) -> Result<Vec<Hash>, Verdict> {
    // The tiles need no check of their own: a proof from wrong ones leads to another root.
    let mut nodes = FromTiles::new(DirTiles(Dir::new(dir)), new.size);
    let path = tree::consistency(&mut nodes, old.size, new.size)?;
    path.ok_or_else(|| Verdict::disproven("the log is smaller than it was"))
}

/// The tiles of a mirror.
struct DirTiles(Dir);

impl Tiles for DirTiles {
    type Error = Verdict;

    fn tile(&mut self, path: TilePath) -> Result<Vec<Hash>, Verdict> {
        let mut bytes = Vec::new();
        for path in [path, path.full()] {
            let read = self.0.read(path, TILE_BYTES, &mut bytes);
            if read.map_err(|error| Verdict::unreadable(format!("{path}: {error}")))? {
                return tile::decode(&bytes).ok_or_else(|| Verdict::disproven(format!("{path} is not a tile")));
            }
        }
        Err(Verdict::disproven(format!("{path} is missing")))
    }

    fn too_short(&self, path: TilePath) -> Verdict {
        Verdict::disproven(format!("{path} is too short"))
    }
}

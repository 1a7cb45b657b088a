//! The time stamps of a bundle: whether each is over a checkpoint of this log. Their own signatures are for `openssl ts`.

use crate::files;
use crate::trust::{Seen, Trust};
use crate::verdict::Verdict;
use countersign_evidence::Hash;
use countersign_evidence::bundle::{Manifest, TIMESTAMPS};
use std::path::Path;

/// Largest token that is read. One with its certificates has some six kilobytes.
const MOST_TOKEN_BYTES: usize = 256 * 1024;

/// Checks every pair of a checkpoint and a token; how many there are.
pub fn check(dir: &Path, manifest: &Manifest, trust: &Trust, seen: &Seen) -> Result<usize, Verdict> {
    let inside = manifest.files.keys().filter_map(|path| path.strip_prefix(TIMESTAMPS)?.strip_prefix('/'));
    let mut count = 0;
    for name in inside {
        let Some(stem) = name.strip_suffix(".tsr") else {
            let stem = name.strip_suffix(".checkpoint");
            let has_token = stem.is_some_and(|s| manifest.files.contains_key(&format!("{TIMESTAMPS}/{s}.tsr")));
            if !has_token {
                return Err(Verdict::disproven(format!("{TIMESTAMPS}/{name} belongs to no time stamp")));
            }
            continue;
        };
        one(dir, stem, manifest, trust, seen)?;
        count += 1;
    }
    Ok(count)
}

fn one(dir: &Path, stem: &str, manifest: &Manifest, trust: &Trust, seen: &Seen) -> Result<(), Verdict> {
    let name = format!("{TIMESTAMPS}/{stem}.checkpoint");
    let expected = manifest.files.get(&name);
    let expected = expected.ok_or_else(|| Verdict::disproven(format!("{name}, which was stamped, is missing")))?;
    let stamped = trust.checkpoint(&dir.join(&name))?.checkpoint;
    let now = &seen.checkpoint;
    let same_size = stamped.head.size == now.head.size;
    if stamped.origin != now.origin || stamped.head.size > now.head.size || (same_size && stamped.head != now.head) {
        return Err(Verdict::disproven(format!("{name} is not of this log as the bundle's checkpoint has it")));
    }
    let token = files::bytes(&dir.join(format!("{TIMESTAMPS}/{stem}.tsr")), MOST_TOKEN_BYTES)?;
    if has_imprint(&token, expected) {
        return Ok(());
    }
    Err(Verdict::disproven(format!("{TIMESTAMPS}/{stem}.tsr is not over {name}")))
}

/// Whether a token (DER) holds this digest as an octet string of 32 bytes, as its message imprint does (RFC 3161, 2.4.2).
fn has_imprint(token: &[u8], digest: &Hash) -> bool {
    let octets = [&[0x04, 0x20], digest.bytes().as_slice()].concat();
    token.windows(octets.len()).any(|part| part == octets)
}

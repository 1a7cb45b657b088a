//! Exported bundles: a directory with a range of entries, what they say, and all that proves them without a network.
//!
//! Never: does I/O; takes a file for part of the bundle that the signed manifest does not name.
//! In: facts about an export, texts of files.   Out: manifest, lines, range proofs, or what is wrong with them.
//! I/O for this room: the program `countersign-verify`, and the server's export.   Tests: `tests.rs`, tests/verify/.
//!
//! | File | What it is |
//! |---|---|
//! | `manifest.json` | [`Manifest`]: which entries, for whom, SHA-256 of every other file |
//! | `manifest.sig` | [`sign`]: a note by the log's key over the manifest's SHA-256 |
//! | `checkpoint` | the checkpoint that everything is proven against, with its cosignatures |
//! | `entries.ndjson` | a [`Line`] for each entry, in the order of the log |
//! | `proof` | [`RangeProof`]: that these entries are in the checkpoint's tree, side by side |
//! | `keys` | [`keys_to_file`]: the log's keys, the first one first |
//! | `policy` | optional: which witnesses the sender asks ([`crate::policy`]) |
//! | `rotations` | optional: how one key followed the other ([`crate::rotation`]) |
//! | `timestamps/NAME.checkpoint` | optional: a checkpoint's note, and |
//! | `timestamps/NAME.tsr` | an RFC 3161 token over the SHA-256 of that file's bytes |
//! | `index.html` | optional: the entries for people; nothing in it is proven |
//!
//! A sender makes it in this order: write the files; hash each into [`Manifest::files`]; write [`Manifest::to_json`]; sign
//! with [`sign`]. A reader takes the way back: [`check_signature`], [`Manifest::parse`], each file's hash, then the content.

mod line;
mod manifest;
mod proof;
#[cfg(test)]
mod tests;

pub use line::{Disclosure, Line, lines};
pub use manifest::{FORMAT, Manifest, is_file_name};
pub use proof::RangeProof;

use crate::hash::Hash;
use crate::note::{BadKey, BadNote, Note, SigningKey, VerifierKey};

/// The manifest.
pub const MANIFEST: &str = "manifest.json";
/// The signature over the manifest.
pub const MANIFEST_SIG: &str = "manifest.sig";
/// The checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The entries.
pub const ENTRIES: &str = "entries.ndjson";
/// The range proof.
pub const PROOF: &str = "proof";
/// The log's keys.
pub const KEYS: &str = "keys";
/// The sender's policy.
pub const POLICY: &str = "policy";
/// The key rotations.
pub const ROTATIONS: &str = "rotations";
/// The page for people.
pub const INDEX_HTML: &str = "index.html";
/// The folder of time stamps.
pub const TIMESTAMPS: &str = "timestamps";
/// Files without which a directory is no bundle.
pub const REQUIRED: [&str; 4] = [CHECKPOINT, ENTRIES, PROOF, KEYS];

/// Largest manifest that is read: ten thousand files.
pub const MOST_MANIFEST_BYTES: usize = 1024 * 1024;
/// Most files that a manifest names.
pub const MOST_FILES: usize = 10_000;
/// Longest line of `entries.ndjson`.
pub const MOST_LINE_BYTES: usize = 256 * 1024;
/// Most keys in `keys`: one, and one for each rotation.
pub const MOST_KEYS: usize = crate::rotation::MOST_ROTATIONS + 1;

/// Why a bundle, or a file of it, is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBundle {
    /// Larger than the limit of its kind.
    #[error("{0} is larger than any that is read")]
    TooLarge(&'static str),
    /// The manifest is none.
    #[error("manifest.json is not a manifest of this version: {0}")]
    Manifest(&'static str),
    /// A line that is none.
    #[error("it is not a line of entries.ndjson: {0}")]
    Line(&'static str),
    /// A range proof that is none.
    #[error("proof is not a range proof")]
    Proof,
    /// A key in `keys`.
    #[error("keys: {0}")]
    Key(#[from] BadKey),
    /// No key, or too many.
    #[error("keys has no key, or more than {MOST_KEYS}")]
    Keys,
    /// The signature over the manifest.
    #[error("manifest.sig: {0}")]
    Note(#[from] BadNote),
    /// The signature is over another manifest.
    #[error("manifest.sig signs another manifest: manifest.json was changed")]
    OtherManifest,
}

/// The text that the log's key signs: three lines, this format, the origin, and the manifest's SHA-256 in hex.
fn signed_text(origin: &str, manifest: &[u8]) -> String {
    format!("{FORMAT}\n{origin}\n{}\n", Hash::of(manifest).to_hex())
}

/// Signs the bytes of `manifest.json`; the content of `manifest.sig`. The origin is the key's name.
pub fn sign(manifest: &[u8], key: &SigningKey) -> Note {
    let text = signed_text(key.verifier().name(), manifest);
    Note { signatures: vec![key.sign(&text)], text }
}

/// Checks `manifest.sig` against the bytes of `manifest.json`; which of the keys signed.
///
/// # Errors
/// `Note` or `OtherManifest`.
pub fn check_signature<'k>(sig: &str, manifest: &[u8], keys: &'k [VerifierKey]) -> Result<&'k VerifierKey, BadBundle> {
    let note = Note::parse(sig)?;
    let signed = note.verify(keys)?;
    let by = signed.into_iter().find(|key| note.text == signed_text(key.name(), manifest));
    by.ok_or(BadBundle::OtherManifest)
}

/// The content of `keys`: one on each line.
pub fn keys_to_file(keys: &[VerifierKey]) -> String {
    keys.iter().map(|key| format!("{key}\n")).collect()
}

/// Reads `keys`.
///
/// # Errors
/// `Key` or `Keys`.
pub fn keys_from_file(text: &str) -> Result<Vec<VerifierKey>, BadBundle> {
    let lines: Vec<&str> = text.strip_suffix('\n').ok_or(BadBundle::Keys)?.split('\n').take(MOST_KEYS + 1).collect();
    if lines.len() > MOST_KEYS {
        return Err(BadBundle::Keys);
    }
    lines.into_iter().map(|line| VerifierKey::parse(line).map_err(BadBundle::Key)).collect()
}

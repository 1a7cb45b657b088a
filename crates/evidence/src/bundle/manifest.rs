//! The manifest of a bundle.

use super::{BadBundle, MANIFEST, MANIFEST_SIG, MOST_FILES, MOST_MANIFEST_BYTES, REQUIRED};
use crate::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a manifest calls itself, and the first line of what is signed.
pub const FORMAT: &str = "countersign evidence bundle v1";
/// Longest text in a field.
const MOST_TEXT_BYTES: usize = 1_000;
/// Most kinds of entries in the table of tags, and most tags of one.
const MOST_TAGS: usize = 500;

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which log.
    pub origin: String,
    /// The log's size in the bundle's checkpoint.
    pub size: u64,
    /// The first entry's index in the log.
    pub first: u64,
    /// How many entries there are, side by side from `first` on; 0 where the log has none of the time asked for.
    pub count: u64,
    /// When the bundle was made, in seconds since 1970, by the sender's clock.
    pub made_at_secs: i64,
    /// The beginning of the time that was asked for, in seconds since 1970; `None`: from the start.
    pub from_secs: Option<i64>,
    /// Its end; `None`: until the checkpoint.
    pub to_secs: Option<i64>,
    /// For whom it was made. A copy cannot be called back when an entry is erased later, so it should say whose it is.
    pub recipient: String,
    /// Until when the recipient may keep it, in seconds since 1970; `None`: nothing was agreed.
    pub expires_at_secs: Option<i64>,
    /// For each kind of entry, the outcomes of the NIST Cybersecurity Framework 2.0 that it is evidence for.
    pub csf: BTreeMap<String, Vec<String>>,
    /// SHA-256 of every other file but `manifest.sig`, by its path with `/`.
    pub files: BTreeMap<String, Hash>,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    origin: String,
    size: u64,
    first: u64,
    last: Option<u64>,
    count: u64,
    made_at_secs: i64,
    from_secs: Option<i64>,
    to_secs: Option<i64>,
    recipient: String,
    expires_at_secs: Option<i64>,
    csf: BTreeMap<String, Vec<String>>,
    files: BTreeMap<String, String>,
}

impl Manifest {
    /// The last entry's index; `None` without entries.
    pub fn last(&self) -> Option<u64> {
        self.count.checked_sub(1).and_then(|rest| self.first.checked_add(rest))
    }

    /// The content of `manifest.json`: JSON for people to read too. Its bytes are what is signed, so keep them.
    pub fn to_json(&self) -> String {
        let written = Written {
            format: FORMAT.to_owned(),
            origin: self.origin.clone(),
            size: self.size,
            first: self.first,
            last: self.last(),
            count: self.count,
            made_at_secs: self.made_at_secs,
            from_secs: self.from_secs,
            to_secs: self.to_secs,
            recipient: self.recipient.clone(),
            expires_at_secs: self.expires_at_secs,
            csf: self.csf.clone(),
            files: self.files.iter().map(|(path, hash)| (path.clone(), hash.to_hex())).collect(),
        };
        // Maps of strings and numbers: nothing that JSON could not say.
        serde_json::to_string_pretty(&written).map(|json| json + "\n").unwrap_or_default()
    }

    /// Reads `manifest.json`.
    ///
    /// # Errors
    /// `TooLarge` or `Manifest`.
    pub fn parse(json: &str) -> Result<Self, BadBundle> {
        if json.len() > MOST_MANIFEST_BYTES {
            return Err(BadBundle::TooLarge(MANIFEST));
        }
        let written: Written = serde_json::from_str(json).map_err(|_| BadBundle::Manifest("fields"))?;
        let manifest = Self::of(written).map_err(BadBundle::Manifest)?;
        // Written again it must be the same bytes: no field twice, nothing beside what was read.
        if manifest.to_json() == json { Ok(manifest) } else { Err(BadBundle::Manifest("form")) }
    }

    /// Or the name of the field that is wrong.
    fn of(written: Written) -> Result<Self, &'static str> {
        check(written.format == FORMAT, "format")?;
        check(crate::checkpoint::is_origin(&written.origin), "origin")?;
        check(is_text(&written.recipient), "recipient")?;
        check(written.csf.len() <= MOST_TAGS, "csf")?;
        check(written.csf.iter().all(|(kind, tags)| is_text(kind) && tags.len() <= MOST_TAGS), "csf")?;
        check(written.csf.values().flatten().all(|tag| is_text(tag)), "csf")?;
        check(written.files.len() <= MOST_FILES && written.files.keys().all(|path| is_file_name(path)), "files")?;
        check(REQUIRED.iter().all(|path| written.files.contains_key(*path)), "files")?;
        let file = |(path, hex): (String, String)| Hash::from_hex(&hex).map(|hash| (path, hash)).ok_or("files");
        let manifest = Self {
            origin: written.origin,
            size: written.size,
            first: written.first,
            count: written.count,
            made_at_secs: written.made_at_secs,
            from_secs: written.from_secs,
            to_secs: written.to_secs,
            recipient: written.recipient,
            expires_at_secs: written.expires_at_secs,
            csf: written.csf,
            files: written.files.into_iter().map(file).collect::<Result<_, _>>()?,
        };
        check(manifest.last() == written.last, "last")?;
        let end = manifest.first.checked_add(manifest.count);
        check(end.is_some_and(|end| end <= manifest.size), "count")?;
        Ok(manifest)
    }
}

fn check(holds: bool, field: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(field) }
}

fn is_text(text: &str) -> bool {
    (1..=MOST_TEXT_BYTES).contains(&text.len()) && !text.contains(char::is_control)
}

/// Whether a manifest may name this file: a name, or a name in one folder, of `a-z`, `A-Z`, `0-9`, `.`, `_` and `-`, not
/// beginning with a dot, and not the manifest itself.
pub fn is_file_name(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let is_name = |part: &&str| {
        let fits = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        (1..=100).contains(&part.len()) && fits && !part.starts_with('.')
    };
    parts.len() <= 2 && parts.iter().all(is_name) && path != MANIFEST && path != MANIFEST_SIG
}

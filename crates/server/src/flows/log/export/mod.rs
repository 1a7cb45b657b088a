//! Bundles: a range of entries, what they say, and all that proves them to somebody without a network.
//!
//! Never: leaves half a bundle; hands out content without an entry that says so; signs for a log that is in doubt.
//! In: a range, for whom.   Out: a directory as `countersign_evidence::bundle` defines it, or the same as an archive.
//! I/O for this room: the store, the directory.   Tests: tests/it/log/export.rs, with the program that outsiders use.

mod collect;
mod files;
mod page;
mod range;

pub use range::{Bound, MOST_ENTRIES, Range};

use super::integrate::integrate;
use super::own::{By, EXPORTED};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::StoreError;
use crate::store::evidence::{self, Draft};
use collect::Collected;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::bundle::{self, MANIFEST, MANIFEST_SIG, Manifest};
use files::Unfinished;
use rand::Rng;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Longest name of a recipient, in characters.
const MOST_RECIPIENT: usize = 200;

/// What is exported, for whom.
#[derive(Debug, Clone)]
pub struct Export {
    /// Which entries.
    pub range: Range,
    /// For whom; a copy cannot be called back, so it says whose it is.
    pub recipient: String,
    /// Until when the recipient may keep it.
    pub keep_until: Option<Timestamp>,
    /// Whether contents are left out: then it proves that entries are there, and shows none of them.
    pub commitments_only: bool,
    /// By whom.
    pub by: By,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The manifest.
    pub manifest: Manifest,
    /// SHA-256 of its bytes: what the entry about the export names.
    pub digest: Hash,
    /// Entries with their content.
    pub opened: u64,
    /// Entries whose content was erased.
    pub erased: u64,
    /// Entries whose content was left out.
    pub withheld: u64,
}

/// Makes a bundle at `out`, where nothing or an empty directory must be. What is committed when it begins is in it, under a
/// checkpoint. `progress` is told how many entries are written, and of how many.
///
/// # Errors
/// 422 that names the field; 503 in doubt about the log, and where database or disk fail.
pub async fn export(
    app: &App,
    ask: &Export,
    out: &Path,
    progress: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Exported> {
    check(&ask.recipient)?;
    if let Some(doubt) = app.log.doubt() {
        return Err(AppError::unavailable(doubt));
    }
    let draft = Unfinished::beside(out, app.rng().next_u64()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
            AppError::invalid("out", "out_taken", "There is something at this place already; name another one.")
        }
        _ => failed(&error),
    })?;
    while integrate(app).await?.more {}
    let collected = collect(app, ask, draft.path(), progress).await?;
    let exported = seal(app, ask, collected).await?;
    record(app, ask, &exported).await?;
    draft.place(out).map_err(|error| failed(&error))?;
    Ok(exported)
}

fn check(recipient: &str) -> Result<()> {
    let length = recipient.chars().count();
    if (1..=MOST_RECIPIENT).contains(&length) && !recipient.contains(char::is_control) {
        return Ok(());
    }
    let public = format!("A recipient has 1 to {MOST_RECIPIENT} printable characters.");
    Err(AppError::invalid("recipient", "recipient_invalid", public))
}

fn failed(error: &std::io::Error) -> AppError {
    AppError::unavailable(format!("a bundle could not be written: {error}"))
}

/// Writes everything but the manifest, out of one moment of the database.
async fn collect(
    app: &App,
    ask: &Export,
    dir: &Path,
    progress: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Collected> {
    let asked = Arc::new(collect::Asked {
        export: ask.clone(),
        policy: app.log.policy().clone(),
        dir: dir.to_owned(),
        now: app.clock.now(),
    });
    let mut progress: Box<dyn FnMut(u64, u64) + Send> = Box::new(progress);
    app.store.snapshot(move |conn| Box::pin(async move { collect::collect(conn, &asked, &mut *progress).await })).await
}

/// Writes the manifest and signs it.
async fn seal(app: &App, ask: &Export, collected: Collected) -> Result<Exported> {
    let Collected { files, head, range, kinds, opened, erased, withheld } = collected;
    let key = app.log.key();
    let secs = |at: Timestamp| at.micros().div_euclid(1_000_000);
    let csf = kinds.keys().map(|kind| {
        let tags = countersign_core::csf::of_kind(kind).iter().map(|tag| tag.id().to_owned());
        (kind.clone(), tags.collect())
    });
    let manifest = Manifest {
        origin: key.verifier().name().to_owned(),
        size: head.size,
        first: range.start,
        count: range.end - range.start,
        made_at_secs: secs(app.clock.now()),
        from_secs: ask.range.from.and_then(Bound::secs),
        to_secs: ask.range.to.and_then(Bound::secs),
        recipient: ask.recipient.clone(),
        expires_at_secs: ask.keep_until.map(secs),
        csf: csf.collect(),
        files: files.hashes().clone(),
    };
    let json = manifest.to_json();
    let sig = bundle::sign(json.as_bytes(), &key).to_string();
    let write = || files.write(MANIFEST, json.as_bytes()).and_then(|()| files.write(MANIFEST_SIG, sig.as_bytes()));
    write().map_err(|error| failed(&error))?;
    Ok(Exported { manifest, digest: Hash::of(json.as_bytes()), opened, erased, withheld })
}

/// The entry about it, before it can be had.
async fn record(app: &App, ask: &Export, exported: &Exported) -> Result<()> {
    let manifest = &exported.manifest;
    let what = json!({
        "first": manifest.first + 1, "count": manifest.count, "opened": exported.opened, "size": manifest.size,
        "manifest": exported.digest.to_hex(), "recipient": ask.recipient, "by": ask.by.as_str(),
    });
    let entry = Draft::new(EXPORTED, None, what, app.clock.now(), &mut app.rng());
    let recorded: std::result::Result<(), StoreError> =
        app.store.write(move |conn| Box::pin(async move { evidence::append(conn, vec![entry]).await })).await;
    Ok(recorded?)
}

//! `evidence rotate-key`: hands the log over to another key.

use super::super::{Global, print_json};
use super::{Told, open, told, why};
use crate::flows::log::own::By;
use crate::flows::log::rotate::{Rotated, rotate};
use crate::{clock, signing};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `evidence rotate-key`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Take the Ed25519 key in this file (PKCS#8, PEM) instead of making one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// Rotates. Cut off anywhere, it leaves one key that signs, and both keys in files; run again, it goes on.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    let shown = told(hand_over(global, args)).map(|(rotated, path)| show(global, &rotated, &path));
    shown.map_or_else(|code| code, |()| ExitCode::SUCCESS)
}

async fn hand_over(global: &Global, args: &Args) -> Result<(Rotated, PathBuf), Told> {
    let app = open(global).await?;
    let path = app.log.key_file().map(Path::to_path_buf).ok_or("the log's key is in no file")?;
    let given = args.key_file.as_deref();
    let next = signing::prepare(&path, &app.log.origin(), given, &mut clock::generator());
    let rotated = rotate(&app, next.map_err(|error| error.to_string())?, By::CommandLine).await.map_err(why)?;
    signing::put_in_place(&path, &rotated.new).map_err(|error| {
        let next = signing::next_path(&path);
        format!("the key was rotated, but its file could not be put in place ({error}): move {} there", next.display())
    })?;
    Ok((rotated, path))
}

fn show(global: &Global, rotated: &Rotated, path: &Path) {
    let old = signing::old_path(path, &rotated.old);
    if global.json {
        print_json(&json!({
            "vkey": rotated.new.to_string(), "old_vkey": rotated.old.to_string(), "from_size": rotated.size,
            "key_file": path, "old_key_file": old,
        }));
        return;
    }
    println!("{}", rotated.new);
    eprintln!("signs from {} entries on; its private half is in {}", rotated.size, path.display());
    eprintln!("the old one is kept in {}: back up the new one, then delete it", old.display());
    eprintln!(
        "whoever pinned the old key follows by /evidence/rotations; other nodes need the new file before they sign again, \
         and witnesses cosign again once they are told the new key (--log)"
    );
}

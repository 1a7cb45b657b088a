//! `expose index`.

use super::tell;
use crate::app::App;
use crate::error::AppError;
use crate::flows::exposure::directory;
use crate::flows::staff::Actor;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::time::Duration;

/// What can be done with the index.
#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// How many accounts and keys it has
    Show,
    /// Build it anew from the directory; the old one is used meanwhile
    Build,
    /// Change the key of its hashes, and build it anew
    RotateKey,
}

/// Does it.
pub async fn run(app: &App, what: What, as_json: bool) -> Result<(), AppError> {
    match what {
        What::Show => {
            directory::open(app).await?;
            directory::follow(app).await?;
        }
        What::Build => with_progress(app, directory::rebuild(app)).await?,
        What::RotateKey => {
            with_progress(app, directory::rotate_key(app, &Actor::Command)).await?;
        }
    }
    show(app, as_json);
    Ok(())
}

fn show(app: &App, as_json: bool) {
    let Some(standing) = app.exposure.directory.shown() else {
        let text = "there is no index yet; build one with `countersign expose index build`";
        return tell(as_json, &json!({ "index": null }), text);
    };
    let (built, beside) = standing.keys();
    let said = json!({
        "accounts": standing.accounts, "keys": built, "keys_beside": beside, "key_generation": standing.generation,
    });
    let text = format!(
        "{} accounts; {built} keys in the file and {beside} beside it; key {}",
        standing.accounts, standing.generation
    );
    tell(as_json, &said, &text);
}

/// Shows how far a build is.
pub async fn with_progress<T>(app: &App, work: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
    let style = ProgressStyle::with_template("index {bar:30} {percent}% {pos}/{len} accounts, {eta} left");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                if let Some((done, all)) = app.exposure.directory.progress() {
                    bar.set_length(u64::from(all));
                    bar.set_position(u64::from(done));
                }
            }
        }
    }
}

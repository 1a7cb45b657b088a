//! `serve`: guards recovery until it is told to stop.

use super::{Global, runtime};
use crate::app::App;
use crate::flows::staff::people;
use crate::{log, serve};
use std::process::ExitCode;

/// Arguments of `serve`.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Says how the first admin comes in. To the terminal and not to the log: whoever has the link is the admin.
async fn first_link(app: &App) {
    if !app.config.console.enabled {
        return;
    }
    match people::first_link(app).await {
        Ok(Some(issued)) => println!(
            "Nobody can sign in to the console yet. The first admin comes in here, once:\n{}",
            issued.url.expose()
        ),
        Ok(None) => {}
        Err(error) => tracing::error!(code = error.code, error = error.internal, "the first link could not be made"),
    }
}

/// Serves until SIGINT or SIGTERM.
pub fn run(global: &Global, _: &Args) -> ExitCode {
    let config = match global.load_or_report() {
        Ok(config) => config,
        Err(code) => return code,
    };
    log::start(&config.log);
    let place = global.place(&config);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let served: Result<(), serve::StartError> = runtime.block_on(async {
        let address = config.server.listen;
        let app = serve::open(config, &place, &global.data).await?;
        let outside = serve::outside(&app)?;
        if outside.mailer.is_none() {
            tracing::warn!("mail.host is empty: messages wait in the outbox until it is set");
        }
        let running = serve::start(app, outside, address).await?;
        tracing::info!(address = %running.address, origin = %running.app.config.server.origin, "listening");
        first_link(&running.app).await;
        serve::asked_to_stop().await;
        tracing::info!("stopping: finishing what is under way");
        running.stop().await;
        Ok(())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

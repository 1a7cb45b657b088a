//! `evidence time-stamp`: has the published checkpoint time-stamped now, as at the end of an incident.

use super::super::{Global, print_json};
use super::{Told, open, told, why};
use crate::jobs::time_stamps::stamp_now;
use crate::serve;
use crate::store::log::LogStamp;
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `evidence time-stamp`.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Asks the authority of `evidence.time_stamp_url`.
pub fn run(global: &Global, _: &Args) -> ExitCode {
    match told(stamp(global)) {
        Ok(stamp) => {
            show(global, &stamp);
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

async fn stamp(global: &Global) -> Result<LogStamp, Told> {
    let app = open(global).await?;
    let authority = serve::outside(&app).map_err(|error| error.to_string())?.authority;
    let authority = authority.ok_or("evidence.time_stamp_url is empty: name a time stamp authority (RFC 3161)")?;
    stamp_now(&app, &authority).await.map_err(why)
}

fn show(global: &Global, stamp: &LogStamp) {
    let (size, at) = (stamp.size, stamp.stamped_at);
    if global.json {
        print_json(&json!({ "size": size, "stamped_at_micros": at.micros(), "authority": stamp.authority }));
        return;
    }
    let at = jiff::Timestamp::from_microsecond(at.micros()).map_or_else(|_| "?".to_owned(), |t| t.to_string());
    println!("the checkpoint of {size} entries was there at {at}, says {}", stamp.authority);
}

//! `evidence erase`: erases what entries and closed messages say about accounts.

use super::super::{Global, print_json};
use super::{Told, open, told, why};
use crate::flows::log::erase::{DEFAULT_REASON, Erase, Erased, erase};
use crate::flows::log::own::By;
use countersign_core::ids::AccountId;
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `evidence erase`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Whose content (`acc_…`); may be given several times
    #[arg(long = "account", value_name = "ID", required = true, value_parser = |text: &str| AccountId::parse(text))]
    accounts: Vec<AccountId>,
    /// Why, as a code that names nobody; it stays in the log
    #[arg(long, default_value = DEFAULT_REASON)]
    reason: String,
}

/// Erases, account by account.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    told(erase_all(global, args)).map_or_else(|code| code, |()| ExitCode::SUCCESS)
}

async fn erase_all(global: &Global, args: &Args) -> Result<(), Told> {
    let app = open(global).await?;
    for account in &args.accounts {
        let ask = Erase { account: account.clone(), reason: args.reason.clone(), by: By::CommandLine };
        let bar = super::progress::Bar::new("contents");
        let erased = erase(&app, &ask, |done| bar.show(done, done)).await;
        drop(bar);
        let erased = erased.map_err(|error| format!("{account}: {}", why(error)))?;
        if global.json { print_json(&as_json(account, &erased)) } else { print(account, &erased) }
    }
    Ok(())
}

fn as_json(account: &AccountId, erased: &Erased) -> serde_json::Value {
    json!({
        "account": account, "entries": erased.entries, "messages": erased.messages,
        "open_messages": erased.open_messages, "recorded": erased.recorded, "overwritten": erased.overwritten,
    })
}

fn print(account: &AccountId, erased: &Erased) {
    let Erased { entries, messages, open_messages, recorded, overwritten } = erased;
    println!("{account}: {entries} entries and {messages} messages erased; {recorded} entries say so");
    if *open_messages > 0 {
        println!("  {open_messages} messages are under way and keep their address: erase again when they are closed");
    }
    match overwritten {
        Some(true) => println!("  the database file holds nothing of it any more; backups and exports may"),
        Some(false) => println!(
            "  a reader kept the write-ahead log from being emptied; it may hold old pages until the server empties it: \
             run this again"
        ),
        None => println!(
            "  PostgreSQL keeps old versions of rows until VACUUM, and their bytes until the pages are used again; `VACUUM \
             FULL evidence` writes the table anew. Its write-ahead log, replicas, backups and exports may hold them longer"
        ),
    }
}

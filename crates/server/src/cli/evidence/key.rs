//! `evidence key`: the verifier key that people pin.

use super::super::{Global, print_json};
use super::{Told, told};
use crate::flows::log::start::Chain;
use crate::store::{frozen, log};
use crate::{serve, signing};
use countersign_evidence::note::VerifierKey;
use countersign_evidence::rotation::Rotation;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `evidence key`.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Shows it; changes nothing.
pub fn run(global: &Global, _: &Args) -> ExitCode {
    let shown = told(look(global)).map(|key| if global.json { print_json(&key.to_json()) } else { key.print() });
    shown.map_or_else(|code| code, |()| ExitCode::SUCCESS)
}

/// The key as the database has it, and where its private half is.
struct Shown {
    chain: Chain,
    holder: Option<PathBuf>,
    path: PathBuf,
}

async fn look(global: &Global) -> Result<Shown, Told> {
    let config = global.load().map_err(|problems| problems.to_string())?;
    let conn = frozen::open(&global.place(&config), config.store.busy_timeout.duration()).await;
    let mut conn = conn.map_err(|error| error.to_string())?.ok_or(NONE)?;
    let keys = log::keys(&mut conn).await.map_err(|error| error.to_string())?;
    if keys.is_empty() {
        return Err(NONE.to_owned());
    }
    let chain = Chain::read(&keys).map_err(|doubt| doubt.to_string())?;
    let path = serve::signing_key_path(&config, &global.data);
    Ok(Shown { holder: signing::holder(&path, chain.last()), chain, path })
}

const NONE: &str = "no evidence log was begun here: the first start of the server makes its key";

fn id(key: &VerifierKey) -> String {
    data_encoding::HEXLOWER.encode(&key.id())
}

impl Shown {
    fn to_json(&self) -> Value {
        let key = self.chain.last();
        let turn =
            |r: &Rotation| json!({ "size": r.size(), "old": r.old().to_string(), "new": r.new_key().to_string() });
        json!({
            "vkey": key.to_string(), "origin": key.name(), "id": id(key), "from_size": self.signs_from(),
            "first_vkey": self.chain.first().to_string(),
            "rotations": self.chain.rotations().iter().map(turn).collect::<Vec<_>>(),
            "key_file": self.path, "held_by": self.holder,
        })
    }

    fn signs_from(&self) -> u64 {
        self.chain.rotations().last().map_or(0, Rotation::size)
    }

    fn print(&self) {
        println!("{}", self.chain.last());
        eprintln!(
            "log {}, key {}, signing since {} entries",
            self.chain.last().name(),
            id(self.chain.last()),
            self.signs_from()
        );
        for turn in self.chain.rotations() {
            eprintln!("at {} entries {} handed over to {}", turn.size(), id(turn.old()), id(turn.new_key()));
        }
        match &self.holder {
            Some(path) if *path == self.path => {}
            Some(path) => eprintln!("its private half is in {}, not in {}", path.display(), self.path.display()),
            None => eprintln!("its private half is not in {}", self.path.display()),
        }
    }
}

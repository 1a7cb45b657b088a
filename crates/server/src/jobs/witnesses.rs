//! Has the newest checkpoint cosigned, and publishes it.

use crate::app::App;
use crate::attest::{Answer, Asked, Ours, Outcome, Proofs, Round, Seen, Witness, gather};
use crate::error::AppError;
use crate::flows::log::read::{self, Published};
use crate::flows::log::{Doubt, publish, start::Chain};
use crate::store::log;
use countersign_evidence::Hash;
use countersign_evidence::note::{Note, VerifierKey};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// A log that stands still is cosigned again this often: a cosignature says until when nothing else was seen.
const COSIGN_AGAIN: Duration = Duration::from_secs(3600);

/// What was heard of each witness: from where to prove the next time, and what was last logged of it.
#[derive(Default)]
struct Memory(BTreeMap<String, (u64, String)>);

pub(super) async fn run(app: App, witnesses: Vec<Witness>, mut stopped: watch::Receiver<bool>) {
    let (never, pause) = (Notify::new(), app.config.evidence.checkpoint_every.duration());
    let mut memory = Memory::default();
    loop {
        if app.log.doubt().is_none()
            && let Err(error) = round(&app, &witnesses, &mut memory).await
        {
            tracing::error!(code = error.code, internal = error.internal, "a checkpoint could not be published");
        }
        if !super::wait(&never, pause, &mut stopped).await {
            return;
        }
    }
}

async fn round(app: &App, witnesses: &[Witness], memory: &mut Memory) -> Result<(), AppError> {
    let (newest, published) = (read::newest(app).await?, read::published(app).await?);
    let age = app.clock.now().since(published.at);
    if published.head == newest.head && published.witnessed && age < COSIGN_AGAIN {
        return Ok(());
    }
    let keys = known_keys(app).await?;
    let (origin, proofs) = (app.log.origin(), FromStore { app, size: newest.head.size });
    let ours = Ours { origin: &origin, keys: &keys, head: newest.head, proofs: &proofs };
    let within = app.config.evidence.witness_timeout.duration();
    let asked: Vec<Asked<'_>> =
        witnesses.iter().map(|witness| Asked { witness, old: memory.size(witness.name()) }).collect();
    let answers = gather(&asked, &Round { ours, checkpoint: &newest.note, within }).await;
    let note = cosigned(newest.note.clone(), &answers);
    for answer in answers {
        contradicted(app, &answer).await?;
        memory.heard(&answer);
    }
    decide(app, &newest, &published, &note).await
}

/// Publishes when the quorum is there, or when it has been waited for long enough.
async fn decide(app: &App, newest: &Published, published: &Published, note: &Note) -> Result<(), AppError> {
    let judged = app.log.policy().judge(note).map_err(|error| AppError::internal(error.to_string()))?;
    let waited = app.clock.now().since(published.at) >= app.config.evidence.witness_patience.duration();
    if app.log.doubt().is_none() && (judged.reached || (waited && newest.head.size > published.head.size)) {
        publish::publish(app, newest.head.size, note, judged.reached).await?;
    }
    Ok(())
}

fn cosigned(mut note: Note, answers: &[Answer]) -> Note {
    for answer in answers {
        if let Outcome::Cosigned { signature, .. } = &answer.outcome {
            note.signatures.push(signature.clone());
        }
    }
    note
}

/// Every key that ever signed for the log.
async fn known_keys(app: &App) -> Result<Vec<VerifierKey>, AppError> {
    let rows = log::keys(&mut app.store.read().await?).await?;
    Ok(Chain::read(&rows)?.keys())
}

/// A witness shows a checkpoint that our own key signed and that this log does not go with: nothing is signed any more.
async fn contradicted(app: &App, answer: &Answer) -> Result<(), AppError> {
    let witness = || answer.name.clone();
    let doubt = match &answer.contradiction {
        Some((_, Seen::Larger { head })) => {
            // Another node may have signed and had it cosigned meanwhile.
            let found = read::newest(app).await?.head.size;
            (found < head.size).then(|| Doubt::Witnessed { witness: witness(), seen: head.size, found })
        }
        Some((_, Seen::Forked { head })) => {
            Some(Doubt::Forked { who: format!("witness {}", witness()), size: head.size })
        }
        _ => None,
    };
    if let Some(doubt) = doubt {
        tracing::error!(%doubt, "in doubt about the evidence log: nothing is signed any more");
        app.log.stop(&doubt);
    }
    Ok(())
}

impl Memory {
    fn size(&self, name: &str) -> u64 {
        self.0.get(name).map_or(0, |(size, _)| *size)
    }

    /// Remembers, and says what is new: a witness that is away is one line in the log and not one a second.
    fn heard(&mut self, answer: &Answer) {
        let state = if answer.forgot {
            "has forgotten what it cosigned: it protects from nothing".to_owned()
        } else {
            told(&answer.outcome)
        };
        let before = self.0.insert(answer.name.clone(), (answer.old, state.clone()));
        if before.is_none_or(|(_, said)| said != state) {
            tracing::info!(witness = answer.name, state, "witness");
        }
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Cosigned { .. } => "cosigns".to_owned(),
        Outcome::Behind { .. } => "keeps changing what it has seen".to_owned(),
        Outcome::Ahead { .. } => "says that it has seen a larger log, and shows no checkpoint of ours".to_owned(),
        Outcome::Refused { status, said } => format!("refuses with {status}: {said}"),
        Outcome::NoProof { old } => format!("wants a proof from {old} that we do not have"),
        Outcome::Unreachable(fault) => format!("cannot be reached: {fault}"),
    }
}

/// Proofs out of the tiles.
struct FromStore<'a> {
    app: &'a App,
    size: u64,
}

impl Proofs for FromStore<'_> {
    async fn proof(&self, old: u64) -> Option<Vec<Hash>> {
        let mut conn = self.app.store.read().await.ok()?;
        read::consistency(&mut conn, old, self.size).await.ok()?
    }
}

/// Asks the witnesses what they have seen of this log, before anything is signed: a database that was put back to an older
/// state does not know, they do. One that does not answer says nothing.
///
/// # Errors
/// `Doubt`.
pub async fn look_back(app: &App, witnesses: &[Witness]) -> Result<(), Doubt> {
    warn_of_silent_ones(app, witnesses);
    let mut conn = app.store.read().await?;
    let Some(row) = log::head(&mut conn).await? else { return Ok(()) };
    let chain = Chain::read(&log::keys(&mut conn).await?)?;
    drop(conn);
    let (keys, origin, proofs) = (chain.keys(), app.log.origin(), FromStore { app, size: row.head.size });
    let ours = Ours { origin: &origin, keys: &keys, head: row.head, proofs: &proofs };
    let within = app.config.evidence.witness_timeout.duration();
    for answer in crate::attest::look_back(witnesses, &ours, within).await {
        match answer.found {
            Ok(Some(Seen::Larger { head })) => covered(app, answer.name, head.size).await?,
            Ok(Some(Seen::Forked { head })) => {
                return Err(Doubt::Forked { who: format!("witness {}", answer.name), size: head.size });
            }
            Ok(_) => {}
            Err(fault) => {
                tracing::warn!(witness = answer.name, %fault, "a witness could not be asked what it has seen")
            }
        }
    }
    Ok(())
}

/// Another node may have signed, and had it cosigned, since this one read the head: is it there by now?
async fn covered(app: &App, witness: String, seen: u64) -> Result<(), Doubt> {
    let head = log::head(&mut app.store.read().await?).await?;
    let found = head.map_or(0, |row| row.head.size);
    if found < seen { Err(Doubt::Witnessed { witness, seen, found }) } else { Ok(()) }
}

/// A witness without an address is never asked; a quorum that needs it is never reached.
fn warn_of_silent_ones(app: &App, witnesses: &[Witness]) {
    let silent = app.log.policy().witnesses().iter().filter(|w| !witnesses.iter().any(|asked| asked.name() == w.name));
    for witness in silent {
        let advice = "write its address behind its key, or the quorum may never be reached";
        tracing::warn!(witness = witness.name, "evidence.policy_file names a witness without an address: {advice}");
    }
}

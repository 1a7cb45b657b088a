//! Asks all witnesses at once: for cosignatures of a new checkpoint, and at a start for what they have seen.

use super::seen::{Ours, Proofs, Seen};
use super::witness::{Outcome, Witness};
use crate::http::Fault;
use countersign_evidence::note::Note;
use futures_util::future::join_all;
use std::time::Duration;

/// How often one witness is asked about one checkpoint: with the size that we remember, with the one that it tells, and
/// once more for a second node of ours that asked in between.
const MOST_TRIES: usize = 3;

/// A witness, and from where to prove.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'w> {
    /// Whom.
    pub witness: &'w Witness,
    /// What it cosigned last, by our own memory; zero is fine, it costs one more request.
    pub old: u64,
}

/// What they are asked about.
#[derive(Debug)]
pub struct Round<'r, P> {
    /// Our log at this checkpoint; `head` is the checkpoint's.
    pub ours: Ours<'r, P>,
    /// The signed checkpoint.
    pub checkpoint: &'r Note,
    /// For each witness, all its tries together.
    pub within: Duration,
}

/// How one witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the policy calls it.
    pub name: String,
    /// The last outcome.
    pub outcome: Outcome,
    /// From where to prove the next time.
    pub old: u64,
    /// It told a smaller size than the one that we asked it with: it lost its record, or we were told wrong before. A
    /// witness that forgets can be shown two histories.
    pub forgot: bool,
    /// Where the witness said that it knows more or otherwise, and could show a checkpoint that our key signed: that
    /// checkpoint, and what it says. With `forbids_signing` it is the proof on which to stop.
    pub contradiction: Option<(Note, Seen)>,
}

/// Asks every witness to cosign, all at the same time. The answers come in the order of `asked`.
pub async fn gather<P: Proofs>(asked: &[Asked<'_>], round: &Round<'_, P>) -> Vec<Answer> {
    join_all(asked.iter().map(|asked| ask(asked, round))).await
}

async fn ask<P: Proofs>(asked: &Asked<'_>, round: &Round<'_, P>) -> Answer {
    let answered = tokio::time::timeout(round.within, dance(asked, round)).await;
    answered.unwrap_or_else(|_| Answer {
        name: asked.witness.name().to_owned(),
        outcome: Outcome::Unreachable(Fault::TimedOut),
        old: asked.old,
        forgot: false,
        contradiction: None,
    })
}

/// Asks, proves from where the witness says, and asks again.
async fn dance<P: Proofs>(asked: &Asked<'_>, round: &Round<'_, P>) -> Answer {
    let (witness, ours) = (asked.witness, &round.ours);
    let mut old = asked.old.min(ours.head.size);
    let mut outcome = Outcome::NoProof { old };
    let mut forgot = false;
    for _ in 0..MOST_TRIES {
        let proof = ours.proof_from(old).await;
        outcome = match proof {
            Some(proof) => witness.cosign(old, &proof, round.checkpoint).await,
            None => Outcome::NoProof { old },
        };
        let Outcome::Behind { size } = outcome else { break };
        (old, forgot) = (size, forgot || size < old);
    }
    if matches!(outcome, Outcome::Cosigned { .. }) {
        old = ours.head.size;
    }
    let contradiction = if claims_otherwise(&outcome) { contradiction(witness, ours).await } else { None };
    Answer { name: witness.name().to_owned(), outcome, old, forgot, contradiction }
}

/// Whether the witness says that it knows a larger tree, or another.
const fn claims_otherwise(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ahead { .. } | Outcome::Refused { status: 409 | 422, .. })
}

async fn contradiction<P: Proofs>(witness: &Witness, ours: &Ours<'_, P>) -> Option<(Note, Seen)> {
    let note = witness.latest(ours.origin).await.ok()??;
    let seen = ours.compare(&note).await;
    seen.forbids_signing().then_some((note, seen))
}

/// What one witness has seen of our log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedBack {
    /// What the policy calls it.
    pub name: String,
    /// `None` where it has cosigned nothing of ours.
    pub found: Result<Option<Seen>, Fault>,
}

/// Asks every witness for the checkpoint of ours that it cosigned last, before the first signature after a start: a
/// restored backup that is behind what a witness saw must not sign. The caller decides what silence means.
pub async fn look_back<P: Proofs>(witnesses: &[Witness], ours: &Ours<'_, P>, within: Duration) -> Vec<LookedBack> {
    let ask = async |witness: &Witness| {
        let found = tokio::time::timeout(within, witness.latest(ours.origin)).await.unwrap_or(Err(Fault::TimedOut));
        let found = match found {
            Ok(Some(note)) => Ok(Some(ours.compare(&note).await)),
            Ok(None) => Ok(None),
            Err(fault) => Err(fault),
        };
        LookedBack { name: witness.name().to_owned(), found }
    };
    join_all(witnesses.iter().map(ask)).await
}

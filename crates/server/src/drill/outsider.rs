//! Checks the evidence log as somebody outside does: over HTTP, with nothing but the verifier key and a checkpoint that
//! were kept before the attack, and with messages as they arrived.

use super::Trouble;
use super::files::Files;
use super::post::Sample;
use countersign_core::message::CountersignCode;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::message::{self, Eml};
use countersign_evidence::mirror::{self, Plan};
use countersign_evidence::note::{Note, VerifierKey};
use countersign_evidence::proof::ProofFile;
use countersign_evidence::sealed::Sealed;
use countersign_evidence::tree::Head;
use countersign_evidence::{Hash, Opening};
use std::net::SocketAddr;
use std::time::Duration;

/// How long the log may take to hold what the last answer was given for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who wants to know, and has kept what is needed for it.
#[derive(Debug)]
pub struct Outsider {
    server: SocketAddr,
    key: VerifierKey,
    kept: Head,
}

/// What could be checked from outside.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Entries whose place in the signed tree was computed.
    pub entries: u64,
    /// Tiles that were compared, each hash.
    pub tiles: u64,
    /// The size of the checkpoint from before the attack, of which the log is the continuation.
    pub kept: u64,
    /// Messages of which the proof holds, for their text and their recipient.
    pub proven: usize,
    /// Messages that were looked at.
    pub messages: usize,
    /// Of those: how many a proof called genuine for somebody else's address. None, or a forger could use it.
    pub mistaken: usize,
    /// What does not fit, a sentence each.
    pub wrong: Vec<String>,
}

impl Seen {
    /// Whether all of it holds.
    pub fn holds(&self) -> bool {
        self.wrong.is_empty() && self.mistaken == 0 && self.proven == self.messages && self.entries > 0
    }
}

impl Outsider {
    /// Pins `key` and keeps the checkpoint that is served now.
    ///
    /// # Errors
    /// `Trouble` when there is none that the key signed.
    pub async fn arrive(server: SocketAddr, key: VerifierKey) -> Result<Self, Trouble> {
        let pinned = key.clone();
        let kept = blocking(move || checkpoint(&mut Files::new(server), &pinned)).await??;
        Ok(Self { server, key, kept })
    }

    /// Checks everything that can be checked from outside, once the log has `expected` entries.
    ///
    /// # Errors
    /// `Trouble` when the server does not answer; what does not fit is in the result.
    pub async fn look(self, expected: u64, sample: Vec<Sample>) -> Result<Seen, Trouble> {
        let mut waited = Duration::ZERO;
        let step = Duration::from_millis(50);
        loop {
            let (server, key) = (self.server, self.key.clone());
            let head = blocking(move || checkpoint(&mut Files::new(server), &key)).await??;
            if head.size >= expected || waited >= PATIENCE {
                return blocking(move || self.check(head, &sample)).await;
            }
            tokio::time::sleep(step).await;
            waited += step;
        }
    }

    fn check(&self, head: Head, sample: &[Sample]) -> Seen {
        let mut files = Files::new(self.server);
        let plan = Plan { head, kept: std::slice::from_ref(&self.kept), older: &[] };
        let mut seen = Seen { kept: self.kept.size, messages: sample.len(), ..Seen::default() };
        match mirror::audit(&mut files, &plan, |_| ()) {
            Ok(outcome) => (seen.entries, seen.tiles) = (outcome.entries, outcome.tiles),
            Err(broken) => seen.wrong.push(broken.to_string()),
        }
        for one in sample {
            match self.message(&mut files, one) {
                Ok(sealed) => {
                    seen.proven += usize::from(sealed.is_for(&one.to));
                    seen.mistaken += usize::from(sealed.is_for("somebody.else@example.org"));
                }
                Err(why) => seen.wrong.push(why),
            }
        }
        seen
    }

    /// What was put on record of a message, if its proof holds and it is word for word the one that arrived.
    fn message(&self, files: &mut Files, one: &Sample) -> Result<Sealed, String> {
        let eml = Eml::read(one.bytes.as_bytes()).map_err(|how| format!("a message is not as it was sent: {how}"))?;
        let code = code_in(eml.mail().text).ok_or("a message has no code")?;
        let digest = message::code_hash(&code).ok_or("a message's code is none")?;
        let text = files.text(&format!("/evidence/message/{}", digest.to_hex())).map_err(|error| error.to_string())?;
        let proof = ProofFile::parse(&text).map_err(|bad| bad.to_string())?;
        let opening = proof.extra.as_deref().and_then(Opening::decode).ok_or("a proof has no opening")?;
        let leaf = Hash::leaf(&opening.commitment().entry());
        proof.verify(&leaf, std::slice::from_ref(&self.key)).map_err(|bad| bad.to_string())?;
        let sealed = Sealed::read(&opening).map_err(|bad| bad.to_string())?;
        let fits = sealed.is_of(&eml.mail()) && sealed.has_code(&code);
        fits.then_some(sealed).ok_or_else(|| "a message is not the one that was put on record".to_owned())
    }
}

/// The newest checkpoint, its signature checked.
fn checkpoint(files: &mut Files, key: &VerifierKey) -> Result<Head, Trouble> {
    let text = files.text("/evidence/checkpoint").map_err(|error| Trouble::Io("checkpoint".into(), error))?;
    let note = Note::parse(&text).map_err(|bad| Trouble::Flow(bad.to_string()))?;
    note.verify(std::slice::from_ref(key)).map_err(|bad| Trouble::Flow(bad.to_string()))?;
    Checkpoint::parse(&note.text).map(|read| read.head).map_err(|bad| Trouble::Flow(bad.to_string()))
}

/// The countersign code that stands in a message.
fn code_in(text: &str) -> Option<String> {
    let words = text.split_whitespace().filter(|word| word.len() == 14 && word.as_bytes()[4] == b'-');
    words.into_iter().find(|word| CountersignCode::parse(word).is_ok()).map(str::to_owned)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Trouble::Flow(error.to_string()))
}

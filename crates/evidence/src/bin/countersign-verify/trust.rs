//! Whom the reader trusts, and what a checkpoint is worth by that.

use crate::args::TrustArgs;
use crate::files;
use crate::verdict::Verdict;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{self, Note, VerifierKey};
use countersign_evidence::policy::{self, Judgement, Policy};
use countersign_evidence::rotation::{self, Rotation, keys_at};
use serde_json::{Value, json};
use std::path::Path;

/// Pinned keys, the log's key changes, the policy.
pub struct Trust {
    pinned: Vec<VerifierKey>,
    rotations: Vec<Rotation>,
    policy: Policy,
    /// Whose policy it is, for the sentence.
    policy_is_the_senders: bool,
}

/// A checkpoint that a trusted key signed.
pub struct Seen {
    pub checkpoint: Checkpoint,
    pub judgement: Judgement,
    policy_is_the_senders: bool,
}

impl Trust {
    /// From the arguments. Without any key there may be some in the policy.
    pub fn read(args: &TrustArgs) -> Result<Self, Verdict> {
        let trust = Self::read_some(args)?;
        if trust.pinned.is_empty() {
            return Err(Verdict::unreadable(
                "no key is given: name the log's with --key, or a policy with a log in it",
            ));
        }
        Ok(trust)
    }

    /// The same where no key need be pinned.
    pub fn read_some(args: &TrustArgs) -> Result<Self, Verdict> {
        let key = args.key.as_deref().map(VerifierKey::parse).transpose();
        let key = key.map_err(|bad| Verdict::unreadable(format!("--key: {bad}")))?;
        let policy = match &args.policy {
            Some(path) => parse_policy(&files::text(path, policy::MOST_BYTES)?)?,
            None => Policy::none(),
        };
        let rotations = match &args.rotations {
            Some(path) => parse_rotations(&files::text(path, rotation::MOST_BYTES)?)?,
            None => Vec::new(),
        };
        // A key that is named outweighs the logs of a policy.
        let pinned = match key {
            Some(key) => vec![key],
            None => policy.logs().iter().map(|log| log.key.clone()).collect(),
        };
        Ok(Self { pinned, rotations, policy, policy_is_the_senders: false })
    }

    pub fn is_pinned(&self) -> bool {
        !self.pinned.is_empty()
    }

    pub fn pin(&mut self, key: VerifierKey) {
        self.pinned = vec![key];
    }

    /// Takes the rotations that came with a bundle, where the reader has none.
    pub fn add_rotations(&mut self, text: &str) -> Result<(), Verdict> {
        if self.rotations.is_empty() {
            self.rotations = parse_rotations(text)?;
        }
        Ok(())
    }

    /// Takes the policy that came with a bundle, where the reader has none.
    pub fn add_policy(&mut self, text: &str) -> Result<(), Verdict> {
        if self.policy == Policy::none() {
            self.policy = parse_policy(text)?;
            self.policy_is_the_senders = true;
        }
        Ok(())
    }

    /// The keys that may sign for a log of this size.
    pub fn keys_at(&self, size: u64) -> Result<Vec<VerifierKey>, Verdict> {
        let mut keys = Vec::new();
        for pinned in &self.pinned {
            // Of several known logs the rotations belong to the one that they name.
            let of_this = self.rotations.first().is_some_and(|r| r.origin() == pinned.name());
            let rotations = if of_this || self.pinned.len() == 1 { self.rotations.as_slice() } else { &[] };
            let after = keys_at(pinned, rotations, size);
            keys.extend(after.map_err(|bad| Verdict::disproven(bad.to_string()))?);
        }
        Ok(keys)
    }

    /// Reads the checkpoint in a file, and checks it. A quorum that is not there is the caller's to tell.
    pub fn checkpoint(&self, path: &Path) -> Result<Seen, Verdict> {
        let text = files::text(path, note::MOST_BYTES)?;
        let note = Note::parse(&text).map_err(|bad| Verdict::unreadable(format!("{}: {bad}", path.display())))?;
        self.check(&note)
    }

    /// Checks a checkpoint's note: the log's signature, the origin, and the cosignatures.
    pub fn check(&self, note: &Note) -> Result<Seen, Verdict> {
        let checkpoint = Checkpoint::parse(&note.text).map_err(|bad| Verdict::unreadable(bad.to_string()))?;
        let keys = self.keys_at(checkpoint.head.size)?;
        let signed = note.verify(&keys).map_err(|bad| Verdict::disproven(format!("the checkpoint: {bad}")))?;
        if signed.iter().all(|key| key.name() != checkpoint.origin) {
            let what =
                format!("the checkpoint is of the log {}, not of the one whose key you named", checkpoint.origin);
            return Err(Verdict::disproven(what));
        }
        let judgement = self.policy.judge(note).map_err(|bad| Verdict::disproven(format!("the checkpoint: {bad}")))?;
        Ok(Seen { checkpoint, judgement, policy_is_the_senders: self.policy_is_the_senders })
    }
}

fn parse_policy(text: &str) -> Result<Policy, Verdict> {
    Policy::parse(text).map_err(|bad| Verdict::unreadable(bad.to_string()))
}

fn parse_rotations(text: &str) -> Result<Vec<Rotation>, Verdict> {
    rotation::from_file(text).map_err(|bad| Verdict::unreadable(bad.to_string()))
}

impl Seen {
    /// `the log log.example.org/evidence with its 70000 entries`.
    pub fn log(&self) -> String {
        format!("the log {} at {} entries", self.checkpoint.origin, self.checkpoint.head.size)
    }

    /// Ends a verdict: says what the witnesses add, and what no log can prove. Without the quorum it is not enough.
    pub fn conclude(&self, verdict: Verdict) -> Verdict {
        let judgement = &self.judgement;
        let names: Vec<&str> = judgement.cosigned.iter().map(|(name, _)| name.as_str()).collect();
        let cosigned = judgement.cosigned.iter().map(|(name, secs)| json!({"witness": name, "time_secs": secs}));
        let cosigned = Value::Array(cosigned.collect());
        let verdict = if judgement.needs_witnesses && !judgement.reached {
            Verdict::not_enough(format!(
                "the quorum of witnesses that the policy asks for is not there ({} cosigned), although {} is signed by its \
                 key",
                if names.is_empty() { "nobody".to_owned() } else { names.join(", ") },
                self.log()
            ))
        } else if judgement.needs_witnesses {
            self.witnessed(verdict, &names.join(", "))
        } else {
            verdict.but_not("that nobody was shown another version of the log (unwitnessed)")
        };
        verdict
            .but_not("that what the log records is true")
            .with("origin", self.checkpoint.origin.as_str())
            .with("size", self.checkpoint.head.size)
            .with("root", self.checkpoint.head.root.to_string())
            .with("cosigned", cosigned)
            .with("witnessed", judgement.needs_witnesses && judgement.reached && !self.policy_is_the_senders)
    }

    fn witnessed(&self, verdict: Verdict, names: &str) -> Verdict {
        if self.policy_is_the_senders {
            // Whoever made the bundle may have made its witnesses too.
            let verdict = verdict.and(&format!("witnessed by {names} as the sender's own policy asks"));
            return verdict.but_not("that these witnesses are independent (name your own policy with --policy)");
        }
        verdict.and(&format!("witnessed by {names} as the policy asks"))
    }
}

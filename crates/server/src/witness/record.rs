//! What the witness remembers of one log: the last checkpoint that it cosigned, on disk before anybody has the cosignature.

use super::durable::{self, NotReplaced};
use super::judge::{self, Refusal};
use super::submission::Submission;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::cosignature;
use countersign_evidence::note::{self, Note, Signature, SigningKey, VerifierKey};
use countersign_evidence::tree::Head;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The file in the log's directory.
const FILE: &str = "checkpoint";
/// Most checkpoints that are kept because they contradict what was cosigned; one is proof enough.
const MOST_FORKS: usize = 16;

/// Why a record cannot be used. The witness does not start then: a record that is quietly begun anew would cosign what
/// contradicts the old one.
#[derive(Debug, thiserror::Error)]
pub enum BadRecord {
    /// The file could not be read.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// It is not what this witness wrote.
    #[error(
        "{0}: not a checkpoint of {1} that this witness cosigned; what it has signed is in doubt: make a new witness"
    )]
    Changed(PathBuf, String),
}

/// One log's record.
#[derive(Debug)]
pub struct Record {
    directory: PathBuf,
    held: Option<Held>,
    /// The disk failed in the middle of a change: nothing is cosigned until a new start has read what is there.
    in_doubt: bool,
}

/// The last checkpoint that was cosigned.
#[derive(Debug)]
struct Held {
    head: Head,
    /// With the log's signatures that were checked, and the cosignature.
    note: Note,
    cosignature: Signature,
    at_secs: u64,
}

impl Record {
    /// Reads the record of `origin`, or begins one.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn open(directory: PathBuf, origin: &str, key: &VerifierKey) -> Result<Self, BadRecord> {
        let path = directory.join(FILE);
        let held = match read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(BadRecord::Io(path, error)),
        };
        let held = match held {
            Some(text) => {
                Some(Held::parse(&text, origin, key).ok_or_else(|| BadRecord::Changed(path, origin.to_owned()))?)
            }
            None => None,
        };
        durable::make_directory(&directory).map_err(|error| BadRecord::Io(directory.clone(), error))?;
        Ok(Self { directory, held, in_doubt: false })
    }

    /// What was cosigned last.
    pub fn head(&self) -> Option<&Head> {
        self.held.as_ref().map(|held| &held.head)
    }

    /// When, in seconds since 1970.
    pub fn at_secs(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.at_secs)
    }

    /// The checkpoint that was cosigned last, with the log's signatures and ours.
    pub fn note(&self) -> Option<&Note> {
        self.held.as_ref().map(|held| &held.note)
    }

    /// Checks, signs, and keeps; the cosignature leaves this function only when it is on disk. `signers` are the log's
    /// keys whose signatures on the note were checked.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn cosign(
        &mut self,
        submission: &Submission,
        signers: &[&VerifierKey],
        key: &SigningKey,
        now: Timestamp,
    ) -> Result<Signature, Refusal> {
        if self.in_doubt {
            return Err(Refusal::Unavailable);
        }
        let judged = judge::judge(submission, self.head());
        if judge::is_fork(&submission.checkpoint.head, self.head()) {
            self.keep_fork(&submission.note);
        }
        judged?;
        // Never earlier than the last time: what a witness says of time does not go back.
        let now_secs = u64::try_from(now.secs()).unwrap_or(0).max(1);
        let at_secs = now_secs.max(self.at_secs().unwrap_or(0));
        if let Some(same) = self.same(submission, at_secs) {
            return Ok(same);
        }
        let fresh = Held::new(submission, signers, key, at_secs);
        let text = fresh.note.to_string();
        // What could not be read back would keep the witness from ever starting again.
        Held::parse(&text, &submission.checkpoint.origin, key.verifier())
            .ok_or(Refusal::Malformed("the checkpoint is too long"))?;
        self.keep(fresh, &text)
    }

    /// The answer to somebody who asks twice in one second costs no write.
    fn same(&self, submission: &Submission, at_secs: u64) -> Option<Signature> {
        let held = self.held.as_ref()?;
        (held.note.text == submission.note.text && held.at_secs == at_secs).then(|| held.cosignature.clone())
    }

    fn keep(&mut self, fresh: Held, text: &str) -> Result<Signature, Refusal> {
        match durable::replace(&self.directory, FILE, text.as_bytes()) {
            Ok(()) => {
                let signature = fresh.cosignature.clone();
                self.held = Some(fresh);
                Ok(signature)
            }
            Err(error) => {
                self.in_doubt = matches!(error, NotReplaced::InDoubt(_));
                tracing::error!(%error, in_doubt = self.in_doubt, "a checkpoint was not cosigned; mend the disk, restart");
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Two roots for one size, both signed by the log, prove that it showed two histories. The first few are kept.
    fn keep_fork(&self, note: &Note) {
        let hash = data_encoding::HEXLOWER.encode(Hash::of(note.text.as_bytes()).bytes());
        let name = format!("fork-{hash}");
        let kept = self.write_fork(&name, note).map_err(|error| error.to_string()).err();
        tracing::error!(file = name, not_kept = kept, "a log signed two different checkpoints of one size");
    }

    fn write_fork(&self, name: &String, note: &Note) -> io::Result<()> {
        let forks = self.forks()?;
        if forks.contains(name) || forks.len() >= MOST_FORKS {
            return Ok(());
        }
        durable::replace(&self.directory, name, note.to_string().as_bytes()).map_err(io::Error::other)
    }

    fn forks(&self) -> io::Result<Vec<String>> {
        let names =
            std::fs::read_dir(&self.directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: io::Result<Vec<String>> = names.collect();
        Ok(names?.into_iter().filter(|name| name.starts_with("fork-")).collect())
    }
}

/// Reads the file and makes sure that what was read is on the disk too: a process that was killed between its last two
/// steps may have left what a loss of power would still take away.
fn read(path: &Path) -> io::Result<String> {
    let file = std::fs::File::open(path)?;
    let mut text = String::new();
    // One byte more than the longest note: longer is no note.
    (&file).take(note::MOST_BYTES as u64 + 1).read_to_string(&mut text)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), durable::sync_directory)?;
    Ok(text)
}

impl Held {
    fn new(submission: &Submission, signers: &[&VerifierKey], key: &SigningKey, at_secs: u64) -> Self {
        let text = submission.note.text.clone();
        let cosignature = cosignature::cosign(key, &text, at_secs);
        let by_log = submission.note.signatures.iter().filter(|s| signers.iter().any(|key| s.is_by(key)));
        // One line for each key is enough, however often a log repeats it.
        let mut signatures: Vec<Signature> = Vec::new();
        for signature in by_log.chain([&cosignature]) {
            if !signatures.contains(signature) {
                signatures.push(signature.clone());
            }
        }
        Self { head: submission.checkpoint.head, note: Note { text, signatures }, cosignature, at_secs }
    }

    /// Reads what [`Record::keep`] wrote: this witness's cosignature must be there, and fit.
    fn parse(text: &str, origin: &str, key: &VerifierKey) -> Option<Self> {
        let note = Note::parse(text).ok()?;
        let checkpoint = Checkpoint::parse(&note.text).ok().filter(|c| c.origin == origin)?;
        let at_secs = cosignature::found(&note, key).ok()??;
        let cosignature = note.signatures.iter().find(|s| s.is_by(key))?.clone();
        Some(Self { head: checkpoint.head, note, cosignature, at_secs })
    }
}

//! What is signed: the head's checkpoint, the one that is served, those that were time-stamped or kept elsewhere, and the
//! keys that signed them.

use super::finding::Findings;
use super::tree::Waypoint;
use super::{Ask, Finding};
use crate::flows::log::Doubt;
use crate::flows::log::own::Stamped;
use crate::flows::log::start::{Chain, TOLERANCE};
use crate::store::log::{LogHead, LogKey, LogStamp};
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::Note;
use countersign_evidence::tree::Head;

/// What was checked of the signed things before the entries are read.
#[derive(Debug, Default)]
pub struct Signed {
    /// What is wrong so far.
    pub findings: Findings,
    /// What is to be checked as the tree grows.
    pub waypoints: Vec<Waypoint>,
    /// What the tree should come to.
    pub head: Option<Head>,
    /// The log's name.
    pub origin: Option<String>,
    /// The keys, if they follow from one another.
    pub chain: Option<Chain>,
    /// The stamps, to be compared with the entries about them.
    pub stamps: Vec<Stamped>,
    /// Whether the checkpoint that is served has its witnesses.
    pub witnessed: bool,
}

impl Signed {
    /// Checks the keys.
    pub fn keys(&mut self, keys: &[LogKey]) {
        match Chain::read(keys) {
            Ok(chain) => {
                self.origin = Some(chain.first().name().to_owned());
                self.chain = Some(chain);
            }
            Err(doubt) => self.findings.push(Finding::keys(format!("{} rows", keys.len()), bare(doubt))),
        }
    }

    /// Reads a note as a checkpoint of this log that was signed by the key whose turn it was; why it is not.
    fn checkpoint(&self, text: &str) -> Result<Head, String> {
        let note = Note::parse(text).map_err(|error| error.to_string())?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(|error| error.to_string())?;
        let other = checkpoint.origin != *self.origin.as_ref().unwrap_or(&checkpoint.origin);
        if other {
            return Err(format!("it is a checkpoint of {}, which is another log", checkpoint.origin));
        }
        let head = checkpoint.head;
        match &self.chain {
            Some(chain) => chain.signed(text, &head).map(|()| head).map_err(bare),
            None => Ok(head),
        }
    }

    /// Checks the head's row.
    pub fn head(&mut self, row: &LogHead, ask: &Ask<'_>) {
        let found = match self.checkpoint(&row.note) {
            Ok(signed) => {
                let same = [("size", signed.size == row.head.size), ("root", signed.root == row.head.root)];
                for (column, _) in same.into_iter().filter(|(_, same)| !same) {
                    self.findings.push(Finding::head(column, "it is not what the checkpoint says"));
                }
                signed
            }
            Err(why) => {
                self.findings.push(Finding::head("note", why));
                row.head
            }
        };
        self.head = Some(found);
        self.published(row, found, ask);
        for (column, at) in [("signed_at", row.signed_at), ("published_at", row.published_at)] {
            if at.since(ask.now) > TOLERANCE {
                self.findings.push(Finding::head(column, "it is later than the clock"));
            }
        }
    }

    fn published(&mut self, row: &LogHead, newest: Head, ask: &Ask<'_>) {
        let served = match self.checkpoint(&row.published) {
            Ok(served) => served,
            Err(why) => return self.findings.push(Finding::head("published", why)),
        };
        if served.size != row.published_size {
            self.findings.push(Finding::head("published_size", "it is not what the served checkpoint says"));
        }
        let otherwise = Finding::head("published", "the served checkpoint is not the beginning of this log");
        self.pass(served, newest, otherwise);
        self.witnesses(row, ask);
    }

    fn witnesses(&mut self, row: &LogHead, ask: &Ask<'_>) {
        let Ok(note) = Note::parse(&row.published) else { return };
        let judged = match ask.policy.judge(&note) {
            Ok(judged) => judged,
            Err(error) => return self.findings.push(Finding::head("published", error.to_string())),
        };
        self.witnessed = judged.needs_witnesses && judged.reached;
        let cosigned = self.origin.as_ref().is_none_or(|ours| note.signatures.iter().any(|s| s.name != *ours));
        let what = match (row.witnessed, cosigned) {
            (true, false) => "nobody has cosigned the served checkpoint",
            (said, _) if judged.needs_witnesses && said != self.witnessed => {
                "it is not what the cosignatures come to under evidence.policy_file (if that was changed since the last \
                 checkpoint, start the server once)"
            }
            _ => return,
        };
        self.findings.push(Finding::head("witnessed", what));
    }

    /// Notes that the log had this root at this size, says a checkpoint that we signed.
    fn pass(&mut self, at: Head, newest: Head, otherwise: Finding) {
        if at.size <= newest.size {
            self.waypoints.push(Waypoint { head: at, otherwise });
            return;
        }
        let what = format!("it is of {} entries, and the head counts {}: the log was put back", at.size, newest.size);
        self.findings.push(Finding { what, ..otherwise });
    }

    /// Checks a checkpoint that was kept in a file.
    pub fn kept(&mut self, name: &str, text: &str) {
        let otherwise = Finding::file(name, "it is not the beginning of this log");
        match (self.checkpoint(text), self.head) {
            (Ok(kept), Some(newest)) => self.pass(kept, newest, otherwise),
            (Ok(_), None) => {}
            (Err(why), _) => self.findings.push(Finding::file(name, why)),
        }
    }

    /// Checks the time stamps.
    pub fn stamps(&mut self, stamps: &[LogStamp]) {
        for stamp in stamps {
            self.stamp(stamp);
            self.stamps.push(Stamped::of(stamp));
        }
    }

    fn stamp(&mut self, stamp: &LogStamp) {
        let size = stamp.size;
        match self.checkpoint(&stamp.checkpoint) {
            Ok(head) => {
                if head.size != size {
                    self.findings.push(Finding::stamp(size, Some("size"), "it is not what the checkpoint says"));
                }
                let otherwise = Finding::stamp(size, Some("checkpoint"), "it is not the beginning of this log");
                if let Some(newest) = self.head {
                    self.pass(head, newest, otherwise);
                }
            }
            Err(why) => self.findings.push(Finding::stamp(size, Some("checkpoint"), why)),
        }
        if !holds_digest(&stamp.token, &Hash::of(stamp.checkpoint.as_bytes())) {
            self.findings.push(Finding::stamp(size, Some("token"), "it is about other bytes than this checkpoint"));
        }
    }

    /// Compares the head's times with the latest entry that it counts.
    pub fn times(&mut self, row: &LogHead, latest: Option<Timestamp>) {
        if latest.is_some_and(|latest| latest.since(row.signed_at) > TOLERANCE) {
            self.findings.push(Finding::head("signed_at", "it is earlier than an entry that the head counts"));
        }
        if row.published_size == row.head.size && row.signed_at.since(row.published_at) > TOLERANCE {
            self.findings.push(Finding::head("published_at", "it is earlier than the signature"));
        }
    }
}

/// What is wrong, without what the start of a server advises.
fn bare(doubt: Doubt) -> String {
    match doubt {
        Doubt::Checkpoint(why) => why,
        Doubt::Rotation(why) => format!("they do not follow from one another: {why}"),
        Doubt::Head => "it says something else than a checkpoint of this log does".to_owned(),
        other => other.to_string(),
    }
}

/// Whether a time stamp's reply has this digest as an octet string, as its message imprint has (RFC 3161, 2.4.2). The
/// authority's signature over it is for `openssl ts -verify`.
fn holds_digest(token: &[u8], digest: &Hash) -> bool {
    let octets = [&[0x04, 0x20], digest.bytes().as_slice()].concat();
    token.windows(octets.len()).any(|window| window == octets)
}

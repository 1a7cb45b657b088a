//! What an audit came to, in one sentence and in full.

use super::claims::{Claims, ErasedBy};
use super::finding::Findings;
use super::signed::Signed;
use super::{Ask, Finding};
use crate::store::log::LogHead;
use countersign_core::time::Timestamp;
use serde_json::{Value, json};

/// Runs of erased entries that are told one by one.
const MOST_ERASURES: usize = 1000;

/// What was checked, and what was found.
#[derive(Debug, Default)]
pub struct Report {
    /// The log's name.
    pub origin: Option<String>,
    /// The verifier key that signs now.
    pub vkey: Option<String>,
    /// Entries under the newest checkpoint.
    pub size: u64,
    /// When it was signed, by our clock.
    pub signed_at: Option<Timestamp>,
    /// Rows that were read.
    pub rows: u64,
    /// Committed entries that no checkpoint counts yet: only their own commitment was checked.
    pub waiting: u64,
    /// Entries without content, by an entry that says so.
    pub erased: u64,
    /// Which by which.
    pub erased_by: Vec<ErasedBy>,
    /// Tiles that were compared.
    pub tiles: u64,
    /// Keys that followed one another.
    pub keys: usize,
    /// Time stamps whose checkpoints were compared.
    pub stamps: usize,
    /// Checkpoints kept elsewhere that were compared.
    pub kept: usize,
    /// Whether the served checkpoint has the witnesses that the policy asks for.
    pub witnessed: bool,
    /// What is wrong.
    pub findings: Findings,
    /// The last number beyond the head that was there.
    last_waiting: u64,
}

impl Report {
    /// Notes an entry that the head does not count.
    pub(super) fn waits(&mut self, number: u64, size: u64) {
        if number != self.last_waiting.max(size) + 1 {
            let what = "it does not follow the entry before it: its number was changed, or those between are missing";
            self.findings.push(Finding::entry(number, None, what));
        }
        self.last_waiting = number;
        self.waiting += 1;
    }

    /// Fills in what is known at the end.
    pub(super) fn of(
        mut self,
        signed: Signed,
        head: Option<LogHead>,
        claims: &Claims,
        keys: usize,
        ask: &Ask<'_>,
    ) -> Self {
        let mut findings = signed.findings;
        findings.append(self.findings);
        self.findings = findings;
        self.origin = signed.origin;
        self.vkey = signed.chain.map(|chain| chain.last().to_string());
        self.size = signed.head.map_or(0, |head| head.size);
        self.signed_at = head.map(|head| head.signed_at);
        self.erased = claims.erased();
        self.erased_by = claims.erased_by();
        (self.keys, self.stamps, self.kept) = (keys, signed.stamps.len(), ask.kept.len());
        self.witnessed = signed.witnessed;
        self
    }

    /// Whether nothing was found wrong.
    pub const fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// One sentence: what was found.
    pub fn verdict(&self) -> String {
        let origin = self.origin.as_deref().unwrap_or("unknown");
        let found = self.findings.kept().len() as u64 + self.findings.more();
        match found {
            0 => format!(
                "Sound: {} entries of {origin} fit their commitments, give the root that was signed{}, and the {} tiles are \
                 what they should be.",
                self.size,
                self.when(),
                self.tiles,
            ),
            1 => format!("NOT SOUND: one thing in {origin} is not as it was signed."),
            _ => format!("NOT SOUND: {found} things in {origin} are not as they were signed."),
        }
    }

    fn when(&self) -> String {
        let at = self.signed_at.and_then(|at| jiff::Timestamp::from_microsecond(at.micros()).ok());
        at.map_or_else(String::new, |at| format!(" on {}", at.strftime("%Y-%m-%d at %H:%M:%S UTC")))
    }

    /// What else was checked, a line each.
    pub fn checked(&self) -> Vec<String> {
        let mut lines = vec![format!("{} key(s), each handed over by the one before it", self.keys)];
        if self.kept > 0 {
            lines.push(format!("{} checkpoint(s) kept beside the database: the beginning of this log", self.kept));
        }
        if self.stamps > 0 {
            lines.push(format!("{} time stamp(s): about checkpoints that are the beginning of this log", self.stamps));
        }
        if self.witnessed {
            lines.push("the served checkpoint has the cosignatures that evidence.policy_file asks for".to_owned());
        }
        for gone in self.erased_by.iter().take(MOST_ERASURES) {
            lines.push(format!("entries {}: content erased by entry {}", gone.entries, gone.by));
        }
        lines
    }

    /// What was not checked, a line each.
    pub fn not_checked(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.waiting > 0 {
            let what = "committed since the checkpoint: only their own commitments were checked";
            lines.push(format!("{} entries {what}", self.waiting));
        }
        if self.kept == 0 {
            lines.push(
                "whether the log was put back to an older state: no checkpoint kept elsewhere was given".to_owned(),
            );
        }
        if !self.witnessed {
            lines.push("whether somebody was shown another log under this name: unwitnessed".to_owned());
        }
        if self.stamps > 0 {
            lines.push("the signatures of time-stamp authorities: `openssl ts -verify` does that".to_owned());
        }
        lines.push("the columns signed_at and published_at, but for being plausible: nothing signs them".to_owned());
        lines.push("whether what an entry says is true, and whether all that happened was written down".to_owned());
        lines
    }

    /// Everything, for machines.
    pub fn to_json(&self) -> Value {
        json!({
            "sound": self.is_sound(), "verdict": self.verdict(), "origin": self.origin, "vkey": self.vkey,
            "size": self.size, "rows": self.rows, "waiting": self.waiting, "tiles": self.tiles, "keys": self.keys,
            "stamps": self.stamps, "kept_checkpoints": self.kept, "witnessed": self.witnessed,
            "erased": self.erased, "erased_by": self.erased_by,
            "findings": self.findings.kept(), "more_findings": self.findings.more(),
            "checked": self.checked(), "not_checked": self.not_checked(),
        })
    }
}

//! Policies (C2SP tlog-policy): whose logs are known, and which witnesses must have cosigned a checkpoint.
//!
//! Never: takes a name before it is defined; counts a witness twice; guesses at a line that it does not understand.
//! In: the text of a policy, notes.   Out: `Policy`, `Judgement`.
//! I/O for this room: none.   Tests: `tests.rs`.

mod read;
#[cfg(test)]
mod tests;

use crate::cosignature;
use crate::note::{BadNote, Note, VerifierKey};
use std::fmt;

/// Largest policy that is read.
pub const MOST_BYTES: usize = 64 * 1024;
/// Most logs, most witnesses and most groups of a policy, each. The specification asks for at least 32.
pub const MOST_EACH: usize = 64;

/// A log that the policy knows. Its origin is its key's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// What it signs checkpoints with.
    pub key: VerifierKey,
    /// Where it is, if the policy says so.
    pub url: Option<String>,
}

/// A witness that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy; it need not be its key's.
    pub name: String,
    /// What it cosigns with.
    pub key: VerifierKey,
    /// Its submission prefix (C2SP tlog-witness), if the policy says so.
    pub url: Option<String>,
}

/// A name that was defined: its place among the witnesses or among the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Witness(usize),
    Group(usize),
}

/// So many of these.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    /// 1 to the number of members.
    threshold: usize,
    /// Each is defined before the group.
    members: Vec<Named>,
}

/// Known logs, known witnesses, and the quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// `None` is `quorum none`.
    quorum: Option<Named>,
}

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {what}")]
pub struct BadPolicy {
    /// Which line, from 1; the one behind the last where something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub what: BadLine,
}

/// What can be wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// More than [`MOST_BYTES`].
    #[error("a policy has at most {MOST_BYTES} bytes")]
    TooLong,
    /// More of one kind than [`MOST_EACH`].
    #[error("a policy has at most {MOST_EACH} logs, {MOST_EACH} witnesses and {MOST_EACH} groups")]
    TooMany,
    /// A control character other than tab and line feed.
    #[error("a control character stands here; only tabs and line feeds may")]
    Control,
    /// Another first word.
    #[error("a line begins with log, witness, group, quorum or #")]
    Word,
    /// A word too many or too few.
    #[error("the line must have the form: {0}")]
    Form(&'static str),
    /// The key is none.
    #[error("key: {0}")]
    Key(#[from] crate::note::BadKey),
    /// A witness's key for a log, or the other way round.
    #[error("key: a log has an Ed25519 key (type 01), a witness one for cosignature/v1 (type 04)")]
    KeyType,
    /// The same public key twice.
    #[error("key: this key was there before")]
    KeyTwice,
    /// The name is taken, or is `none`.
    #[error("name: {0} is defined already")]
    NameTwice(String),
    /// Not defined on a line before this one.
    #[error("name: {0} is not defined above this line")]
    Unknown(String),
    /// Already in a group.
    #[error("member: {0} is a member of a group already")]
    MemberTwice(String),
    /// Not all, any or 1 to the number of members.
    #[error("threshold: all, any, or a number from 1 to the number of members")]
    Threshold,
    /// A second quorum.
    #[error("the quorum is defined already")]
    QuorumTwice,
    /// No quorum.
    #[error("a line `quorum <name>` or `quorum none` is missing")]
    NoQuorum,
}

/// What the cosignatures on a note amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The names of the policy's witnesses that cosigned, with the latest time (seconds since 1970) that each names.
    pub cosigned: Vec<(String, u64)>,
    /// Whether the quorum is there; with `quorum none` it always is.
    pub reached: bool,
    /// Whether the policy asks for any witness at all.
    pub needs_witnesses: bool,
}

impl Policy {
    /// No logs, no witnesses, `quorum none`.
    pub const fn none() -> Self {
        Self { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None }
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// [`BadPolicy`] names the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, BadPolicy> {
        read::policy(text)
    }

    /// The logs, in the order of the text.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses, in the order of the text.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether a checkpoint needs any witness's cosignature.
    pub const fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Counts the cosignatures on a checkpoint's note. The log's own signature is the caller's to check.
    ///
    /// # Errors
    /// `Forged` where a line names a witness's key and does not fit: such a note is not to be trusted at all.
    pub fn judge(&self, note: &Note) -> Result<Judgement, BadNote> {
        let times: Result<Vec<_>, _> = self.witnesses.iter().map(|w| cosignature::found(note, &w.key)).collect();
        let times = times?;
        let named = self.witnesses.iter().zip(&times);
        let cosigned = named.filter_map(|(w, time)| time.map(|time| (w.name.clone(), time))).collect();
        let there: Vec<bool> = times.iter().map(Option::is_some).collect();
        Ok(Judgement { cosigned, reached: self.reached(&there), needs_witnesses: self.needs_witnesses() })
    }

    /// Whether the quorum is there, given which witnesses are.
    fn reached(&self, witnesses: &[bool]) -> bool {
        // A group's members stand before it, so one pass in order decides them all.
        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let count = group.members.iter().filter(|member| is_there(**member, witnesses, &groups)).count();
            groups.push(count >= group.threshold);
        }
        self.quorum.is_none_or(|quorum| is_there(quorum, witnesses, &groups))
    }

    fn name(&self, named: Named) -> &str {
        match named {
            Named::Witness(at) => &self.witnesses[at].name,
            Named::Group(at) => &self.groups[at].name,
        }
    }
}

fn is_there(named: Named, witnesses: &[bool], groups: &[bool]) -> bool {
    match named {
        Named::Witness(at) => witnesses[at],
        Named::Group(at) => groups[at],
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
        }
        for group in &self.groups {
            write!(f, "group {} {}", group.name, group.threshold)?;
            group.members.iter().try_for_each(|member| write!(f, " {}", self.name(*member)))?;
            writeln!(f)?;
        }
        writeln!(f, "quorum {}", self.quorum.map_or(read::NONE, |quorum| self.name(quorum)))
    }
}

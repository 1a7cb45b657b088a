//! Reads the lines of a policy, one after the other.

use super::{BadLine, BadPolicy, Group, Log, MOST_BYTES, MOST_EACH, Named, Policy, Witness};
use crate::note::{Algorithm, VerifierKey};
use crate::tile::decimal;

/// The name that nobody may have: no quorum at all.
pub(super) const NONE: &str = "none";

/// What was read so far.
struct Reader {
    policy: Policy,
    /// Who is a member of a group.
    members: Vec<Named>,
    quorum_is_there: bool,
}

pub(super) fn policy(text: &str) -> Result<Policy, BadPolicy> {
    if text.len() > MOST_BYTES {
        return Err(BadPolicy { line: 1, what: BadLine::TooLong });
    }
    let mut reader = Reader { policy: Policy::none(), members: Vec::new(), quorum_is_there: false };
    let mut line = 0;
    for content in text.split_terminator('\n') {
        line += 1;
        reader.line(content).map_err(|what| BadPolicy { line, what })?;
    }
    if reader.quorum_is_there { Ok(reader.policy) } else { Err(BadPolicy { line: line + 1, what: BadLine::NoQuorum }) }
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), BadLine> {
        if line.contains(|c: char| (c < ' ' && c != '\t') || c == '\x7f') {
            return Err(BadLine::Control);
        }
        // Only space and tab divide: a policy means the same under every version of Unicode.
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", rest @ ..] => self.log(rest),
            ["witness", rest @ ..] => self.witness(rest),
            ["group", rest @ ..] => self.group(rest),
            ["quorum", rest @ ..] => self.quorum(rest),
            _ => Err(BadLine::Word),
        }
    }

    fn log(&mut self, words: &[&str]) -> Result<(), BadLine> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some((*url).to_owned())),
            _ => return Err(BadLine::Form("log <vkey> [<url>]")),
        };
        let key = key_of(key, Algorithm::Ed25519)?;
        if self.policy.logs.iter().any(|log| log.key.bytes() == key.bytes()) {
            return Err(BadLine::KeyTwice);
        }
        push(&mut self.policy.logs, Log { key, url })
    }

    fn witness(&mut self, words: &[&str]) -> Result<(), BadLine> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some((*url).to_owned())),
            _ => return Err(BadLine::Form("witness <name> <vkey> [<url>]")),
        };
        let (name, key) = (self.new_name(name)?, key_of(key, Algorithm::CosignatureV1)?);
        if self.policy.witnesses.iter().any(|witness| witness.key.bytes() == key.bytes()) {
            return Err(BadLine::KeyTwice);
        }
        push(&mut self.policy.witnesses, Witness { name, key, url })
    }

    fn group(&mut self, words: &[&str]) -> Result<(), BadLine> {
        let [name, threshold, members @ ..] = words else {
            return Err(BadLine::Form("group <name> all|any|<k> <member>…"));
        };
        let name = self.new_name(name)?;
        let threshold = match (*threshold, members.len()) {
            ("all", count) => count,
            ("any", _) => 1,
            (digits, count) => decimal(digits).and_then(|k| k.try_into().ok()).filter(|k| *k <= count).unwrap_or(0),
        };
        if threshold == 0 || members.is_empty() {
            return Err(BadLine::Threshold);
        }
        let members: Result<Vec<Named>, _> = members.iter().map(|member| self.member(member)).collect();
        push(&mut self.policy.groups, Group { name, threshold, members: members? })
    }

    /// A member of a group; it is taken from then on.
    fn member(&mut self, name: &str) -> Result<Named, BadLine> {
        let member = self.find(name).ok_or_else(|| BadLine::Unknown(name.to_owned()))?;
        if self.members.contains(&member) {
            return Err(BadLine::MemberTwice(name.to_owned()));
        }
        self.members.push(member);
        Ok(member)
    }

    fn quorum(&mut self, words: &[&str]) -> Result<(), BadLine> {
        let [name] = words else {
            return Err(BadLine::Form("quorum <name>|none"));
        };
        if self.quorum_is_there {
            return Err(BadLine::QuorumTwice);
        }
        if *name != NONE {
            self.policy.quorum = Some(self.find(name).ok_or_else(|| BadLine::Unknown((*name).to_owned()))?);
        }
        self.quorum_is_there = true;
        Ok(())
    }

    fn find(&self, name: &str) -> Option<Named> {
        let witness = self.policy.witnesses.iter().position(|w| w.name == name).map(Named::Witness);
        witness.or_else(|| self.policy.groups.iter().position(|g| g.name == name).map(Named::Group))
    }

    fn new_name(&self, name: &str) -> Result<String, BadLine> {
        let taken = name == NONE || self.find(name).is_some();
        if taken { Err(BadLine::NameTwice(name.to_owned())) } else { Ok(name.to_owned()) }
    }
}

fn key_of(text: &str, algorithm: Algorithm) -> Result<VerifierKey, BadLine> {
    let key = VerifierKey::parse(text)?;
    if key.algorithm() == algorithm { Ok(key) } else { Err(BadLine::KeyType) }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), BadLine> {
    if list.len() == MOST_EACH {
        return Err(BadLine::TooMany);
    }
    list.push(item);
    Ok(())
}

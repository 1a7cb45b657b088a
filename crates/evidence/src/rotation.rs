//! A change of the log's signing key: a note that the old and the new key sign both.
//!
//! Never: accepts a key that the one before it did not sign for, or that did not sign for itself; follows the chain backwards.
//! In: keys, texts.   Out: `Rotation`, the keys that a reader may accept.
//! I/O for this room: none.   Tests: beside the code.
//!
//! The text of the note has five lines:
//!
//! ```text
//! countersign key rotation v1
//! <origin>
//! size <the log's size from which on the new key signs>
//! old <vkey>
//! new <vkey>
//! ```
//!
//! Two signature lines follow, the old key's first. A file of rotations has them in order with one empty line between; as
//! no text has an empty line in it, each text and each block of signatures stands between two empty lines.

use crate::note::{Algorithm, BadKey, BadNote, Note, SigningKey, VerifierKey};
use crate::tile::decimal;
use std::fmt;

/// The first line.
const HEADER: &str = "countersign key rotation v1";
/// Largest file of rotations that is read.
pub const MOST_BYTES: usize = 256 * 1024;
/// Most rotations in one file: a key each month for twenty years.
pub const MOST_ROTATIONS: usize = 240;

/// From `size` on, `new` signs for the log instead of `old`. Both are named after the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    size: u64,
    old: VerifierKey,
    new: VerifierKey,
    note: Note,
}

/// Why a rotation, or a chain of them, is not to be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRotation {
    /// Not a rotation.
    #[error("this is not a key rotation ({HEADER})")]
    Form,
    /// More than [`MOST_BYTES`] or [`MOST_ROTATIONS`].
    #[error("there are more than {MOST_ROTATIONS} key rotations or {MOST_BYTES} bytes of them")]
    TooMany,
    /// A key is none.
    #[error("key rotation: {0}")]
    Key(#[from] BadKey),
    /// The two keys are not both Ed25519 keys with the log's name, or are one.
    #[error("key rotation: both keys must be Ed25519 keys with the log's name, and two")]
    Keys,
    /// A signature does not fit.
    #[error("key rotation: {0}")]
    Note(#[from] BadNote),
    /// One of the two did not sign.
    #[error("key rotation: the {0} key did not sign it")]
    Unsigned(&'static str),
    /// Does not go on where the one before it ended.
    #[error("key rotation {0} does not follow from the one before it")]
    Broken(usize),
    /// Not a chain that the pinned key is part of.
    #[error("no key rotation leads to or from the key {0}")]
    NotPinned(String),
}

impl Rotation {
    /// Makes and signs one.
    ///
    /// # Errors
    /// `Keys`.
    pub fn sign(size: u64, old: &SigningKey, new: &SigningKey) -> Result<Self, BadRotation> {
        check_keys(old.verifier(), new.verifier())?;
        let text = text(size, old.verifier(), new.verifier());
        let note = Note { signatures: vec![old.sign(&text), new.sign(&text)], text };
        Ok(Self { size, old: old.verifier().clone(), new: new.verifier().clone(), note })
    }

    /// Reads one. Its signatures are not checked.
    ///
    /// # Errors
    /// `Form`, `Key`, `Keys`, or what is wrong with the note's form.
    pub fn parse(note: &str) -> Result<Self, BadRotation> {
        let note = Note::parse(note)?;
        let lines: Vec<&str> = note.text.split_terminator('\n').collect();
        let [HEADER, origin, size, old, new] = lines[..] else { return Err(BadRotation::Form) };
        let size = size.strip_prefix("size ").filter(|digits| !digits.is_empty()).and_then(decimal);
        let size = size.ok_or(BadRotation::Form)?;
        let key = |line: &str, word: &str| line.strip_prefix(word).ok_or(BadRotation::Form).map(VerifierKey::parse);
        let (old, new) = (key(old, "old ")??, key(new, "new ")??);
        check_keys(&old, &new)?;
        if origin != old.name() || note.signatures.len() != 2 {
            return Err(BadRotation::Form);
        }
        Ok(Self { size, old, new, note })
    }

    /// Checks that both keys signed it.
    ///
    /// # Errors
    /// `Note` or `Unsigned`.
    pub fn verify(&self) -> Result<(), BadRotation> {
        for (key, which) in [(&self.old, "old"), (&self.new, "new")] {
            match self.note.verify(std::slice::from_ref(key)) {
                Ok(_) => {}
                Err(BadNote::NoKnownKey) => return Err(BadRotation::Unsigned(which)),
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Which log: the name of both keys.
    pub fn origin(&self) -> &str {
        self.old.name()
    }

    /// The log's size from which on the new key signs, in entries.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The key that signed until then.
    pub const fn old(&self) -> &VerifierKey {
        &self.old
    }

    /// The key that signs from then on.
    pub const fn new_key(&self) -> &VerifierKey {
        &self.new
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}

fn text(size: u64, old: &VerifierKey, new: &VerifierKey) -> String {
    format!("{HEADER}\n{}\nsize {size}\nold {old}\nnew {new}\n", old.name())
}

fn check_keys(old: &VerifierKey, new: &VerifierKey) -> Result<(), BadRotation> {
    let plain = [old, new].iter().all(|key| key.algorithm() == Algorithm::Ed25519);
    // Ids are four bytes: with two keys of one id a signature line would not say whose it is.
    if plain && old.name() == new.name() && old.id() != new.id() { Ok(()) } else { Err(BadRotation::Keys) }
}

/// Several rotations as one file.
pub fn to_file(rotations: &[Rotation]) -> String {
    rotations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads what [`to_file`] wrote; an empty text has none. Neither signatures nor the chain are checked.
///
/// # Errors
/// `TooMany`, or what is wrong with one of them.
pub fn from_file(text: &str) -> Result<Vec<Rotation>, BadRotation> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.len() > MOST_BYTES {
        return Err(BadRotation::TooMany);
    }
    let blocks: Vec<&str> = text.strip_suffix('\n').ok_or(BadRotation::Form)?.split("\n\n").collect();
    if blocks.len() > 2 * MOST_ROTATIONS {
        return Err(BadRotation::TooMany);
    }
    let one = |pair: &[&str]| match pair {
        [text, signatures] => Rotation::parse(&format!("{text}\n\n{signatures}\n")),
        _ => Err(BadRotation::Form),
    };
    blocks.chunks(2).map(one).collect()
}

/// The keys that a reader who pinned one key may accept: that one, and those to which the rotations lead from it, in order.
///
/// # Errors
/// The first rotation that is wrong by itself or does not follow from the one before it; `NotPinned` when the chain never
/// comes past the pinned key.
pub fn keys_after(pinned: &VerifierKey, rotations: &[Rotation]) -> Result<Vec<VerifierKey>, BadRotation> {
    let reigns = reigns(pinned, rotations)?;
    Ok(reigns.into_iter().map(|reign| reign.key.clone()).collect())
}

/// Like [`keys_after`], but only those that may sign a checkpoint of this size: an old key that was stolen later signs for
/// nothing that came after it. Two where the size is exactly that of a rotation.
///
/// # Errors
/// As [`keys_after`].
pub fn keys_at(pinned: &VerifierKey, rotations: &[Rotation], size: u64) -> Result<Vec<VerifierKey>, BadRotation> {
    let reigns = reigns(pinned, rotations)?;
    Ok(reigns.into_iter().filter(|r| (r.from..=r.until).contains(&size)).map(|r| r.key.clone()).collect())
}

/// A key, and the sizes for which it signs.
struct Reign<'a> {
    key: &'a VerifierKey,
    from: u64,
    until: u64,
}

fn reigns<'a>(pinned: &'a VerifierKey, rotations: &'a [Rotation]) -> Result<Vec<Reign<'a>>, BadRotation> {
    check_chain(rotations)?;
    let start = rotations.iter().position(|r| r.old == *pinned);
    let is_last = rotations.last().is_none_or(|r| r.new == *pinned);
    let later = match start {
        Some(at) => &rotations[at..],
        None if is_last => &[],
        None => return Err(BadRotation::NotPinned(pinned.to_string())),
    };
    // The pinned key is taken for every size before: whoever pinned it vouches for it.
    let mut reigns = vec![Reign { key: pinned, from: 0, until: u64::MAX }];
    for rotation in later {
        if let Some(last) = reigns.last_mut() {
            last.until = rotation.size;
        }
        reigns.push(Reign { key: &rotation.new, from: rotation.size, until: u64::MAX });
    }
    Ok(reigns)
}

fn check_chain(rotations: &[Rotation]) -> Result<(), BadRotation> {
    rotations.iter().try_for_each(Rotation::verify)?;
    for (at, pair) in rotations.windows(2).enumerate() {
        let returns = rotations[..=at].iter().any(|before| before.old == pair[1].new);
        if pair[0].new != pair[1].old || pair[0].size > pair[1].size || returns {
            return Err(BadRotation::Broken(at + 2));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOG: &str = "log.example.org/evidence";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(LOG, Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    fn vkeys(seeds: &[u8]) -> Vec<VerifierKey> {
        seeds.iter().map(|seed| key(*seed).verifier().clone()).collect()
    }

    /// 1 → 2 at 10, 2 → 3 at 20, 3 → 4 at 20.
    fn chain() -> Vec<Rotation> {
        let turn = |size, old, new| Rotation::sign(size, &key(old), &key(new)).unwrap();
        vec![turn(10, 1, 2), turn(20, 2, 3), turn(20, 3, 4)]
    }

    #[test]
    fn the_chain_is_followed_forward_only() {
        let chain = chain();
        assert_eq!(keys_after(key(1).verifier(), &chain).unwrap(), vkeys(&[1, 2, 3, 4]));
        assert_eq!(keys_after(key(3).verifier(), &chain).unwrap(), vkeys(&[3, 4]));
        assert_eq!(keys_after(key(4).verifier(), &chain).unwrap(), vkeys(&[4]));
        assert_eq!(keys_after(key(7).verifier(), &[]).unwrap(), vkeys(&[7]));
        assert!(matches!(keys_after(key(7).verifier(), &chain), Err(BadRotation::NotPinned(_))));
    }

    #[test]
    fn an_old_key_signs_nothing_that_came_after_it() {
        let at = |size| keys_at(key(1).verifier(), &chain(), size).unwrap();
        assert_eq!((at(9), at(10), at(11)), (vkeys(&[1]), vkeys(&[1, 2]), vkeys(&[2])));
        assert_eq!((at(20), at(21)), (vkeys(&[2, 3, 4]), vkeys(&[4])));
    }

    #[test]
    fn a_break_in_the_chain_is_an_error() {
        let good = chain();
        for (broken, at) in [
            (vec![good[0].clone(), good[2].clone()], 2),
            (vec![good[1].clone(), good[0].clone()], 2),
            (vec![good[0].clone(), Rotation::sign(9, &key(2), &key(3)).unwrap()], 2),
            (vec![good[0].clone(), good[1].clone(), Rotation::sign(30, &key(3), &key(1)).unwrap()], 3),
        ] {
            assert_eq!(keys_after(key(1).verifier(), &broken), Err(BadRotation::Broken(at)));
        }
    }

    #[test]
    fn both_keys_must_have_signed() {
        let text = text(10, key(1).verifier(), key(2).verifier());
        let parse = |signers: [u8; 2]| {
            let note = Note { signatures: signers.iter().map(|s| key(*s).sign(&text)).collect(), text: text.clone() };
            Rotation::parse(&note.to_string()).unwrap().verify()
        };
        assert_eq!(parse([1, 2]), Ok(()));
        assert_eq!(parse([1, 1]), Err(BadRotation::Unsigned("new")));
        assert_eq!(parse([2, 3]), Err(BadRotation::Unsigned("old")));
    }

    #[test]
    fn keys_of_two_logs_or_one_key_are_refused() {
        let other = SigningKey::from_seed("other.example.org", Algorithm::Ed25519, &[9; 32]).unwrap();
        let witness = SigningKey::from_seed(LOG, Algorithm::CosignatureV1, &[9; 32]).unwrap();
        for (old, new) in [(&key(1), &other), (&key(1), &witness), (&key(1), &key(1))] {
            assert_eq!(Rotation::sign(1, old, new), Err(BadRotation::Keys));
        }
    }

    #[test]
    fn a_file_reads_back() {
        for count in 0..=3 {
            let rotations = &chain()[..count];
            assert_eq!(from_file(&to_file(rotations)).unwrap(), rotations);
        }
        let file = to_file(&chain());
        for bad in [format!("{file}\n"), format!("\n{file}"), file.replacen("\n\n", "\n", 1), file.trim_end().into()] {
            assert!(from_file(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_bit_counts() {
        let file = to_file(&chain()[..2]);
        for bit in 0..file.len() * 8 {
            let mut bytes = file.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let read = String::from_utf8(bytes).ok().and_then(|text| from_file(&text).ok());
            assert!(read.is_none_or(|r| keys_after(key(1).verifier(), &r).is_err()), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|(countersign key rotation v1|size |old |new |1|a\\+b|\n){0,20}") {
            if let Ok(rotations) = from_file(&text) {
                prop_assert_eq!(to_file(&rotations), text);
            }
        }
    }
}

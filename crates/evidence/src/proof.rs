//! Proof files (C2SP tlog-proof): one entry's place in the log, with the checkpoint that it is proven against.
//!
//! Never: says that an entry is proven before the checkpoint's signature was checked.
//! In: texts.   Out: `ProofFile`, or why it proves nothing.
//! I/O for this room: none.   Tests: beside the code.

use crate::base64;
use crate::checkpoint::{BadCheckpoint, Checkpoint};
use crate::hash::Hash;
use crate::note::{BadNote, Note, VerifierKey};
use crate::tile::decimal;
use crate::tree::{self, ProofError};
use std::fmt;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Largest proof file that is read: the opening of one entry, 64 hashes, a checkpoint with its cosignatures.
pub const MOST_BYTES: usize = 256 * 1024;

/// One entry's proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// What the application put in; nothing vouches for it. Ours is the entry's opening ([`crate::entry::Opening`]).
    pub extra: Option<Vec<u8>>,
    /// The entry's index in the log.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The checkpoint, with every signature.
    pub checkpoint: Note,
}

/// Why a proof file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// Not a proof file.
    #[error("this is not a proof file (c2sp.org/tlog-proof@v1)")]
    Form,
    /// Its checkpoint is not to be trusted.
    #[error("the checkpoint in the proof: {0}")]
    Note(#[from] BadNote),
    /// Its checkpoint is none.
    #[error(transparent)]
    Checkpoint(#[from] BadCheckpoint),
    /// Another log's checkpoint.
    #[error("the checkpoint in the proof is of the log {found}, not of {expected}")]
    Origin {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// The hashes.
    #[error(transparent)]
    Tree(#[from] ProofError),
}

impl ProofFile {
    /// Reads a proof file.
    ///
    /// # Errors
    /// `Form`, or what is wrong with the checkpoint's form.
    pub fn parse(text: &str) -> Result<Self, BadProof> {
        let (head, note) = text.split_once("\n\n").filter(|_| text.len() <= MOST_BYTES).ok_or(BadProof::Form)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(BadProof::Form);
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(base64::decode(&line["extra ".len()..]).ok_or(BadProof::Form)?),
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.filter(|i| !i.is_empty()).and_then(decimal).ok_or(BadProof::Form)?;
        let path: Option<Vec<Hash>> = lines.map(Hash::from_base64).collect();
        let path = path.filter(|path| path.len() <= 64).ok_or(BadProof::Form)?;
        Ok(Self { extra, index, path, checkpoint: Note::parse(note)? })
    }

    /// Checks that the entry with hash `leaf` is in the log that `key` signs for; the checkpoint that says so. The log's
    /// origin is the key's name. Cosignatures are the caller's to judge, by a policy.
    ///
    /// # Errors
    /// [`BadProof`].
    pub fn verify(&self, leaf: &Hash, keys: &[VerifierKey]) -> Result<Checkpoint, BadProof> {
        let signed = self.checkpoint.verify(keys)?;
        let checkpoint = Checkpoint::parse(&self.checkpoint.text)?;
        if signed.iter().all(|key| key.name() != checkpoint.origin) {
            let expected = signed.first().map_or_else(String::new, |key| key.name().to_owned());
            return Err(BadProof::Origin { found: checkpoint.origin, expected });
        }
        let Checkpoint { head, .. } = &checkpoint;
        tree::verify_inclusion(leaf, self.index, head.size, &self.path, &head.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Algorithm, SigningKey};
    use crate::tree::Head;

    fn key(name: &str) -> SigningKey {
        SigningKey::from_seed(name, Algorithm::Ed25519, &[1; 32]).unwrap()
    }

    fn proof(origin: &str, signer: &str) -> (ProofFile, Hash) {
        let leaves = [Hash::leaf(b"a"), Hash::leaf(b"b")];
        let head = Head { size: 2, root: Hash::node(&leaves[0], &leaves[1]) };
        let checkpoint = Checkpoint::new(origin, head).sign(&key(signer));
        (ProofFile { extra: Some(b"x".to_vec()), index: 1, path: vec![leaves[0]], checkpoint }, leaves[1])
    }

    #[test]
    fn it_reads_back_and_proves() {
        let (proof, leaf) = proof("log", "log");
        let read = ProofFile::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&leaf, &[key("log").verifier().clone()]).unwrap().head.size, 2);
        let other = read.verify(&Hash::leaf(b"c"), &[key("log").verifier().clone()]);
        assert_eq!(other, Err(BadProof::Tree(ProofError::WrongRoot)));
    }

    #[test]
    fn another_logs_checkpoint_proves_nothing() {
        let (proof, leaf) = proof("log", "other");
        assert!(matches!(proof.verify(&leaf, &[key("other").verifier().clone()]), Err(BadProof::Origin { .. })));
    }

    #[test]
    fn other_texts_are_refused() {
        let (proof, _) = proof("log", "log");
        let good = proof.to_string();
        for bad in [
            good.replace("tlog-proof@v1", "tlog-proof@v2"),
            good.replace("index 1", "index 01"),
            good.replace("index 1", "index "),
            good.replace("extra eA==", "extra eB=="),
            good.replace("\n\n", "\n"),
            good.trim_end().to_owned(),
        ] {
            assert!(ProofFile::parse(&bad).is_err(), "{bad}");
        }
    }
}

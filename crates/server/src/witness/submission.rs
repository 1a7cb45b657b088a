//! What a log submits: the body of `add-checkpoint` (C2SP tlog-witness), read strictly.

use super::Refusal;
use countersign_evidence::Hash;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{self, Note};

/// Most hashes of a proof, by the specification: a tree has no more levels.
pub const MOST_HASHES: usize = 63;
/// Largest body that is read: `old` and a number of 20 digits, the hashes in Base64, and the longest note.
pub const MOST_BYTES: usize = 25 + MOST_HASHES * 45 + 1 + note::MOST_BYTES;

/// One submission, read and not yet believed.
#[derive(Debug, PartialEq, Eq)]
pub struct Submission {
    /// The size that the log takes for the last one cosigned.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint with its signatures.
    pub note: Note,
    /// What the note says.
    pub checkpoint: Checkpoint,
}

impl Submission {
    /// Reads a body.
    ///
    /// # Errors
    /// `Refusal::Malformed`, which names the part.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > MOST_BYTES {
            return Err(Refusal::Malformed("the body is too long"));
        }
        let text = std::str::from_utf8(body).map_err(|_| Refusal::Malformed("the body is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(Refusal::Malformed("there is no empty line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(Refusal::Malformed("the first line is not `old` and a size"))?;
        let proof: Option<Vec<Hash>> = lines.by_ref().take(MOST_HASHES).map(Hash::from_base64).collect();
        let proof = proof.ok_or(Refusal::Malformed("a line of the proof is not a hash in Base64"))?;
        if lines.next().is_some() {
            return Err(Refusal::Malformed("the proof has more than 63 hashes"));
        }
        let note = Note::parse(note).map_err(|_| Refusal::Malformed("the checkpoint is not a signed note"))?;
        let checkpoint = Checkpoint::parse(&note.text);
        let checkpoint = checkpoint.map_err(|_| Refusal::Malformed("the note is not a checkpoint"))?;
        Ok(Self { old, proof, note, checkpoint })
    }
}

/// A number in its one spelling.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTE: &str = "log.example.org\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} a AAAAAAA=\n";
    const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    fn parse(head: &str) -> Result<Submission, Refusal> {
        Submission::parse(format!("{head}\n{NOTE}").as_bytes())
    }

    #[test]
    fn it_is_read() {
        let read = parse(&format!("old 18446744073709551615\n{}", HASH.repeat(63))).unwrap();
        assert_eq!((read.old, read.proof.len(), read.note.to_string().as_str()), (u64::MAX, 63, NOTE));
        assert_eq!(read.checkpoint.origin, "log.example.org");
    }

    #[test]
    fn other_spellings_are_refused() {
        for head in [
            "",
            "old\n",
            "old \n",
            "old 01\n",
            "old +1\n",
            "old 1 \n",
            "old 18446744073709551616\n",
            "Old 1\n",
            "old 1\r\n",
            "old 1\nAA==\n",
            &format!("old 1\n{}", HASH.repeat(64)),
        ] {
            assert!(matches!(parse(head), Err(Refusal::Malformed(_))), "{head:?}");
        }
        for body in [&b""[..], b"old 1\n\n", b"old 1\n\nx\n", b"\xff", &[b' '; MOST_BYTES + 1]] {
            assert!(matches!(Submission::parse(body), Err(Refusal::Malformed(_))));
        }
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(body: Vec<u8>, at in 0..200usize, byte: u8) {
            let _ = Submission::parse(&body);
            let mut changed = format!("old 1\n{HASH}\n{NOTE}").into_bytes();
            let at = at % changed.len();
            changed[at] = byte;
            let _ = Submission::parse(&changed);
        }
    }
}

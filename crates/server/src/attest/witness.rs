//! The client of one witness (C2SP tlog-witness v1.0.0).

use crate::http::{self, Fault, Http, Reply};
use countersign_evidence::note::{self, Algorithm, Note, Signature, VerifierKey};
use countersign_evidence::policy::Policy;
use countersign_evidence::{Hash, checkpoint::Checkpoint, cosignature};
use url::Url;

/// Longest answer that is read: the longest note.
const MOST_ANSWER: usize = note::MOST_BYTES;
/// Of a size that is being told (409), in its media type.
const SIZE_KIND: &str = "text/x.tlog.size";

/// A witness as the policy names it.
#[derive(Debug, Clone)]
pub struct Witness {
    name: String,
    key: VerifierKey,
    url: Url,
    http: Http,
}

/// Why something is not a witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWitness {
    /// The key is a log's.
    #[error("witness {0}: the verifier key is not of the type cosignature/v1 (04)")]
    Key(String),
    /// The address.
    #[error("witness {0}: the address must be http or https, without login, query and fragment")]
    Address(String),
}

/// How one request for a cosignature ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The cosignature; it was checked.
    Cosigned {
        /// The line for the checkpoint.
        signature: Signature,
        /// When, says the witness, in seconds since 1970.
        at_secs: u64,
    },
    /// It holds this size, not the one that was proven from, and not more than ours: prove from there and ask again.
    Behind {
        /// What it cosigned last.
        size: u64,
    },
    /// It says that it holds a larger tree. Either our log lost its end, or the witness is wrong: unsigned, it proves
    /// nothing.
    Ahead {
        /// What it says.
        size: u64,
    },
    /// It refused.
    Refused {
        /// The HTTP status: 403 and 404 where it does not know the log or its key, 422 where it says that the tree does
        /// not continue the one it knows, 409 where it contradicts itself.
        status: u16,
        /// What it says; printable ASCII, at most 200 characters.
        said: String,
    },
    /// There is no proof to give it: ours to mend.
    NoProof {
        /// The size from which there is none.
        old: u64,
    },
    /// No answer, or none that can be read.
    Unreachable(Fault),
}

impl Witness {
    /// A witness at `url`, its submission prefix, which is its monitoring prefix too.
    ///
    /// # Errors
    /// [`BadWitness`].
    pub fn new(name: &str, key: VerifierKey, url: &str, http: &Http) -> Result<Self, BadWitness> {
        if key.algorithm() != Algorithm::CosignatureV1 {
            return Err(BadWitness::Key(name.to_owned()));
        }
        let url = http::prefix(url).ok_or_else(|| BadWitness::Address(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), key, url, http: http.clone() })
    }

    /// Those witnesses of a policy that have an address; the others' cosignatures come some other way.
    ///
    /// # Errors
    /// [`BadWitness`].
    pub fn of_policy(policy: &Policy, http: &Http) -> Result<Vec<Self>, BadWitness> {
        let with_url = policy.witnesses().iter().filter_map(|w| w.url.as_deref().map(|url| (w, url)));
        with_url.map(|(w, url)| Self::new(&w.name, w.key.clone(), url, http)).collect()
    }

    /// What the policy calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its key.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Asks it to cosign `checkpoint`, which continues the tree of size `old`, as `proof` shows. One request.
    pub async fn cosign(&self, old: u64, proof: &[Hash], checkpoint: &Note) -> Outcome {
        let Ok(ours) = Checkpoint::parse(&checkpoint.text) else { return Outcome::NoProof { old } };
        let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
        let body = format!("old {old}\n{lines}\n{checkpoint}").into_bytes();
        let url = http::below(&self.url, "add-checkpoint");
        match self.http.post(url, "text/plain; charset=utf-8", body, MOST_ANSWER).await {
            Ok(reply) => self.read(&reply, old, ours.head.size, &checkpoint.text),
            Err(fault) => Outcome::Unreachable(fault),
        }
    }

    fn read(&self, reply: &Reply, old: u64, size: u64, text: &str) -> Outcome {
        match reply.status {
            200 => match self.cosignature(reply, text) {
                Ok((signature, at_secs)) => Outcome::Cosigned { signature, at_secs },
                Err(fault) => Outcome::Unreachable(fault),
            },
            409 => match held(reply) {
                Some(held) if held > size => Outcome::Ahead { size: held },
                Some(held) if held != old => Outcome::Behind { size: held },
                // Early drafts answered so to another root of the same size. To ask again would not end.
                Some(_) => Outcome::Refused { status: 409, said: reply.said() },
                None => Outcome::Unreachable(Fault::Garbled("409 without a size")),
            },
            status => Outcome::Refused { status, said: reply.said() },
        }
    }

    /// The newest of this witness's lines; every one of them must fit. Lines of other keys are none of our business.
    fn cosignature(&self, reply: &Reply, text: &str) -> Result<(Signature, u64), Fault> {
        let lines = reply.text()?.strip_suffix('\n').ok_or(Fault::Garbled("the last line has no end"))?;
        let signatures: Option<Vec<Signature>> =
            lines.split('\n').take(note::MOST_SIGNATURES).map(Signature::parse).collect();
        let signatures = signatures.ok_or(Fault::Garbled("a line is not a signature"))?;
        let note = Note { text: text.to_owned(), signatures };
        let at_secs =
            cosignature::found(&note, &self.key).map_err(|_| Fault::Garbled("the cosignature does not fit"))?;
        let at_secs = at_secs.ok_or(Fault::Garbled("there is no cosignature by the key of this witness"))?;
        if at_secs == 0 {
            return Err(Fault::Garbled("the cosignature has no time"));
        }
        let newest = |signature: &Signature| cosignature::verify(&self.key, text, signature) == Some(at_secs);
        let signature = note.signatures.into_iter().find(newest);
        signature.map(|s| (s, at_secs)).ok_or(Fault::Garbled("there is no cosignature"))
    }

    /// The checkpoint of the log `origin` that it cosigned last; `None` where it has none. Nothing in it was checked yet:
    /// see [`super::Ours::compare`].
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn latest(&self, origin: &str) -> Result<Option<Note>, Fault> {
        let hash = data_encoding::HEXLOWER.encode(Hash::of(origin.as_bytes()).bytes());
        let reply = self.http.get(http::below(&self.url, &format!("{hash}/checkpoint")), MOST_ANSWER).await?;
        match reply.status {
            200 => Note::parse(reply.text()?).map(Some).map_err(|_| Fault::Garbled("it is not a signed note")),
            404 => Ok(None),
            status => Err(Fault::Status(status)),
        }
    }
}

/// The size in a 409.
fn held(reply: &Reply) -> Option<u64> {
    let text = reply.text().ok()?.strip_suffix('\n').filter(|_| reply.kind == SIZE_KIND)?;
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_evidence::note::SigningKey;
    use std::time::Duration;

    const TEXT: &str = "log.example.org\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed("witness.example.org", Algorithm::CosignatureV1, &[seed; 32]).unwrap()
    }

    fn witness() -> Witness {
        let http = Http::new(None, Duration::from_secs(1)).unwrap();
        Witness::new("w", key(1).verifier().clone(), "http://192.0.2.1/", &http).unwrap()
    }

    /// How an answer to `old 3` for a tree of size 7 is read.
    fn read(status: u16, kind: &str, body: &str) -> Outcome {
        witness().read(&Reply { status, kind: kind.to_owned(), body: body.into() }, 3, 7, TEXT)
    }

    fn line(seed: u8, at_secs: u64) -> String {
        format!("{}\n", cosignature::cosign(&key(seed), TEXT, at_secs))
    }

    #[test]
    fn a_cosignature_counts_when_it_fits_and_others_lines_do_not_matter() {
        for body in [line(1, 5), format!("{}{}", line(2, 9), line(1, 5)), format!("{}{}", line(1, 4), line(1, 5))] {
            let Outcome::Cosigned { signature, at_secs: 5 } = read(200, "", &body) else { panic!("{body}") };
            assert_eq!(cosignature::verify(key(1).verifier(), TEXT, &signature), Some(5));
        }
    }

    #[test]
    fn everything_else_with_a_200_is_no_cosignature() {
        let other = format!("{}\n", cosignature::cosign(&key(1), "other\n", 5));
        let plain = SigningKey::from_seed("witness.example.org", Algorithm::Ed25519, &[1; 32]).unwrap();
        for body in [
            String::new(),
            "\n".to_owned(),
            "<html>".to_owned(),
            line(1, 5).trim_end().to_owned(),
            line(2, 5),
            line(1, 0),
            other.clone(),
            format!("{}{other}", line(1, 5)),
            format!("{}x\n", line(1, 5)),
            format!("{}\n", plain.sign(TEXT)),
        ] {
            assert!(matches!(read(200, "", &body), Outcome::Unreachable(Fault::Garbled(_))), "{body}");
        }
    }

    #[test]
    fn a_size_is_told_in_one_way() {
        let told = |body| read(409, SIZE_KIND, body);
        assert_eq!(told("5\n"), Outcome::Behind { size: 5 });
        assert_eq!(told("0\n"), Outcome::Behind { size: 0 });
        assert_eq!(told("7\n"), Outcome::Behind { size: 7 });
        assert_eq!(told("8\n"), Outcome::Ahead { size: 8 });
        assert!(matches!(told("3\n"), Outcome::Refused { status: 409, .. }), "that is what it was asked with");
        for body in ["", "5", "05\n", "+5\n", "5\n\n", "99999999999999999999\n"] {
            assert!(matches!(told(body), Outcome::Unreachable(Fault::Garbled(_))), "{body:?}");
        }
        assert!(matches!(read(409, "text/plain", "5\n"), Outcome::Unreachable(Fault::Garbled(_))));
    }

    #[test]
    fn keys_and_addresses_that_cannot_be_a_witnesss_are_refused() {
        let http = Http::new(None, Duration::from_secs(1)).unwrap();
        let log = SigningKey::from_seed("log.example.org", Algorithm::Ed25519, &[1; 32]).unwrap();
        let of = |key: &SigningKey, url| Witness::new("w", key.verifier().clone(), url, &http).err();
        assert_eq!(of(&log, "https://w.example.org"), Some(BadWitness::Key("w".to_owned())));
        assert_eq!(of(&key(1), "w.example.org"), Some(BadWitness::Address("w".to_owned())));
    }
}

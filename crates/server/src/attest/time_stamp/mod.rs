//! Time stamps (RFC 3161): a third party's word that bytes existed at a time. It is sent their digest, nothing else.
//!
//! What is checked here: that the answer is granted, about our digest, an answer to our request (its nonce), with a
//! certificate in it. What is not: the signature and who may sign. That is `openssl ts -verify` with the authority's CA, by
//! whoever wants to rely on it (docs/witness.md says how): a program that outsiders have, against roots that they chose.

mod der;
mod reply;

pub use reply::BadReply;

use crate::http::{self, Fault, Http};
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use url::Url;

/// Longest answer that is read: a token with a chain of large certificates has some 10 000 bytes.
const MOST_ANSWER: usize = 64 * 1024;
/// id-sha256 (RFC 5754, 2.2): 2.16.840.1.101.3.4.2.1.
const ID_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// What is asked: when was this digest there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    /// 64 random bits, so that an old answer does not pass for a new one.
    pub nonce: u64,
}

impl Question {
    /// The question about `bytes`.
    pub fn about(bytes: &[u8], nonce: u64) -> Self {
        Self { digest: *Hash::of(bytes).bytes(), nonce }
    }

    /// The TimeStampReq (RFC 3161, 2.4.1), with the certificate asked for.
    pub fn request(&self) -> Vec<u8> {
        let algorithm = [der::element(der::OID, ID_SHA256), der::element(der::NULL, b"")].concat();
        let imprint = [der::element(der::SEQUENCE, &algorithm), der::element(der::OCTET_STRING, &self.digest)].concat();
        let request = [
            der::element(der::INTEGER, &[1]),
            der::element(der::SEQUENCE, &imprint),
            der::element(der::INTEGER, &der::unsigned(self.nonce)),
            der::element(der::BOOLEAN, &[0xff]),
        ];
        der::element(der::SEQUENCE, &request.concat())
    }

    /// Reads the TimeStampResp that answers this question.
    ///
    /// # Errors
    /// [`BadReply`].
    pub fn answered(&self, reply: &[u8]) -> Result<TimeStamp, BadReply> {
        let at = reply::read(reply, self)?;
        Ok(TimeStamp { at, reply: reply.to_vec() })
    }
}

/// A time stamp. Its signature was not checked; see the top of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStamp {
    /// When, says the authority; to the second.
    pub at: Timestamp,
    /// The whole answer in DER, to be kept as a `.tsr` file: `openssl ts -verify -in FILE.tsr -data CHECKPOINT`.
    pub reply: Vec<u8>,
}

/// Why there is no time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStamped {
    /// No answer.
    #[error("the time-stamp authority: {0}")]
    Fault(#[from] Fault),
    /// No good answer.
    #[error(transparent)]
    Reply(#[from] BadReply),
}

/// The address is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address of a time-stamp authority must be http or https, without login, query and fragment")]
pub struct BadAuthority;

/// A time-stamp authority.
#[derive(Debug, Clone)]
pub struct Authority {
    url: Url,
    http: Http,
}

impl Authority {
    /// The authority that answers at `url`.
    ///
    /// # Errors
    /// [`BadAuthority`].
    pub fn new(url: &str, http: &Http) -> Result<Self, BadAuthority> {
        http::prefix(url).ok_or(BadAuthority)?;
        // As it was written: some authorities want the slash at the end.
        let url = Url::parse(url).map_err(|_| BadAuthority)?;
        Ok(Self { url, http: http.clone() })
    }

    /// Asks for a time stamp of `bytes` (RFC 3161, 3.4). `nonce` is random and used once.
    ///
    /// # Errors
    /// [`NotStamped`].
    pub async fn stamp(&self, bytes: &[u8], nonce: u64) -> Result<TimeStamp, NotStamped> {
        let question = Question::about(bytes, nonce);
        let sent = self.http.post(self.url.clone(), "application/timestamp-query", question.request(), MOST_ANSWER);
        let reply = sent.await?;
        match (reply.status, reply.kind.as_str()) {
            (200, "application/timestamp-reply") => Ok(question.answered(&reply.body)?),
            (200, _) => Err(Fault::Garbled("its type is not application/timestamp-reply").into()),
            (status, _) => Err(Fault::Status(status).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_what_the_standard_says() {
        let question = Question { digest: [0xab; 32], nonce: 0x8000_0000_0000_0001 };
        let hex = data_encoding::HEXLOWER.encode(&question.request());
        insta::assert_snapshot!(hex, @"30440201013031300d060960864801650304020105000420abababababababababababababababababababababababababababababababab02090080000000000000010101ff");
    }
}

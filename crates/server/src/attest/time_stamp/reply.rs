//! Reads the answer of a time-stamp authority (RFC 3161, 2.4.2), as far as it is about what was asked.

use super::der::{self, BadDer, Der};
use super::{ID_SHA256, Question};
use countersign_core::time::Timestamp;

/// id-signedData (RFC 5652, 5.1): 1.2.840.113549.1.7.2.
const ID_SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// id-ct-TSTInfo (RFC 3161, 2.4.2): 1.2.840.113549.1.9.16.1.4.
const ID_TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// PKIFailureInfo (RFC 3161, 2.4.2), by bit.
const FAILURES: [(usize, &str); 8] = [
    (0, "badAlg"),
    (2, "badRequest"),
    (5, "badDataFormat"),
    (14, "timeNotAvailable"),
    (15, "unacceptedPolicy"),
    (16, "unacceptedExtension"),
    (17, "addInfoNotAvailable"),
    (25, "systemFailure"),
];

/// Why an answer is no time stamp of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReply {
    /// Not DER, or not a time stamp.
    #[error("the answer is not a time stamp (RFC 3161): {0}")]
    Form(#[from] BadDer),
    /// The authority refused.
    #[error("the authority gave no time stamp: status {status}, {reason}")]
    Rejected {
        /// PKIStatus; 2 is rejection.
        status: u8,
        /// The first reason of PKIFailureInfo.
        reason: &'static str,
    },
    /// Of something else.
    #[error("the time stamp is about other bytes than were sent")]
    OtherDigest,
    /// Of another request: perhaps an old one, sent again.
    #[error("the time stamp answers another request than ours")]
    OtherNonce,
    /// No certificate in it, which was asked for.
    #[error("the time stamp comes without its certificate, so that it could not be checked later")]
    NoCertificate,
    /// A time that is none.
    #[error("the time stamp names no time that can be read")]
    Time,
}

/// The time that the answer names for what was asked. The signature is not checked here.
pub fn read(bytes: &[u8], question: &Question) -> Result<Timestamp, BadReply> {
    let mut outer = Der::new(bytes);
    let mut reply = outer.open(der::SEQUENCE)?;
    outer.end()?;
    granted(reply.open(der::SEQUENCE)?)?;
    let mut token = reply.open(der::SEQUENCE)?;
    reply.end()?;
    expect(token.take(der::OID)?, ID_SIGNED_DATA)?;
    let mut explicit = token.open(der::CONTEXT_0)?;
    let mut signed = explicit.open(der::SEQUENCE)?;
    let info = content(&mut signed)?;
    signed.take_if(der::CONTEXT_0)?.ok_or(BadReply::NoCertificate)?;
    let mut inner = Der::new(info);
    let info = inner.open(der::SEQUENCE)?;
    inner.end()?;
    tst_info(info, question)
}

fn expect(found: &[u8], expected: &[u8]) -> Result<(), BadDer> {
    if found == expected { Ok(()) } else { Err(BadDer) }
}

/// PKIStatusInfo: granted (0) or granted with modifications (1); what was modified cannot be digest or nonce, which are
/// compared.
fn granted(mut info: Der<'_>) -> Result<(), BadReply> {
    let status = match info.take(der::INTEGER)? {
        [status] => *status,
        _ => return Err(BadDer.into()),
    };
    if status <= 1 {
        return Ok(());
    }
    info.take_if(der::SEQUENCE)?;
    let failure = info.take_if(der::BIT_STRING)?.unwrap_or_default();
    let is_set = |bit: usize| failure.get(1 + bit / 8).is_some_and(|byte| byte << (bit % 8) & 0x80 != 0);
    let reason = FAILURES.iter().find(|(bit, _)| is_set(*bit)).map_or("no reason", |(_, name)| *name);
    Err(BadReply::Rejected { status, reason })
}

/// SignedData up to its certificates: version, digestAlgorithms, encapContentInfo (RFC 5652, 5.1).
fn content<'d>(signed: &mut Der<'d>) -> Result<&'d [u8], BadDer> {
    signed.take(der::INTEGER)?;
    signed.take(der::SET)?;
    let mut encapsulated = signed.open(der::SEQUENCE)?;
    expect(encapsulated.take(der::OID)?, ID_TST_INFO)?;
    let mut explicit = encapsulated.open(der::CONTEXT_0)?;
    let content = explicit.take(der::OCTET_STRING)?;
    explicit.end()?;
    encapsulated.end()?;
    Ok(content)
}

fn tst_info(mut info: Der<'_>, question: &Question) -> Result<Timestamp, BadReply> {
    expect(info.take(der::INTEGER)?, &[1])?;
    info.take(der::OID)?;
    imprint(info.open(der::SEQUENCE)?, &question.digest)?;
    info.take(der::INTEGER)?;
    let time = info.take(der::GENERALIZED_TIME)?;
    info.take_if(der::SEQUENCE)?;
    info.take_if(der::BOOLEAN)?;
    let nonce = info.take_if(der::INTEGER)?;
    if nonce != Some(der::unsigned(question.nonce).as_slice()) {
        return Err(BadReply::OtherNonce);
    }
    moment(time).ok_or(BadReply::Time)
}

fn imprint(mut imprint: Der<'_>, digest: &[u8; 32]) -> Result<(), BadReply> {
    let mut algorithm = imprint.open(der::SEQUENCE)?;
    let is_sha256 = algorithm.take(der::OID)? == ID_SHA256;
    // RFC 5754, 2: the parameters are absent, or NULL.
    algorithm.take_if(der::NULL)?;
    algorithm.end()?;
    let is_ours = imprint.take(der::OCTET_STRING)? == digest && is_sha256;
    imprint.end()?;
    if is_ours { Ok(()) } else { Err(BadReply::OtherDigest) }
}

/// `YYYYMMDDhhmmss[.s…]Z` (RFC 3161, 2.4.2). The fraction is left out: an authority is good to about a second.
fn moment(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let two = |at: usize| whole[at..at + 2].parse::<i8>().ok();
    let year = whole[..4].parse::<i16>().ok()?;
    let date = jiff::civil::DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?, 0).ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_secs(zoned.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_one_form() {
        for text in ["20260112093000Z", "20260112093000.5Z"] {
            assert_eq!(moment(text.as_bytes()), Some(Timestamp::from_secs(1_768_210_200)), "{text}");
        }
        for text in [
            "",
            "Z",
            "20260112093000",
            "20260112093000.Z",
            "20260112093000+0100",
            "2026011209300Z",
            "20261312093000Z",
            "+0260112093000Z",
        ] {
            assert_eq!(moment(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_rejection_names_its_reason() {
        // PKIStatusInfo: rejection, a text, failure bit 2 or 25.
        let status = |bits: &[u8]| {
            let content = [
                der::element(der::INTEGER, &[2]),
                der::element(der::SEQUENCE, b""),
                der::element(der::BIT_STRING, bits),
            ];
            granted(Der::new(&content.concat())).unwrap_err()
        };
        assert_eq!(status(&[5, 0x20]), BadReply::Rejected { status: 2, reason: "badRequest" });
        assert_eq!(status(&[6, 0, 0, 0, 0x40]), BadReply::Rejected { status: 2, reason: "systemFailure" });
        assert_eq!(status(&[]), BadReply::Rejected { status: 2, reason: "no reason" });
    }
}

//! The DKIM key: can it be read, and is it one that receivers accept?

use super::check::Check;
use crate::config::{Config, Dkim};
use lettre::message::dkim::{DkimSigningAlgorithm, DkimSigningKey};

const NAME: &str = "DKIM";

/// RFC 8301, 3.2: signers use at least 1024 bits and should use at least 2048.
const LEAST_RSA_BITS: usize = 2048;

/// Looks at the DKIM key.
pub fn look(config: &Config) -> Check {
    match (&config.mail.dkim, &config.mail.host) {
        (Some(dkim), _) => key(dkim),
        (None, Some(_)) => {
            let advice = "set [mail.dkim], or make sure that your mail server signs for the sender's domain";
            Check::warn(NAME, "messages leave here unsigned", advice)
        }
        (None, None) => Check::not_checked(NAME, "mail.host is empty"),
    }
}

fn key(dkim: &Dkim) -> Check {
    let file = dkim.key_file.display();
    let advice =
        format!("make one with `openssl genrsa -traditional -out {file} 2048` and publish its public half in DNS");
    let text = match std::fs::read_to_string(&dkim.key_file) {
        Ok(text) => text,
        Err(error) => return Check::fail(NAME, format!("{file}: {error}"), advice),
    };
    let signs = format!("signs as {} for {}; its DNS record was not looked up", dkim.selector, dkim.domain);
    if DkimSigningKey::new(text.trim(), DkimSigningAlgorithm::Ed25519).is_ok() {
        return Check::ok(NAME, format!("an Ed25519 key {signs}"));
    }
    if DkimSigningKey::new(&text, DkimSigningAlgorithm::Rsa).is_err() {
        let found = format!("{file} is neither an RSA key (PKCS #1 PEM) nor 32 bytes of Ed25519 seed in base64");
        return Check::fail(NAME, found, advice);
    }
    match rsa_bits(&text) {
        Some(bits) if bits >= LEAST_RSA_BITS => Check::ok(NAME, format!("an RSA key of {bits} bits {signs}")),
        Some(bits) => Check::warn(NAME, format!("an RSA key of {bits} bits is short (RFC 8301)"), advice),
        None => Check::warn(NAME, "an RSA key whose size is not readable", advice),
    }
}

/// The size of the modulus, from the PKCS #1 structure: SEQUENCE, version, modulus (RFC 8017, A.1.2).
fn rsa_bits(pem: &str) -> Option<usize> {
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).map(str::trim).collect();
    let der = data_encoding::BASE64.decode(body.as_bytes()).ok()?;
    let (sequence, _) = element(&der, 0x30)?;
    let (_, rest) = element(sequence, 0x02)?;
    let (modulus, _) = element(rest, 0x02)?;
    let significant = modulus.iter().skip_while(|b| **b == 0).count();
    Some(significant * 8)
}

/// One DER element of type `tag`: its contents and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let long = usize::from(first & 0x7f);
    let (length, rest) = match first {
        short if *short < 0x80 => (usize::from(*short), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(long)?;
            (bytes.iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_rsa_key_is_its_modulus() {
        // SEQUENCE { INTEGER 0, INTEGER of 257 bytes with a leading zero }.
        let mut der = vec![0x30, 0x82, 0x01, 0x08, 0x02, 0x01, 0x00, 0x02, 0x82, 0x01, 0x01, 0x00];
        der.extend([0xff; 256]);
        let pem = format!("-----BEGIN X-----\n{}\n-----END X-----\n", data_encoding::BASE64.encode(&der));
        assert_eq!(rsa_bits(&pem), Some(2048));
        assert_eq!(rsa_bits("-----BEGIN X-----\nMAA=\n"), None);
    }
}

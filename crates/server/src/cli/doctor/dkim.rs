//! The DKIM key: can it be read, and is it one that receivers accept?

use super::check::Check;
use crate::config::{Config, Dkim};

const NAME: &str = "DKIM";

/// RFC 8301, 3.2: signers use at least 1024 bits and should use at least 2048.
const LEAST_RSA_BITS: usize = 2048;

/// 1.3.101.112, id-Ed25519 (RFC 8410), and 1.2.840.113549.1.1.1, rsaEncryption (RFC 8017), as DER contents.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Types of DER elements.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;

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
    let advice = format!(
        "make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {file}` and publish its \
         public half in DNS"
    );
    let text = match std::fs::read_to_string(&dkim.key_file) {
        Ok(text) => text,
        Err(error) => return Check::fail(NAME, format!("{file}: {error}"), advice),
    };
    let signs = format!("signs as {} for {}; its DNS record was not looked up", dkim.selector, dkim.domain);
    match kind(&text) {
        Some(Kind::Ed25519) => Check::ok(NAME, format!("an Ed25519 key {signs}")),
        Some(Kind::Rsa(bits)) if bits >= LEAST_RSA_BITS => {
            Check::ok(NAME, format!("an RSA key of {bits} bits {signs}"))
        }
        Some(Kind::Rsa(bits)) => {
            Check::fail(NAME, format!("an RSA key of {bits} bits is too short (RFC 8301)"), advice)
        }
        None => Check::fail(NAME, format!("{file} holds no RSA or Ed25519 private key in PEM form"), advice),
    }
}

/// What a private key is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Rsa(usize),
    Ed25519,
}

fn kind(text: &str) -> Option<Kind> {
    let der = pem(text)?;
    let (key, _) = element(&der, SEQUENCE)?;
    let (_version, rest) = element(key, INTEGER)?;
    // PKCS #1 goes on with the modulus, PKCS #8 with the algorithm.
    if rest.first() == Some(&INTEGER) {
        return modulus_bits(rest).map(Kind::Rsa);
    }
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    match element(algorithm, OBJECT_ID)?.0 {
        ED25519 => Some(Kind::Ed25519),
        RSA => {
            let (inner, _) = element(element(rest, OCTETS)?.0, SEQUENCE)?;
            modulus_bits(element(inner, INTEGER)?.1).map(Kind::Rsa)
        }
        _ => None,
    }
}

fn modulus_bits(der: &[u8]) -> Option<usize> {
    let (modulus, _) = element(der, INTEGER)?;
    let significant = modulus.iter().skip_while(|b| **b == 0);
    Some(significant.count() * 8)
}

/// The contents of the first private key in a PEM text.
fn pem(text: &str) -> Option<Vec<u8>> {
    let lines =
        text.lines().map(str::trim).skip_while(|l| !(l.starts_with("-----BEGIN ") && l.ends_with("PRIVATE KEY-----")));
    let body: String = lines.skip(1).take_while(|l| !l.starts_with("-----END ")).collect();
    data_encoding::BASE64.decode(body.as_bytes()).ok().filter(|der| !der.is_empty())
}

/// One DER element of type `tag`: its contents and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short if *short < 0x80 => (usize::from(*short), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armoured(der: &[u8]) -> String {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", data_encoding::BASE64.encode(der))
    }

    fn pkcs1(bytes: usize) -> Vec<u8> {
        let big = |length: usize| [0x82, (length >> 8) as u8, length as u8];
        let mut der = vec![SEQUENCE];
        der.extend(big(3 + 4 + 1 + bytes));
        der.extend([INTEGER, 1, 0, INTEGER]);
        der.extend(big(bytes + 1));
        der.push(0);
        der.extend(vec![0xff; bytes]);
        der
    }

    #[test]
    fn kinds_and_sizes_are_read_from_both_forms() {
        assert_eq!(kind(&armoured(&pkcs1(256))), Some(Kind::Rsa(2048)));
        assert_eq!(kind(&armoured(&pkcs1(128))), Some(Kind::Rsa(1024)));
        // RFC 8410, 10.3.
        let ed25519 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        assert_eq!(kind(ed25519), Some(Kind::Ed25519));
    }

    #[test]
    fn what_is_no_private_key_is_none() {
        for text in
            ["", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]
        {
            assert_eq!(kind(text), None, "{text}");
        }
        let whole = pkcs1(256);
        assert_eq!(kind(&armoured(&whole[..100])), None);
    }
}

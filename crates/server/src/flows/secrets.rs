//! Secrets of tickets, changes, undos and messages: derived from a stored random nonce with a key that the database does
//! not hold, so that an outbox row holds no secret and a message that is tried again is the same message; what is
//! stored to check them by is a keyed hash (invariant G6).

use crate::keyring::Keyring;
use countersign_core::ids::MessageId;
use countersign_core::message::CountersignCode;
use countersign_core::secret::{Digest, SecretText};
use data_encoding::BASE64URL_NOPAD;

/// Characters of a token: 32 bytes in unpadded Base64url (RFC 4648, 5).
pub const TOKEN_CHARS: usize = 43;
/// Digits of a code.
pub const CODE_DIGITS: usize = 8;

/// What a token is good for. A token of one purpose is nothing for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Opens the page for a new password.
    Link,
    /// What a right code is exchanged for; does the same.
    Proceed,
    /// Says "this was not me" of a recovery message.
    NotMe,
    /// Cancels a change that waits.
    Cancel,
    /// Says "this was not me" of a change.
    Undo,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Link => b"link",
            Self::Proceed => b"proceed",
            Self::NotMe => b"not-me",
            Self::Cancel => b"cancel",
            Self::Undo => b"undo",
        }
    }
}

/// The token for a purpose, from its owner's id and nonce.
pub fn token(keys: &Keyring, purpose: Purpose, owner: &str, nonce: &[u8]) -> SecretText {
    let bytes = keys.derive.mac(&[purpose.label(), owner.as_bytes(), nonce]);
    SecretText::new(BASE64URL_NOPAD.encode(bytes.bytes()))
}

/// What is stored of a token. Anything that is not a token gives a hash that matches nothing.
pub fn token_hash(keys: &Keyring, purpose: Purpose, token: &SecretText) -> Digest {
    keys.hash.mac(&[purpose.label(), token.expose().as_bytes()])
}

/// The 8-digit code of a ticket.
pub fn code(keys: &Keyring, ticket: &str, nonce: &[u8]) -> SecretText {
    let number = keys.derive.mac(&[b"code", ticket.as_bytes(), nonce]).short() % 100_000_000;
    SecretText::new(format!("{number:0width$}", width = CODE_DIGITS))
}

/// What is stored of a code; bound to its ticket, since eight digits alone are few.
pub fn code_hash(keys: &Keyring, ticket: &str, code: &SecretText) -> Digest {
    keys.hash.mac(&[b"code", ticket.as_bytes(), code.expose().as_bytes()])
}

/// The digits that a person typed: spaces and dashes do not count, digits of other scripts do.
pub fn typed_code(typed: &SecretText) -> SecretText {
    let plain = typed.expose().chars().filter(|c| !c.is_whitespace() && *c != '-').take(64);
    SecretText::new(plain.map(|c| ascii_digit(c).unwrap_or(c)).collect::<String>())
}

/// Arabic-Indic, extended Arabic-Indic and full-width digits, as keyboards of our languages type them.
fn ascii_digit(c: char) -> Option<char> {
    let zero = [0x0660, 0x06F0, 0xFF10].into_iter().find(|zero| (*zero..*zero + 10).contains(&u32::from(c)))?;
    char::from_digit(u32::from(c) - zero, 10)
}

/// A message's countersign code.
pub fn countersign(keys: &Keyring, message: &MessageId) -> CountersignCode {
    CountersignCode::from_digest(&keys.derive.mac(&[b"countersign", message.as_str().as_bytes()]))
}

/// What is stored of a countersign code.
pub fn countersign_hash(keys: &Keyring, code: &CountersignCode) -> Digest {
    keys.hash.mac(&[b"countersign", code.as_str().as_bytes()])
}

/// Characters of a saved recovery code, without dashes: 25 of 32 letters, 125 bits, above the 112 bits from which a
/// plain keyed hash is enough (ASVS 5.0, 6.5.2).
pub const RECOVERY_CODE_CHARS: usize = 25;

/// What is stored of a saved recovery code; case, spaces and dashes do not count.
pub fn recovery_code_hash(keys: &Keyring, typed: &SecretText) -> Digest {
    let plain = typed.expose().chars().filter(|c| c.is_ascii_alphanumeric()).take(64);
    let plain: String = plain.map(|c| c.to_ascii_lowercase()).collect();
    keys.hash.mac(&[b"recovery code", plain.as_bytes()])
}

/// Whether a text has the form of a saved recovery code.
pub fn looks_like_recovery_code(typed: &SecretText) -> bool {
    typed.expose().chars().filter(char::is_ascii_alphanumeric).count() == RECOVERY_CODE_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_one_purpose_are_nothing_for_another() {
        let keys = Keyring::derive(&[3; 32]);
        let link = token(&keys, Purpose::Link, "tkt_1", &[1; 16]);
        assert_eq!(link.expose().len(), TOKEN_CHARS);
        assert_ne!(link.expose(), token(&keys, Purpose::NotMe, "tkt_1", &[1; 16]).expose());
        assert_ne!(token_hash(&keys, Purpose::Link, &link), token_hash(&keys, Purpose::NotMe, &link));
    }

    #[test]
    fn codes_are_eight_digits_however_they_are_typed() {
        let keys = Keyring::derive(&[3; 32]);
        let made = code(&keys, "tkt_1", &[1; 16]);
        assert!(made.expose().len() == CODE_DIGITS && made.expose().bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(typed_code(&SecretText::new("1234 5678")).expose(), "12345678");
        assert_eq!(typed_code(&SecretText::new("١٢٣٤-٥٦٧٨")).expose(), "12345678");
    }

    #[test]
    fn recovery_codes_are_read_as_people_write_them() {
        let keys = Keyring::derive(&[3; 32]);
        let (a, b) = (SecretText::new("ABCDE-fghij-klmno-pqrst-uvwxy"), SecretText::new("abcdefghijklmnopqrstuvwxy "));
        assert_eq!(recovery_code_hash(&keys, &a), recovery_code_hash(&keys, &b));
        assert!(looks_like_recovery_code(&a));
    }
}

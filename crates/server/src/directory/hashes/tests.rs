//! Published vectors, limits and damaged texts.

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> StoredHash {
    StoredHash::parse(text).unwrap()
}

fn code(text: &str) -> &'static str {
    StoredHash::parse(text).unwrap_err().code()
}

#[test]
fn a_new_hash_verifies_and_is_not_made_again() {
    let params = Params::new(64, 1, 1).unwrap();
    let password = SecretText::new("violet kettle argues");
    let text = hash_new(&password, &params, &[7; 16]);
    let hash = parse(&text);
    assert!(text.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert!(verify(&hash, &password));
    assert!(!verify(&hash, &SecretText::new("violet kettle argue")));
    assert!(!needs_rehash(&hash, &params));
    assert!(needs_rehash(&hash, &Params::new(64, 2, 1).unwrap()));
}

/// From the reference implementation of Argon2 (`test.c`, version 0x13 and 0x10).
#[test]
fn argon2_reference_vectors_verify() {
    let id = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert!(verify(&parse(id), &SecretText::new("password")));
    let i = "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY";
    assert!(verify(&parse(i), &SecretText::new("password")));
    assert!(needs_rehash(&parse(i), &Params::default()));
}

/// RFC 7914, section 12: password "pleaseletmein", salt "SodiumChloride", N 16384, r 8, p 1, 64 bytes.
#[test]
fn the_scrypt_vector_of_rfc_7914_verifies_in_both_spellings() {
    let key = data_encoding::HEXLOWER
        .decode(b"7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")
        .map(|key| data_encoding::BASE64_NOPAD.encode(&key))
        .unwrap();
    let salt = data_encoding::BASE64_NOPAD.encode(b"SodiumChloride");
    for text in [format!("$scrypt$ln=14,r=8,p=1${salt}${key}"), format!("scrypt$16384$SodiumChloride$8$1${key}==")] {
        assert!(verify(&parse(&text), &SecretText::new("pleaseletmein")));
        assert!(!verify(&parse(&text), &SecretText::new("pleaseletmeIn")));
    }
}

/// The empty password under a fixed salt, as py-bcrypt hashes it.
#[test]
fn bcrypt_verifies_in_its_three_spellings() {
    for version in ["2a", "2b", "2y"] {
        let text = format!("${version}$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.");
        assert!(verify(&parse(&text), &SecretText::new("")));
        assert!(!verify(&parse(&text), &SecretText::new("a")));
    }
}

#[test]
fn what_would_burn_the_machine_is_refused() {
    let argon = |costs: &str| format!("$argon2id$v=19${costs}$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
    for costs in ["m=4294967295,t=1,p=1", "m=262145,t=1,p=1", "m=64,t=17,p=1", "m=131072,t=9,p=1", "m=4096,t=1,p=65"] {
        assert_eq!(code(&argon(costs)), "hash_too_costly", "{costs}");
    }
    let key = "A".repeat(43);
    assert_eq!(code(&format!("$scrypt$ln=19,r=8,p=1$c2FsdA${key}")), "hash_too_costly");
    assert_eq!(code(&format!("$scrypt$ln=63,r=4294967295,p=1$c2FsdA${key}")), "hash_too_costly");
    assert_eq!(code(&format!("scrypt$1024$salt$8$4294967295${key}")), "hash_too_costly");
    assert_eq!(code(&format!("pbkdf2_sha256$5000001$salt${key}=")), "hash_too_costly");
    assert_eq!(code("$2b$16$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."), "hash_too_costly");
}

#[test]
fn what_is_guessed_too_fast_is_refused_with_the_reason() {
    let refused = StoredHash::parse("$apr1$7q1x0zqD$abcdefghijklmnopqrstu.").unwrap_err();
    assert!(refused.to_string().contains("apr1"), "{refused}");
    for text in ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "$1$abc$def", "md5$abc$def", "$6$abc$def"] {
        assert_eq!(code(text), "hash_refused", "{text}");
    }
}

#[test]
fn damaged_hashes_are_named_and_not_repeated() {
    for text in ["", "plain", "$", "$$$", "x$y$z", &"$argon2id$".repeat(100)] {
        assert_eq!(code(text), "hash_unknown", "{text}");
    }
    for text in [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=0256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=99$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$2b$12$tooshort",
        "pbkdf2_sha256$0$salt$AAAA",
        "pbkdf2_sha256$1$salt$AAAA",
        "scrypt$1000$salt$8$1$AAAA",
        "bcrypt_sha256$plain",
    ] {
        assert_eq!(code(text), "hash_malformed", "{text}");
    }
    let error = StoredHash::parse("pbkdf2_sha256$1$pepper$AAAA").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("pepper"));
    assert_eq!(
        format!("{:?}", parse("$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.")),
        "StoredHash(bcrypt)"
    );
}

#[test]
fn the_default_parameters_are_within_the_limits() {
    assert_eq!(Params::new(19 * 1024, 2, 1), Ok(Params::default()));
    assert_eq!(Params::new(7, 1, 1), Err(BadParams));
    assert_eq!(Params::new(64, 0, 1), Err(BadParams));
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\$?(argon2id|scrypt|2b|pbkdf2_sha256|argon2|bcrypt|bcrypt_sha256|)\\$?[a-z0-9=,$./+]{0,80}") {
        let _ = StoredHash::parse(&text);
    }

    #[test]
    fn parsing_takes_any_text(text in any::<String>()) {
        let _ = StoredHash::parse(&text);
    }
}

//! Password hashes made at test time by the real Django and the real `htpasswd`.

use super::support::{not_run, program};
use countersign::directory::hashes::{Params, StoredHash, needs_rehash, verify};
use countersign_core::secret::SecretText;
use std::path::PathBuf;
use std::process::Command;

const PASSWORDS: [&str; 3] = ["violet kettle argues", "пароль на кириллице", "x"];

/// Prints one hash for each of Django's hashers and each password, passwords as arguments.
const DJANGO: &str = r#"
import sys
import django
from django.conf import settings
base = "django.contrib.auth.hashers."
names = ["PBKDF2PasswordHasher", "ScryptPasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher", "BCryptPasswordHasher"]
settings.configure(PASSWORD_HASHERS=[base + name for name in names])
django.setup()
from django.contrib.auth.hashers import get_hashers, make_password
for hasher in get_hashers():
    for password in sys.argv[1:]:
        print(make_password(password, hasher=hasher.algorithm))
"#;

fn python() -> Option<PathBuf> {
    std::env::var_os("COUNTERSIGN_TEST_PYTHON").map(PathBuf::from).filter(|python| python.is_file())
}

/// Standard output of a program that ended well.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

fn assert_matches_only(hash: &str, password: &str) {
    let stored = StoredHash::parse(hash).unwrap();
    assert!(verify(&stored, &SecretText::new(password)), "{}", stored.scheme());
    assert!(!verify(&stored, &SecretText::new(format!("{password}!"))), "{}", stored.scheme());
    assert_eq!(needs_rehash(&stored, &Params::default()), stored.scheme() != "argon2id");
}

#[test]
fn hashes_of_the_real_django_verify() {
    let made = python().and_then(|python| output(Command::new(python).args(["-c", DJANGO]).args(PASSWORDS)));
    let Some(made) = made else {
        return not_run(
            "hashes of the real Django",
            "set COUNTERSIGN_TEST_PYTHON to a python with `pip install django[argon2,bcrypt]`",
        );
    };
    let hashes: Vec<&str> = made.lines().collect();
    assert_eq!(hashes.len(), 5 * PASSWORDS.len());
    for (index, hash) in hashes.into_iter().enumerate() {
        assert_matches_only(hash, PASSWORDS[index % PASSWORDS.len()]);
    }
}

#[test]
fn hashes_of_the_real_htpasswd_verify() {
    let Some(htpasswd) = program("htpasswd") else {
        return not_run("hashes of the real htpasswd", "apt-get install apache2-utils");
    };
    for password in PASSWORDS {
        let line = output(Command::new(&htpasswd).args(["-nbB", "-C", "6", "jane", password])).unwrap();
        assert_matches_only(line.trim().strip_prefix("jane:").unwrap(), password);
    }
}

#[test]
fn htpasswd_hashes_that_are_guessed_too_fast_are_refused() {
    let Some(htpasswd) = program("htpasswd") else {
        return not_run("refusal of the real htpasswd's MD5 and SHA forms", "apt-get install apache2-utils");
    };
    for flag in ["-nbm", "-nbs"] {
        let line = output(Command::new(&htpasswd).args([flag, "jane", "violet kettle argues"])).unwrap();
        let refused = StoredHash::parse(line.trim().strip_prefix("jane:").unwrap()).unwrap_err();
        assert_eq!(refused.code(), "hash_refused");
    }
}

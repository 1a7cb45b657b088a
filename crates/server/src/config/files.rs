//! What settings keep in files of their own: secrets and certificates.

use super::reader::Reader;
use countersign_core::secret::SecretText;
use std::path::Path;

/// The certificates in the file that `key` names, in PEM.
pub(super) fn certificates(r: &mut Reader<'_>, key: &str) -> Option<String> {
    let path = r.path(key)?;
    match std::fs::read_to_string(&path) {
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => return Some(text),
        Ok(_) => r.problem(key, format!("{} holds no certificate in PEM form", path.display())),
        Err(error) => r.problem(key, format!("{} cannot be read: {error}", path.display())),
    }
    None
}

/// The first line of the file that `key` names: a secret.
pub(super) fn first_line(r: &mut Reader<'_>, key: &str, path: &Path) -> Option<SecretText> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let line = text.lines().next().unwrap_or_default();
            r.check(!line.is_empty(), key, &format!("{} is empty", path.display()));
            (!line.is_empty()).then(|| SecretText::new(line))
        }
        Err(error) => {
            r.problem(key, format!("{} cannot be read: {error}", path.display()));
            None
        }
    }
}

/// A secret that stands in `key`, or in the file that `file_key` names, not in both.
pub(super) fn secret(r: &mut Reader<'_>, key: &str, file_key: &str) -> Option<SecretText> {
    let inline = r.secret(key);
    let file = r.path(file_key);
    if inline.is_some() && file.is_some() {
        r.problem(file_key, format!("{key} is set too; keep one of them"));
    }
    inline.or_else(|| first_line(r, file_key, &file?))
}

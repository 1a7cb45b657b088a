//! Files: who may read the secret ones, whether the data directory can be used.

use super::check::Check;
use crate::config::Config;
use crate::keyring::FILE_NAME as MASTER_KEY;
use countersign_core::time::{Timestamp, micros_of};
use std::path::{Path, PathBuf};

/// Looks at the rights of every file that holds a secret.
pub fn secret_files(config: &Config, file: Option<&Path>) -> Vec<Check> {
    let mut checks = Vec::new();
    let inline = |key: &str| {
        let set = |e: &&crate::config::Effective| e.key == key && e.source != "default";
        config.effective.iter().find(set).is_some_and(|e| !e.source.starts_with("environment"))
    };
    if let Some(path) = file.filter(|_| inline("mail.password") || inline("store.url")) {
        checks.push(private("configuration file", path));
    }
    checks.extend(config.mail.password_file.as_deref().map(|path| private("mail password file", path)));
    checks.extend(config.mail.dkim.as_ref().map(|dkim| private("DKIM key file", &dkim.key_file)));
    checks
}

/// Looks at the data directory, the master key in it, and whether the clock went back since it was last used.
pub fn data_directory(data: &Path, now: Timestamp) -> Vec<Check> {
    let name = "data directory";
    match std::fs::metadata(data) {
        Ok(meta) if meta.is_dir() => {
            let mut checks = vec![writable(data), master_key(data)];
            checks.extend(clock_went_back(data, now));
            checks
        }
        Ok(_) => vec![Check::fail(name, format!("{} is not a directory", data.display()), "choose another --data")],
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => vec![absent(data)],
        Err(error) => vec![Check::fail(name, format!("{}: {error}", data.display()), "give this user the right to it")],
    }
}

fn absent(data: &Path) -> Check {
    let place = nearest_existing(data);
    let found = format!("{} does not exist yet; it is made at the first start", data.display());
    match probe(&place) {
        Ok(()) => Check::ok("data directory", found),
        Err(error) => {
            let advice = format!("make it for this user: {} cannot be written ({error})", place.display());
            Check::fail("data directory", found, advice)
        }
    }
}

fn nearest_existing(path: &Path) -> PathBuf {
    let parents = path.ancestors().filter(|p| !p.as_os_str().is_empty());
    parents.into_iter().find(|p| p.is_dir()).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn writable(data: &Path) -> Check {
    let name = "data directory";
    if let Err(error) = probe(data) {
        let found = format!("{} cannot be written: {error}", data.display());
        return Check::fail(name, found, "give it to the user that runs Countersign, and look for a full disk");
    }
    match others_may(data) {
        Some(mode) => {
            let found = format!("{} has mode {mode:03o}: others can look into it", data.display());
            Check::warn(name, found, format!("chmod 700 {}", data.display()))
        }
        None => Check::ok(name, format!("{} can be written, by this user only", data.display())),
    }
}

/// Makes a file and takes it away again: the only sure way to know that a directory can be written.
fn probe(directory: &Path) -> std::io::Result<()> {
    let path = directory.join(format!(".countersign-doctor-{}", std::process::id()));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    made.and_then(|mut file| std::io::Write::write_all(&mut file, &[0; 4096]))?;
    std::fs::remove_file(path)
}

fn master_key(data: &Path) -> Check {
    let path = data.join(MASTER_KEY);
    if path.exists() {
        return private("master key", &path);
    }
    Check::ok("master key", "none yet; it is made at the first start. Back it up then: nothing works without it")
}

/// Whether only this user may read `path`.
pub fn private(name: &'static str, path: &Path) -> Check {
    let shown = path.display();
    if let Err(error) = std::fs::File::open(path) {
        return Check::fail(name, format!("{shown}: {error}"), "give it to the user that runs Countersign");
    }
    match others_may(path) {
        Some(mode) => {
            Check::fail(name, format!("{shown} has mode {mode:03o}: others can read it"), format!("chmod 600 {shown}"))
        }
        None => Check::ok(name, format!("{shown} is readable by this user only")),
    }
}

/// The mode of `path` where it gives others any right.
#[cfg(unix)]
fn others_may(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn others_may(_: &Path) -> Option<u32> {
    None
}

/// Files from the future: the clock stands earlier than when we last wrote.
fn clock_went_back(data: &Path, now: Timestamp) -> Option<Check> {
    let written = |entry: std::fs::DirEntry| entry.metadata().ok()?.modified().ok();
    let newest = std::fs::read_dir(data).ok()?.flatten().filter_map(written).max()?;
    let newest = newest.duration_since(std::time::UNIX_EPOCH).ok()?;
    let ahead = Timestamp::from_micros(micros_of(newest)).since(now).as_secs();
    // Two minutes are the usual error of a clock that somebody sets by hand.
    let found = format!("files in {} are {ahead} s ahead of the clock", data.display());
    let advice = "set the clock (NTP): secrets that have expired would live again";
    (ahead > 120).then(|| Check::fail("clock against files", found, advice))
}

#[cfg(test)]
mod tests {
    use super::super::check::Outcome;
    use super::*;

    #[test]
    fn a_missing_data_directory_is_fine_where_it_can_be_made() {
        let dir = tempfile::tempdir().unwrap();
        let checks = data_directory(&dir.path().join("a/b"), Timestamp::from_secs(0));
        assert_eq!(checks[0].outcome, Outcome::Ok);
        assert!(!dir.path().join("a").exists());
    }

    #[test]
    fn files_from_the_future_mean_that_the_clock_went_back() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("countersign.db"), "").unwrap();
        let checks = data_directory(dir.path(), Timestamp::from_secs(1_000_000));
        assert!(checks.iter().any(|c| c.name == "clock against files" && c.outcome == Outcome::Fail));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_may_read_fails_with_the_command_to_run() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MASTER_KEY);
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let check = master_key(dir.path());
        assert_eq!(check.outcome, Outcome::Fail);
        assert!(check.advice.unwrap().starts_with("chmod 600 "));
    }
}

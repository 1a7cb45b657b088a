//! The evidence log: is its key there and nobody else's, is it the log's, can the last checkpoint be read?

use super::check::Check;
use super::files;
use crate::config::Config;
use crate::serve::signing_key_path;
use crate::store::{Place, StoreError, frozen, log};
use crate::{last_seen, signing};
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::note::{Note, VerifierKey};
use std::path::Path;

const KEY: &str = "evidence key";
const LAST_SEEN: &str = "last seen checkpoint";

/// Looks at the files on this machine.
pub fn local(config: &Config, data: &Path) -> Vec<Check> {
    let path = signing_key_path(config, data);
    let mut checks = vec![if path.exists() {
        files::private(KEY, &path)
    } else {
        Check::ok(KEY, "none yet; it is made at the first start. Back it up then: a log without its key must be ended")
    }];
    let next = signing::next_path(&path);
    if next.exists() {
        checks.push(files::private("next evidence key", &next));
    }
    checks.extend(kept(data));
    checks
}

/// The checkpoint beside the database.
fn kept(data: &Path) -> Option<Check> {
    let path = data.join(last_seen::FILE_NAME);
    let advice = "look why; the server does not start before it is right or removed, and without it a database that was \
                  put back is not found out";
    match last_seen::read(&path) {
        Ok(None) => None,
        Ok(Some(text)) => {
            let checkpoint = Note::parse(&text).ok().and_then(|note| Checkpoint::parse(&note.text).ok());
            Some(match checkpoint {
                Some(seen) => Check::ok(LAST_SEEN, format!("{} entries of {}", seen.head.size, seen.origin)),
                None => Check::fail(LAST_SEEN, format!("{} holds no checkpoint", path.display()), advice),
            })
        }
        Err(error) => Some(Check::fail(LAST_SEEN, format!("{}: {error}", path.display()), advice)),
    }
}

/// Looks whether the key is the one that signs the log in the database.
pub async fn remote(config: &Config, data: &Path, place: &Place, offline: bool) -> Vec<Check> {
    let name = "evidence log";
    if offline && matches!(place, Place::Url(_)) {
        return vec![Check::not_checked(name, "--offline")];
    }
    match last_key(config, place).await {
        Ok(None) => vec![Check::ok(name, "none yet; it begins with the first start")],
        Ok(Some(Ok(key))) => vec![held(config, data, name, &key)],
        Ok(Some(Err(what))) => {
            let advice = "run `countersign evidence verify`, and restore the database from a backup";
            vec![Check::fail(name, format!("its key cannot be read: {what}"), advice)]
        }
        Err(error) => vec![Check::not_checked(name, error.to_string())],
    }
}

async fn last_key(config: &Config, place: &Place) -> Result<Option<Result<VerifierKey, String>>, StoreError> {
    let Some(mut conn) = frozen::open(place, config.store.busy_timeout.duration()).await? else { return Ok(None) };
    let vkey = log::last_vkey(&mut conn).await?;
    Ok(vkey.map(|vkey| VerifierKey::parse(&vkey).map_err(|error| error.to_string())))
}

fn held(config: &Config, data: &Path, name: &'static str, key: &VerifierKey) -> Check {
    let path = signing_key_path(config, data);
    match signing::holder(&path, key) {
        Some(holder) if holder == path => {
            Check::ok(name, format!("{}, signed by the key in {}", key.name(), path.display()))
        }
        Some(holder) if holder == signing::next_path(&path) => {
            let advice = "nothing: the next start or step of the server puts it in place";
            Check::warn(name, format!("the key that signs is still in {}", holder.display()), advice)
        }
        Some(holder) => {
            let advice =
                format!("was the database put back? If so, read docs/evidence.md; or move {} there", holder.display());
            Check::fail(name, format!("the key that signs is not in {}", path.display()), advice)
        }
        None => {
            let advice = "restore the key from your backup; if it is lost for good: `countersign evidence new-log`";
            Check::fail(name, format!("{} does not hold the key that signs {}", path.display(), key.name()), advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Outcome;
    use super::*;
    use crate::clock;

    fn outcomes(checks: &[Check]) -> Vec<Outcome> {
        checks.iter().map(|check| check.outcome).collect()
    }

    #[tokio::test]
    async fn a_key_that_is_not_the_logs_and_a_damaged_checkpoint_fail() {
        let (dir, config) = (tempfile::tempdir().unwrap(), Config::defaults());
        let place = Place::File(dir.path().join("countersign.db"));
        assert_eq!(outcomes(&local(&config, dir.path())), [Outcome::Ok]);
        assert_eq!(outcomes(&remote(&config, dir.path(), &place, false).await), [Outcome::Ok]);
        drop(crate::serve::open(config.clone(), &place, dir.path()).await.unwrap());
        assert_eq!(outcomes(&local(&config, dir.path())), [Outcome::Ok]);
        assert_eq!(outcomes(&remote(&config, dir.path(), &place, false).await), [Outcome::Ok]);
        let key = dir.path().join("evidence.key");
        std::fs::rename(&key, signing::next_path(&key)).unwrap();
        assert_eq!(outcomes(&remote(&config, dir.path(), &place, false).await), [Outcome::Warn]);
        signing::create(&key, "other.example.org", &mut clock::generator()).unwrap();
        std::fs::remove_file(signing::next_path(&key)).unwrap();
        assert_eq!(outcomes(&remote(&config, dir.path(), &place, false).await), [Outcome::Fail]);
        std::fs::write(dir.path().join(last_seen::FILE_NAME), "x").unwrap();
        assert_eq!(outcomes(&local(&config, dir.path())), [Outcome::Ok, Outcome::Fail]);
    }
}

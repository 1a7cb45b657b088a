//! The database: can it be reached, is its schema ours, can it be written, does its clock agree?

use super::check::Check;
use super::clock;
use crate::store::migrate::inspect::{Inspection, inspect};
use crate::store::{Place, StoreError};
use countersign_core::span::Span;
use countersign_core::time::Timestamp;

const NAME: &str = "database";

/// Looks at the database and changes nothing in it.
pub async fn look(place: &Place, patience: Span, offline: bool, now: Timestamp) -> Vec<Check> {
    let engine = engine(place);
    if offline && matches!(place, Place::Url(_)) {
        return vec![Check::not_checked(NAME, format!("{engine}: --offline"))];
    }
    match inspect(place, patience.duration()).await {
        Ok(None) => vec![Check::ok(NAME, format!("{engine}: none yet; it is made at the first start"))],
        Ok(Some(found)) => {
            let mut checks = vec![schema(engine, found), writable(engine, found)];
            checks.extend(found.now.map(|theirs| clock::compare(now, theirs)));
            checks
        }
        Err(error) => vec![refused(engine, &error)],
    }
}

const fn engine(place: &Place) -> &'static str {
    match place {
        Place::File(_) => "SQLite",
        Place::Url(_) => "PostgreSQL",
    }
}

fn schema(engine: &str, found: Inspection) -> Check {
    let Inspection { version, known, .. } = found;
    let what = format!("{engine}: schema version {version}, this program knows {known}");
    match version {
        0 => Check::ok(NAME, format!("{engine}: empty; the schema is made at the first start")),
        _ if version > known => {
            Check::fail(NAME, what, "run the newer Countersign that wrote it; there is no way back")
        }
        _ if version < known => {
            Check::warn(NAME, what, "make a backup; the schema is brought up to date at the next start")
        }
        _ => Check::ok(NAME, what),
    }
}

fn writable(engine: &str, found: Inspection) -> Check {
    let name = "database writable";
    let advice = "look at the rights of its file and directory or of its role, and whether it is a replica";
    if found.writable {
        return Check::ok(name, format!("{engine}: yes"));
    }
    Check::fail(name, format!("{engine}: no, or locked for too long"), advice)
}

fn refused(engine: &str, error: &StoreError) -> Check {
    let advice = match error {
        StoreError::Damaged(_) => "stop Countersign and restore the database from a backup",
        _ => "look at store.url, the role and its password, and whether the server is running",
    };
    Check::fail(NAME, format!("{engine}: {error}"), advice)
}

#[cfg(test)]
mod tests {
    use super::super::check::Outcome;
    use super::*;
    use crate::store::Store;

    async fn outcomes(place: &Place) -> Vec<Outcome> {
        let now = Timestamp::from_secs(1);
        look(place, Span::from_millis(200), false, now).await.into_iter().map(|c| c.outcome).collect()
    }

    #[tokio::test]
    async fn a_database_is_seen_before_and_after_it_is_made_and_never_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("countersign.db");
        let place = Place::File(path.clone());
        assert_eq!(outcomes(&place).await, [Outcome::Ok]);
        assert!(!path.exists());
        drop(Store::open(&place, 1).await.unwrap());
        assert_eq!(outcomes(&place).await, [Outcome::Ok, Outcome::Ok]);
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_fails() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("countersign.db");
        std::fs::write(&path, "not a database, but long enough to be looked at".repeat(100)).unwrap();
        assert_eq!(outcomes(&Place::File(path)).await, [Outcome::Fail]);
    }

    #[test]
    fn a_newer_schema_fails_and_an_older_one_is_told() {
        let at = |version| Inspection { version, known: 2, writable: true, now: None };
        assert_eq!(schema("SQLite", at(3)).outcome, Outcome::Fail);
        assert_eq!(schema("SQLite", at(1)).outcome, Outcome::Warn);
        assert_eq!(schema("SQLite", at(2)).outcome, Outcome::Ok);
    }
}

//! Who may know whom in the server crate, as data. `docs/architecture.md` shows the same table.

use super::source::{code, mentions};
use super::{File, Finding};

/// Rooms that every other room may know: they know no state and no use case.
const LEAVES: [&str; 9] = ["clock", "config", "http", "key_file", "keyring", "last_seen", "metrics", "signing", "text"];

/// A room and the rooms that it may know besides the leaves. For a leaf: all that it may know.
const MAY_KNOW: &[(&str, &[&str])] = &[
    // Leaves.
    ("clock", &[]),
    ("config", &["text"]),
    ("http", &[]),
    ("key_file", &[]),
    ("keyring", &["key_file"]),
    ("last_seen", &[]),
    ("metrics", &[]),
    ("signing", &["key_file"]),
    ("text", &[]),
    // Given data, they return an outcome.
    ("log", &[]),
    ("store", &[]),
    ("windows", &[]),
    ("bus", &[]),
    ("directory", &[]),
    ("notify", &[]),
    ("signals", &[]),
    ("expose", &[]),
    ("attest", &[]),
    ("breached", &[]),
    ("oidc", &[]),
    ("witness", &[]),
    // What goes wrong, for visitors and for the log; knows the errors that it wraps.
    ("error", &["store"]),
    // Use cases. `app` is what they share: the store, the keys, the clock, their own caches.
    ("app", &["error", "breached", "store", "flows", "oidc", "windows"]),
    ("flows", &["error", "app", "breached", "expose", "store", "directory", "oidc", "windows"]),
    ("jobs", &["error", "app", "attest", "flows", "directory", "notify", "signals", "store", "windows"]),
    // What doors for browsers have in common.
    ("web", &["flows"]),
    // Doors: writes by flows, reads by the store's views, never each other.
    ("api", &["error", "app", "flows", "store"]),
    ("pages", &["error", "app", "flows", "store", "web"]),
    ("console", &["error", "app", "flows", "store", "web"]),
    // They put the house together. `drill` plays against it from outside and reads the store to judge.
    (
        "serve",
        &[
            "error",
            "app",
            "attest",
            "breached",
            "expose",
            "flows",
            "store",
            "directory",
            "notify",
            "signals",
            "bus",
            "jobs",
            "api",
            "pages",
            "console",
        ],
    ),
    ("drill", &["error", "app", "flows", "store", "directory", "notify", "jobs", "serve"]),
    (
        "cli",
        &[
            "error",
            "app",
            "breached",
            "expose",
            "flows",
            "store",
            "directory",
            "notify",
            "jobs",
            "serve",
            "drill",
            "log",
            "witness",
        ],
    ),
];

/// The only room that knows SQL.
const SQL_ROOM: &str = "store";

/// Checks every path in the server crate.
pub fn check(files: &[File]) -> Vec<Finding> {
    let server = files.iter().filter(|f| f.path.starts_with("crates/server/src/") && f.path.ends_with(".rs"));
    server.filter(|f| !f.is_tests()).flat_map(one).collect()
}

fn one(file: &File) -> Vec<Finding> {
    let (Some(room), Some((_, rest))) = (file.room(), file.place()) else { return Vec::new() };
    if matches!(rest, "lib.rs" | "main.rs") {
        return Vec::new();
    }
    if !MAY_KNOW.iter().any(|(name, _)| *name == room) {
        let what = format!("`{room}` is no room of the table in xtask/src/tidy/edges.rs");
        return vec![Finding::new(&file.path, 1, what)];
    }
    let depth = rest.trim_end_matches("/mod.rs").split('/').count();
    let wrong = |names: &[String]| wrong_edge(room, depth, names);
    mentions(&code(&file.text))
        .into_iter()
        .filter_map(|m| wrong(&m.names).map(|what| Finding::new(&file.path, m.line, what)))
        .collect()
}

fn wrong_edge(room: &str, depth: usize, names: &[String]) -> Option<String> {
    if names[0] == "sqlx" && room != SQL_ROOM {
        return Some(format!("`{room}` names sqlx; only `{SQL_ROOM}` knows SQL"));
    }
    let other = other_room(depth, names)?;
    (other != room && !may_know(room, other)).then(|| {
        format!("`{room}` may not know `{other}` (the table is in xtask/src/tidy/edges.rs and docs/architecture.md)")
    })
}

/// The room that a path leads to from a file `depth` levels below the crate's root, if it leads to one.
fn other_room(depth: usize, names: &[String]) -> Option<&str> {
    let supers = names.iter().take_while(|n| *n == "super").count();
    if supers >= depth {
        // In a module inside the file the same path may lead elsewhere, so only the name of a room counts.
        let name = names.get(supers)?.as_str();
        return MAY_KNOW.iter().any(|(room, _)| *room == name).then_some(name);
    }
    let first = names.first()?;
    if first != "crate" && first != "countersign" {
        return None;
    }
    // Macros and items at the crate's root do not exist here; what follows is a room, known or not.
    names.get(1).map(String::as_str)
}

fn may_know(room: &str, other: &str) -> bool {
    let listed = MAY_KNOW.iter().any(|(name, others)| *name == room && others.contains(&other));
    listed || (LEAVES.contains(&other) && !LEAVES.contains(&room))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        check(&[file]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_wrong_edge_is_found_wherever_it_is_written() {
        let path = "crates/server/src/notify/smtp.rs";
        for text in [
            "use crate::store::Store;",
            "use crate::{clock::Clock, store};",
            "fn f() { crate::store::open(); }",
            "use super::super::store::Store;",
        ] {
            assert_eq!(findings(path, text).len(), 1, "{text}");
        }
        assert_eq!(findings(path, "use crate::clock::Clock; use super::Channel;"), Vec::<String>::new());
    }

    #[test]
    fn doors_never_know_each_other() {
        assert_eq!(findings("crates/server/src/api/mod.rs", "use crate::pages::x;").len(), 1);
        assert_eq!(findings("crates/server/src/api/mod.rs", "use super::pages::x;").len(), 1);
    }

    #[test]
    fn sql_stays_in_the_store() {
        assert_eq!(findings("crates/server/src/flows/recover.rs", "fn f() { sqlx::query(\"\"); }").len(), 1);
        assert_eq!(findings("crates/server/src/store/mod.rs", "fn f() { sqlx::query(\"\"); }").len(), 0);
    }

    #[test]
    fn unknown_rooms_are_found_as_files_and_as_paths() {
        assert_eq!(findings("crates/server/src/helpers/mod.rs", "//! x").len(), 1);
        assert_eq!(findings("crates/server/src/cli/mod.rs", "use crate::helpers::x;").len(), 1);
    }

    #[test]
    fn leaves_know_no_rooms_that_are_not_listed() {
        assert_eq!(findings("crates/server/src/clock.rs", "use crate::config::Config;").len(), 1);
        assert_eq!(findings("crates/server/src/config/site.rs", "use crate::text::Locale;").len(), 0);
    }

    #[test]
    fn tests_may_know_everybody() {
        assert_eq!(findings("crates/server/src/clock.rs", "#[cfg(test)]\nmod tests { use crate::store::X; }").len(), 0);
        assert_eq!(findings("crates/server/src/config/tests.rs", "use crate::store::X;").len(), 0);
    }

    #[test]
    fn the_table_names_only_rooms_and_has_no_circle_between_leaves() {
        for (room, others) in MAY_KNOW {
            for other in *others {
                assert!(MAY_KNOW.iter().any(|(name, _)| name == other), "{room} -> {other}");
            }
        }
    }
}

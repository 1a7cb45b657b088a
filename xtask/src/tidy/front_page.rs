//! Every file says what it is; every room opens with its front page.

use super::{File, Finding};

/// What the front page of a room must say.
const LINES: [&str; 5] = ["Never:", "In:", "Out:", "I/O for this room:", "Tests:"];

/// Files that are doors to a crate and no rooms.
const DOORS: [&str; 2] = ["lib", "main"];

/// Checks the first lines of every source file.
pub fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter(|f| f.is_crate_source() || f.path.starts_with("xtask/src/")).flat_map(one).collect()
}

fn one(file: &File) -> Vec<Finding> {
    if !file.text.starts_with("//!") {
        return vec![Finding::new(&file.path, 1, "starts without a `//!` line that says what it is")];
    }
    if !is_room(file) {
        return Vec::new();
    }
    let page: String = file.text.lines().take_while(|l| l.starts_with("//!")).map(|l| format!("{l}\n")).collect();
    let missing = LINES.iter().filter(|line| !page.contains(*line));
    missing.map(|line| Finding::new(&file.path, 1, format!("the front page of a room has no `{line}`"))).collect()
}

/// `src/<room>.rs` and `src/<room>/mod.rs`.
fn is_room(file: &File) -> bool {
    let Some((_, rest)) = file.place() else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    match parts[..] {
        [single] => !DOORS.contains(&single.trim_end_matches(".rs")),
        ["bin", ..] => false,
        [_, "mod.rs"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&[File { path: path.to_owned(), text: text.to_owned() }]).len()
    }

    #[test]
    fn a_room_needs_its_front_page_and_a_file_one_line() {
        assert_eq!(findings("crates/server/src/jobs/mod.rs", "//! Jobs.\n"), 5);
        assert_eq!(findings("crates/server/src/jobs/run.rs", "//! Runs jobs.\n"), 0);
        assert_eq!(findings("crates/server/src/jobs/run.rs", "use a;\n"), 1);
        let page = "//! Jobs.\n//!\n//! Never: a.\n//! In: b. Out: c.\n//! I/O for this room: d. Tests: e.\n";
        assert_eq!(findings("crates/server/src/jobs/mod.rs", page), 0);
    }
}

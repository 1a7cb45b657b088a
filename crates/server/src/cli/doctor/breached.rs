//! Files of leaked passwords: there, whole, of the right form.

use super::check::Check;
use crate::breached::Source;
use crate::config::Config;

const NAME: &str = "leaked passwords";

/// Opens each file as the server would.
pub fn look(config: &Config) -> Vec<Check> {
    let (source, settings) = (Source::default(), &config.password);
    let mut checks: Vec<Check> = settings
        .breached_files()
        .map(|path| match source.open(path) {
            Ok(()) => Check::ok(NAME, format!("{} is whole", path.display())),
            Err(error) => {
                let advice = "build it again with `countersign passwords build`, or empty the setting";
                Check::fail(NAME, format!("{}: {error}", path.display()), advice)
            }
        })
        .collect();
    if checks.is_empty() {
        let found = "no file of leaked passwords: only the built-in list is looked at";
        checks.push(Check::warn(NAME, found, "see docs/passwords.md; password.breached_file"));
    } else if settings.range_api && !source.has_ranges() {
        let advice = "build the file with --range, or switch password.range_api off";
        checks.push(Check::fail(NAME, "the range API has no whole hashes to serve", advice));
    }
    checks
}

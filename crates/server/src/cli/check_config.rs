//! `check-config`: is the configuration good, and what is in force?

use super::{EXIT_USAGE, Global, print_json};
use crate::config::{Config, DEFAULTS, Effective, Problem, Problems};
use serde_json::json;
use std::process::ExitCode;

/// Arguments of `check-config`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print the commented reference of all settings instead
    #[arg(long)]
    defaults: bool,
}

/// Prints what is in force and "ok", or every problem.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    if args.defaults {
        print!("{DEFAULTS}");
        return ExitCode::SUCCESS;
    }
    match global.load() {
        Ok(config) if global.json => print_json(&json!({ "ok": true, "settings": config.effective })),
        Ok(config) => print!("{}", shown(&config)),
        Err(problems) => {
            report(&problems, global.json);
            return ExitCode::from(EXIT_USAGE);
        }
    }
    ExitCode::SUCCESS
}

fn report(problems: &Problems, as_json: bool) {
    let one = |p: &Problem| json!({ "key": p.key, "source": p.source.to_string(), "message": p.message });
    if as_json {
        print_json(&json!({ "ok": false, "problems": problems.0.iter().map(one).collect::<Vec<_>>() }));
    } else {
        eprintln!("{problems}");
    }
}

/// One line a key: the value, and its place where it is not the default.
fn shown(config: &Config) -> String {
    let line = |e: &Effective| match e.source.as_str() {
        "default" => format!("{} = {}\n", e.key, e.value),
        source => format!("{} = {}    # {source}\n", e.key, e.value),
    };
    let mut text: String = config.effective.iter().map(line).collect();
    text.push_str("ok\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_names_its_place_and_hides_secrets() {
        let vars = [("COUNTERSIGN_STORE__URL", "postgres://u:hunter2@example.org/c")];
        let vars = vars.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let text = shown(&Config::from_parts(None, vars).unwrap());
        assert!(text.contains("store.url = \"(set)\"    # environment variable COUNTERSIGN_STORE__URL\n"), "{text}");
        assert!(text.contains("recovery.ticket_ttl = \"15m\"\n") && text.ends_with("\nok\n"), "{text}");
    }
}

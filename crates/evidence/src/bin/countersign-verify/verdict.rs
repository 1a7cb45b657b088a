//! What comes out: one sentence, an exit code, and details for programs.

use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Result {
    Proven,
    Disproven,
    Unreadable,
    NotEnough,
}

impl Result {
    /// The exit code.
    const fn code(self) -> u8 {
        match self {
            Self::Proven => 0,
            Self::Disproven => 1,
            Self::Unreadable => 2,
            Self::NotEnough => 3,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Disproven => "disproven",
            Self::Unreadable => "unreadable",
            Self::NotEnough => "not_enough",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Proven => "Proven",
            Self::Disproven => "DISPROVEN",
            Self::Unreadable => "Unreadable",
            Self::NotEnough => "Not enough",
        }
    }
}

/// The answer.
pub struct Verdict {
    result: Result,
    /// What was, or was not, proven; the middle of a sentence.
    what: String,
    /// What was not proven although the rest was.
    not_proven: Vec<String>,
    details: Map<String, Value>,
    /// What is shown below the sentence.
    shown: Option<String>,
}

impl Verdict {
    fn new(result: Result, what: impl Into<String>) -> Self {
        Self { result, what: what.into(), not_proven: Vec::new(), details: Map::new(), shown: None }
    }

    pub fn proven(what: impl Into<String>) -> Self {
        Self::new(Result::Proven, what)
    }

    pub fn disproven(what: impl Into<String>) -> Self {
        Self::new(Result::Disproven, what)
    }

    pub fn unreadable(what: impl Into<String>) -> Self {
        Self::new(Result::Unreadable, what)
    }

    pub fn not_enough(what: impl Into<String>) -> Self {
        Self::new(Result::NotEnough, what)
    }

    /// Goes on with what was proven.
    pub fn and(mut self, more: &str) -> Self {
        self.what.push_str(", ");
        self.what.push_str(more);
        self
    }

    /// Adds something that was not proven.
    pub fn but_not(mut self, what: impl Into<String>) -> Self {
        self.not_proven.push(what.into());
        self
    }

    /// Adds a fact for programs.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a text below the sentence.
    pub fn showing(mut self, text: String) -> Self {
        self.shown = Some(text);
        self
    }

    fn sentence(&self) -> String {
        let rest = match self.not_proven.split_last() {
            None => String::new(),
            Some((last, [])) => format!("; not proven: {last}"),
            Some((last, first)) => format!("; not proven: {}, and {last}", first.join(", ")),
        };
        format!("{}: {}{rest}.", self.result.word(), self.what)
    }

    /// Prints it; the exit code.
    pub fn print(self, json: bool) -> ExitCode {
        let text = if json {
            let mut object = self.details.clone();
            object.insert("result".into(), self.result.name().into());
            object.insert("exit_code".into(), self.result.code().into());
            object.insert("sentence".into(), self.sentence().into());
            object.insert("not_proven".into(), json!(self.not_proven));
            Value::Object(object).to_string()
        } else {
            let below = self.shown.as_ref().map_or_else(String::new, |shown| format!("\n{shown}"));
            format!("{}{below}", printable(&self.sentence()))
        };
        // Nobody is left to tell when standard output is closed; the code still says it.
        let _ = writeln!(std::io::stdout(), "{text}");
        ExitCode::from(self.result.code())
    }
}

/// Names from files that are not trusted yet must not steer a terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

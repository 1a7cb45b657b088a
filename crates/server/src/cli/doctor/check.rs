//! One check of `doctor`: its outcome, what was found, what to do.

use std::fmt;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Works, but look at it.
    Warn,
    /// Does not work.
    Fail,
    /// Not looked at; nothing is known.
    NotChecked,
}

impl Outcome {
    /// The word at the start of a line.
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::NotChecked => "not checked",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, found: found.into(), advice: None }
    }

    /// Works, but look at it.
    pub fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    /// Does not work.
    pub fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Fail, found: found.into(), advice: Some(advice.into()) }
    }

    /// Not looked at, and why.
    pub fn not_checked(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::NotChecked, found: why.into(), advice: None }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12}{}: {}", self.outcome.word(), self.name, self.found)?;
        match &self.advice {
            Some(advice) => writeln!(f, "{:<12}-> {advice}", ""),
            None => Ok(()),
        }
    }
}

//! `[log]`: how much is logged and in which form.

use super::reader::Reader;
use tracing_subscriber::EnvFilter;

/// How much is logged and in which form.
#[derive(Clone, Debug)]
pub struct Log {
    /// Lines for people or objects for machines.
    pub format: Format,
    /// Filter directives of `tracing`.
    pub level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Log {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let log = Self {
            format: r.choice("log.format", &[("text", Format::Text), ("json", Format::Json)]),
            level: r.text("log.level"),
        };
        let known = EnvFilter::try_new(&log.level).is_ok() && !log.level.trim().is_empty();
        let message = "must be error, warn, info, debug or trace, or by part such as \"info,countersign::jobs=debug\"";
        r.check(known, "log.level", message);
        log
    }
}

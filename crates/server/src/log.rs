//! Sets up logging: lines for people or JSON for machines, on standard error.
//!
//! Never: tokens, passwords, codes, cookies, mailboxes, phone numbers, user names, request bodies, `Authorization`
//! headers, whole URLs of links, addresses of people's devices. Ids (`req_…`, `acc_…`) are what is logged instead.
//! In: `[log]`.   Out: a subscriber for the whole process.
//! I/O for this room: standard error.   Tests: beside the code.

use crate::config::{Format, Log};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// Field names that every log line uses for the same thing.
///
/// Errors are logged once, at the boundary (a handler, a job's runner, `main`), with `error`.
pub mod field {
    /// A `RequestId`.
    pub const REQUEST: &str = "request";
    /// An `AccountId`.
    pub const ACCOUNT: &str = "account";
    /// A `MessageId`.
    pub const MESSAGE: &str = "message_id";
    /// The internal text of an error.
    pub const ERROR: &str = "error";
}

/// Starts logging for this process; a second call changes nothing.
pub fn start(settings: &Log) {
    // Only a second call fails, and then logging is on already.
    let _ = subscriber(settings, std::io::stderr).try_init();
}

fn subscriber<W>(settings: &Log, writer: W) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match settings.format {
        Format::Text => Box::new(base.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).finish()),
        Format::Json => Box::new(base.json().flatten_event(true).with_current_span(false).finish()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_lines_are_objects_with_our_fields() {
        let out = Buffer::default();
        let writer = out.clone();
        let settings = Log { format: Format::Json, level: "info".to_owned() };
        let subscriber = subscriber(&settings, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(request = "req_1", "taken up");
            tracing::debug!("not shown");
        });
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!((line["message"].as_str(), line["request"].as_str()), (Some("taken up"), Some("req_1")));
    }
}

//! What is counted, for `/metrics`, the drill and tests. Labels are closed sets; never an identifier, an address or a mailbox.
//!
//! Never: carries personal data; grows with the number of sources.
//! In: events from flows and jobs.   Out: the OpenMetrics text.
//! I/O for this room: none.   Tests: beside the code.

use countersign_core::gate::Reason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// One label.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Of {
    kind: &'static str,
}

/// The counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Of, Counter>,
    decisions: Family<Of, Counter>,
    messages: Family<Of, Counter>,
    recoveries: Family<Of, Counter>,
    mode: Gauge,
    log_size: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let requests = Family::default();
        registry.register(
            "recovery_requests",
            "Recovery requests by what became of them at the door",
            requests.clone(),
        );
        let decisions = Family::default();
        registry.register("recovery_decisions", "Decided recovery requests by reason", decisions.clone());
        let messages = Family::default();
        registry.register("messages", "Messages by outcome of the hand-over", messages.clone());
        let recoveries = Family::default();
        registry.register("recoveries", "Recoveries by how they ended", recoveries.clone());
        let mode = Gauge::default();
        registry.register("gate_mode", "0 open, 1 proof is asked for, 2 hold", mode.clone());
        let log_size = Gauge::default();
        registry.register("evidence_log_size", "Entries in the signed evidence log", log_size.clone());
        Self { registry, requests, decisions, messages, recoveries, mode, log_size }
    }
}

impl Metrics {
    /// A request at the door: `accepted`, `held`, `source_limited`, `refused`.
    pub fn request(&self, kind: &'static str) {
        self.requests.get_or_create(&Of { kind }).inc();
    }

    /// A decided request.
    pub fn decision(&self, reason: Reason) {
        self.decisions.get_or_create(&Of { kind: reason.as_str() }).inc();
    }

    /// A message's outcome: `sent`, `retried`, `failed`, `unknown`.
    pub fn message(&self, kind: &'static str) {
        self.messages.get_or_create(&Of { kind }).inc();
    }

    /// How a recovery ended: `completed`, `waiting`, `disavowed`, `cancelled`, `undone`.
    pub fn recovery(&self, kind: &'static str) {
        self.recoveries.get_or_create(&Of { kind }).inc();
    }

    /// The gate's mode.
    pub fn mode(&self, mode: countersign_core::gate::Mode) {
        self.mode.set(mode as i64);
    }

    /// How many entries the log has.
    pub fn log_size(&self, size: u64) {
        self.log_size.set(i64::try_from(size).unwrap_or(i64::MAX));
    }

    /// How many requests of a kind there were.
    pub fn requests_of(&self, kind: &'static str) -> u64 {
        self.requests.get_or_create(&Of { kind }).get()
    }

    /// How many requests were decided for this reason.
    pub fn decisions_of(&self, reason: Reason) -> u64 {
        self.decisions.get_or_create(&Of { kind: reason.as_str() }).get()
    }

    /// How many messages ended so.
    pub fn messages_of(&self, kind: &'static str) -> u64 {
        self.messages.get_or_create(&Of { kind }).get()
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut out = String::new();
        match prometheus_client::encoding::text::encode(&mut out, &self.registry) {
            Ok(()) => out,
            // Writing to a String cannot fail.
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_show_in_the_text() {
        let metrics = Metrics::default();
        metrics.decision(Reason::LiveLink);
        assert!(metrics.text().contains("countersign_recovery_decisions_total{kind=\"live_link\"} 1"));
    }
}

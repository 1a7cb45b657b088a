//! `[evidence]`: the log that outsiders can check.

use super::reader::Reader;
use countersign_core::span::Span;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The evidence log.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The log's name; `None`: the server's origin without its scheme, and `/evidence`.
    pub origin: Option<String>,
    /// The signing key's file; `None`: `evidence.key` in the data directory.
    pub key_file: Option<PathBuf>,
    /// Whether checkpoint, tiles and commitments are served to everybody.
    pub public: bool,
    /// How often the log is signed while entries come in.
    pub checkpoint_every: Span,
    /// Witnesses and how many of them must have cosigned (C2SP tlog-policy); `None`: no witness.
    pub policy_file: Option<PathBuf>,
    /// How long a witness may take.
    pub witness_timeout: Span,
    /// How long a checkpoint waits for its quorum before it is published without.
    pub witness_patience: Span,
    /// Further certificates, in PEM, that witnesses and the authority may show.
    pub ca_file: Option<PathBuf>,
    /// Where time stamps come from (RFC 3161); `None`: none are asked for.
    pub time_stamp_url: Option<String>,
    /// How often a checkpoint is time-stamped.
    pub time_stamp_every: Span,
}

impl Evidence {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let evidence = Self {
            origin: r.optional("evidence.origin"),
            key_file: r.path("evidence.key_file"),
            public: r.flag("evidence.public"),
            checkpoint_every: r.span("evidence.checkpoint_every"),
            policy_file: r.path("evidence.policy_file"),
            witness_timeout: r.span("evidence.witness_timeout"),
            witness_patience: r.span("evidence.witness_patience"),
            ca_file: r.path("evidence.ca_file"),
            time_stamp_url: r.optional("evidence.time_stamp_url"),
            time_stamp_every: r.span("evidence.time_stamp_every"),
        };
        let every = evidence.checkpoint_every.duration();
        let fits = (Duration::from_millis(50)..=Duration::from_secs(60)).contains(&every);
        r.check(fits, "evidence.checkpoint_every", "must be from 50ms to 60s");
        let named = evidence.origin.as_deref().is_none_or(countersign_evidence::note::is_key_name);
        r.check(named, "evidence.origin", "must have no space and no plus in it, such as \"example.org/evidence\"");
        let http = |url: &String| Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https"));
        let url = evidence.time_stamp_url.as_ref().is_none_or(http);
        r.check(url, "evidence.time_stamp_url", "must be empty or an http or https address");
        let often = evidence.time_stamp_every.duration() >= Duration::from_secs(60);
        r.check(often, "evidence.time_stamp_every", "must be at least 60s: authorities refuse who asks too often");
        evidence
    }
}

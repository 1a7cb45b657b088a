//! `[console]`: for those who work here.

use super::oidc::Oidc;
use super::reader::Reader;
use countersign_core::span::Span;
use std::time::Duration;

/// How staff come in and how long they stay.
#[derive(Clone, Debug)]
pub struct Console {
    /// Whether there is a console at all.
    pub enabled: bool,
    /// Without use a session ends after this.
    pub idle_timeout: Span,
    /// It ends after this in any case.
    pub session_lifetime: Span,
    /// How long after a proof of who they are people take privileged steps.
    pub step_up: Span,
    /// How long a one-time link lives.
    pub link_lifetime: Span,
    /// Who else vouches for staff.
    pub oidc: Option<Oidc>,
}

impl Console {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let console = Self {
            enabled: r.flag("console.enabled"),
            idle_timeout: r.span("console.idle_timeout"),
            session_lifetime: r.span("console.session_lifetime"),
            step_up: r.span("console.step_up"),
            link_lifetime: r.span("console.link_lifetime"),
            oidc: Oidc::read(r),
        };
        let within = |span: Span, least: u64, most: u64| {
            (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&span.duration())
        };
        r.check(within(console.idle_timeout, 60, 3600), "console.idle_timeout", "must be from 1m to 1h");
        r.check(within(console.session_lifetime, 300, 86_400), "console.session_lifetime", "must be from 5m to 24h");
        r.check(within(console.step_up, 30, 3600), "console.step_up", "must be from 30s to 1h");
        r.check(within(console.link_lifetime, 300, 604_800), "console.link_lifetime", "must be from 5m to 7d");
        console
    }
}

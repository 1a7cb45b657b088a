//! `[recovery]`: how long secrets live and when a recovery waits.

use super::reader::Reader;
use countersign_core::span::Span;

/// How long secrets live and when a recovery waits.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Life of a link and its code.
    pub ticket_ttl: Span,
    /// Wrong codes before a ticket is spent.
    pub code_tries: u32,
    /// How long a risky recovery waits.
    pub cool_off: Span,
}

impl Recovery {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let recovery = Self {
            ticket_ttl: r.span("recovery.ticket_ttl"),
            // Eight digits: 100 tries, NIST's most for one authenticator, would be 1 in a million.
            code_tries: r.number("recovery.code_tries", 1, 10),
            cool_off: r.span("recovery.cool_off"),
        };
        // NIST SP 800-63B-4, 4.2.1.2: at most 24 hours for a recovery code by mail.
        let short = recovery.ticket_ttl <= Span::from_secs(24 * 3600);
        r.check(short, "recovery.ticket_ttl", "must be at most 24h (NIST SP 800-63B-4)");
        recovery
    }
}

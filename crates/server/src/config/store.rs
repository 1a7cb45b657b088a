//! `[store]`: SQLite by default, PostgreSQL by URL.

use super::reader::Reader;
use countersign_core::secret::SecretText;
use countersign_core::span::Span;

/// Where the state is kept.
#[derive(Clone, Debug)]
pub struct Store {
    /// A PostgreSQL URL (it may hold a password); `None` is SQLite in the data directory.
    pub url: Option<SecretText>,
    /// Connections to the database.
    pub connections: u32,
    /// How long to wait for a connection or a lock.
    pub busy_timeout: Span,
}

impl Store {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let url = r.secret("store.url");
        let known = |u: &SecretText| u.expose().starts_with("postgres://") || u.expose().starts_with("postgresql://");
        let message = "must be empty (SQLite in the data directory) or start with postgres://";
        r.check(url.as_ref().is_none_or(known), "store.url", message);
        Self { url, connections: r.number("store.connections", 1, 1000), busy_timeout: r.span("store.busy_timeout") }
    }
}

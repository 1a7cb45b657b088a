//! What moves: the overview, recovery traffic, and the stream that keeps both up to date.
//!
//! Never: computes a number (the flow does); differs between what a page shows and what the stream replaces.
//! In: a snapshot, roles.   Out: parts of pages, each with a name under which it is replaced.
//! I/O for this room: HTTP.   Tests: beside the code, tests/it/console/watch.rs.

mod draw;
pub mod live;
mod overview;
mod parts;
mod traffic;

pub(super) use overview::page as overview;
pub(super) use traffic::page as traffic;

use countersign_core::traffic::Window;
use serde::Deserialize;

/// What an address may carry.
#[derive(Deserialize, Default, Debug)]
pub struct Asked {
    span: Option<String>,
    page: Option<String>,
}

impl Asked {
    /// The window; an hour where none, or an unknown one, is named.
    fn window(&self) -> Window {
        self.span.as_deref().and_then(Window::parse).unwrap_or(Window::Hour)
    }
}

//! The hosted pages for account holders: ask, enter the code, choose a password, say "not me", check a message.
//!
//! Never: looks at the Host header, keeps a secret, shows an internal error, needs a script (but to solve a puzzle).
//! In: requests of browsers.   Out: pages.
//! I/O for this room: HTTP; the flows do the rest.   Tests: beside the code, tests/it/pages.rs, tests/it/browser/.

pub mod assets;
pub mod client;
pub mod headers;
pub mod nonce;
pub mod notices;
pub mod view;

use axum::Router;
use axum::routing::get;

/// Style sheets, scripts and the mark; they are the same for every site.
pub fn assets_router() -> Router {
    Router::new().route("/assets/{file}", get(assets::serve))
}

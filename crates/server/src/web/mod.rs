//! What the two doors for browsers have in common: assets, headers, and who is asking as far as HTTP tells.
//!
//! Never: decides anything, knows a page or who is signed in.
//! In: requests of browsers.   Out: paths of assets, headers, `Client`.
//! I/O for this room: none.   Tests: beside the code.

pub mod assets;
pub mod client;
pub mod headers;
pub mod policy;

//! Who of the staff may do what, and how long a session of theirs lasts.
//!
//! Never: knows a route, a cookie or a page; lets somebody in because a role or a time is unknown.
//! In: roles, times, limits.   Out: whether.
//! I/O for this room: server/src/flows/staff/, server/src/console/.   Tests: beside the code, tests/it/console/access.rs.

pub mod deed;
mod name;
mod reason;
mod role;
mod session;

pub use name::{BadName, MAX_NAME_CHARS, name, shown_name};
pub use reason::{BadReason, MAX_REASON_CHARS, Reason, USUAL_REASONS};
pub use role::{Permission, Role, Roles};
pub use session::{Limits, Session, Standing};

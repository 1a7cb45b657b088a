//! Recovery through the flows, with a clock that stands and dice that are loaded, on both databases.
//!
//! Never: sleeps, depends on another test, or looks only at what was answered: what was sent, recorded and changed counts.
//! In: an `App` without jobs; the tests call what the jobs call.   Out: the invariants G2, G3, G5 to G9 and E1.
//! I/O for this room: a database for each test.   Tests: these.

mod codes;
mod cool_off;
mod factors;
mod limits;
mod not_me;
mod outage;
mod path;
mod random;
mod siege;
mod time;
mod tokens;

//! Turns the facts of a message into bytes and hands them to a mail relay.
//!
//! Never: reads the store, the configuration or a clock; sends twice; decides whether a message may be sent; lets an
//! address, a link or a code into an error, a log line or a `Debug` text; uses what a stranger wrote.
//! In: `Values`, `Brand`, `Letter`, `RelaySettings`.   Out: `Rendered`, bytes, `Outcome`.
//! I/O for this room: `relay` speaks SMTP, nothing else does.   Tests: beside the code, and tests/it/mail.rs.
//!
//! The steps, as the outbox job takes them:
//!
//! 1. `render(values, locale, brand)` gives subject, text and HTML. Pure.
//! 2. `mime::build(rendered, letter, signers)` gives the bytes. Pure, and the same input gives the same bytes: the
//!    Message-ID, the Date, the MIME boundaries and the DKIM time all come from the message's row. A second try after a
//!    crash therefore sends what the first one sent, and receivers that drop duplicates by Message-ID can.
//! 3. `relay.hand_over(envelope, bytes, before_content)` gives an `Outcome`. `before_content` runs when the relay has
//!    accepted sender and recipient and waits for the content (354), before its first byte. A caller who records
//!    "sending" there knows after a crash: no such record, nothing left; such a record and no outcome, it may have left.

pub mod dkim;
pub mod mime;
pub mod relay;
mod render;
mod session;
mod values;

pub use mime::{BuildError, Letter, Sender};
pub use relay::{Envelope, Login, Outcome, Relay, RelayError, RelaySettings, Security};
pub use render::{Rendered, render};
pub use session::{Fault, Reason, Reply, Stage};
pub use values::{Body, Brand, Measure, Values};

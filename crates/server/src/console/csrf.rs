//! The token that each form of a session carries (OWASP Cross-Site Request Forgery Prevention: HMAC-based token).

use crate::app::App;
use crate::flows::staff::Seat;
use countersign_core::secret::Digest;

/// The field of a form.
pub const FIELD: &str = "csrf";
/// The header of a script's request.
pub const HEADER: &str = "x-console-token";

fn digest(app: &App, seat: &Seat) -> Digest {
    app.keys.form.mac(&[b"console", seat.session.as_str().as_bytes()])
}

/// The token of a session.
pub fn token(app: &App, seat: &Seat) -> String {
    digest(app, seat).hex()
}

/// Whether it is the session's token; compared in constant time.
pub fn is_right(app: &App, seat: &Seat, given: &str) -> bool {
    let given = data_encoding::HEXLOWER.decode(given.as_bytes()).ok().and_then(|bytes| Digest::from_slice(&bytes));
    given.is_some_and(|given| given == digest(app, seat))
}

//! Passkeys (W3C Web Authentication, Level 3): added, used to sign in without a name, and to prove again who sits there.
//!
//! webauthn-rs checks challenge, origin, signature and counter; here is what begins and ends around it. Attestation is not
//! asked for: which authenticators are good enough is not decided by their makers' certificates here.

mod adding;
mod keeping;
mod using;

pub use adding::{NewPasskey, add, begin_adding, finish_adding};
pub use keeping::{list, remove, rename};
pub use using::{begin_confirming, begin_sign_in, confirm, sign_in};

use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::passkeys::Passkey as Stored;
use countersign_core::ids::StaffId;
use countersign_core::secret::SecretText;
use serde::Serialize;
use serde_json::Value;
use url::{Host, Url};
use webauthn_rs::prelude::{Passkey, Uuid, Webauthn, WebauthnBuilder};

/// What was begun, for the browser.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Ends it, once.
    pub token: SecretText,
    /// What `navigator.credentials` takes, in the JSON form of the standard (Level 3, 5.1.8 and 5.1.9).
    pub options: Value,
}

/// What a browser came back with.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Of [`Begun`].
    pub token: SecretText,
    /// What `navigator.credentials` gave, in the JSON form of the standard.
    pub credential: Value,
}

/// Whether passkeys can work here: they belong to a name, not to an address (Level 3, 5.1.2, "effective domain").
pub fn are_possible(app: &App) -> bool {
    let url = Url::parse(&app.config.server.origin.to_string());
    url.is_ok_and(|url| matches!(url.host(), Some(Host::Domain(_))))
}

/// We, as authenticators know us: by the host of the origin.
fn relying_party(app: &App) -> Result<Webauthn> {
    if !are_possible(app) {
        return Err(AppError::not_found("This console is reached by an address without a name; passkeys need a name."));
    }
    let origin = &app.config.server.origin;
    let url = Url::parse(&origin.to_string()).map_err(|error| AppError::internal(error.to_string()))?;
    let builder = WebauthnBuilder::new(origin.host(), &url).map_err(ours)?;
    builder.rp_name(&app.config.site.name).build().map_err(ours)
}

/// What authenticators know somebody by. It says nothing to who reads it off a lost key (Level 3, 14.6.1).
fn user_handle(app: &App, staff: &StaffId) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&app.keys.subject.mac(&[b"staff passkey", staff.as_str().as_bytes()]).bytes()[..16]);
    Uuid::from_bytes(bytes)
}

/// The public key as the library keeps it.
fn key(stored: &Stored) -> Result<Passkey> {
    serde_json::from_str(&stored.credential).map_err(|error| AppError::internal(error.to_string()))
}

/// The options in their JSON form, without the envelope.
fn options(made: &impl Serialize) -> Result<Value> {
    let mut made = serde_json::to_value(made).map_err(|error| AppError::internal(error.to_string()))?;
    Ok(made["publicKey"].take())
}

/// A failure of the library that is no visitor's doing.
fn ours(error: impl std::fmt::Display) -> AppError {
    AppError::internal(format!("passkeys: {error}"))
}

/// What does not match, when somebody is signed in: there is nothing to hide from them.
fn not_taken() -> AppError {
    let public = "This passkey could not be taken. The page may have waited too long: try again.";
    AppError::invalid("passkey", "passkey_refused", public)
}

//! What staff prove themselves with: a password, a one-time code, a saved recovery code.

use crate::app::App;
use crate::error::AppError;
use crate::flows::{Result, enrol, passwords, redeem, secrets};
use crate::store::staff::Staff;
use crate::store::{Conn, staff};
use countersign_core::ids::StaffId;
use countersign_core::password;
use countersign_core::secret::{Digest, SecretText};
use countersign_core::time::Timestamp;
use countersign_core::totp;
use rand::Rng;

/// Shortest password. Staff always have a second factor, so 800-63B-4 (3.1.1.2) would allow 8; they also hold the keys.
const MIN_CHARS: usize = 12;
/// zxcvbn's scale: 3 is "safely unguessable" offline with a slow hash.
const MIN_SCORE: u8 = 3;

/// A second factor that is right, and is used up in the transaction that relies on it.
#[derive(Debug, Clone)]
pub(super) enum Second {
    /// A one-time code of this time step.
    Step(i64),
    /// A saved recovery code.
    Saved(Digest),
}

impl Second {
    /// Uses it up; `false` where somebody was faster, or it was none.
    pub(super) async fn take(&self, conn: &mut Conn, id: &StaffId, now: Timestamp) -> Result<bool> {
        Ok(match self {
            Self::Step(step) => staff::take_totp_step(conn, id, *step).await?,
            Self::Saved(hash) => staff::use_recovery_code(conn, id, hash, now).await?,
        })
    }

    /// What the log says.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Step(_) => "totp",
            Self::Saved(_) => "recovery_code",
        }
    }
}

/// What was typed, as a second factor of `who`; `None` for a wrong one. A saved code is looked up when it is taken.
pub(super) fn second(app: &App, who: &Staff, typed: &SecretText) -> Result<Option<Second>> {
    if secrets::looks_like_recovery_code(typed) {
        return Ok(Some(Second::Saved(saved_hash(app, typed))));
    }
    let Some(sealed) = &who.totp_sealed else { return Ok(None) };
    let secret = app.keys.unseal(who.id.as_str().as_bytes(), sealed);
    let secret = secret.ok_or_else(|| AppError::internal("a TOTP secret could not be opened with this key"))?;
    let step = totp::step(&secret, secrets::typed_code(typed).expose(), app.clock.now());
    Ok(step.map(Second::Step))
}

/// The one answer to a second factor that is none, or was used.
pub(super) fn wrong_code() -> AppError {
    AppError::invalid("code", "code_wrong", "This code is not right, or was used. Wait for the next one and try again.")
}

fn saved_hash(app: &App, typed: &SecretText) -> Digest {
    secrets::recovery_code_hash(&app.keys, typed)
}

/// A new set of saved recovery codes, and what is stored of them.
pub(super) fn recovery_codes(app: &App) -> (Vec<SecretText>, Vec<Digest>) {
    let mut rng = app.rng();
    let codes: Vec<SecretText> = (0..enrol::RECOVERY_CODES).map(|_| enrol::code(&mut rng)).collect();
    let hashes = codes.iter().map(|code| saved_hash(app, code)).collect();
    (codes, hashes)
}

/// The password's hash, if it is good enough.
///
/// # Errors
/// 422 `password_weak`; its `details` are the weaknesses.
pub(super) async fn new_password(app: &App, candidate: &SecretText, who: &Staff) -> Result<String> {
    let site = &app.config.site;
    let own: Vec<&str> = [who.name.as_str(), &who.shown_name, &site.name]
        .into_iter()
        .chain(site.words.iter().map(String::as_str))
        .collect();
    let policy = password::Policy {
        min_chars: MIN_CHARS,
        min_chars_with_second_factor: MIN_CHARS,
        max_chars: app.config.password.max_length,
        min_score: MIN_SCORE,
        min_score_with_second_factor: MIN_SCORE,
    };
    let corpus = Some(&app.breached as &dyn password::Corpus);
    let context = password::Context { corpus, second_factor: true, own_words: &own, policy: &policy };
    match password::check(candidate, &context) {
        Ok(normal) => redeem::hash(app, normal.secret().clone()).await,
        Err(weaknesses) => {
            let public = format!(
                "This password is too easy to guess. Take at least {MIN_CHARS} characters, such as four random words."
            );
            Err(passwords::weak(&weaknesses, &public))
        }
    }
}

/// A TOTP secret that is offered but not stored: derived from what the offer belongs to, so that a page that is loaded
/// again shows the same.
#[derive(Debug, Clone)]
pub struct Offer {
    bytes: [u8; 20],
}

impl Offer {
    /// The offer to `who` on the occasion that `nonce` names.
    pub(super) fn new(app: &App, who: &StaffId, nonce: &str) -> Self {
        let mac = app.keys.derive.mac(&[b"staff totp", who.as_str().as_bytes(), nonce.as_bytes()]);
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&mac.bytes()[..20]);
        Self { bytes }
    }

    /// What people type into their app (Base32).
    pub fn text(&self) -> SecretText {
        SecretText::new(data_encoding::BASE32_NOPAD.encode(&self.bytes))
    }

    /// What a QR code holds (the `otpauth` form that authenticator apps read).
    pub fn uri(&self, issuer: &str, name: &str) -> SecretText {
        let encode =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, name) = (encode(issuer), encode(name));
        SecretText::new(format!("otpauth://totp/{issuer}:{name}?secret={}&issuer={issuer}", self.text().expose()))
    }

    /// The time step of a code that proves that the app has it.
    ///
    /// # Errors
    /// 422 `code_wrong`.
    pub(super) fn prove(&self, app: &App, typed: &SecretText) -> Result<i64> {
        let step = totp::step(&self.bytes, secrets::typed_code(typed).expose(), app.clock.now());
        step.ok_or_else(|| {
            let public =
                "This code is not right. Take the six digits that your app shows now; its clock must be right.";
            AppError::invalid("code", "code_wrong", public)
        })
    }

    /// As it is stored for `who`.
    pub(super) fn sealed(&self, app: &App, who: &StaffId) -> Vec<u8> {
        let mut nonce = [0; 12];
        app.rng().fill_bytes(&mut nonce);
        app.keys.seal(who.as_str().as_bytes(), nonce, &self.bytes)
    }
}

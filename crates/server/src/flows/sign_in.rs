//! Sign-in against the embedded directory, for platforms that have no password store of their own.

use super::client::Client;
use super::recover::identifier_key;
use super::{Result, devices, enrol, exposure, redeem, secrets};
use crate::app::App;
use crate::directory::hashes::{self, StoredHash};
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::{directory, evidence};
use countersign_core::gate::limiter::Admission;
use countersign_core::gate::policy::Rate;
use countersign_core::identifier;
use countersign_core::ids::{AccountId, DeviceId, SessionId};
use countersign_core::secret::SecretText;
use serde_json::json;

/// Tries for one identifier, whoever makes them; NIST SP 800-63B-4, 3.2.2 allows 100 in a row, this is far stricter.
const PER_IDENTIFIER: Rate = Rate { burst: 10, per_hour: 30 };
/// Tries from one source.
const PER_SOURCE: Rate = Rate { burst: 20, per_hour: 120 };
const PURPOSE: u8 = 34;

/// What was typed.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Who.
    pub identifier: String,
    /// The password.
    pub password: SecretText,
    /// A one-time code, where the account has one.
    pub second_factor: Option<SecretText>,
    /// From where.
    pub client: Client,
}

/// A session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Whose.
    pub account: AccountId,
    /// The session.
    pub session: SessionId,
    /// To be kept by the device.
    pub device_token: SecretText,
}

fn wrong() -> AppError {
    AppError::new(401, "sign_in_failed", "This did not match. Check what you typed.")
}

/// Signs an account in; hashes of other systems become argon2id on the way.
///
/// # Errors
/// 401 for whatever does not match, the same for every reason; 422 `second_factor_needed` after a right password; 403
/// `must_reset` after everything was right, where a containment asks for a new password first; 429.
pub async fn sign_in(app: &App, ask: SignIn) -> Result<SignedIn> {
    let parsed = identifier::parse(&ask.identifier);
    let parsed = parsed.map_err(|bad| AppError::invalid("identifier", bad.code(), bad.to_string()))?;
    admit(app, &ask, &identifier_key(app, &parsed))?;
    let kind = parsed.kind().as_str();
    let account = directory::by_identifier(&mut app.store.read().await?, kind, parsed.lookup()).await?;
    let stored = account.as_ref().and_then(|a| a.password_hash.clone());
    let right = verify(app, stored.clone(), ask.password.clone()).await?;
    let account = account.filter(|a| right && !a.has_flag("suspended")).ok_or_else(wrong)?;
    let step = second_factor(app, &account, ask.second_factor.as_ref())?;
    if exposure::must_reset(app, &account) {
        return Err(must_reset());
    }
    let better = rehash(app, stored.as_deref(), &ask.password).await?;
    record(app, account.id, step, stored.zip(better), &ask.client).await
}

fn must_reset() -> AppError {
    AppError::new(403, "must_reset", "A new password is needed first. Ask for a recovery message.")
}

fn admit(app: &App, ask: &SignIn, key: &countersign_core::secret::Digest) -> Result<()> {
    let now = app.clock.now();
    let source = app.limiter.admit_purpose(PURPOSE, ask.client.ip, PER_SOURCE, now);
    let subject = app.limiter.admit_subject(key.short(), PER_IDENTIFIER, now);
    for admission in [source, subject] {
        if let Admission::Refused { retry_after } = admission {
            return Err(AppError::rate_limited(retry_after));
        }
    }
    Ok(())
}

/// Checks a password on a thread of its own. Without a hash an equally dear one is checked, so that the time does not
/// tell who has an account.
pub(super) async fn verify(app: &App, stored: Option<String>, password: SecretText) -> Result<bool> {
    let params = enrol::params(app)?;
    let permit = app.hashing.clone().acquire_owned().await;
    let permit = permit.map_err(|_| AppError::unavailable("the hashing permits are closed"))?;
    let checked = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        match stored.as_deref().map(StoredHash::parse) {
            Some(Ok(stored)) => hashes::verify(&stored, &password),
            _ => {
                hashes::hash_new(&password, &params, &[0; 16]);
                false
            }
        }
    });
    checked.await.map_err(|error| AppError::internal(error.to_string()))
}

fn second_factor(app: &App, account: &directory::Account, given: Option<&SecretText>) -> Result<Option<i64>> {
    let Some(sealed) = &account.totp_sealed else {
        return Ok(None);
    };
    let given = given.ok_or_else(|| {
        AppError::invalid("second_factor", "second_factor_needed", "This account needs its second factor as well.")
    })?;
    let step = enrol::totp_step(app, &account.id, sealed, &secrets::typed_code(given))?;
    step.map(Some).ok_or_else(wrong)
}

async fn rehash(app: &App, stored: Option<&str>, password: &SecretText) -> Result<Option<String>> {
    let params = enrol::params(app)?;
    match stored.map(StoredHash::parse) {
        Some(Ok(stored)) if hashes::needs_rehash(&stored, &params) => {
            Ok(Some(redeem::hash(app, password.clone()).await?))
        }
        _ => Ok(None),
    }
}

async fn record(
    app: &App,
    account: AccountId,
    step: Option<i64>,
    rehash: Option<(String, String)>,
    client: &Client,
) -> Result<SignedIn> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (session, device) = (SessionId::new(now, &mut rng), DeviceId::new(now, &mut rng));
    let device_token = devices::token(&app.keys, &account, &device);
    let what = json!({
        "session": session.as_str(), "device": device.as_str(), "rehashed": rehash.is_some(), "client": client.coarse(),
    });
    let entry = Draft::new("session.opened", Some(&account), what, now, &mut rng);
    let signed_in = SignedIn { account: account.clone(), session: session.clone(), device_token };
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if let Some(step) = step
                    && !directory::take_totp_step(conn, &account, step).await?
                {
                    return Err(wrong());
                }
                if let Some((old, new)) = rehash {
                    directory::rehash(conn, &account, &old, &new).await?;
                }
                devices::register(conn, &account, &device, now).await?;
                directory::open_session(conn, &session, &account, Some(&device), now).await?;
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await?;
    Ok(signed_in)
}

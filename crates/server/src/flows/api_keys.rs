//! API keys: made, shown once, looked up, revoked.

use super::Result;
use super::staff::Actor;
use crate::app::App;
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::{api_keys, evidence};
use countersign_core::ids::ApiKeyId;
use countersign_core::secret::{Digest, SecretText};
use countersign_core::staff::Permission;
use countersign_core::time::Timestamp;
use data_encoding::BASE64URL_NOPAD;
use rand::Rng;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Ask for recoveries and show proof.
    RecoveryRequest,
    /// Look at links, enter codes, set new passwords.
    RecoveryRedeem,
    /// Read the messages of accounts.
    MessagesRead,
    /// Sign accounts in, issue device tokens, end sessions.
    SignIn,
    /// Enrol second factors.
    Factors,
    /// See what is known of accounts, masked.
    AccountsRead,
    /// End sessions of accounts, hold and release their recovery.
    AccountsAct,
    /// Read the evidence, what it says included, and export it.
    EvidenceRead,
    /// Erase what the evidence says about accounts.
    EvidenceErase,
    /// Ask whether passwords leaked.
    PasswordsCheck,
    /// Ask whether accounts may be signed in, and tell of passwords that were set anew.
    AccountsCheck,
    /// See leaks, cohorts, containments.
    ExposureRead,
    /// Match leaks, make cohorts, put containments on them and lift them.
    ExposureAct,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 13] = [
        Self::RecoveryRequest,
        Self::RecoveryRedeem,
        Self::MessagesRead,
        Self::SignIn,
        Self::Factors,
        Self::AccountsRead,
        Self::AccountsAct,
        Self::EvidenceRead,
        Self::EvidenceErase,
        Self::PasswordsCheck,
        Self::AccountsCheck,
        Self::ExposureRead,
        Self::ExposureAct,
    ];

    /// The name on the command line, in the store and in the API's description.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecoveryRequest => "recovery:request",
            Self::RecoveryRedeem => "recovery:redeem",
            Self::MessagesRead => "messages:read",
            Self::SignIn => "sign-in",
            Self::Factors => "factors:write",
            Self::AccountsRead => "accounts:read",
            Self::AccountsAct => "accounts:act",
            Self::EvidenceRead => "evidence:read",
            Self::EvidenceErase => "evidence:erase",
            Self::PasswordsCheck => "passwords:check",
            Self::AccountsCheck => "accounts:check",
            Self::ExposureRead => "exposure:read",
            Self::ExposureAct => "exposure:act",
        }
    }

    /// What it permits, in a few words.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::RecoveryRequest => "Ask for recoveries and show proof",
            Self::RecoveryRedeem => "Look at links, enter codes, set new passwords",
            Self::MessagesRead => "Read the messages of accounts",
            Self::SignIn => "Sign accounts in, make devices known",
            Self::Factors => "Enrol second factors of accounts",
            Self::AccountsRead => "See what is known of accounts, masked",
            Self::AccountsAct => "End sessions of accounts, hold their recovery",
            Self::EvidenceRead => "Read and export the evidence",
            Self::EvidenceErase => "Erase what the evidence says about accounts",
            Self::PasswordsCheck => "Ask whether passwords leaked",
            Self::AccountsCheck => "Ask whether accounts may be signed in",
            Self::ExposureRead => "See leaks, cohorts and containments",
            Self::ExposureAct => "Match leaks, make cohorts, contain them",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// How long a looked-up key is believed: a revocation takes effect everywhere within this time.
const BELIEVED_FOR: Duration = Duration::from_secs(5);
/// Keys remembered, right and wrong ones. Above it wrong ones are not, and a right one starts afresh.
const MOST_REMEMBERED: usize = 1024;

/// A key that may be used.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Which key.
    pub id: ApiKeyId,
    scopes: Vec<Scope>,
    expires_at: Option<Timestamp>,
}

/// Keys looked up lately, by hash.
#[derive(Debug, Default)]
pub struct Cache(RwLock<HashMap<[u8; 32], Remembered>>);

/// When a key was looked up, and who may use it, if anybody.
type Remembered = (Timestamp, Option<Arc<Caller>>);

/// Makes a key; its text is shown once and cannot be shown again.
///
/// # Errors
/// 422 for an empty or overlong name or no scope; what `Asks::check` says.
pub async fn create(
    app: &App,
    actor: &Actor,
    name: &str,
    scopes: &[Scope],
    lives: Option<Duration>,
) -> Result<(ApiKeyId, SecretText)> {
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(AppError::invalid("name", "name_invalid", "A name of 1 to 100 printable characters is needed."));
    }
    if scopes.is_empty() {
        return Err(AppError::invalid("scope", "scope_missing", "At least one scope is needed."));
    }
    let (now, mut rng) = (app.clock.now(), app.rng());
    let mut secret = [0; 32];
    rng.fill_bytes(&mut secret);
    let id = ApiKeyId::new(now, &mut rng);
    let text = SecretText::new(format!("csk_{}", BASE64URL_NOPAD.encode(&secret)));
    let names: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
    let key = api_keys::ApiKey {
        id: id.clone(),
        name: name.to_owned(),
        scopes: names.join(" "),
        created_at: now,
        expires_at: lives.map(|l| now.plus(l)),
        revoked_at: None,
        last_used_at: None,
    };
    let hash = hash(app, &text);
    let asks = actor.asks(app, Permission::ManageKeys);
    let what = json!({ "by": actor.named(), "key": id.as_str(), "name": name, "scopes": names });
    let entry = Draft::new("staff.key_created", None, what, now, &mut rng);
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                api_keys::insert(conn, &key, &hash).await?;
                evidence::append(conn, vec![entry]).await?;
                Ok::<(), AppError>(())
            })
        })
        .await?;
    Ok((id, text))
}

/// Revokes a key.
///
/// # Errors
/// 404 where there is no such key, or it was revoked before; what `Asks::check` says.
pub async fn revoke(app: &App, actor: &Actor, id: ApiKeyId) -> Result<()> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let asks = actor.asks(app, Permission::ManageKeys);
    let what = json!({ "by": actor.named(), "key": id.as_str() });
    let entry = Draft::new("staff.key_revoked", None, what, now, &mut rng);
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                if !api_keys::revoke(conn, &id, now).await? {
                    return Err(AppError::not_found("There is no such key, or it was revoked before."));
                }
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await
}

/// Every key, without its text.
pub async fn list(app: &App) -> Result<Vec<api_keys::ApiKey>> {
    Ok(api_keys::all(&mut app.store.read().await?).await?)
}

fn hash(app: &App, text: &SecretText) -> Digest {
    app.keys.hash.mac(&[b"api key", text.expose().as_bytes()])
}

/// Who calls with this key, if it may do what is asked.
///
/// # Errors
/// 401 for a key that is none, revoked or expired; 403 for one without the scope.
pub async fn authorise(app: &App, key: &SecretText, scope: Scope) -> Result<Arc<Caller>> {
    let now = app.clock.now();
    let digest = hash(app, key);
    let known = remembered(app, &digest, now);
    let caller = match known {
        Some(caller) => caller,
        None => look_up(app, &digest, now).await?,
    };
    let caller = caller.filter(|c| c.expires_at.is_none_or(|at| at > now));
    let caller = caller.ok_or_else(|| AppError::new(401, "api_key_invalid", "A valid API key is needed."))?;
    if caller.scopes.contains(&scope) {
        return Ok(caller);
    }
    Err(AppError::new(403, "scope_missing", format!("This API key lacks the scope {}.", scope.as_str())))
}

fn remembered(app: &App, digest: &Digest, now: Timestamp) -> Option<Option<Arc<Caller>>> {
    let cache = app.api_keys.0.read().unwrap_or_else(PoisonError::into_inner);
    let (at, caller) = cache.get(digest.bytes())?;
    (now.since(*at) < BELIEVED_FOR).then(|| caller.clone())
}

async fn look_up(app: &App, digest: &Digest, now: Timestamp) -> Result<Option<Arc<Caller>>> {
    let stored = api_keys::by_hash(&mut app.store.read().await?, digest).await?;
    let stored = stored.filter(|k| k.revoked_at.is_none());
    if let Some(key) = &stored {
        touch(app, key, now).await?;
    }
    let caller = stored.map(|k| {
        let scopes = k.scopes.split(' ').filter_map(Scope::parse).collect();
        Arc::new(Caller { id: k.id, scopes, expires_at: k.expires_at })
    });
    let mut cache = app.api_keys.0.write().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= MOST_REMEMBERED {
        // A flood of invented keys must not push out the real ones.
        if caller.is_none() {
            return Ok(caller);
        }
        cache.clear();
    }
    cache.insert(*digest.bytes(), (now, caller.clone()));
    Ok(caller)
}

/// "Last used" to the minute: not a write for each request.
async fn touch(app: &App, key: &api_keys::ApiKey, now: Timestamp) -> Result<()> {
    if key.last_used_at.is_some_and(|at| now.since(at) < Duration::from_secs(60)) {
        return Ok(());
    }
    let id = key.id.clone();
    Ok(app.store.write(move |conn| Box::pin(async move { api_keys::touch(conn, &id, now).await })).await?)
}

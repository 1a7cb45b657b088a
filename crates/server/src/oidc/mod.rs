//! Asks an OpenID Connect provider who somebody is: authorization code with PKCE (OpenID Connect Core 1.0, 3.1; RFC 9700).
//!
//! Never: decides who may come in; believes a token whose signature, issuer, audience, nonce or time is not right; follows
//! a redirect; says something where others may read it; logs or shows what a provider answered.
//! In: the settings, what was drawn at the beginning, a code, now.   Out: where to go, `Person`, or a `Fault`.
//! I/O for this room: `asking`, by `crate::http`.   Tests: beside the code, tests/it/console/oidc.rs.

mod asking;
mod known;
mod types;

use crate::config::{self, Origin};
use crate::http::Http;
use asking::Asking;
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use known::Known;
use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, CsrfToken, EndUserName, EndUserUsername,
    IdTokenVerifier, LocalizedClaim, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RequestTokenError, Scope, SubjectIdentifier, TokenResponse, UserInfoError,
};
use std::time::Duration;
use types::{Client, IdClaims, IdToken, UserClaims, groups};
use url::Url;

/// Signatures that are believed. HMAC is not among them: whoever holds the client's secret could make a token.
const SIGNATURES: [CoreJwsSigningAlgorithm; 10] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// How far two clocks may be apart.
const SKEW: Duration = Duration::from_secs(60);
/// A token is made for the code that was just handed in.
const ISSUED_WITHIN: Duration = Duration::from_secs(600);

/// Why a provider's word is not to be had, or not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be reached, or what it says of itself cannot be read.
    #[error("the provider is away: {0}")]
    Away(String),
    /// It does not take the code.
    #[error("the provider refused the code: {0}")]
    Refused(String),
    /// What it said does not hold.
    #[error("the provider's answer is not believed: {0}")]
    NotBelieved(String),
}

/// What was drawn when a sign-in began, and is kept until it ends.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Drawn {
    /// Comes back with the code.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Proves that whoever hands the code in began it (RFC 7636).
    pub verifier: String,
    /// When it began, where the person has to prove anew who they are; microseconds.
    pub fresh_since: Option<i64>,
}

/// Whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What it calls them for good.
    pub subject: String,
    /// What they sign in with there, if it says so.
    pub username: Option<String>,
    /// What others call them, if it says so.
    pub shown_name: Option<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
}

/// A provider.
#[derive(Debug)]
pub struct Provider {
    settings: config::Oidc,
    back: String,
    asking: Asking,
    known: tokio::sync::Mutex<Option<Known>>,
}

impl Provider {
    /// The provider that the settings name; people come back to `origin`. Nothing is asked yet.
    pub fn new(settings: &config::Oidc, origin: &Origin) -> Self {
        let within = settings.timeout.duration();
        let http = Http::new(settings.ca_pem.as_ref().map(String::as_bytes), within);
        // The settings were read with a look for a certificate; one that is broken trusts nobody new.
        let http = http.or_else(|_| Http::new(None, within));
        let Ok(http) = http else { unreachable!("without certificates of its own the client can be made") };
        let back = origin.link("/console/oidc/callback");
        Self { settings: settings.clone(), back, asking: Asking(http), known: tokio::sync::Mutex::new(None) }
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// The settings.
    pub const fn settings(&self) -> &config::Oidc {
        &self.settings
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// `Away`.
    pub async fn begin(&self, drawn: &Drawn, now: Timestamp) -> Result<Url, Fault> {
        let client = self.client(now, false).await?;
        let verifier = PkceCodeVerifier::new(drawn.verifier.clone());
        let (state, nonce) = (CsrfToken::new(drawn.state.clone()), Nonce::new(drawn.nonce.clone()));
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut asked = client.authorize_url(flow, || state, || nonce).add_scopes(scopes);
        asked = asked.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if drawn.fresh_since.is_some() {
            asked = asked.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        Ok(asked.url().0)
    }

    /// Who came back with a code.
    ///
    /// # Errors
    /// Every [`Fault`].
    pub async fn finish(&self, code: &SecretText, drawn: &Drawn, now: Timestamp) -> Result<Person, Fault> {
        let client = self.client(now, false).await?;
        let code = AuthorizationCode::new(code.expose().to_owned());
        let request = client.exchange_code(code).map_err(|error| Fault::Away(error.to_string()))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(drawn.verifier.clone()));
        let answer = request.request_async(&self.asking).await.map_err(refusal)?;
        let token = answer.id_token().ok_or_else(|| Fault::NotBelieved("there is no ID token".to_owned()))?;
        let nonce = Nonce::new(drawn.nonce.clone());
        let claims = match believed(&client, token, answer.access_token(), &nonce, now) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                // The provider may have changed its keys since it was last asked (Core, 10.1.1).
                let client = self.client(now, true).await?;
                believed(&client, token, answer.access_token(), &nonce, now)
            }
            otherwise => otherwise,
        };
        let claims = claims.map_err(|error| Fault::NotBelieved(error.to_string()))?;
        is_fresh(&claims, drawn)?;
        self.person(&client, &claims, answer.access_token()).await
    }

    /// Whom the claims are about. Providers that keep to the letter (Core, 5.4) tell most of it at the UserInfo endpoint only.
    async fn person(&self, client: &Client, claims: &IdClaims, access: &AccessToken) -> Result<Person, Fault> {
        let claim = &self.settings.groups_claim;
        let subject = claims.subject();
        let mut there = groups(claims.additional_claims(), claim);
        let (mut username, mut shown_name) = (text(claims.preferred_username()), local(claims.name()));
        let all_there = there.is_some() && username.is_some();
        if !all_there && let Some(told) = self.user_info(client, access, subject).await? {
            there = there.or_else(|| groups(told.additional_claims(), claim));
            username = username.or_else(|| text(told.preferred_username()));
            shown_name = shown_name.or_else(|| local(told.name()));
        }
        Ok(Person { subject: subject.as_str().to_owned(), username, shown_name, groups: there.unwrap_or_default() })
    }

    /// What the provider tells about this very person; `None` where it has no such endpoint.
    async fn user_info(
        &self,
        client: &Client,
        access: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Option<UserClaims>, Fault> {
        let Ok(request) = client.user_info(access.clone(), Some(subject.clone())) else { return Ok(None) };
        let told: Result<UserClaims, _> = request.request_async(&self.asking).await;
        told.map(Some).map_err(|error| match error {
            UserInfoError::Request(fault) => Fault::Away(fault.to_string()),
            UserInfoError::ClaimsVerification(error) => Fault::NotBelieved(error.to_string()),
            _ => Fault::NotBelieved("what it told about the person cannot be read".to_owned()),
        })
    }
}

fn text(username: Option<&EndUserUsername>) -> Option<String> {
    username.map(|name| name.as_str().to_owned())
}

fn local(name: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    name.and_then(|name| name.get(None)).map(|name| name.as_str().to_owned())
}

fn believed(
    client: &Client,
    token: &IdToken,
    access: &AccessToken,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<IdClaims, ClaimsVerificationError> {
    let verifier = verifier(client, now);
    let claims = token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let signature = |error| ClaimsVerificationError::SignatureVerification(error);
        let key = token.signing_key(&verifier).map_err(signature)?;
        let alg = token.signing_alg().map_err(signature)?;
        let actual = AccessTokenHash::from_token(access, alg, key);
        if actual.is_ok_and(|actual| actual != *expected) {
            return Err(ClaimsVerificationError::Other("the access token is not the one of the ID token".to_owned()));
        }
    }
    Ok(claims.clone())
}

fn verifier(client: &Client, now: Timestamp) -> IdTokenVerifier<'_, CoreJsonWebKey> {
    let at = std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.secs()).unwrap_or_default());
    let secs = now.secs();
    let within = ISSUED_WITHIN.as_secs() as i64;
    let skew = SKEW.as_secs() as i64;
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNATURES).set_time_fn(move || at.into());
    verifier.set_issue_time_verifier_fn(move |issued| {
        let fits = (secs - within..=secs + skew).contains(&issued.timestamp());
        if fits { Ok(()) } else { Err("it was not issued just now".to_owned()) }
    })
}

/// Whether the person proved anew who they are, where that was asked for (Core, 3.1.2.1, `max_age`).
fn is_fresh(claims: &IdClaims, drawn: &Drawn) -> Result<(), Fault> {
    let Some(since) = drawn.fresh_since else { return Ok(()) };
    let proved = claims.auth_time().map(|at| at.timestamp());
    let earliest = since / 1_000_000 - SKEW.as_secs() as i64;
    if proved.is_some_and(|at| at >= earliest) {
        return Ok(());
    }
    Err(Fault::NotBelieved("the person did not sign in anew".to_owned()))
}

/// Without what the provider wrote: only its error code, which is one of a short list (RFC 6749, 5.2).
fn refusal<E>(error: RequestTokenError<E, types::Refusal>) -> Fault
where
    E: std::error::Error + 'static,
{
    match error {
        RequestTokenError::ServerResponse(said) => Fault::Refused(asking::plain(said.error().as_ref())),
        RequestTokenError::Request(error) => Fault::Away(error.to_string()),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Fault::NotBelieved("the token endpoint's answer cannot be read".to_owned())
        }
    }
}

//! `/v1/accounts/{id}` and what is done for an account from another system: sessions ended, recovery held and released.

use super::call::{Answer, Id, actor, get, post_as};
use super::evidence::moment;
use super::not_found_error;
use super::types::time;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::care::{self, Ended, Held, Hold};
use crate::flows::profile::{self, Place, Profile};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What we know of an account, personal data masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    #[schema(example = "acc_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// What you call it, masked; absent where it was not imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "4•••")]
    external_id: Option<String>,
    /// What a person can type to name it, masked.
    names: Vec<AccountName>,
    /// Its mailboxes, masked, the first choice first.
    emails: Vec<AccountPlace>,
    /// Its phone numbers, masked.
    phones: Vec<AccountPlace>,
    /// Its language (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    locale: Option<String>,
    /// Such as `suspended`.
    flags: Vec<String>,
    /// Whether it has a password here.
    password: bool,
    /// When that was last changed here; absent where it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    password_changed_at: Option<String>,
    /// Whether it has a second factor.
    second_factor: bool,
    /// Saved recovery codes that are unused.
    recovery_codes: i64,
    /// Open sessions.
    sessions: i64,
    /// Known devices.
    devices: i64,
    /// Recovery without strong proof waits until then; absent where it is not held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    held_until: Option<String>,
    /// Requests without proof are not served until then, because the holder said "this was not me".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    lowered_until: Option<String>,
    /// Since when it is here.
    #[schema(format = DateTime)]
    created_at: String,
}

/// What names an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountName {
    /// `user`, `email` or `phone`.
    kind: String,
    /// Masked.
    #[schema(example = "s•••")]
    masked: String,
}

/// Where an account can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountPlace {
    /// Masked.
    #[schema(example = "s•••@e•••.org")]
    masked: String,
    /// Nothing is ever sent to one that is not.
    confirmed: bool,
}

impl Account {
    fn of(profile: Profile, now: Timestamp) -> Self {
        let Profile { facts, names, emails, phones, sessions, devices, .. } = profile;
        let ahead = |at: Timestamp| (at > now).then(|| time(at));
        let places = |all: Vec<Place>| {
            let place = |p: Place| AccountPlace { masked: p.text, confirmed: p.confirmed_at.is_some() };
            all.into_iter().map(place).collect()
        };
        Self {
            id: facts.id.to_string(),
            external_id: facts.external_id,
            names: names.into_iter().map(|n| AccountName { kind: n.kind, masked: n.text }).collect(),
            emails: places(emails),
            phones: places(phones),
            locale: facts.locale,
            flags: facts.flags.split_whitespace().map(str::to_owned).collect(),
            password: facts.has_password,
            password_changed_at: facts.password_changed_at.map(time),
            second_factor: facts.second_factor,
            recovery_codes: facts.recovery_codes,
            sessions: sessions.count,
            devices: devices.count,
            held_until: ahead(facts.hold_until),
            lowered_until: ahead(facts.disavow_until),
            created_at: time(facts.created_at),
        }
    }
}

/// End every session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSessionsRequest {
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Ticket 7: mailbox taken over")]
    reason: String,
    /// Whether known devices are forgotten too.
    #[serde(default)]
    #[schema(default = false)]
    devices: bool,
}

/// What was ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    /// Sessions.
    sessions: u64,
    /// Devices that were forgotten; absent where that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    devices: Option<u64>,
}

impl From<Ended> for SessionsEnded {
    fn from(ended: Ended) -> Self {
        Self { sessions: ended.sessions, devices: ended.devices }
    }
}

/// Hold recovery.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Until when, 30 days ahead at most. A longer hold that is there stays.
    #[schema(format = DateTime, example = "2026-01-15T09:00:00Z")]
    until: String,
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Ticket 7: mailbox taken over")]
    reason: String,
    /// Whether password changes that wait out their cool-off are cancelled.
    #[serde(default)]
    #[schema(default = false)]
    cancel_changes: bool,
}

/// What a hold came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldSet {
    /// Until when recovery is held now.
    #[schema(format = DateTime)]
    held_until: String,
    /// Recovery links that could still be used, and were closed.
    links_closed: u64,
    /// Changes that waited, and were cancelled.
    changes_cancelled: u64,
}

impl From<Held> for HoldSet {
    fn from(held: Held) -> Self {
        Self { held_until: time(held.until), links_closed: held.links, changes_cancelled: held.changes }
    }
}

/// Release the hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Ticket 7: the holder has the mailbox back")]
    reason: String,
}

/// It was released.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldReleased {
    released: bool,
}

fn account(id: &str) -> Result<AccountId, AppError> {
    AccountId::parse(id).map_err(|_| not_found_error("There is no such account."))
}

/// See what is known of an account
///
/// Personal data comes masked; you have it in the clear yourself.
#[utoipa::path(get, path = "/v1/accounts/{id}", operation_id = "see_account", tag = "accounts",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    responses((status = 200, description = "What is known.", body = Account), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["accounts:read"])))]
pub async fn see(State(app): State<App>, Id(id): Id, headers: HeaderMap) -> Response {
    let seen = async {
        let profile = profile::look(&app, &account(&id)?).await?;
        Ok(Answer::new(StatusCode::OK, &Account::of(profile, app.clock.now()))?)
    };
    get(&app, &headers, Scope::AccountsRead, seen).await
}

/// End every session of an account
///
/// Also where none is open: then it says so.
#[utoipa::path(post, path = "/v1/accounts/{id}/sessions/end", operation_id = "end_sessions", tag = "accounts",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = EndSessionsRequest,
    responses((status = 200, description = "What was ended.", body = SessionsEnded), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["accounts:act"])))]
pub async fn end_sessions(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_as(app, request, Scope::AccountsAct, |app, caller, body: EndSessionsRequest| async move {
        let reason = profile::reason(&body.reason)?;
        let ended = care::end_sessions(&app, &actor(&caller), account(&id)?, body.devices, reason).await?;
        Answer::new(StatusCode::OK, &SessionsEnded::from(ended))
    })
    .await
}

/// Hold the recovery of an account
///
/// Until then only requests with strong proof (a known device, a saved recovery code) are served; a link that is under way is
/// closed.
#[utoipa::path(post, path = "/v1/accounts/{id}/hold", operation_id = "hold_recovery", tag = "accounts",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = HoldRequest,
    responses((status = 200, description = "How it is held.", body = HoldSet), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["accounts:act"])))]
pub async fn hold(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_as(app, request, Scope::AccountsAct, |app, caller, body: HoldRequest| async move {
        let until = moment(&body.until).ok_or_else(|| {
            AppError::invalid("until", "until_invalid", "A time such as 2026-01-15T09:00:00Z is needed.")
        })?;
        let reason = profile::reason(&body.reason)?;
        let hold = Hold { account: account(&id)?, until, cancel_changes: body.cancel_changes, reason };
        let held = care::hold(&app, &actor(&caller), hold).await?;
        Answer::new(StatusCode::OK, &HoldSet::from(held))
    })
    .await
}

/// Release the hold on an account's recovery
///
/// Whoever put it there. A POST, because a DELETE carries no reason but in its address, which others log.
#[utoipa::path(post, path = "/v1/accounts/{id}/hold/release", operation_id = "release_recovery", tag = "accounts",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = ReleaseRequest,
    responses((status = 200, description = "It is released.", body = HoldReleased), (status = 404, description = "`not_found`."), (status = 409, description = "`not_held`.")),
    security(("api_key" = ["accounts:act"])))]
pub async fn release(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_as(app, request, Scope::AccountsAct, |app, caller, body: ReleaseRequest| async move {
        let reason = profile::reason(&body.reason)?;
        care::release(&app, &actor(&caller), account(&id)?, reason).await?;
        Answer::new(StatusCode::OK, &HoldReleased { released: true })
    })
    .await
}

//! `/v1/leaks`: what was matched; and what leaks show of an account.

use super::call::{Answer, Id, get, post_as};
use super::types::time;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::exposure::leaks;
use crate::flows::exposure::person::{self, Exposed};
use crate::flows::profile;
use crate::flows::staff::Actor;
use crate::store::exposure::leaks::Leak;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::ids::{AccountId, LeakId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Leaks in one list.
const LISTED: i64 = 200;

/// A leak that was matched. No leaked value is in it, or anywhere.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Leak)]
pub struct LeakItem {
    /// Its id.
    #[schema(example = "lek_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// What it is called here.
    name: String,
    /// `standing`, or `withdrawn`: then it counts no more.
    state: &'static str,
    /// When it was matched.
    #[schema(format = DateTime)]
    imported_at: String,
    /// BLAKE3 of the file, unpacked; of several SHA-256 of theirs, in their order.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: String,
    /// Records that were read.
    rows: i64,
    /// Records that could not be.
    bad_rows: i64,
    /// Accounts that matched.
    matched_accounts: i64,
    /// Of them, by a strong key.
    strong_accounts: i64,
    /// The cohort of them.
    #[schema(pattern = "^coh_[0-9a-f]{64}$")]
    cohort: String,
    /// Files, columns, faults, fields with a count each, how old the data looks.
    #[schema(value_type = Object)]
    report: serde_json::Value,
}

impl From<Leak> for LeakItem {
    fn from(leak: Leak) -> Self {
        Self {
            id: leak.id.to_string(),
            name: leak.name,
            state: if leak.standing { "standing" } else { "withdrawn" },
            imported_at: time(leak.imported_at),
            digest: data_encoding::HEXLOWER.encode(leak.digest.bytes()),
            rows: leak.rows,
            bad_rows: leak.bad,
            matched_accounts: leak.accounts,
            strong_accounts: leak.strong,
            cohort: leak.cohort.to_string(),
            report: serde_json::from_str(&leak.report).unwrap_or_default(),
        }
    }
}

/// Leaks, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeakList {
    /// 200 at the most.
    leaks: Vec<LeakItem>,
}

/// Withdraw a leak.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "It was a test file")]
    reason: String,
}

/// It is withdrawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct Withdrawn {
    /// Always true.
    withdrawn: bool,
}

/// What leaks show of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountExposure {
    /// The leaks that it is in, the newest first.
    leaks: Vec<AccountLeak>,
    /// How many leaks were looked at: none shows nothing.
    looked_at: usize,
}

/// What one leak shows of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountLeak {
    /// Which.
    #[schema(example = "lek_01k9xy3v8e4m7q2r5t6w8z0abc")]
    leak: String,
    /// What it is called here.
    name: String,
    /// When it was matched.
    #[schema(format = DateTime)]
    matched_at: String,
    /// Kinds of keys that matched: `email`, `mailbox`, `phone`, `user_name`, `platform_id`.
    by: Vec<&'static str>,
    /// Whether one of them is strong.
    strong: bool,
    /// Whether only something matched that the account had before.
    former: bool,
    /// Whether a line of the leak names somebody else as well.
    contradicted: bool,
    /// Fields that it shows of this account.
    shown: Vec<&'static str>,
    /// Fields that it has of others and not of this account.
    not_shown: Vec<&'static str>,
    /// What to tell the holder, a sentence each.
    sentences: Vec<String>,
}

impl From<Exposed> for AccountLeak {
    fn from(exposed: Exposed) -> Self {
        Self {
            sentences: person::sentences(&exposed),
            leak: exposed.leak.to_string(),
            name: exposed.name,
            matched_at: time(exposed.at),
            by: exposed.says.by.iter().map(|kind| kind.as_str()).collect(),
            strong: exposed.says.strong,
            former: exposed.says.former,
            contradicted: exposed.says.contradicted,
            shown: exposed.says.shows.iter().map(|field| field.as_str()).collect(),
            not_shown: exposed.not_shown.iter().map(|field| field.as_str()).collect(),
        }
    }
}

fn leak(text: &str) -> Result<LeakId, AppError> {
    LeakId::parse(text).map_err(|_| AppError::not_found("There is no such leak."))
}

/// List leaks
///
/// The newest 200, withdrawn ones too.
#[utoipa::path(get, path = "/v1/leaks", operation_id = "list_leaks", tag = "exposure",
    responses((status = 200, description = "The list.", body = LeakList)),
    security(("api_key" = ["exposure:read"])))]
pub async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    let listed = async {
        let leaks = leaks::list(&app, LISTED).await?.into_iter().map(LeakItem::from).collect();
        Ok(Answer::new(StatusCode::OK, &LeakList { leaks })?)
    };
    get(&app, &headers, Scope::ExposureRead, listed).await
}

/// See a leak
///
/// What was found, and never what was read.
#[utoipa::path(get, path = "/v1/leaks/{id}", operation_id = "see_leak", tag = "exposure",
    params(("id" = String, Path, description = "The leak.", pattern = "^lek_[0-9a-hjkmnp-tv-z]{26}$")),
    responses((status = 200, description = "The leak.", body = LeakItem), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["exposure:read"])))]
pub async fn see(State(app): State<App>, Id(id): Id, headers: HeaderMap) -> Response {
    let seen = async {
        let found = leaks::see(&app, &leak(&id)?).await?;
        Ok(Answer::new(StatusCode::OK, &LeakItem::from(found))?)
    };
    get(&app, &headers, Scope::ExposureRead, seen).await
}

/// Withdraw a leak
///
/// It stays on record and counts no more. Cohorts that were made of it stay as they are.
#[utoipa::path(post, path = "/v1/leaks/{id}/withdraw", operation_id = "withdraw_leak", tag = "exposure",
    params(("id" = String, Path, description = "The leak.", pattern = "^lek_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = WithdrawRequest,
    responses((status = 200, description = "It is withdrawn.", body = Withdrawn), (status = 404, description = "`not_found`."), (status = 409, description = "`leak_withdrawn`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn withdraw(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: WithdrawRequest| async move {
        let reason = profile::reason(&body.reason)?;
        leaks::withdraw(&app, &Actor::Key(caller.id.clone()), leak(&id)?, reason).await?;
        Answer::new(StatusCode::OK, &Withdrawn { withdrawn: true })
    })
    .await
}

/// See what leaks show of an account
///
/// Field by field, so that its holder can be told exactly.
#[utoipa::path(get, path = "/v1/accounts/{id}/exposure", operation_id = "see_exposure", tag = "exposure",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    responses((status = 200, description = "What is shown.", body = AccountExposure), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["accounts:read"])))]
pub async fn of_account(State(app): State<App>, Id(id): Id, headers: HeaderMap) -> Response {
    let seen = async {
        let account = AccountId::parse(&id).map_err(|_| AppError::not_found("There is no such account."))?;
        let exposure = person::look(&app, &account).await?;
        let leaks = exposure.leaks.into_iter().map(AccountLeak::from).collect();
        Ok(Answer::new(StatusCode::OK, &AccountExposure { leaks, looked_at: exposure.looked_at })?)
    };
    get(&app, &headers, Scope::AccountsRead, seen).await
}

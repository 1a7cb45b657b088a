//! `/v1/accounts/check`: what a platform's sign-in path asks, answered from memory.

use super::call::{Answer, Id, post_as, post_unkept};
use super::types::time;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::exposure::check::{self, Reason, Verdict, Who};
use crate::flows::exposure::contain;
use crate::flows::staff::Actor;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::ids::AccountId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest id of a platform.
const MAX_ID: usize = 256;

/// Nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {}

/// Several accounts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckManyRequest {
    /// Our ids (`acc_…`) or your own, 1000 at the most.
    #[schema(max_items = 1000, example = json!(["acc_01k9xy3v8e4m7q2r5t6w8z0abc", "4711"]))]
    accounts: Vec<String>,
}

/// May this account be signed in?
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountVerdict {
    /// `allow`; `must_reset`: only towards a new password; `recovery_held`: sign-in is free, recovery is not.
    #[schema(example = "must_reset")]
    decision: &'static str,
    /// The containments that hold, the strictest first; also those that refuse nothing.
    reasons: Vec<VerdictReason>,
    /// Whether a mailbox of the account is in a leak that is known here.
    leaked_mailbox: bool,
}

/// A containment that holds for an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictReason {
    /// Which.
    #[schema(example = "con_01k9xy3v8e4m7q2r5t6w8z0abc")]
    containment: String,
    /// `must_reset`, `recovery_held` or `watched`.
    kind: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// Until when; absent where it has no end of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    until: Option<String>,
}

/// The answers, in the order of the question.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountVerdicts {
    /// One for each.
    accounts: Vec<NamedVerdict>,
}

/// One of several answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedVerdict {
    /// As it was asked about.
    account: String,
    /// Absent for an account that is not known here: nobody can say anything about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    verdict: Option<AccountVerdict>,
}

/// A password was set anew on your side.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSetRequest {}

/// What that let go.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordSet {
    /// Containments that ask for a new password and hold for this account no more.
    released: u64,
}

impl From<Verdict> for AccountVerdict {
    fn from(verdict: Verdict) -> Self {
        let reason = |reason: Reason| VerdictReason {
            containment: reason.id.to_string(),
            kind: reason.kind.as_str(),
            since: time(reason.since),
            until: reason.until.map(time),
        };
        Self {
            decision: verdict.decision.as_str(),
            reasons: verdict.reasons.into_iter().map(reason).collect(),
            leaked_mailbox: verdict.leaked_mailbox,
        }
    }
}

/// Ask whether an account may be signed in
///
/// Answered from memory, in microseconds; ask at every sign-in. It follows what is committed within a second. A POST, so that
/// no account stands in somebody's list of addresses that were asked for often.
#[utoipa::path(post, path = "/v1/accounts/{id}/check", operation_id = "check_account", tag = "exposure",
    params(("id" = String, Path, description = "Our id of the account, or yours.", max_length = 256)),
    request_body = Option<CheckRequest>,
    responses((status = 200, description = "The verdict.", body = AccountVerdict), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["accounts:check"])))]
pub async fn one(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_unkept(app, request, Scope::AccountsCheck, |app, _: CheckRequest| async move {
        let verdict = check::one(&app, &Who::read(known_length(&id)?)).await?;
        Answer::new(StatusCode::OK, &AccountVerdict::from(verdict))
    })
    .await
}

fn known_length(id: &str) -> Result<&str, AppError> {
    let right = !id.is_empty() && id.len() <= MAX_ID;
    right.then_some(id).ok_or_else(|| AppError::not_found("There is no such account."))
}

/// Ask about several accounts
///
/// The same for up to 1000 at once.
#[utoipa::path(post, path = "/v1/accounts/check", operation_id = "check_accounts", tag = "exposure",
    request_body = CheckManyRequest,
    responses((status = 200, description = "The verdicts.", body = AccountVerdicts)),
    security(("api_key" = ["accounts:check"])))]
pub async fn many(State(app): State<App>, request: Request) -> Response {
    post_unkept(app, request, Scope::AccountsCheck, |app, body: CheckManyRequest| async move {
        let who: Vec<Who> = body.accounts.iter().map(|text| Who::read(text)).collect();
        let verdicts = check::many(&app, &who).await?;
        let named = body.accounts.into_iter().zip(verdicts);
        let named = named.map(|(account, verdict)| NamedVerdict { account, verdict: verdict.map(Into::into) });
        Answer::new(StatusCode::OK, &AccountVerdicts { accounts: named.collect() })
    })
    .await
}

/// Say that an account's password was set anew
///
/// For platforms that keep the passwords: whatever asks this account for a new one lets it go. Passwords that were set through
/// the recovery of this server need no such call.
#[utoipa::path(post, path = "/v1/accounts/{id}/password-set", operation_id = "password_set", tag = "exposure",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = Option<PasswordSetRequest>,
    responses((status = 200, description = "What it let go.", body = PasswordSet), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["accounts:check"])))]
pub async fn password_set(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_as(app, request, Scope::AccountsCheck, |app, caller, _: PasswordSetRequest| async move {
        let account = AccountId::parse(&id).map_err(|_| AppError::not_found("There is no such account."))?;
        let released = contain::told_of_reset(&app, &Actor::Key(caller.id.clone()), account).await?;
        Answer::new(StatusCode::OK, &PasswordSet { released })
    })
    .await
}

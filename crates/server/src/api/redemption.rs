//! From a link or a code to a new password, and the two ways to say no. Tokens come in bodies, never in a URL: URLs end
//! up in access logs.

use super::call::{Answer, post};
use super::types::{ClientBody, time};
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::redeem::{self, CodeFor, Redeem, Redeemed};
use crate::flows::{cancel, not_me};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::ids::RequestId;
use countersign_core::secret::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Enter a code. Exactly one of `request_id` (this device asked) and `identifier` (another one did) is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// The request that this device made.
    #[schema(pattern = "^req_[0-9a-hjkmnp-tv-z]{26}$")]
    request_id: Option<String>,
    /// What was typed on the other device.
    #[schema(example = "sam@example.org")]
    identifier: Option<String>,
    /// The eight digits; spaces and dashes do not count.
    #[schema(value_type = String, example = "1234 5678")]
    code: SecretText,
    client: ClientBody,
}

/// What a right code is exchanged for.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeAccepted {
    /// Works like the token of the link.
    token: String,
}

/// Look at a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectRequest {
    /// Of the link, or what a code was exchanged for.
    #[schema(value_type = String, format = Password)]
    token: SecretText,
}

/// What the form for a new password needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkState {
    /// Whether a second factor is asked for.
    second_factor: bool,
    /// When the link dies.
    #[schema(format = DateTime, example = "2026-01-12T09:30:00Z")]
    expires_at: String,
}

/// Set a new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedemptionRequest {
    /// Of the link, or what a code was exchanged for.
    #[schema(value_type = String, format = Password)]
    token: SecretText,
    /// The new password.
    #[schema(value_type = String, format = Password)]
    password: SecretText,
    /// A one-time code or a saved recovery code, where the account has a second factor.
    #[schema(value_type = Option<String>, format = Password)]
    second_factor: Option<SecretText>,
    client: ClientBody,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Redemption {
    /// The password is changed; this device is known from now on.
    Completed {
        /// To be kept by the device and shown as `client.device`.
        device_token: String,
    },
    /// The change waits, and every address of the account was told.
    Waiting {
        /// When it takes effect, unless it is cancelled.
        #[schema(format = DateTime, example = "2026-01-13T09:30:00Z")]
        until: String,
    },
}

/// Confirm "this was not me", or a cancellation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionRequest {
    /// Of the link in the message.
    #[schema(value_type = String, format = Password)]
    token: SecretText,
    client: ClientBody,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Disavowal {
    /// The link was closed.
    link_closed: bool,
    /// A waiting change was cancelled.
    change_cancelled: bool,
    /// A change was undone.
    change_undone: bool,
}

/// The change will not take effect.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cancellation {
    /// Always `cancelled`.
    #[schema(example = "cancelled")]
    status: &'static str,
}

fn request_id(text: &str) -> Result<RequestId, AppError> {
    RequestId::parse(text).map_err(|bad| AppError::invalid("request_id", "field_invalid", format!("request_id: {bad}")))
}

/// Exchange a code for a token
///
/// The try is counted before the code is looked at. A wrong code and an unknown request get the same answer.
#[utoipa::path(post, path = "/v1/recovery/codes", operation_id = "enter_code", tag = "recovery",
    request_body = CodeRequest,
    responses((status = 200, description = "The code is right.", body = CodeAccepted)),
    security(("api_key" = ["recovery:redeem"])))]
pub async fn enter_code(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::RecoveryRedeem, |app, body: CodeRequest| async move {
        let whose = match (body.request_id, body.identifier) {
            (Some(id), None) => CodeFor::Request(request_id(&id)?),
            (None, Some(typed)) => CodeFor::Identifier(typed),
            _ => {
                let public = "Exactly one of request_id and identifier is needed.";
                return Err(AppError::invalid("request_id", "one_of", public));
            }
        };
        let continuation = redeem::enter_code(&app, whose, &body.code, &body.client.into()).await?;
        Answer::new(StatusCode::OK, &CodeAccepted { token: continuation.token.expose().to_owned() })
    })
    .await
}

/// Look at a link without using it
#[utoipa::path(post, path = "/v1/recovery/links/inspect", operation_id = "inspect_link", tag = "recovery",
    request_body = InspectRequest,
    responses((status = 200, description = "The link is live.", body = LinkState), (status = 410, description = "`link_not_valid`: used, expired, revoked or never ours; which of them is not said.")),
    security(("api_key" = ["recovery:redeem"])))]
pub async fn inspect(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::RecoveryRedeem, |app, body: InspectRequest| async move {
        let view = redeem::look(&app, &body.token).await?;
        let state = LinkState { second_factor: view.second_factor, expires_at: time(view.expires_at) };
        Answer::new(StatusCode::OK, &state)
    })
    .await
}

/// Set a new password
///
/// Of several calls with one token exactly one succeeds. After `password_weak` (`details` holds the weaknesses),
/// `second_factor_needed` and `second_factor_wrong` the link stays live, for a limited number of tries.
#[utoipa::path(post, path = "/v1/recovery/redemptions", operation_id = "redeem", tag = "recovery",
    request_body = RedemptionRequest,
    responses((status = 200, description = "The password is changed, or the change waits.", body = Redemption), (status = 410, description = "`link_not_valid`: used, expired, revoked or never ours; which of them is not said.")),
    security(("api_key" = ["recovery:redeem"])))]
pub async fn redeem(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::RecoveryRedeem, |app, body: RedemptionRequest| async move {
        let RedemptionRequest { token, password, second_factor, client } = body;
        let ask = Redeem { token, password, second_factor, client: client.into() };
        let redemption = match redeem::redeem(&app, ask).await? {
            Redeemed::Done { device_token } => Redemption::Completed { device_token: device_token.expose().to_owned() },
            Redeemed::Waiting { until } => Redemption::Waiting { until: time(until) },
        };
        Answer::new(StatusCode::OK, &redemption)
    })
    .await
}

/// Say "this was not me"
///
/// Closes the link or undoes the change. A second confirmation changes nothing more.
#[utoipa::path(post, path = "/v1/recovery/disavowals", operation_id = "disavow", tag = "recovery",
    request_body = ObjectionRequest,
    responses((status = 200, description = "What was done.", body = Disavowal), (status = 410, description = "`link_not_valid`: used, expired, revoked or never ours; which of them is not said.")),
    security(("api_key" = ["recovery:redeem"])))]
pub async fn disavow(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::RecoveryRedeem, |app, body: ObjectionRequest| async move {
        let outcome = not_me::confirm(&app, body.token, &body.client.into()).await?;
        let not_me::Outcome { link_closed, change_cancelled, change_undone } = outcome;
        Answer::new(StatusCode::OK, &Disavowal { link_closed, change_cancelled, change_undone })
    })
    .await
}

/// Cancel a change that waits
#[utoipa::path(post, path = "/v1/recovery/cancellations", operation_id = "cancel", tag = "recovery",
    request_body = ObjectionRequest,
    responses((status = 200, description = "It is cancelled.", body = Cancellation), (status = 410, description = "`link_not_valid`: used, expired, revoked or never ours; which of them is not said.")),
    security(("api_key" = ["recovery:redeem"])))]
pub async fn cancel(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::RecoveryRedeem, |app, body: ObjectionRequest| async move {
        cancel::confirm(&app, body.token, &body.client.into()).await?;
        Answer::new(StatusCode::OK, &Cancellation { status: "cancelled" })
    })
    .await
}

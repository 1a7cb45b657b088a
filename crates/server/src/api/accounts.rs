//! `/v1/accounts/{id}/…` and `/v1/sign-ins`: what a platform does for people who are signed in, or sign in.

use super::call::{Answer, Id, get, post};
use super::not_found_error;
use super::problem::Problem;
use super::types::{ClientBody, time};
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::messages::{self, Listed, PAGE};
use crate::flows::sign_in::{self, SignIn};
use crate::flows::{devices, enrol};
use crate::store::messages::State as Delivery;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::ids::{AccountId, MessageId};
use countersign_core::secret::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Only messages older than this one: `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^msg_[0-9a-hjkmnp-tv-z]{26}$")]
    before: Option<MessageId>,
    /// Messages on the page.
    #[param(minimum = 1, maximum = 50, default = 50)]
    limit: Option<i64>,
}

/// An account's messages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageList {
    messages: Vec<MessageItem>,
    /// `before` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A message that we put on record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageItem {
    /// Its id.
    id: String,
    /// What it says: `recovery`, `password_changed`, `cool_off`, `not_me_confirmed`.
    #[schema(example = "recovery")]
    template: &'static str,
    /// `queued`, `sending`, `sent` (the mail server took it), `failed`, or `unknown` (the connection broke during the
    /// hand-over, so nobody knows).
    #[schema(example = "sent")]
    state: &'static str,
    /// Where it went, masked.
    #[schema(example = "s•••@e•••.org")]
    to_masked: String,
    /// When it was put on record.
    #[schema(format = DateTime, example = "2026-01-12T09:15:00Z")]
    created_at: String,
    /// When the mail server took it, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-12T09:15:01Z")]
    sent_at: Option<String>,
    /// Its countersign code, to compare with the mail.
    #[schema(example = "7K3M-9QXA-T2WZ")]
    code: String,
}

impl From<Listed> for MessageItem {
    fn from(listed: Listed) -> Self {
        let message = listed.message;
        Self {
            id: message.id.to_string(),
            template: message.template.as_str(),
            state: message.state.as_str(),
            to_masked: message.to_masked,
            created_at: time(message.created_at),
            sent_at: message.closed_at.filter(|_| message.state == Delivery::Sent).map(time),
            code: listed.code,
        }
    }
}

/// Sign an account in against the embedded directory.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// What the person typed.
    #[schema(example = "sam@example.org")]
    identifier: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretText,
    /// A one-time code, where the account has one.
    #[schema(value_type = Option<String>, format = Password)]
    second_factor: Option<SecretText>,
    client: ClientBody,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// Whose.
    #[schema(example = "acc_01k9xy3v8e4m7q2r5t6w8z0abc")]
    account: String,
    /// The session's id.
    #[schema(example = "ses_01k9xy3v8e4m7q2r5t6w8z0abc")]
    session: String,
    /// To be kept by the device and shown as `client.device`.
    device_token: String,
}

/// No input is needed: an empty body, or `{}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A known device.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownDevice {
    /// To be kept by the device and shown as `client.device`.
    device_token: String,
}

/// A TOTP secret; it cannot be shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpSecret {
    /// Base32 (RFC 4648) without padding, for the `secret` of an `otpauth:` URI.
    secret: String,
    /// Always `SHA1`, which every authenticator app speaks (RFC 6238).
    #[schema(example = "SHA1")]
    algorithm: &'static str,
    /// Digits of a code.
    #[schema(example = 6)]
    digits: u8,
    /// Seconds that a code lives.
    #[schema(example = 30)]
    period: u8,
}

/// A new set of saved recovery codes; it cannot be shown again, and the old set is void.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each works once.
    codes: Vec<String>,
}

fn account(id: &str) -> Result<AccountId, AppError> {
    AccountId::parse(id).map_err(|_| not_found_error("There is no such account."))
}

/// List an account's messages.
pub async fn list(
    State(app): State<App>,
    Id(id): Id,
    query: Result<Query<PageQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let Query(page) = query.map_err(|_| bad_query())?;
        let limit = page.limit.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&limit) {
            return Err(bad_query());
        }
        let page = messages::list(&app, &account(&id)?, page.before.as_ref(), limit).await?;
        let next = page.next.map(|id| id.to_string());
        let list = MessageList { messages: page.messages.into_iter().map(MessageItem::from).collect(), next };
        Ok(Answer::new(StatusCode::OK, &list)?)
    };
    get(&app, &headers, Scope::MessagesRead, listed).await
}

fn bad_query() -> Problem {
    let detail = "The query may have `before` (the `next` of the page before) and `limit` (1 to 50), nothing else.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_invalid", detail)
}

/// Sign an account in.
pub async fn sign_in(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::SignIn, |app, body: SignInRequest| async move {
        let SignInRequest { identifier, password, second_factor, client } = body;
        let ask = SignIn { identifier, password, second_factor, client: client.into() };
        let signed_in = sign_in::sign_in(&app, ask).await?;
        let body = SignedIn {
            account: signed_in.account.to_string(),
            session: signed_in.session.to_string(),
            device_token: signed_in.device_token.expose().to_owned(),
        };
        Answer::new(StatusCode::CREATED, &body)
    })
    .await
}

/// Make a device known that completed your own sign-in.
pub async fn add_device(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post(app, request, Scope::SignIn, |app, _: Nothing| async move {
        let token = devices::issue(&app, account(&id)?).await?;
        Answer::new(StatusCode::CREATED, &KnownDevice { device_token: token.expose().to_owned() })
    })
    .await
}

/// Give an account a TOTP secret.
pub async fn enrol_totp(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post(app, request, Scope::Factors, |app, _: Nothing| async move {
        let secret = enrol::totp(&app, account(&id)?).await?.expose().to_owned();
        Answer::new(StatusCode::CREATED, &TotpSecret { secret, algorithm: "SHA1", digits: 6, period: 30 })
    })
    .await
}

/// Give an account a new set of saved recovery codes.
pub async fn enrol_recovery_codes(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post(app, request, Scope::Factors, |app, _: Nothing| async move {
        let codes = enrol::recovery_codes(&app, account(&id)?).await?;
        let codes = codes.iter().map(|code| code.expose().to_owned()).collect();
        Answer::new(StatusCode::CREATED, &RecoveryCodes { codes })
    })
    .await
}

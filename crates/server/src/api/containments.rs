//! `/v1/containments`: shown before, put on a cohort, lifted.

use super::call::{Answer, Id, actor, get, post_as};
use super::evidence::moment;
use super::types::time;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::exposure::contain::{self, Preview, Put, Shown};
use crate::flows::profile;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::Containment;
use countersign_core::ids::{AccountId, ContainmentId};
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Containments in one list.
const LISTED: i64 = 200;

/// What would a containment do?
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainmentPreviewRequest {
    /// On which cohort.
    #[schema(pattern = "^coh_[0-9a-f]{64}$")]
    cohort: String,
    /// `must_reset`, `recovery_held` or `watched`.
    #[schema(example = "must_reset")]
    kind: String,
}

/// What a containment would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContainmentPreview {
    /// Accounts in the cohort.
    accounts: u64,
    /// Of them, those for which one of the same kind holds already.
    already: u64,
    /// Of them, those with a mailbox in a leak.
    leaked_mailbox: u64,
    /// How many of all accounts that is, 0 to 1.
    share: f64,
}

impl From<Preview> for ContainmentPreview {
    fn from(preview: Preview) -> Self {
        let Preview { accounts, already, leaked_mailbox, share } = preview;
        Self { accounts, already, leaked_mailbox, share }
    }
}

/// Put a containment on a cohort.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainmentRequest {
    /// On which cohort.
    #[schema(pattern = "^coh_[0-9a-f]{64}$")]
    cohort: String,
    /// `must_reset`, `recovery_held` or `watched`.
    #[schema(example = "must_reset")]
    kind: String,
    /// When it ends by itself, within a year; absent: when it is lifted.
    #[schema(nullable = false, format = DateTime)]
    until: Option<String>,
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Incident 7: leak on sale")]
    reason: String,
}

/// A containment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Containment)]
pub struct ContainmentItem {
    /// Its id.
    #[schema(example = "con_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// On which cohort.
    cohort: String,
    /// `must_reset`, `recovery_held` or `watched`.
    kind: &'static str,
    /// Why, as whoever put it there said.
    reason: String,
    /// Accounts in the cohort.
    accounts: i64,
    /// Accounts that it has let go.
    released: i64,
    /// Whether it is in force.
    in_force: bool,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    until: Option<String>,
    /// When it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    lifted_at: Option<String>,
}

impl From<Shown> for ContainmentItem {
    fn from(shown: Shown) -> Self {
        let one = shown.contained;
        Self {
            id: one.id.to_string(),
            cohort: one.cohort.to_string(),
            kind: one.kind.as_str(),
            reason: one.reason,
            accounts: one.size,
            released: shown.released,
            in_force: shown.in_force,
            since: time(one.since),
            until: one.until.map(time),
            lifted_at: one.lifted_at.map(time),
        }
    }
}

/// Containments, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContainmentList {
    /// 200 at the most.
    containments: Vec<ContainmentItem>,
}

/// Lift a containment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftRequest {
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "All passwords are set anew")]
    reason: String,
}

/// It is lifted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lifted {
    /// Always true.
    lifted: bool,
}

/// Let one account go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainmentReleaseRequest {
    /// Which.
    #[schema(pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")]
    account: String,
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Identity was checked by phone")]
    reason: String,
}

/// It is let go.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContainmentReleased {
    /// Always true.
    released: bool,
}

fn cohort(text: &str) -> Result<CohortDigest, AppError> {
    let wrong = || AppError::invalid("cohort", "cohort_invalid", "A cohort is named coh_ and 64 hex digits.");
    CohortDigest::parse(text).ok_or_else(wrong)
}

fn kind(text: &str) -> Result<Containment, AppError> {
    let wrong = || AppError::invalid("kind", "kind_invalid", "A kind is must_reset, recovery_held or watched.");
    Containment::parse(text).ok_or_else(wrong)
}

fn id(text: &str) -> Result<ContainmentId, AppError> {
    ContainmentId::parse(text).map_err(|_| AppError::not_found("There is no such containment."))
}

fn end(text: Option<&str>) -> Result<Option<Timestamp>, AppError> {
    let wrong = || AppError::invalid("until", "until_invalid", "A time such as 2026-01-15T09:00:00Z is needed.");
    text.map(|text| moment(text).ok_or_else(wrong)).transpose()
}

/// See what a containment would do
///
/// It changes nothing.
#[utoipa::path(post, path = "/v1/containments/preview", operation_id = "preview_containment", tag = "exposure",
    request_body = ContainmentPreviewRequest,
    responses((status = 200, description = "What it would do.", body = ContainmentPreview), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["exposure:read"])))]
pub async fn preview(State(app): State<App>, request: Request) -> Response {
    post_as(app, request, Scope::ExposureRead, |app, _, body: ContainmentPreviewRequest| async move {
        let preview = contain::preview(&app, &cohort(&body.cohort)?, kind(&body.kind)?).await?;
        Answer::new(StatusCode::OK, &ContainmentPreview::from(preview))
    })
    .await
}

/// Put a containment on a cohort
///
/// It is in force when this is answered: the next check of an account in the cohort says so, on this node at once and on others
/// within a second.
#[utoipa::path(post, path = "/v1/containments", operation_id = "put_containment", tag = "exposure",
    request_body = ContainmentRequest,
    responses((status = 201, description = "It is in force.", body = ContainmentItem), (status = 404, description = "`not_found`: no such cohort.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn put(State(app): State<App>, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: ContainmentRequest| async move {
        let put = Put {
            cohort: cohort(&body.cohort)?,
            kind: kind(&body.kind)?,
            until: end(body.until.as_deref())?,
            reason: profile::reason(&body.reason)?,
        };
        let contained = contain::put(&app, &actor(&caller), put).await?;
        let shown = Shown { contained, in_force: true, released: 0 };
        Answer::new(StatusCode::CREATED, &ContainmentItem::from(shown))
    })
    .await
}

/// List containments
///
/// The newest 200, in force or not.
#[utoipa::path(get, path = "/v1/containments", operation_id = "list_containments", tag = "exposure",
    responses((status = 200, description = "The list.", body = ContainmentList)),
    security(("api_key" = ["exposure:read"])))]
pub async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    let listed = async {
        let containments = contain::list(&app, LISTED).await?.into_iter().map(ContainmentItem::from).collect();
        Ok(Answer::new(StatusCode::OK, &ContainmentList { containments })?)
    };
    get(&app, &headers, Scope::ExposureRead, listed).await
}

/// Lift a containment
///
/// For everybody that it holds for.
#[utoipa::path(post, path = "/v1/containments/{id}/lift", operation_id = "lift_containment", tag = "exposure",
    params(("id" = String, Path, description = "The containment.", pattern = "^con_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = LiftRequest,
    responses((status = 200, description = "It is lifted.", body = Lifted), (status = 404, description = "`not_found`."), (status = 409, description = "`not_in_force`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn lift(State(app): State<App>, Id(path): Id, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: LiftRequest| async move {
        contain::lift(&app, &actor(&caller), id(&path)?, profile::reason(&body.reason)?).await?;
        Answer::new(StatusCode::OK, &Lifted { lifted: true })
    })
    .await
}

/// Let one account go from a containment
///
/// It stays in force for the others.
#[utoipa::path(post, path = "/v1/containments/{id}/releases", operation_id = "release_contained", tag = "exposure",
    params(("id" = String, Path, description = "The containment.", pattern = "^con_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = ContainmentReleaseRequest,
    responses((status = 200, description = "It is let go.", body = ContainmentReleased), (status = 404, description = "`not_found`."), (status = 409, description = "`not_in_force`, `not_contained`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn release(State(app): State<App>, Id(path): Id, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: ContainmentReleaseRequest| async move {
        let wrong = || AppError::invalid("account", "account_invalid", "An id that starts with acc_ is needed.");
        let account = AccountId::parse(&body.account).map_err(|_| wrong())?;
        let reason = profile::reason(&body.reason)?;
        contain::release(&app, &actor(&caller), id(&path)?, account, reason).await?;
        Answer::new(StatusCode::OK, &ContainmentReleased { released: true })
    })
    .await
}

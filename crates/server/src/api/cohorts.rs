//! `/v1/cohorts`: counted, made, read.

use super::call::{Answer, Id, get, get_as, post_as};
use super::problem::Problem;
use super::types::time;
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::exposure::cohorts::{self, Make, Preview};
use crate::flows::profile;
use crate::flows::staff::Actor;
use crate::store::exposure::cohorts::Cohort;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::expose::cohort::CohortDigest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Cohorts in one list.
const LISTED: i64 = 200;
/// Accounts in one page.
const PAGE: u32 = 1000;

/// Who would this be?
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortPreviewRequest {
    /// Which accounts, as in docs/exposure.md.
    #[schema(max_length = 4000, example = "leak:lek_01k9xy3v8e4m7q2r5t6w8z0abc and not second-factor")]
    query: String,
}

/// Who it would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct CohortPreview {
    /// How many accounts.
    accounts: u64,
    /// Of how many.
    of: u64,
    /// The name that the cohort would have.
    cohort: String,
    /// Whether the same set is there already.
    there: bool,
    /// How many accounts each name in the query stands for.
    names: Vec<CohortName>,
}

/// A name in a query.
#[derive(Debug, Serialize, ToSchema)]
pub struct CohortName {
    /// As it was read.
    name: String,
    /// How many accounts.
    accounts: u64,
}

impl From<Preview> for CohortPreview {
    fn from(preview: Preview) -> Self {
        let names = preview.names.into_iter().map(|(name, accounts)| CohortName { name, accounts });
        Self {
            accounts: preview.accounts,
            of: preview.of,
            cohort: preview.digest.to_string(),
            there: preview.there.is_some(),
            names: names.collect(),
        }
    }
}

/// Make a cohort.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortRequest {
    /// Which accounts, as in docs/exposure.md.
    #[schema(max_length = 4000, example = "leak:lek_01k9xy3v8e4m7q2r5t6w8z0abc and not second-factor")]
    query: String,
    /// What it is called here.
    #[schema(min_length = 1, max_length = 100, example = "On sale in January, no second factor")]
    name: String,
    /// Why, in a few words; it goes into the evidence.
    #[schema(min_length = 1, max_length = 500, example = "Incident 7: leak on sale")]
    reason: String,
    /// What the preview called it: where the set is another one by now, nothing is made.
    #[schema(nullable = false, pattern = "^coh_[0-9a-f]{64}$")]
    expected: Option<String>,
}

/// A cohort.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cohort)]
pub struct CohortItem {
    /// `coh_` and the SHA-256 of its account numbers.
    #[schema(pattern = "^coh_[0-9a-f]{64}$")]
    cohort: String,
    /// What it is called here.
    name: String,
    /// How it was made.
    query: String,
    /// How many accounts.
    accounts: i64,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Cohort> for CohortItem {
    fn from(cohort: Cohort) -> Self {
        Self {
            cohort: cohort.digest.to_string(),
            name: cohort.name,
            query: cohort.query,
            accounts: cohort.size,
            created_at: time(cohort.created_at),
        }
    }
}

/// Cohorts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CohortList {
    /// 200 at the most.
    cohorts: Vec<CohortItem>,
}

/// Which page of a cohort.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsQuery {
    after: Option<u32>,
}

/// Accounts of a cohort.
#[derive(Debug, Serialize, ToSchema)]
pub struct CohortAccounts {
    /// In the order of their numbers.
    accounts: Vec<CohortAccount>,
    /// To be given as `after` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<u32>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct CohortAccount {
    /// Our id.
    #[schema(example = "acc_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// Yours; absent where it was not imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    external_id: Option<String>,
    /// Its number in this directory: what the cohort's digest is over.
    number: u32,
}

fn digest(text: &str) -> Result<CohortDigest, AppError> {
    CohortDigest::parse(text).ok_or_else(|| AppError::not_found("There is no such cohort."))
}

/// Count who a query means
///
/// It makes nothing.
#[utoipa::path(post, path = "/v1/cohorts/preview", operation_id = "preview_cohort", tag = "exposure",
    request_body = CohortPreviewRequest,
    responses((status = 200, description = "Who it would be.", body = CohortPreview), (status = 404, description = "`not_found`: a leak or a cohort that the query names.")),
    security(("api_key" = ["exposure:read"])))]
pub async fn preview(State(app): State<App>, request: Request) -> Response {
    post_as(app, request, Scope::ExposureRead, |app, _, body: CohortPreviewRequest| async move {
        let preview = cohorts::preview(&app, &cohorts::query(&body.query)?).await?;
        Answer::new(StatusCode::OK, &CohortPreview::from(preview))
    })
    .await
}

/// Make a cohort
///
/// It never changes. The same set has the same name, however it came about.
#[utoipa::path(post, path = "/v1/cohorts", operation_id = "make_cohort", tag = "exposure",
    request_body = CohortRequest,
    responses((status = 200, description = "It was there already.", body = CohortItem), (status = 201, description = "It is made.", body = CohortItem), (status = 404, description = "`not_found`: a leak or a cohort that the query names.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn make(State(app): State<App>, request: Request) -> Response {
    post_as(app, request, Scope::ExposureAct, |app, caller, body: CohortRequest| async move {
        let wrong = || AppError::invalid("expected", "expected_invalid", "A cohort is named coh_ and 64 hex digits.");
        let expected = body.expected.as_deref().map(|text| CohortDigest::parse(text).ok_or_else(wrong)).transpose()?;
        let (query, reason) = (cohorts::query(&body.query)?, profile::reason(&body.reason)?);
        let make = Make { query, name: body.name, reason, expected };
        let made = cohorts::make(&app, &Actor::Key(caller.id.clone()), make).await?;
        let status = if made.was_there { StatusCode::OK } else { StatusCode::CREATED };
        Answer::new(status, &CohortItem::from(made.cohort))
    })
    .await
}

/// List cohorts
///
/// The newest 200.
#[utoipa::path(get, path = "/v1/cohorts", operation_id = "list_cohorts", tag = "exposure",
    responses((status = 200, description = "The list.", body = CohortList)),
    security(("api_key" = ["exposure:read"])))]
pub async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    let listed = async {
        let cohorts = cohorts::list(&app, LISTED).await?.into_iter().map(CohortItem::from).collect();
        Ok(Answer::new(StatusCode::OK, &CohortList { cohorts })?)
    };
    get(&app, &headers, Scope::ExposureRead, listed).await
}

/// See a cohort
///
/// Without who is in it.
#[utoipa::path(get, path = "/v1/cohorts/{id}", operation_id = "see_cohort", tag = "exposure",
    params(("id" = String, Path, description = "The cohort.", pattern = "^coh_[0-9a-f]{64}$")),
    responses((status = 200, description = "The cohort.", body = CohortItem), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["exposure:read"])))]
pub async fn see(State(app): State<App>, Id(id): Id, headers: HeaderMap) -> Response {
    let seen = async {
        let cohort = cohorts::see(&app, &digest(&id)?).await?;
        Ok(Answer::new(StatusCode::OK, &CohortItem::from(cohort))?)
    };
    get(&app, &headers, Scope::ExposureRead, seen).await
}

/// Read who is in a cohort
///
/// A thousand at a time. The first page of it leaves an entry in the evidence.
#[utoipa::path(get, path = "/v1/cohorts/{id}/accounts", operation_id = "read_cohort", tag = "exposure",
    params(("id" = String, Path, description = "The cohort.", pattern = "^coh_[0-9a-f]{64}$"), ("after" = Option<u32>, Query, description = "`next` of the page before.")),
    responses((status = 200, description = "One page.", body = CohortAccounts), (status = 404, description = "`not_found`."), (status = 422, description = "`query_invalid`.")),
    security(("api_key" = ["exposure:act"])))]
pub async fn accounts(
    State(app): State<App>,
    Id(id): Id,
    query: Result<Query<AccountsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let app = &app;
    get_as(app, &headers, Scope::ExposureAct, |caller| async move {
        let Ok(Query(query)) = query else { return Err(bad_query()) };
        let digest = digest(&id)?;
        if query.after.is_none() {
            cohorts::handed_out(app, &Actor::Key(caller.id.clone()), &digest).await?;
        }
        let (named, next) = cohorts::page(app, &digest, query.after.unwrap_or(0), PAGE as usize).await?;
        let accounts = named.into_iter().map(|one| CohortAccount {
            id: one.id.to_string(),
            external_id: one.external_id,
            number: one.number,
        });
        Ok(Answer::new(StatusCode::OK, &CohortAccounts { accounts: accounts.collect(), next })?)
    })
    .await
}

fn bad_query() -> Problem {
    let detail = "The query may have `after` (a number), nothing else.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_invalid", detail)
}

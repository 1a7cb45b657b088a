//! `GET /v1/evidence/audit`: the whole log re-checked.

use super::call::{Answer, caller};
use super::evidence_export::permit;
use super::problem::Problem;
use crate::app::App;
use crate::flows::api_keys::Scope;
use crate::flows::log::audit::{self, Report};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What an audit came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Audit {
    /// Whether nothing was found wrong.
    sound: bool,
    /// The same in a sentence.
    verdict: String,
    /// Entries under the newest checkpoint.
    size: u64,
    /// Committed entries that no checkpoint counts yet.
    waiting: u64,
    /// Entries whose content was erased, by entries that say so.
    erased: u64,
    /// Tiles that were compared.
    tiles: u64,
    /// What is wrong, and where; a thousand things at most.
    findings: Vec<AuditFinding>,
    /// How many more there are.
    more_findings: u64,
    /// What else was checked.
    checked: Vec<String>,
    /// What was not checked.
    not_checked: Vec<String>,
}

/// One thing that is not as it was signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditFinding {
    /// The table, or `file`.
    #[schema(example = "evidence")]
    place: &'static str,
    /// Which row.
    #[schema(example = "entry 4711")]
    row: String,
    /// Which column, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "payload")]
    column: Option<&'static str>,
    /// What is wrong with it.
    what: String,
}

impl From<Report> for Audit {
    fn from(report: Report) -> Self {
        let (sound, verdict) = (report.is_sound(), report.verdict());
        let (checked, not_checked) = (report.checked(), report.not_checked());
        let (findings, more_findings) = report.findings.into_parts();
        let finding = |f: audit::Finding| AuditFinding { place: f.place, row: f.row, column: f.column, what: f.what };
        Self {
            sound,
            verdict,
            size: report.size,
            waiting: report.waiting,
            erased: report.erased,
            tiles: report.tiles,
            findings: findings.into_iter().map(finding).collect(),
            more_findings,
            checked,
            not_checked,
        }
    }
}

/// Re-check the whole log
///
/// Every entry, every tile, everything that is signed, in one consistent moment: what `countersign evidence verify` does. It
/// takes some seconds for each million entries, and may take longer than `server.request_timeout`. Whoever could change the
/// database could change this answer too; outsiders check the public files, or a bundle.
#[utoipa::path(get, path = "/v1/evidence/audit", operation_id = "audit_evidence", tag = "evidence",
    responses((status = 200, description = "What was found.", body = Audit)),
    security(("api_key" = ["evidence:read"])))]
pub async fn audit(State(app): State<App>, headers: HeaderMap) -> Response {
    let audited = async {
        caller(&app, &headers, Scope::EvidenceRead).await?;
        let _permit = permit(&app)?;
        Ok(Answer::new(StatusCode::OK, &Audit::from(audit::of_app(&app).await?))?)
    };
    audited.await.map_or_else(Problem::into_response, Answer::into_response)
}

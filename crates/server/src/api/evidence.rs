//! `/v1/evidence/…` and `/v1/accounts/{id}/evidence-erasures`: the evidence for staff.

use super::call::{Answer, Id, get, get_as, post_as};
use super::not_found_error;
use super::problem::Problem;
use super::types::time;
use crate::app::App;
use crate::flows::api_keys::{Caller, Scope};
use crate::flows::log::entries::{self, Ask, Listed, Opened, PAGE, Status};
use crate::flows::log::erase::{DEFAULT_REASON, Erase, Erased, erase as erase_content};
use crate::flows::log::own::By;
use crate::store::log::EntryRow;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::csf;
use countersign_core::ids::AccountId;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Longest kind that is looked for.
const MOST_KIND: usize = 64;

/// How the log stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceStatus {
    /// The log's name.
    #[schema(example = "login.example.org/evidence")]
    origin: String,
    /// The verifier key to pin.
    vkey: String,
    /// From which size on this key signs; 0 for the first.
    key_from_size: u64,
    /// Entries under the newest checkpoint.
    size: u64,
    /// When it was signed.
    #[schema(format = DateTime, example = "2026-01-12T09:15:00Z")]
    signed_at: String,
    /// Entries under the checkpoint that is served.
    published_size: u64,
    /// The checkpoint that is served, with its cosignatures.
    checkpoint: String,
    /// Whether the policy asks for witnesses and these have cosigned it.
    witnessed: bool,
    /// Which witnesses have.
    witnesses: Vec<String>,
    /// When a checkpoint was last time-stamped, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-12T00:00:07Z")]
    time_stamped_at: Option<String>,
    /// Why this server signs nothing any more, and what to do; absent as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    doubt: Option<String>,
}

impl From<Status> for EvidenceStatus {
    fn from(status: Status) -> Self {
        Self {
            origin: status.key.name().to_owned(),
            vkey: status.key.to_string(),
            key_from_size: status.key_from_size,
            size: status.newest.head.size,
            signed_at: time(status.newest.at),
            published_size: status.published.head.size,
            checkpoint: status.published.note.to_string(),
            witnessed: status.witnesses.needs_witnesses && status.witnesses.reached,
            witnesses: status.witnesses.cosigned.into_iter().map(|(name, _)| name).collect(),
            time_stamped_at: status.stamped_at.map(time),
            doubt: status.doubt,
        }
    }
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// Only entries after this number: `next` of the page before.
    #[param(minimum = 0, maximum = 9007199254740991u64)]
    after: Option<u64>,
    /// Entries on the page.
    #[param(minimum = 1, maximum = 100, default = 100)]
    limit: Option<i64>,
    /// Only of this kind.
    #[param(example = "message.sealed", min_length = 1, max_length = 64, pattern = "^[a-z_.]+$")]
    kind: Option<String>,
    /// Only about this account. Such a list leaves an entry.
    #[param(value_type = Option<String>, pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")]
    account: Option<AccountId>,
}

/// An entry, without what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryItem {
    /// Its number in the log, from 1.
    number: u64,
    /// Its id; `erased_…` where the content was erased.
    #[schema(example = "evi_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// What kind of thing happened; `erased` where the content was.
    #[schema(example = "recovery.decided")]
    kind: String,
    /// When it was written, if that was not erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-12T09:15:00Z")]
    at: Option<String>,
    /// The account that it is about, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    account: Option<String>,
    /// What the public log holds of it, in hex.
    commitment: String,
    /// Outcomes of the NIST Cybersecurity Framework 2.0 that it is evidence for.
    #[schema(example = json!(["RS.AN-07"]))]
    csf: Vec<&'static str>,
}

impl From<EntryRow> for EntryItem {
    fn from(row: EntryRow) -> Self {
        Self {
            number: row.number,
            csf: csf::of_kind(&row.kind).iter().map(|tag| tag.id()).collect(),
            at: row.payload.as_ref().map(|_| time(row.at)),
            id: row.id,
            kind: row.kind,
            account: row.subject,
            commitment: Hash::new(*row.commitment.bytes()).to_hex(),
        }
    }
}

/// Entries in the order of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryList {
    entries: Vec<EntryItem>,
    /// `after` of the next page; absent on the last one. A page may be empty and have a next one: so many entries were
    /// looked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<u64>,
}

impl From<Listed> for EntryList {
    fn from(listed: Listed) -> Self {
        Self { entries: listed.entries.into_iter().map(EntryItem::from).collect(), next: listed.next }
    }
}

/// An entry with what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenEntry {
    #[serde(flatten)]
    entry: EntryItem,
    /// What it says, in the words of its kind; absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    what: Option<serde_json::Value>,
    /// A proof file (C2SP tlog-proof) with the entry's opening, for `countersign-verify entry`; absent for a moment after it
    /// was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proof: Option<String>,
}

impl From<Opened> for OpenEntry {
    fn from(opened: Opened) -> Self {
        let proof = opened.proof.map(|proof| proof.to_string());
        Self { entry: opened.row.into(), what: opened.what, proof }
    }
}

/// Erase what entries and closed messages say about an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureRequest {
    /// A code that names nobody; it stays in the log.
    #[schema(default = "request", pattern = "^[a-z0-9_-]{1,40}$")]
    reason: Option<String>,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasure {
    /// Contents of entries.
    entries: u64,
    /// Addresses and facts of closed messages.
    messages: u64,
    /// Messages that are under way and keep their address: erase again when they are closed.
    open_messages: u64,
    /// Entries that say so.
    recorded: u64,
    /// Whether the database's file is rid of it too; absent on PostgreSQL, where VACUUM decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    overwritten: Option<bool>,
}

impl From<Erased> for Erasure {
    fn from(erased: Erased) -> Self {
        let Erased { entries, messages, open_messages, recorded, overwritten } = erased;
        Self { entries, messages, open_messages, recorded, overwritten }
    }
}

/// Who called, as entries name them.
pub fn by(caller: &Caller) -> By {
    By::ApiKey(caller.id.to_string())
}

/// How the evidence log stands
#[utoipa::path(get, path = "/v1/evidence/status", operation_id = "evidence_status", tag = "evidence",
    responses((status = 200, description = "Sizes, checkpoint, key, witnesses, doubt.", body = EvidenceStatus)),
    security(("api_key" = ["evidence:read"])))]
pub async fn status(State(app): State<App>, headers: HeaderMap) -> Response {
    let status = async { Ok(Answer::new(StatusCode::OK, &EvidenceStatus::from(entries::status(&app).await?))?) };
    get(&app, &headers, Scope::EvidenceRead, status).await
}

/// List entries, without what they say
///
/// In the order of the log. A list about an account is a look at a person, and is itself an entry.
#[utoipa::path(get, path = "/v1/evidence/entries", operation_id = "list_entries", tag = "evidence",
    params(EntryQuery),
    responses((status = 200, description = "One page.", body = EntryList), (status = 422, description = "`query_invalid`.")),
    security(("api_key" = ["evidence:read"])))]
pub async fn list(
    State(app): State<App>,
    query: Result<Query<EntryQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let app = &app;
    get_as(app, &headers, Scope::EvidenceRead, |caller| async move {
        let ask = query.ok().and_then(|Query(query)| asked(query)).ok_or_else(bad_query)?;
        Ok(Answer::new(StatusCode::OK, &EntryList::from(entries::list(app, &ask, &by(&caller)).await?))?)
    })
    .await
}

fn asked(query: EntryQuery) -> Option<Ask> {
    let limit = query.limit.unwrap_or(PAGE);
    let is_kind = |kind: &String| {
        (1..=MOST_KIND).contains(&kind.len()) && kind.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b))
    };
    let fits = (1..=PAGE).contains(&limit) && query.kind.as_ref().is_none_or(is_kind);
    let after = query.after.unwrap_or(0);
    // What every reader of JSON can count to.
    let after = Some(after).filter(|after| *after < 1 << 53 && fits)?;
    Some(Ask { after, limit, kind: query.kind, account: query.account })
}

fn bad_query() -> Problem {
    let detail = "The query may have `after` (a number), `limit` (1 to 100), `kind` and `account`, nothing else.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_invalid", detail)
}

/// Open an entry: what it says, and its proof
///
/// Who looks at what an entry says leaves an entry.
#[utoipa::path(get, path = "/v1/evidence/entries/{id}", operation_id = "open_entry", tag = "evidence",
    params(("id" = String, Path, description = "The entry.", pattern = "^(evi_[0-9a-hjkmnp-tv-z]{26}|(erased|lost)_[1-9][0-9]{0,18})$")),
    responses((status = 200, description = "The entry.", body = OpenEntry), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["evidence:read"])))]
pub async fn one(State(app): State<App>, Id(id): Id, headers: HeaderMap) -> Response {
    let app = &app;
    get_as(app, &headers, Scope::EvidenceRead, |caller| async move {
        Ok(Answer::new(StatusCode::OK, &OpenEntry::from(entries::open(app, &id, &by(&caller)).await?))?)
    })
    .await
}

/// Erase what the evidence says about an account
///
/// For good: payload and salt of every entry that names the account, and address and facts of its closed messages. Proofs
/// stay valid, and an entry says which numbers were erased, when, why and by which key.
#[utoipa::path(post, path = "/v1/accounts/{id}/evidence-erasures", operation_id = "erase_evidence", tag = "evidence",
    params(("id" = String, Path, description = "The account.", pattern = "^acc_[0-9a-hjkmnp-tv-z]{26}$")),
    request_body = Option<ErasureRequest>,
    responses((status = 201, description = "What was erased.", body = Erasure), (status = 404, description = "`not_found`.")),
    security(("api_key" = ["evidence:erase"])))]
pub async fn erase(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post_as(app, request, Scope::EvidenceErase, |app, caller, body: ErasureRequest| async move {
        let account = AccountId::parse(&id).map_err(|_| not_found_error("There is no such account."))?;
        let reason = body.reason.unwrap_or_else(|| DEFAULT_REASON.to_owned());
        let ask = Erase { account, reason, by: by(&caller) };
        Answer::new(StatusCode::CREATED, &Erasure::from(erase_content(&app, &ask, |_| {}).await?))
    })
    .await
}

/// A time in a query, as RFC 3339 has it.
pub fn moment(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

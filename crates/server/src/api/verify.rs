//! `GET /v1/verify/{code}` and `GET /evidence/message/{hash}`: "is this message from you?" and the proof of the answer, for
//! anybody, without a key.

use super::call::{Answer, Id};
use super::problem::Problem;
use super::types::time;
use crate::app::App;
use crate::config::Origin;
use crate::error::AppError;
use crate::flows::client;
use crate::flows::verify::{self, Verified};
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use utoipa::ToSchema;

/// Nobody's address: a request that came over no socket (a test) is one client.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

const PROOF_KIND: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// A name that says nothing of what is in it.
const PROOF_FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"message.tlog-proof\"");

/// What we say of a countersign code.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Verification {
    /// Whether it is the code of a message of ours. If not, the message is not from us.
    known: bool,
    /// What the message said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "recovery")]
    template: Option<&'static str>,
    /// When it was put on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-12T09:15:00Z")]
    recorded_at: Option<String>,
    /// When the mail server took it, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-12T09:15:01Z")]
    sent_at: Option<String>,
    /// To whom, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "s•••@e•••.org")]
    to_masked: Option<String>,
    /// Whether an entry of the evidence log seals it; one does from just before it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sealed: Option<bool>,
    /// Where its proof is, if it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri", example = "https://login.example.org/evidence/message/0f2b…")]
    proof_url: Option<String>,
}

impl Verification {
    fn of(verified: Verified, origin: &Origin) -> Self {
        match verified {
            Verified::Unknown => Self::default(),
            Verified::Known(known) => Self {
                known: true,
                template: Some(known.template.as_str()),
                recorded_at: Some(time(known.recorded_at)),
                sent_at: known.sent_at.map(time),
                sealed: Some(known.sealed),
                proof_url: known.sealed.then(|| origin.link(&known.proof_path())),
                to_masked: Some(known.to_masked),
            },
        }
    }
}

/// Check a message by its code
///
/// For anybody, without a key; limited for each source. A text that is no code is simply not known.
#[utoipa::path(get, path = "/v1/verify/{code}", operation_id = "verify_message", tag = "messages",
    params(("code" = String, Path, description = "The countersign code, as it is typed.", example = "7K3M-9QXA-T2WZ")),
    responses((status = 200, description = "What we know of it.", body = Verification), (status = 404, description = "`not_found`: the address cannot be read."), (status = 429, description = "`rate_limited`."), (status = 500, description = "`internal`."), (status = 503, description = "`unavailable`.")))]
pub async fn verify(State(app): State<App>, Id(code): Id, parts: Parts) -> Response {
    let answered = async {
        let verified = verify::verify(&app, &code, address(&app, &parts)).await?;
        Answer::new(StatusCode::OK, &Verification::of(verified, &app.config.server.origin))
    };
    let answered: Result<Answer, AppError> = answered.await;
    answered.map_err(Problem::from).into_response()
}

/// The proof of a message, by the hash of its code
///
/// For anybody, without a key, also where the log is not public; limited for each source. The hash is SHA-256 over
/// `countersign message code v1`, a line feed, and the twelve characters of the code in upper case without dashes, in
/// hex: who holds the code can ask, and asking does not tell it. The answer is a proof file (C2SP tlog-proof) against the
/// newest published checkpoint; its `extra` opens the entry, which names neither account nor mailbox.
#[utoipa::path(get, path = "/evidence/message/{code_hash}", operation_id = "message_proof", tag = "messages",
    params(("code_hash" = String, Path, description = "64 hex digits.", example = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c")),
    responses((status = 200, description = "The proof.", body = String, content_type = "text/plain"), (status = 404, description = "`not_from_us`: we know no message with such a code; the message is not from us. Or `not_found`: the address cannot be read."), (status = 409, description = "`proof_pending`: recorded a moment ago, ask again in a second. `not_sealed`: ours, but it has not left yet, or is older than the log."), (status = 410, description = "`erased`: ours, but its details were erased."), (status = 429, description = "`rate_limited`."), (status = 500, description = "`internal`."), (status = 503, description = "`unavailable`.")))]
pub async fn proof(State(app): State<App>, Id(code_hash): Id, parts: Parts) -> Response {
    match verify::proof(&app, &code_hash, address(&app, &parts)).await {
        Ok(proof) => {
            let mut response = Answer { status: StatusCode::OK, body: proof.to_string().into() }.into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, PROOF_KIND);
            response.headers_mut().insert(header::CONTENT_DISPOSITION, PROOF_FILE);
            response
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Where a request comes from.
pub fn address(app: &App, parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(NOWHERE, |peer| peer.0.ip());
    let lines = parts.headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    client::address(peer, lines, |ip| app.config.server.trusts(ip))
}

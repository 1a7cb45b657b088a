//! `/v1/recovery/requests`: ask for a recovery, show proof.

use super::call::{Answer, Id, post};
use super::not_found_error;
use super::types::{ClientBody, time};
use crate::app::App;
use crate::error::AppError;
use crate::flows::api_keys::Scope;
use crate::flows::recover::{self, Accepted, Ask, Door, Proof};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::ids::RequestId;
use countersign_core::secret::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ask for a recovery.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRequest {
    /// What the person typed: a user name, an e-mail address, or a phone number with `+`.
    #[schema(example = "sam@example.org")]
    identifier: String,
    client: ClientBody,
    /// Something that speaks for the person.
    proof: Option<ProofBody>,
}

/// Something that speaks for the person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = Proof)]
pub enum ProofBody {
    /// A solved challenge, as ALTCHA's solvers send it (Base64 of JSON).
    Altcha(String),
    /// A saved recovery code of the account.
    RecoveryCode(String),
}

impl From<ProofBody> for Proof {
    fn from(body: ProofBody) -> Self {
        match body {
            ProofBody::Altcha(payload) => Self::Altcha(payload),
            ProofBody::RecoveryCode(code) => Self::RecoveryCode(SecretText::new(code)),
        }
    }
}

/// Show a solved challenge for a request that waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The solved challenge, as ALTCHA's solvers send it (Base64 of JSON).
    altcha: String,
    client: ClientBody,
}

/// The request was taken up; the same for every identifier, known or not.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryAccepted {
    /// The request's id.
    #[schema(example = "req_01k9xy3v8e4m7q2r5t6w8z0abc")]
    id: String,
    /// Always `accepted`.
    #[schema(example = "accepted")]
    status: &'static str,
    proof: ProofWanted,
    /// When a request that waits is given up.
    #[schema(format = DateTime, example = "2026-01-12T09:30:00Z")]
    expires_at: String,
}

/// A challenge that would speed the request up.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofWanted {
    /// Whether the request waits for it.
    wanted: bool,
    challenge: ChallengeBody,
}

/// A challenge in the format of ALTCHA v1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Challenge)]
pub struct ChallengeBody {
    /// Always `SHA-256`.
    #[schema(example = "SHA-256")]
    algorithm: String,
    /// `hex(SHA-256(salt ‖ number))`.
    challenge: String,
    /// The largest number to try.
    maxnumber: u64,
    /// What the number is appended to.
    salt: String,
    /// Ours, over `challenge`.
    signature: String,
}

fn answer(accepted: Accepted) -> Result<Answer, AppError> {
    let challenge = accepted.challenge;
    let body = RecoveryAccepted {
        id: accepted.id.to_string(),
        status: "accepted",
        proof: ProofWanted {
            wanted: accepted.proof_wanted,
            challenge: ChallengeBody {
                algorithm: challenge.algorithm,
                challenge: challenge.challenge,
                maxnumber: challenge.maxnumber,
                salt: challenge.salt,
                signature: challenge.signature,
            },
        },
        expires_at: time(accepted.expires_at),
    };
    Answer::new(StatusCode::ACCEPTED, &body)
}

/// Ask for a recovery.
pub async fn request(State(app): State<App>, request: Request) -> Response {
    post(app, request, Scope::RecoveryRequest, ask).await
}

async fn ask(app: App, body: RecoveryRequest) -> Result<Answer, AppError> {
    let proof = body.proof.map(Proof::from);
    let ask = Ask { identifier: body.identifier, client: body.client.into(), proof, door: Door::Api };
    answer(recover::request(&app, ask).await?)
}

/// Show a solved challenge.
pub async fn prove(State(app): State<App>, Id(id): Id, request: Request) -> Response {
    post(app, request, Scope::RecoveryRequest, |app, body: ProofRequest| async move {
        let id = RequestId::parse(&id).map_err(|_| not_found_error("There is no such request."))?;
        answer(recover::prove(&app, id, &body.altcha, &body.client.into()).await?)
    })
    .await
}

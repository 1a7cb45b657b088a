//! `GET /v1/verify/{code}`: "is this message from you?", for anybody, without a key.

use super::call::{Answer, Id};
use super::problem::Problem;
use super::types::time;
use crate::app::App;
use crate::error::AppError;
use crate::flows::client;
use crate::flows::verify::{self, Verified};
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use utoipa::ToSchema;

/// Nobody's address: a request that came over no socket (a test) is one client.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

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
}

impl From<Verified> for Verification {
    fn from(verified: Verified) -> Self {
        match verified {
            Verified::Unknown => Self::default(),
            Verified::Known { template, recorded_at, sent_at, to_masked } => Self {
                known: true,
                template: Some(template.as_str()),
                recorded_at: Some(time(recorded_at)),
                sent_at: sent_at.map(time),
                to_masked: Some(to_masked),
            },
        }
    }
}

/// Check a message by its code.
pub async fn verify(State(app): State<App>, Id(code): Id, parts: Parts) -> Response {
    let answered = async {
        let verified = verify::verify(&app, &code, address(&app, &parts)).await?;
        Answer::new(StatusCode::OK, &Verification::from(verified))
    };
    let answered: Result<Answer, AppError> = answered.await;
    answered.map_err(Problem::from).into_response()
}

fn address(app: &App, parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(NOWHERE, |peer| peer.0.ip());
    let lines = parts.headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    client::address(peer, lines, |ip| app.config.server.trusts(ip))
}

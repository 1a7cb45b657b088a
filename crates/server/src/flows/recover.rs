//! A recovery request: taken up and answered before any account is looked up (invariant G1).

use super::client::Client;
use super::{Result, devices, secrets};
use crate::app::App;
use crate::error::AppError;
use crate::store::{evidence, gate as gate_store, requests};
use countersign_core::gate::limiter::{Admission, Lane};
use countersign_core::gate::proof::{self, BadProof, Challenge, Solved};
use countersign_core::gate::{Class, Mode, pressure, source};
use countersign_core::identifier::{self, Identifier};
use countersign_core::ids::RequestId;
use countersign_core::secret::{Digest, SecretText};
use countersign_core::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// A solution is good although the price rose meanwhile, up to this factor; beyond it a new one is asked for, so that
/// nobody solves in calm times what is to be spent in an attack. One doubling and no more: whoever attacks collects
/// challenges while the price rises and then solves the cheapest that still count, so in effect pays this many times less
/// than everybody else.
const PRICE_TOLERANCE: u64 = 2;

/// Which door a request came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// The JSON API.
    Api,
    /// The hosted form.
    Hosted,
}

impl Door {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Hosted => "hosted",
        }
    }
}

/// What somebody shows with a request.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A solved challenge, as ALTCHA solvers send it.
    Altcha(String),
    /// A saved recovery code of the account.
    RecoveryCode(SecretText),
}

/// A recovery request.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What was typed.
    pub identifier: String,
    /// From where.
    pub client: Client,
    /// With what.
    pub proof: Option<Proof>,
    /// Through which door.
    pub door: Door,
}

/// The answer, the same for every identifier.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The request's id.
    pub id: RequestId,
    /// A challenge that would speed it up; always there, so that its presence says nothing.
    pub challenge: Challenge,
    /// Whether this request waits for proof.
    pub proof_wanted: bool,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// What was shown, as far as it can be checked without an account.
struct Shown {
    class: Class,
    device: Option<devices::Claim>,
    code_hash: Option<Digest>,
    solved: Option<Solved>,
}

/// Takes up a recovery request.
///
/// # Errors
/// 422 for an identifier or a proof that cannot be read, 429 from a source limit, 503 when it cannot be made durable;
/// none of them depends on whether an account exists.
pub async fn request(app: &App, ask: Ask) -> Result<Accepted> {
    let now = app.clock.now();
    turn_away(app, &ask, now)?;
    let identifier = parse(app, &ask.identifier)?;
    let key = identifier_key(app, &identifier);
    let mut shown = check_shown(app, &ask, &key, now)?;
    admit(app, &ask.client, &shown, now)?;
    let (mode, price) = count_arrival(app, now);
    if shown.solved.is_some_and(|s| s.max_number.saturating_mul(PRICE_TOLERANCE) < price) {
        shown = Shown { class: Class::Anonymous, device: None, code_hash: None, solved: None };
    }
    let held = shown.class == Class::Anonymous && mode != Mode::Open;
    let accepted = accept(app, &key, price, held, now);
    let row = row(app, &ask, &identifier, key, &shown, &accepted, now);
    record(app, row, shown.solved, ask.client.coarse(), now).await?;
    app.metrics.request(if held { "held" } else { "accepted" });
    if !held {
        app.requests_wake.notify_one();
    }
    Ok(accepted)
}

/// A source over its limit that shows nothing is refused before anything dearer is done for it.
fn turn_away(app: &App, ask: &Ask, now: Timestamp) -> Result<()> {
    if ask.proof.is_some() || ask.client.device.is_some() {
        return Ok(());
    }
    answer(app, app.limiter.peek(ask.client.ip, Lane::Anonymous, now))
}

fn answer(app: &App, admission: Admission) -> Result<()> {
    match admission {
        Admission::Admitted => Ok(()),
        Admission::Refused { retry_after } => {
            app.metrics.request("source_limited");
            Err(AppError::rate_limited(retry_after))
        }
    }
}

fn parse(app: &App, typed: &str) -> Result<Identifier> {
    identifier::parse(typed).map_err(|bad| {
        app.metrics.request("refused");
        AppError::invalid("identifier", bad.code(), bad.to_string())
    })
}

/// The keyed hash under which an identifier is counted and found again.
pub fn identifier_key(app: &App, identifier: &Identifier) -> Digest {
    let kind = identifier.kind().as_str();
    app.keys.subject.mac(&[b"identifier", kind.as_bytes(), identifier.lookup().as_bytes()])
}

fn check_shown(app: &App, ask: &Ask, key: &Digest, now: Timestamp) -> Result<Shown> {
    let nothing = Shown { class: Class::Anonymous, device: None, code_hash: None, solved: None };
    if let Some(claim) = ask.client.device.as_deref().and_then(|token| devices::read(&app.keys, token)) {
        return Ok(Shown { class: Class::Strong, device: Some(claim), ..nothing });
    }
    match &ask.proof {
        None => Ok(nothing),
        Some(Proof::RecoveryCode(code)) => {
            let code_hash = Some(secrets::recovery_code_hash(&app.keys, code));
            Ok(Shown { class: Class::Strong, code_hash, ..nothing })
        }
        Some(Proof::Altcha(payload)) => {
            let solved = check_proof(app, payload, key, now)?;
            Ok(Shown { class: Class::Work, solved: Some(solved), ..nothing })
        }
    }
}

fn check_proof(app: &App, payload: &str, key: &Digest, now: Timestamp) -> Result<Solved> {
    let bind = proof::binding(&app.keys.proof, &app.config.server.origin.to_string(), key);
    proof::verify(&app.keys.proof, payload, &bind, now).map_err(|bad| {
        let code = match bad {
            BadProof::Malformed => "proof_malformed",
            BadProof::Wrong => "proof_wrong",
            BadProof::Expired => "proof_expired",
            BadProof::Unbound => "proof_unbound",
        };
        AppError::invalid("proof", code, bad.to_string())
    })
}

fn admit(app: &App, client: &Client, shown: &Shown, now: Timestamp) -> Result<()> {
    let lane = if shown.solved.is_some() { Lane::Work } else { Lane::Anonymous };
    answer(
        app,
        match &shown.device {
            Some(claim) => app.limiter.admit_device(claim.number(&app.keys.device), now),
            None => app.limiter.admit(client.ip, lane, now),
        },
    )
}

/// Counts the arrival; the mode, and what a challenge costs now.
fn count_arrival(app: &App, now: Timestamp) -> (Mode, u64) {
    let policy = &app.config.gate.policy;
    let mut gate = app.gate();
    gate.arrivals.count(now);
    let per_minute = gate.arrivals.per_minute(now);
    (gate.mode, pressure::max_number(per_minute, &gate.budgets, policy))
}

fn accept(app: &App, key: &Digest, price: u64, held: bool, now: Timestamp) -> Accepted {
    let policy = &app.config.gate.policy;
    let mut rng = app.rng();
    let bind = proof::binding(&app.keys.proof, &app.config.server.origin.to_string(), key);
    let until = proof::expiry(now, policy.proof.ttl_secs);
    Accepted {
        id: RequestId::new(now, &mut rng),
        challenge: proof::challenge(&app.keys.proof, &bind, price, until, &mut rng),
        proof_wanted: held,
        expires_at: now.plus(Duration::from_secs(u64::from(policy.hold.expire_secs))),
    }
}

fn row(
    app: &App,
    ask: &Ask,
    identifier: &Identifier,
    identifier_key: Digest,
    shown: &Shown,
    accepted: &Accepted,
    now: Timestamp,
) -> requests::NewRequest {
    let source = source::coarse(ask.client.ip);
    requests::NewRequest {
        id: accepted.id.clone(),
        received_at: now,
        door: ask.door.as_str(),
        identifier: format!("{}:{}", identifier.kind().as_str(), identifier.lookup()),
        identifier_key,
        source_key: app.keys.subject.mac(&[b"source", source.as_bytes()]),
        locale: ask.client.locale.map(crate::text::Locale::tag),
        agent: ask.client.device_kind(),
        device: shown.device.as_ref().map(devices::Claim::to_stored),
        code_hash: shown.code_hash,
        class: shown.class,
        held: accepted.proof_wanted,
        expires_at: accepted.expires_at,
    }
}

async fn record(
    app: &App,
    row: requests::NewRequest,
    solved: Option<Solved>,
    client: serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    let what = json!({
        "request": row.id.as_str(), "door": row.door, "class": row.class.as_str(), "held": row.held, "client": client,
    });
    let entry = evidence::Draft::new("recovery.requested", None, what, now, &mut app.rng());
    let Some(solved) = solved else {
        return Ok(app.intake.write(row, entry).await?);
    };
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if !gate_store::spend(conn, &solved.challenge, solved.expires_at).await? {
                    return Err(spent());
                }
                requests::insert(conn, &[row]).await?;
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await
}

fn spent() -> AppError {
    AppError::invalid("proof", "proof_spent", "this solution was used already; ask again")
}

/// Shows proof for a request that was taken up before. The answer is the same whether or not it still waits.
///
/// # Errors
/// 404 for an id that is none of ours, 422 for a proof that cannot be used, 429 from a source limit.
pub async fn prove(app: &App, id: RequestId, payload: &str, client: &Client) -> Result<Accepted> {
    let now = app.clock.now();
    let standing = requests::standing(&mut app.store.read().await?, &id).await?;
    let standing = standing.ok_or_else(|| AppError::not_found("There is no such request."))?;
    let solved = check_proof(app, payload, &standing.identifier_key, now)?;
    let shown = Shown { class: Class::Work, device: None, code_hash: None, solved: Some(solved) };
    admit(app, client, &shown, now)?;
    let price = {
        let mut gate = app.gate();
        let per_minute = gate.arrivals.per_minute(now);
        pressure::max_number(per_minute, &gate.budgets, &app.config.gate.policy)
    };
    let enough = solved.max_number.saturating_mul(PRICE_TOLERANCE) >= price;
    let accepted = accept(app, &standing.identifier_key, price, !enough, now);
    let accepted = Accepted { id: id.clone(), expires_at: standing.expires_at, ..accepted };
    let what = json!({ "request": id.as_str(), "max_number": solved.max_number, "enough": enough });
    let entry = evidence::Draft::new("recovery.proven", None, what, now, &mut app.rng());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if !gate_store::spend(conn, &solved.challenge, solved.expires_at).await? {
                    return Err(spent());
                }
                if enough {
                    requests::proven(conn, &id, now).await?;
                }
                evidence::append(conn, vec![entry]).await?;
                Ok(())
            })
        })
        .await?;
    app.requests_wake.notify_one();
    Ok(accepted)
}

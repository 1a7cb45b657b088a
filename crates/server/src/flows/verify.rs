//! "Is this message from you?": by its countersign code, or by the code's hash; and the proof of the answer.

use super::Result;
use super::log::read;
use super::secrets;
use crate::app::App;
use crate::error::AppError;
use crate::store::messages::{self, Message, State};
use crate::store::{Conn, log};
use countersign_core::gate::limiter::Admission;
use countersign_core::gate::policy::Rate;
use countersign_core::identifier::EmailAddress;
use countersign_core::message::{CountersignCode, MailAddress, Template};
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use countersign_evidence::Opening;
use countersign_evidence::message::address_form;
use countersign_evidence::note::{Note, VerifierKey};
use countersign_evidence::policy::Judgement;
use countersign_evidence::proof::ProofFile;
use countersign_evidence::sealed::Sealed;
use std::net::IpAddr;

/// Look-ups from one source: a person checks a few, a prober of 60-bit codes gets nowhere with these.
const LOOK_UPS: Rate = Rate { burst: 20, per_hour: 60 };
const PURPOSE: u8 = 32;
/// Proofs for one source: each look at a page fetches one, and one that is not ready yet a few times.
const PROOFS: Rate = Rate { burst: 60, per_hour: 180 };
const PROOF_PURPOSE: u8 = 35;

/// What we say of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is the code of a message of ours.
    Known(Known),
    /// We know no such message: not from us.
    Unknown,
}

/// A message of ours, as far as whoever has its code may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its code.
    pub code: CountersignCode,
    /// What it said.
    pub template: Template,
    /// When it was put on record.
    pub recorded_at: Timestamp,
    /// When the mail server took it, if it did.
    pub sent_at: Option<Timestamp>,
    /// To whom, masked.
    pub to_masked: String,
    /// Whether an entry seals it; from then on there is a proof.
    pub sealed: bool,
}

impl Known {
    /// The path of its proof file.
    pub fn proof_path(&self) -> String {
        format!("/evidence/message/{}", super::seal::code_digest(&self.code).to_hex())
    }
}

/// How far a message can be proven.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Nothing seals it: it has not left yet, or is from before messages were sealed.
    Unsealed,
    /// Its entry's content was erased.
    Erased,
    /// Sealed, and not yet under a published checkpoint.
    Pending,
    /// Proven, as far as this server can tell.
    Proven(Box<Proven>),
    /// What is stored contradicts itself.
    Wrong,
}

/// A proof that this server has checked.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The proof file.
    pub file: ProofFile,
    /// The log's size at its checkpoint.
    pub size: u64,
    /// What the witnesses' cosignatures amount to.
    pub witnesses: Judgement,
    /// The key that signed the checkpoint.
    pub key: VerifierKey,
}

/// Looks a code up.
///
/// # Errors
/// 429 from the source limit; a text that is no code is simply unknown.
pub async fn verify(app: &App, code: &str, ip: IpAddr) -> Result<Verified> {
    Ok(found(app, code, ip).await?.map_or(Verified::Unknown, |(known, _)| Verified::Known(known)))
}

/// Looks a code up, and checks the proof of its message. `None` for an unknown code.
///
/// # Errors
/// As [`verify`].
pub async fn look(app: &App, code: &str, ip: IpAddr) -> Result<Option<(Known, Standing)>> {
    let Some((known, message)) = found(app, code, ip).await? else { return Ok(None) };
    Ok(Some((known, standing(app, &message).await?)))
}

/// Whether a message went to the address that somebody typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// It did.
    Match,
    /// It went to another one.
    Other,
    /// What was typed is no address.
    NotAnAddress,
    /// The recipient's address was erased.
    Erased,
}

/// Compares an address with a message's recipient: for readers whose browser cannot do it. It is neither kept nor logged.
///
/// # Errors
/// As [`verify`].
pub async fn compare(app: &App, code: &str, typed: &str, ip: IpAddr) -> Result<Option<(Known, Standing, Compared)>> {
    let Some((known, message)) = found(app, code, ip).await? else { return Ok(None) };
    let compared = match (address(typed), address(&message.to_address)) {
        (_, None) => Compared::Erased,
        (None, _) => Compared::NotAnAddress,
        (Some(typed), Some(recipient)) if typed == recipient => Compared::Match,
        _ => Compared::Other,
    };
    Ok(Some((known, standing(app, &message).await?, compared)))
}

/// The form in which addresses are sealed and compared.
fn address(typed: &str) -> Option<String> {
    let parsed = EmailAddress::parse(typed.trim()).ok()?;
    Some(address_form(MailAddress::of(&parsed).ok()?.as_str()))
}

/// The proof of the message whose code has this hash (64 hex digits).
///
/// # Errors
/// 404 `not_from_us`; 409 `proof_pending` (ask again in a second) and `not_sealed`; 410 `erased`; 429.
pub async fn proof(app: &App, code_hash: &str, ip: IpAddr) -> Result<ProofFile> {
    admit(app, PROOF_PURPOSE, ip, PROOFS)?;
    let message = match Hash::from_hex(code_hash) {
        Some(hash) => messages::by_code_digest(&mut app.store.read().await?, &hash).await?,
        None => None,
    };
    let message = message.ok_or_else(|| {
        AppError::new(404, "not_from_us", "We know no message with this code: the message is not from us.")
    })?;
    match standing(app, &message).await? {
        Standing::Proven(proven) => Ok(proven.file),
        Standing::Pending => Err(pending()),
        Standing::Unsealed => Err(AppError::new(
            409,
            "not_sealed",
            "The message is ours, but there is no proof of it: it has not left yet, or is older than the log.",
        )),
        Standing::Erased => {
            Err(AppError::new(410, "erased", "The details of this message were erased; it can no longer be proven."))
        }
        Standing::Wrong => Err(AppError::internal(format!("the proof of {} does not hold", message.id))),
    }
}

fn pending() -> AppError {
    let public = "The message is recorded; its proof is ready with the next checkpoint, in a second at most.";
    let retry_after = Some(std::time::Duration::from_secs(1));
    AppError { retry_after, ..AppError::new(409, "proof_pending", public) }
}

fn admit(app: &App, purpose: u8, ip: IpAddr, rate: Rate) -> Result<()> {
    match app.limiter.admit_purpose(purpose, ip, rate, app.clock.now()) {
        Admission::Refused { retry_after } => Err(AppError::rate_limited(retry_after)),
        _ => Ok(()),
    }
}

async fn found(app: &App, code: &str, ip: IpAddr) -> Result<Option<(Known, Message)>> {
    admit(app, PURPOSE, ip, LOOK_UPS)?;
    let Ok(code) = CountersignCode::parse(code) else { return Ok(None) };
    let hash = secrets::countersign_hash(&app.keys, &code);
    let found = messages::by_code(&mut app.store.read().await?, &hash).await?;
    Ok(found.map(|m| (known(code, &m), m)))
}

fn known(code: CountersignCode, m: &Message) -> Known {
    Known {
        code,
        template: m.template,
        recorded_at: m.created_at,
        sent_at: m.closed_at.filter(|_| m.state == State::Sent),
        to_masked: m.to_masked.clone(),
        sealed: m.sealed_entry.is_some(),
    }
}

/// How far a message can be proven.
///
/// # Errors
/// 503.
pub async fn standing(app: &App, message: &Message) -> Result<Standing> {
    let Some(entry) = &message.sealed_entry else { return Ok(Standing::Unsealed) };
    let mut conn = app.store.read().await?;
    let Some(row) = log::entry_by_id(&mut conn, entry.as_str()).await? else {
        // An entry that was erased has lost its id too; one that has no number yet is on its way.
        let there = log::number_of(&mut conn, entry.as_str()).await?.is_some();
        return Ok(if there { Standing::Pending } else { Standing::Erased });
    };
    let Some(opening) = read::opening(&row) else { return Ok(Standing::Erased) };
    drop(conn);
    let Some(file) = read::proof(app, row.number, Some(&opening)).await? else { return Ok(Standing::Pending) };
    let key = key_of(&mut app.store.read().await?, &file.checkpoint)
        .await?
        .unwrap_or_else(|| app.log.key().verifier().clone());
    Ok(check(app, message, &opening, file, key).map_or(Standing::Wrong, |proven| Standing::Proven(Box::new(proven))))
}

/// What an outsider does with the file, done here: for readers whose browser cannot.
fn check(app: &App, message: &Message, opening: &Opening, file: ProofFile, key: VerifierKey) -> Option<Proven> {
    let checkpoint = file.verify(&opening.commitment().leaf(), std::slice::from_ref(&key)).ok()?;
    let witnesses = app.log.policy().judge(&file.checkpoint).ok()?;
    let sealed = Sealed::read(opening).ok()?;
    let code = secrets::countersign(&app.keys, &message.id);
    let fits = sealed.has_code(code.as_str()) && sealed.message == message.id.as_str();
    fits.then_some(Proven { file, size: checkpoint.head.size, witnesses, key })
}

/// The newest of the log's keys that signed this note: just after a change of keys the old one may still have.
async fn key_of(conn: &mut Conn, note: &Note) -> Result<Option<VerifierKey>> {
    let keys = log::keys(conn).await?;
    let parsed = keys.iter().rev().filter_map(|key| VerifierKey::parse(&key.vkey).ok());
    let signs = |key: &VerifierKey| note.signatures.iter().any(|signature| signature.is_by(key));
    Ok(parsed.into_iter().find(signs))
}

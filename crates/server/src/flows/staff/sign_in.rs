//! Sign-in by password and second factor: one answer for everything that does not match, tries counted before they are
//! checked, and a person's own device not shut out by a stranger's tries (the gate's rules, invariants G1, G5, G6).

use super::actor::Seat;
use super::factors::{self, Second, wrong_code};
use super::sessions::{Opened, Opening, Renewal};
use crate::app::App;
use crate::error::AppError;
use crate::flows::client::Client;
use crate::flows::{Result, sign_in};
use crate::store::evidence::Draft;
use crate::store::staff::Staff;
use crate::store::{evidence, staff};
use countersign_core::gate::limiter::Admission;
use countersign_core::gate::policy::Rate;
use countersign_core::ids::StaffId;
use countersign_core::secret::SecretText;
use countersign_core::staff as rules;
use serde_json::json;
use std::net::IpAddr;

/// Tries for one name from anywhere; a known device has as many of its own.
const PER_NAME: Rate = Rate { burst: 10, per_hour: 20 };
/// Tries from one source: whatever staff prove themselves with.
const PER_SOURCE: Rate = Rate { burst: 15, per_hour: 60 };
const PURPOSE: u8 = 36;
/// Beginnings from one source; each is a row for a few minutes.
const BEGINNINGS: Rate = Rate { burst: 60, per_hour: 240 };
const BEGINNING: u8 = 37;

/// What was typed.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Who.
    pub name: String,
    /// The password.
    pub password: SecretText,
    /// A one-time code or a saved recovery code.
    pub code: SecretText,
    /// From where; `device` is what this browser was given at its last sign-in.
    pub client: Client,
}

/// Who signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub opened: Opened,
    /// To be kept by the browser: its tries are counted apart from those of strangers.
    pub device: SecretText,
}

/// The one answer to whatever does not match.
pub(super) fn wrong() -> AppError {
    AppError::new(
        401,
        "sign_in_failed",
        "This did not match. Check the name, the password and the code, and try again.",
    )
}

/// Counts a try from a source, before anything is looked at.
///
/// # Errors
/// 429.
pub(super) fn admit_source(app: &App, ip: IpAddr) -> Result<()> {
    admitted(app.limiter.admit_purpose(PURPOSE, ip, PER_SOURCE, app.clock.now()))
}

/// Counts a beginning from a source: a page that offers a passkey begins one each time it is shown.
///
/// # Errors
/// 429.
pub(super) fn admit_beginning(app: &App, ip: IpAddr) -> Result<()> {
    admitted(app.limiter.admit_purpose(BEGINNING, ip, BEGINNINGS, app.clock.now()))
}

/// Counts a try for a name or a person.
///
/// # Errors
/// 429.
pub(super) fn admit_name(app: &App, key: &str, known_device: bool) -> Result<()> {
    let lane: &[u8] = if known_device { b"staff known" } else { b"staff" };
    let subject = app.keys.subject.mac(&[lane, key.as_bytes()]).short();
    admitted(app.limiter.admit_subject(subject, PER_NAME, app.clock.now()))
}

fn admitted(admission: Admission) -> Result<()> {
    match admission {
        Admission::Refused { retry_after } => Err(AppError::rate_limited(retry_after)),
        Admission::Admitted => Ok(()),
    }
}

/// What a browser keeps so that it is known for `name` again.
pub(super) fn device_token(app: &App, name: &str) -> SecretText {
    SecretText::new(app.keys.device.mac(&[b"staff device", name.as_bytes()]).hex())
}

fn is_known(app: &App, name: &str, client: &Client) -> bool {
    let own = device_token(app, name);
    client.device.as_deref().is_some_and(|shown| {
        app.keys.device.mac(&[shown.as_bytes()]) == app.keys.device.mac(&[own.expose().as_bytes()])
    })
}

/// Signs in.
///
/// # Errors
/// 401 for whatever does not match, the same for every reason and after the same work; 429.
pub async fn sign_in(app: &App, ask: SignIn) -> Result<SignedIn> {
    admit_source(app, ask.client.ip)?;
    // A name that cannot be one takes the same way as one that nobody has.
    let name = rules::name(&ask.name).unwrap_or_else(|_| ".".to_owned());
    admit_name(app, &name, is_known(app, &name, &ask.client))?;
    let who = staff::by_name(&mut app.store.read().await?, &name).await?;
    let stored = who.as_ref().and_then(|w| w.password_hash.clone());
    let right = sign_in::verify(app, stored, ask.password.clone()).await?;
    let proved = match &who {
        Some(who) if right && may_come(who) => factors::second(app, who, &ask.code)?.map(|s| (who.clone(), s)),
        _ => None,
    };
    let Some((who, second)) = proved else { return fail(app, who.map(|w| w.id), &ask.client).await };
    open(app, &who, second, &ask.client).await
}

/// Whether somebody signs in with what they have here. Who comes by a provider comes only by it: whoever it lets go cannot
/// come back by a password or a passkey.
pub(super) fn may_come(who: &Staff) -> bool {
    who.disabled_at.is_none() && who.oidc_issuer.is_none()
}

async fn open(app: &App, who: &Staff, second: Second, client: &Client) -> Result<SignedIn> {
    let opening = Opening::new(app, &who.id, "password", client);
    let (now, id) = (app.clock.now(), who.id.clone());
    let opened: Result<Option<Opened>> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                if !second.take(conn, &id, now).await? {
                    return Ok(None);
                }
                Ok(Some(opening.run(conn).await?))
            })
        })
        .await;
    match opened? {
        Some(opened) => Ok(SignedIn { opened, device: device_token(app, &who.name) }),
        None => fail(app, Some(who.id.clone()), client).await,
    }
}

/// Writes the failure down, which costs the same whoever it was.
pub(super) async fn fail<T>(app: &App, who: Option<StaffId>, client: &Client) -> Result<T> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let what = json!({ "staff": who.as_ref().map(StaffId::as_str), "client": client.coarse() });
    let entry = Draft::new("staff.sign_in_failed", None, what, now, &mut rng);
    let written: Result<()> =
        app.store.write(move |conn| Box::pin(async move { Ok(evidence::append(conn, vec![entry]).await?) })).await;
    written?;
    Err(wrong())
}

/// Proves again who sits there, by a one-time code or a saved recovery code; the session gets a new cookie.
///
/// # Errors
/// 422 `code_wrong`; 429; 401 where the session has ended.
pub async fn confirm(app: &App, seat: &Seat, typed: &SecretText, client: &Client) -> Result<Opened> {
    admit_source(app, client.ip)?;
    admit_name(app, seat.staff.as_str(), true)?;
    let who = staff::by_id(&mut app.store.read().await?, &seat.staff).await?.ok_or_else(wrong)?;
    let second = factors::second(app, &who, typed)?.ok_or_else(wrong_code)?;
    let renewal = Renewal::new(app, seat, second.as_str());
    let now = app.clock.now();
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if !second.take(conn, &who.id, now).await? {
                    return Err(wrong_code());
                }
                renewal.run(conn).await
            })
        })
        .await
}

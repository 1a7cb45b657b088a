//! What people change about themselves: password, authenticator, saved recovery codes, the name that others see.
//!
//! Each needs a fresh proof of who is at the keyboard, whatever the role.

use super::actor::{self, Seat};
use super::factors::{self, Offer};
use super::sessions;
use crate::app::App;
use crate::error::AppError;
use crate::flows::{Result, sign_in};
use crate::store::evidence::Draft;
use crate::store::staff::Staff;
use crate::store::{Conn, evidence, staff};
use countersign_core::secret::SecretText;
use countersign_core::staff as rules;
use futures_util::future::BoxFuture;
use serde_json::json;

/// The authenticator that this session may set up; the same until the next proof.
pub async fn offer(app: &App, seat: &Seat) -> Result<Offer> {
    let session = staff::session(&mut app.store.read().await?, &seat.session).await?;
    let confirmed = session.map_or(0, |s| s.times.confirmed_at.micros());
    Ok(Offer::new(app, &seat.staff, &format!("{} {confirmed}", seat.session)))
}

/// Replaces the authenticator by the offered one.
///
/// # Errors
/// 422 `code_wrong`; 403 `confirm_needed`; 401.
pub async fn set_authenticator(app: &App, seat: &Seat, code: &SecretText) -> Result<()> {
    let offer = offer(app, seat).await?;
    let (step, sealed, id) = (offer.prove(app, code)?, offer.sealed(app, &seat.staff), seat.staff.clone());
    change(app, seat, "authenticator", move |conn| {
        Box::pin(async move { Ok(staff::set_totp(conn, &id, Some(sealed), step).await?) })
    })
    .await
}

/// Replaces the password; every other session ends.
///
/// # Errors
/// 422 `password_wrong` for the old, `password_weak` for the new one; 403 `confirm_needed`; 401.
pub async fn set_password(app: &App, seat: &Seat, old: SecretText, new: &SecretText) -> Result<()> {
    let who = person(app, seat).await?;
    if let Some(stored) = who.password_hash.clone()
        && !sign_in::verify(app, Some(stored), old).await?
    {
        return Err(AppError::invalid("old", "password_wrong", "The present password is not right."));
    }
    let (hash, now, seat_of) = (factors::new_password(app, new, &who).await?, app.clock.now(), seat.clone());
    change(app, seat, "password", move |conn| {
        Box::pin(async move {
            staff::set_password(conn, &seat_of.staff, Some(&hash)).await?;
            staff::end_sessions(conn, &seat_of.staff, Some(&seat_of.session), "password changed", now).await?;
            Ok(())
        })
    })
    .await
}

/// Replaces the saved recovery codes; shown once.
///
/// # Errors
/// 403 `confirm_needed`; 401.
pub async fn new_recovery_codes(app: &App, seat: &Seat) -> Result<Vec<SecretText>> {
    let ((codes, hashes), id, now) = (factors::recovery_codes(app), seat.staff.clone(), app.clock.now());
    change(app, seat, "recovery_codes", move |conn| {
        Box::pin(async move { Ok(staff::set_recovery_codes(conn, &id, &hashes, now).await?) })
    })
    .await?;
    Ok(codes)
}

/// Changes what others see.
///
/// # Errors
/// 422 `shown_name_invalid`; 403 `confirm_needed`; 401.
pub async fn set_shown_name(app: &App, seat: &Seat, shown: &str) -> Result<()> {
    let shown = rules::shown_name(shown);
    let shown = shown.map_err(|bad| AppError::invalid("shown_name", "shown_name_invalid", bad.to_string()))?;
    let id = seat.staff.clone();
    change(app, seat, "shown_name", move |conn| {
        Box::pin(async move { Ok(staff::set_shown_name(conn, &id, &shown).await?) })
    })
    .await
}

/// Who sits there.
///
/// # Errors
/// 401 where they are gone.
pub async fn person(app: &App, seat: &Seat) -> Result<Staff> {
    let found = staff::by_id(&mut app.store.read().await?, &seat.staff).await?;
    found.ok_or_else(actor::signed_out)
}

/// One change of one's own, with its entry.
async fn change<F>(app: &App, seat: &Seat, which: &'static str, work: F) -> Result<()>
where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<()>> + Send + 'static,
{
    let what = json!({ "by": { "staff": seat.staff.as_str() }, "changed": which });
    let entry = Draft::new("staff.changed_own", None, what, app.clock.now(), &mut app.rng());
    change_as(app, seat, move |conn| {
        Box::pin(async move {
            work(conn).await?;
            Ok(evidence::append(conn, vec![entry]).await?)
        })
    })
    .await
}

/// One change of one's own that brings its entry along; the session is looked at again within the transaction.
pub(super) async fn change_as<F>(app: &App, seat: &Seat, work: F) -> Result<()>
where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<()>> + Send + 'static,
{
    let (now, limits, session) = (app.clock.now(), sessions::limits(app), seat.session.clone());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                let (_, fresh) = actor::live(conn, &session, &limits, now).await?;
                if fresh { work(conn).await } else { Err(actor::confirm_needed()) }
            })
        })
        .await
}

//! Somebody's own passkeys: shown, renamed, removed.

use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::staff::{Seat, own};
use crate::store::evidence::Draft;
use crate::store::passkeys::Passkey as Stored;
use crate::store::{Conn, evidence, passkeys, staff};
use countersign_core::ids::{PasskeyId, StaffId};
use countersign_core::staff as rules;
use serde_json::json;

/// One's own passkeys, the oldest first.
///
/// # Errors
/// 503 where the database is away.
pub async fn list(app: &App, seat: &Seat) -> Result<Vec<Stored>> {
    Ok(passkeys::of(&mut app.store.read().await?, &seat.staff).await?)
}

/// Calls one something else.
///
/// # Errors
/// 404; 422 `name_invalid`; 403 `confirm_needed`; 401.
pub async fn rename(app: &App, seat: &Seat, id: PasskeyId, name: &str) -> Result<()> {
    let name = rules::shown_name(name);
    let name = name.map_err(|bad| AppError::invalid("name", "name_invalid", bad.to_string()))?;
    let (now, staff) = (app.clock.now(), seat.staff.clone());
    let what = json!({ "by": { "staff": staff.as_str() }, "passkey": id.as_str() });
    let entry = Draft::new("staff.passkey_renamed", None, what, now, &mut app.rng());
    own::change_as(app, seat, move |conn| {
        Box::pin(async move {
            if !passkeys::rename(conn, &staff, &id, &name).await? {
                return Err(missing());
            }
            Ok(evidence::append(conn, vec![entry]).await?)
        })
    })
    .await
}

/// Removes one, but never the last way in.
///
/// # Errors
/// 404; 409 `last_way_in`; 403 `confirm_needed`; 401.
pub async fn remove(app: &App, seat: &Seat, id: PasskeyId) -> Result<()> {
    let (now, staff) = (app.clock.now(), seat.staff.clone());
    let what = json!({ "by": { "staff": staff.as_str() }, "passkey": id.as_str() });
    let entry = Draft::new("staff.passkey_removed", None, what, now, &mut app.rng());
    own::change_as(app, seat, move |conn| {
        Box::pin(async move {
            let left = passkeys::count_locked(conn, &staff).await? - 1;
            if !passkeys::remove(conn, &staff, &id).await? {
                return Err(missing());
            }
            if left < 1 && !has_another_way(conn, &staff).await? {
                let public = "This is your only way to sign in. Add another passkey first.";
                return Err(AppError::new(409, "last_way_in", public));
            }
            Ok(evidence::append(conn, vec![entry]).await?)
        })
    })
    .await
}

fn missing() -> AppError {
    AppError::not_found("There is no such passkey.")
}

/// A password alone is none: it takes a code as well.
async fn has_another_way(conn: &mut Conn, id: &StaffId) -> Result<bool> {
    let who = staff::by_id(conn, id).await?;
    Ok(who.is_some_and(|w| w.oidc_issuer.is_some() || w.password_hash.is_some() && w.totp_sealed.is_some()))
}

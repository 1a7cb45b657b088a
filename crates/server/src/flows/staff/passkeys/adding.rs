//! Adding a passkey, by a one-time link or in a session.

use super::{Answer, Begun, not_taken, options, ours, relying_party, user_handle};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::staff::{Seat, ceremonies, own};
use crate::store::evidence::Draft;
use crate::store::passkeys::Passkey as Stored;
use crate::store::{Conn, evidence, passkeys, staff};
use countersign_core::ids::{PasskeyId, StaffId};
use countersign_core::staff as rules;
use serde_json::json;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

const KIND: &str = "passkey_add";
/// Passkeys that one person may have: a few devices and keys, and room.
const MOST: usize = 20;

/// Begins adding one for somebody; whoever calls this has made sure who asks.
///
/// # Errors
/// 404 where there is nobody; 422 `passkeys_full`.
pub async fn begin_adding(app: &App, whose: &StaffId) -> Result<Begun> {
    let mut conn = app.store.read().await?;
    let who = staff::by_id(&mut conn, whose).await?;
    let who = who.ok_or_else(|| AppError::not_found("There is nobody with this id."))?;
    let present = passkeys::of(&mut conn, whose).await?;
    drop(conn);
    if present.len() >= MOST {
        return Err(AppError::invalid(
            "passkey",
            "passkeys_full",
            "There are many passkeys already. Remove one first.",
        ));
    }
    // An authenticator that has one of ours is not asked to make another.
    let present = present.into_iter().map(|p| p.credential_id).collect();
    let handle = user_handle(app, whose);
    let begun = relying_party(app)?.start_passkey_registration(handle, &who.name, &who.shown_name, Some(present));
    let (made, state) = begun.map_err(ours)?;
    let mut options = options(&made)?;
    // Discoverable, so that people need not type a name (Level 3, 5.4.6).
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    Ok(Begun { token: ceremonies::begin(app, KIND, Some(whose), &state).await?, options })
}

/// A passkey that was checked, before the transaction that stores it.
#[derive(Debug)]
pub struct NewPasskey {
    row: Stored,
    entry: Draft,
}

/// Checks what the browser made for `whose`.
///
/// # Errors
/// 422 `passkey_refused`, `name_invalid`.
pub async fn finish_adding(app: &App, whose: &StaffId, answer: Answer, name: &str) -> Result<NewPasskey> {
    let name = rules::shown_name(if name.trim().is_empty() { "Passkey" } else { name });
    let name = name.map_err(|bad| AppError::invalid("name", "name_invalid", bad.to_string()))?;
    let state: Option<PasskeyRegistration> = ceremonies::take(app, KIND, Some(whose), &answer.token).await?;
    let (Some(state), Ok(made)) = (state, serde_json::from_value::<RegisterPublicKeyCredential>(answer.credential))
    else {
        return Err(not_taken());
    };
    let key = relying_party(app)?.finish_passkey_registration(&made, &state).map_err(|_| not_taken())?;
    let (now, mut rng) = (app.clock.now(), app.rng());
    let row = Stored {
        id: PasskeyId::new(now, &mut rng),
        staff: whose.clone(),
        credential_id: key.cred_id().to_vec(),
        credential: serde_json::to_string(&key).map_err(ours)?,
        name,
        created_at: now,
        last_used_at: None,
    };
    let what = json!({ "staff": whose.as_str(), "passkey": row.id.as_str() });
    let entry = Draft::new("staff.passkey_added", None, what, now, &mut rng);
    Ok(NewPasskey { row, entry })
}

impl NewPasskey {
    /// Stores it.
    ///
    /// # Errors
    /// 422 `passkey_refused` where somebody has it already.
    pub(in crate::flows::staff) async fn run(self, conn: &mut Conn) -> Result<()> {
        if !passkeys::insert(conn, &self.row).await? {
            return Err(not_taken());
        }
        Ok(evidence::append(conn, vec![self.entry]).await?)
    }
}

/// Adds one in a session.
///
/// # Errors
/// What [`finish_adding`] says; 403 `confirm_needed`; 401.
pub async fn add(app: &App, seat: &Seat, answer: Answer, name: &str) -> Result<()> {
    let made = finish_adding(app, &seat.staff, answer, name).await?;
    own::change_as(app, seat, |conn| Box::pin(made.run(conn))).await
}

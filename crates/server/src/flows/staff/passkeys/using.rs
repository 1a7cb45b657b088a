//! Using a passkey: to sign in without a name, and to prove again who sits there.

use super::{Answer, Begun, key, not_taken, options, ours, relying_party, user_handle};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::client::Client;
use crate::flows::staff::sessions::{Opened, Opening, Renewal};
use crate::flows::staff::sign_in::{self, SignedIn};
use crate::flows::staff::{Seat, ceremonies};
use crate::store::passkeys::Passkey as Stored;
use crate::store::staff::Staff;
use crate::store::{Conn, passkeys, staff};
use countersign_core::ids::StaffId;
use countersign_core::time::Timestamp;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, PasskeyAuthentication, PublicKeyCredential,
};

const SIGN_IN: &str = "passkey_use";
const CONFIRM: &str = "passkey_confirm";

/// Begins a sign-in; nobody is named, so nothing can be learned from it.
///
/// # Errors
/// 429.
pub async fn begin_sign_in(app: &App, client: &Client) -> Result<Begun> {
    sign_in::admit_beginning(app, client.ip)?;
    let (made, state) = relying_party(app)?.start_discoverable_authentication().map_err(ours)?;
    Ok(Begun { token: ceremonies::begin(app, SIGN_IN, None, &state).await?, options: options(&made)? })
}

/// Signs in. Tries are counted before they are checked, and a challenge is used up by the first of them.
///
/// # Errors
/// 401 for whatever does not match, the same for every reason; 429.
pub async fn sign_in(app: &App, answer: Answer, client: &Client) -> Result<SignedIn> {
    sign_in::admit_source(app, client.ip)?;
    let state = ceremonies::take(app, SIGN_IN, None, &answer.token).await?;
    let (found, proof) = match (state, serde_json::from_value(answer.credential)) {
        (Some(state), Ok(shown)) => check(app, state, &shown).await?,
        _ => (None, None),
    };
    match (found, proof) {
        (Some((who, stored)), Some(credential)) => open(app, who, stored, credential, client).await,
        (found, _) => refuse(app, found.map(|(who, _)| who.id), client).await,
    }
}

/// Whose passkey it is, as far as that is known, and what is to be kept of it if all is right.
type Checked = (Option<(Staff, Stored)>, Option<String>);

async fn check(app: &App, state: DiscoverableAuthentication, shown: &PublicKeyCredential) -> Result<Checked> {
    let party = relying_party(app)?;
    let Ok((handle, credential_id)) = party.identify_discoverable_authentication(shown) else {
        return Ok((None, None));
    };
    let mut conn = app.store.read().await?;
    let Some(stored) = passkeys::by_credential(&mut conn, credential_id).await? else { return Ok((None, None)) };
    let Some(who) = staff::by_id(&mut conn, &stored.staff).await? else { return Ok((None, None)) };
    drop(conn);
    let mine = key(&stored)?;
    let proof = party.finish_discoverable_authentication_v2(shown, state, &mine);
    let right = handle == user_handle(app, &who.id) && sign_in::may_come(&who);
    let kept = match proof {
        Ok(proof) if right => kept(mine, &proof)?,
        _ => None,
    };
    Ok((Some((who, stored)), kept))
}

/// What is kept of a passkey after a use (its counter); `None` unless the authenticator knew its owner.
fn kept(mut key: webauthn_rs::prelude::Passkey, proof: &AuthenticationResult) -> Result<Option<String>> {
    let matches = key.update_credential(proof).is_some();
    if !proof.user_verified() || !matches {
        return Ok(None);
    }
    serde_json::to_string(&key).map(Some).map_err(ours)
}

async fn open(app: &App, who: Staff, stored: Stored, credential: String, client: &Client) -> Result<SignedIn> {
    let opening = Opening::new(app, &who.id, "passkey", client);
    let (now, id) = (app.clock.now(), who.id.clone());
    let opened: Result<Option<Opened>> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let still = staff::by_id(conn, &id).await?.is_some_and(|who| sign_in::may_come(&who));
                if !still || !passkeys::used(conn, &stored, &credential, now).await? {
                    return Ok(None);
                }
                Ok(Some(opening.run(conn).await?))
            })
        })
        .await;
    match opened? {
        Some(opened) => Ok(SignedIn { opened, device: sign_in::device_token(app, &who.name) }),
        None => refuse(app, Some(who.id), client).await,
    }
}

async fn refuse<T>(app: &App, who: Option<StaffId>, client: &Client) -> Result<T> {
    let failed: Result<T> = sign_in::fail(app, who, client).await;
    failed.map_err(|error| {
        let public = "This passkey does not open the console. Try again, or sign in another way.";
        AppError { public: public.to_owned(), ..error }
    })
}

/// Begins a fresh proof with one of one's own passkeys.
///
/// # Errors
/// 422 `passkey_missing` where there is none.
pub async fn begin_confirming(app: &App, seat: &Seat) -> Result<Begun> {
    let stored = passkeys::of(&mut app.store.read().await?, &seat.staff).await?;
    let keys = stored.iter().map(key).collect::<Result<Vec<_>>>()?;
    if keys.is_empty() {
        return Err(AppError::invalid("passkey", "passkey_missing", "You have no passkey here yet."));
    }
    let (made, state) = relying_party(app)?.start_passkey_authentication(&keys).map_err(ours)?;
    Ok(Begun { token: ceremonies::begin(app, CONFIRM, Some(&seat.staff), &state).await?, options: options(&made)? })
}

/// Proves again who sits there; the session gets a new cookie.
///
/// # Errors
/// 422 `passkey_refused`; 429; 401 where the session has ended.
pub async fn confirm(app: &App, seat: &Seat, answer: Answer, client: &Client) -> Result<Opened> {
    sign_in::admit_source(app, client.ip)?;
    let state: Option<PasskeyAuthentication> = ceremonies::take(app, CONFIRM, Some(&seat.staff), &answer.token).await?;
    let (Some(state), Ok(shown)) = (state, serde_json::from_value::<PublicKeyCredential>(answer.credential)) else {
        return Err(not_taken());
    };
    let proof = relying_party(app)?.finish_passkey_authentication(&shown, &state).map_err(|_| not_taken())?;
    let found = passkeys::by_credential(&mut app.store.read().await?, proof.cred_id()).await?;
    let stored = found.filter(|p| p.staff == seat.staff).ok_or_else(not_taken)?;
    let credential = kept(key(&stored)?, &proof)?.ok_or_else(not_taken)?;
    let (renewal, now) = (Renewal::new(app, seat, "passkey"), app.clock.now());
    app.store.write(move |conn| Box::pin(renew(conn, renewal, stored, credential, now))).await
}

async fn renew(
    conn: &mut Conn,
    renewal: Renewal,
    stored: Stored,
    credential: String,
    now: Timestamp,
) -> Result<Opened> {
    if !passkeys::used(conn, &stored, &credential, now).await? {
        return Err(not_taken());
    }
    renewal.run(conn).await
}

//! Sign-in by an OpenID Connect provider: begun here, proved there, finished by the same browser.
//!
//! What a visitor sees of a failure is one sentence; which it was stands in the evidence and in the log.

mod arriving;

use super::sessions::{self, Opened};
use super::{Seat, ceremonies, sign_in};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::client::Client;
use crate::oidc::{Drawn, Fault, Provider};
use crate::store::evidence;
use crate::store::evidence::Draft;
use arriving::Arrival;
use countersign_core::ids::{StaffId, StaffSessionId};
use countersign_core::secret::{Key, SecretText};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

const KIND: &str = "oidc";

/// A sign-in that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// For a cookie; ends it, once.
    pub token: SecretText,
    /// Where the browser goes.
    pub url: String,
    /// How long the cookie is of use.
    pub lasts: Duration,
}

/// What stays here until it ends.
#[derive(Serialize, Deserialize)]
struct Kept {
    drawn: Drawn,
    /// Where the person wants to go.
    next: String,
    /// The session that is to be confirmed; none: a new one is to be opened.
    session: Option<String>,
}

/// What the browser came back with.
#[derive(Debug, Clone)]
pub struct Callback {
    /// Of the cookie.
    pub token: SecretText,
    /// Of the address.
    pub state: String,
    /// Of the address, unless the provider refused.
    pub code: Option<SecretText>,
    /// Of the address, where the provider says who it is (RFC 9207).
    pub issuer: Option<String>,
}

/// A sign-in that ended well.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The session, new or renewed.
    pub opened: Opened,
    /// The session that was there before and was renewed.
    pub renewed: Option<StaffSessionId>,
    /// Where the person wanted to go.
    pub next: String,
}

/// Why it did not; for the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Nothing of ours was begun with this browser, or it was finished.
    NotBegun,
    /// The provider said no, or the person did.
    Refused,
    /// What came back does not hold.
    NotBelieved,
    /// No group of theirs is mapped.
    NoRole,
    /// They are shut out here.
    Disabled,
    /// Somebody else signed in there than sits here.
    SomebodyElse,
}

impl Why {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Refused => "refused",
            Self::NotBelieved => "not_believed",
            Self::NoRole => "no_role",
            Self::Disabled => "disabled",
            Self::SomebodyElse => "somebody_else",
        }
    }
}

fn provider(app: &App) -> Result<&Provider> {
    app.oidc.as_ref().ok_or_else(|| AppError::not_found("There is no such page."))
}

/// What the button says, if there is a provider.
pub fn label(app: &App) -> Option<&str> {
    app.oidc.as_ref().map(|provider| provider.settings().label.as_str())
}

/// Begins a sign-in, or, with a seat, a fresh proof of who sits there; `next` is where the person wants to go then.
///
/// # Errors
/// 404 where there is no provider; 429; 503 where it is away.
pub async fn begin(app: &App, seat: Option<&Seat>, next: String, client: &Client) -> Result<Begun> {
    let provider = provider(app)?;
    sign_in::admit_beginning(app, client.ip)?;
    let (now, mut rng) = (app.clock.now(), app.rng());
    let mut draw = || sessions::secret(&mut rng).expose().to_owned();
    let drawn =
        Drawn { state: draw(), nonce: draw(), verifier: draw(), fresh_since: seat.is_some().then(|| now.micros()) };
    let url = provider.begin(&drawn, now).await.map_err(|fault| away(&fault))?;
    let kept = Kept { drawn, next, session: seat.map(|seat| seat.session.as_str().to_owned()) };
    let token = ceremonies::begin(app, KIND, None, &kept).await?;
    Ok(Begun { token, url: url.into(), lasts: ceremonies::LIFETIME })
}

/// Ends it: a session for whomever the provider vouches for and whose groups are mapped, or a renewed one.
///
/// # Errors
/// 403 for whatever does not hold, the same for every reason; 404; 429; 503 where the provider is away.
pub async fn finish(app: &App, back: Callback, seat: Option<&Seat>, client: &Client) -> Result<Finished> {
    let provider = provider(app)?;
    sign_in::admit_source(app, client.ip)?;
    let kept: Option<Kept> = ceremonies::take(app, KIND, None, &back.token).await?;
    let Some(kept) = kept.filter(|kept| is_ours(provider, kept, &back)) else {
        return refuse(app, None, Why::NotBegun, client).await;
    };
    let Some(code) = back.code else { return refuse(app, None, Why::Refused, client).await };
    let person = match provider.finish(&code, &kept.drawn, app.clock.now()).await {
        Ok(person) => person,
        Err(fault @ Fault::Away(_)) => return Err(away(&fault)),
        Err(fault) => {
            let refused = refuse(app, None, Why::NotBelieved, client).await;
            return refused.map_err(|error| AppError { internal: Some(fault.to_string()), ..error });
        }
    };
    let arrival = Arrival::new(provider, person);
    let seat = seat.filter(|seat| kept.session.as_deref() == Some(seat.session.as_str()));
    let arrived = match (&kept.session, seat) {
        (None, _) => arrival.sign_in(app, client).await?,
        (Some(_), Some(seat)) => arrival.confirm(app, seat).await?,
        (Some(_), None) => Err((None, Why::NotBegun)),
    };
    match arrived {
        Ok(opened) => Ok(Finished { opened, renewed: seat.map(|seat| seat.session.clone()), next: kept.next }),
        Err((who, why)) => refuse(app, who, why, client).await,
    }
}

/// Whether what came back belongs to what was begun; compared in constant time.
fn is_ours(provider: &Provider, kept: &Kept, back: &Callback) -> bool {
    let key = Key::new([0; 32]);
    let same = key.mac(&[kept.drawn.state.as_bytes()]) == key.mac(&[back.state.as_bytes()]);
    same && back.issuer.as_deref().is_none_or(|issuer| issuer == provider.issuer())
}

fn away(fault: &Fault) -> AppError {
    let public =
        "The sign-in of your organisation does not answer right now. Try again in a minute, or sign in another way.";
    AppError { public: public.to_owned(), ..AppError::unavailable(fault.to_string()) }
}

/// Writes it down; the same answer for every reason.
async fn refuse<T>(app: &App, who: Option<StaffId>, why: Why, client: &Client) -> Result<T> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let what = json!({
        "staff": who.as_ref().map(StaffId::as_str), "method": "oidc", "why": why.as_str(), "client": client.coarse(),
    });
    let entry = Draft::new("staff.sign_in_failed", None, what, now, &mut rng);
    let written: Result<()> =
        app.store.write(move |conn| Box::pin(async move { Ok(evidence::append(conn, vec![entry]).await?) })).await;
    written?;
    let public = "This sign-in does not open the console. Start again here; if that does not help, ask an admin \
                  whether one of your groups lets you in.";
    Err(AppError::new(403, "sign_in_refused", public))
}

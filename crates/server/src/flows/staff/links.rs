//! One-time links: the first one, invitations, and the way back for somebody who has lost what they sign in with.
//!
//! A link for somebody who is enrolled keeps their second factor (`recover`, invariant G7), unless an admin says that it
//! is lost as well (`reset`).

use super::actor::Actor;
use super::factors::{self, Offer, wrong_code};
use super::passkeys::{self as keys, Answer, Begun};
use super::sessions::{self, Opened, Opening};
use super::sign_in;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::client::Client;
use crate::store::evidence::Draft;
use crate::store::staff::{Link, Staff};
use crate::store::{Conn, StoreError, evidence, passkeys, staff};
use countersign_core::ids::{StaffId, StaffLinkId};
use countersign_core::secret::{Digest, SecretText};
use countersign_core::staff::Permission;
use countersign_core::time::Timestamp;
use serde_json::json;

/// What a link is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// The very first sign-in.
    First,
    /// Somebody new.
    Invite,
    /// A new password; the second factor is asked for.
    Recover,
    /// Everything anew.
    Reset,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::First, Self::Invite, Self::Recover, Self::Reset];

    /// The name in the store and in entries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Invite => "invite",
            Self::Recover => "recover",
            Self::Reset => "reset",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }

    /// Whether a new second factor is set up.
    pub const fn sets_factors(self) -> bool {
        !matches!(self, Self::Recover)
    }
}

/// A link that was just made; its text is shown once.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Where it leads.
    pub url: SecretText,
    /// When it dies.
    pub expires_at: Timestamp,
    /// What it is for.
    pub purpose: Purpose,
}

/// A link before the transaction that stores it.
pub(super) struct Issue {
    link: Link,
    secret: Digest,
    issued: Issued,
    by: Option<StaffId>,
    entry: Draft,
    now: Timestamp,
}

impl Issue {
    pub(super) fn new(app: &App, actor: &Actor, whose: &StaffId, purpose: Purpose) -> Self {
        let (now, mut rng) = (app.clock.now(), app.rng());
        let secret = sessions::secret(&mut rng);
        let expires_at = now.plus(app.config.console.link_lifetime.duration());
        let link = Link {
            id: StaffLinkId::new(now, &mut rng),
            staff: whose.clone(),
            purpose: purpose.as_str().to_owned(),
            expires_at,
            closed_at: None,
        };
        let what = json!({
            "by": actor.named(), "staff": whose.as_str(), "link": link.id.as_str(), "purpose": purpose.as_str(),
        });
        let entry = Draft::new("staff.link_issued", None, what, now, &mut rng);
        let url = app.config.server.origin.link(&format!("/console/welcome/{}", secret.expose()));
        let issued = Issued { url: SecretText::new(url), expires_at, purpose };
        Self { link, secret: hash(app, &secret), issued, by: actor.staff().cloned(), entry, now }
    }

    pub(super) async fn run(self, conn: &mut Conn) -> std::result::Result<Issued, StoreError> {
        staff::insert_link(conn, &self.link, &self.secret, self.by.as_ref(), self.now).await?;
        evidence::append(conn, vec![self.entry]).await?;
        Ok(self.issued)
    }
}

fn hash(app: &App, secret: &SecretText) -> Digest {
    app.keys.hash.mac(&[b"staff link", secret.expose().as_bytes()])
}

/// Makes a link for somebody; earlier ones are void. With `lost_all` their factors are set up anew.
///
/// # Errors
/// 404 where there is nobody; 409 `vouched_elsewhere` where a provider vouches for them; what `Asks::check` says.
pub async fn issue(app: &App, actor: &Actor, whose: StaffId, lost_all: bool) -> Result<Issued> {
    let asks = actor.asks(app, Permission::ManageStaff);
    let found = staff::by_id(&mut app.store.read().await?, &whose).await?;
    let who = found.ok_or_else(|| AppError::not_found("There is nobody with this id."))?;
    if who.oidc_issuer.is_some() {
        let public = "This person signs in by your organisation's provider. Help them back in there.";
        return Err(AppError::new(409, "vouched_elsewhere", public));
    }
    let purpose = match (who.password_hash.is_some(), lost_all) {
        (false, _) => Purpose::Invite,
        (true, true) => Purpose::Reset,
        (true, false) => Purpose::Recover,
    };
    let issue = Issue::new(app, actor, &whose, purpose);
    app.store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                Ok(issue.run(conn).await?)
            })
        })
        .await
}

/// What the page of a link shows.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// For whom.
    pub who: Staff,
    /// What it is for.
    pub purpose: Purpose,
    /// The authenticator's secret, where one is set up.
    pub offer: Option<Offer>,
    link: StaffLinkId,
}

/// Looks at a link without using it.
///
/// # Errors
/// 410 for everything that is not a live link; 429.
pub async fn look(app: &App, secret: &SecretText, client: &Client) -> Result<Welcome> {
    sign_in::admit_source(app, client.ip)?;
    find(app, secret).await
}

async fn find(app: &App, secret: &SecretText) -> Result<Welcome> {
    let mut conn = app.store.read().await?;
    let link = staff::link_by_secret(&mut conn, &hash(app, secret)).await?;
    let now = app.clock.now();
    let link = link.filter(|l| l.closed_at.is_none() && l.expires_at > now).ok_or_else(AppError::gone)?;
    let who = staff::by_id(&mut conn, &link.staff).await?.filter(|w| w.disabled_at.is_none());
    let who = who.ok_or_else(AppError::gone)?;
    let purpose = Purpose::parse(&link.purpose);
    let purpose = purpose.ok_or_else(|| AppError::internal("a one-time link has a purpose that is not known"))?;
    let offer = purpose.sets_factors().then(|| Offer::new(app, &who.id, link.id.as_str()));
    Ok(Welcome { who, purpose, offer, link: link.id })
}

/// What was typed on the page of a link.
#[derive(Debug, Clone)]
pub struct Enrol {
    /// Of the link.
    pub secret: SecretText,
    /// The new password.
    pub password: SecretText,
    /// A one-time code: of the new authenticator, or, where it is kept, of the old one; there a saved code also does.
    pub code: SecretText,
    /// From where.
    pub client: Client,
}

/// Somebody who came in by a link.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Their session.
    pub opened: Opened,
    /// For the browser.
    pub device: SecretText,
    /// Saved recovery codes, shown once; none where the old ones still hold.
    pub codes: Vec<SecretText>,
}

/// Uses a link: sets the password, sets up or asks for the second factor, ends all older sessions, opens one.
///
/// # Errors
/// 410 for everything that is not a live link; 422 `password_weak`, `code_wrong`; 429. The link stays live then.
pub async fn enrol(app: &App, ask: Enrol) -> Result<Enrolled> {
    sign_in::admit_source(app, ask.client.ip)?;
    let welcome = find(app, &ask.secret).await?;
    sign_in::admit_name(app, welcome.link.as_str(), false)?;
    let factor = factor(app, &welcome, &ask.code)?;
    let password = factors::new_password(app, &ask.password, &welcome.who).await?;
    Finish::new(app, welcome, factor, password, &ask.client).run(app).await
}

/// What becomes of the second factor.
enum Factor {
    New { sealed: Vec<u8>, step: i64 },
    Kept(factors::Second),
}

fn factor(app: &App, welcome: &Welcome, code: &SecretText) -> Result<Factor> {
    match &welcome.offer {
        Some(offer) => Ok(Factor::New { step: offer.prove(app, code)?, sealed: offer.sealed(app, &welcome.who.id) }),
        None => factors::second(app, &welcome.who, code)?.map(Factor::Kept).ok_or_else(wrong_code),
    }
}

/// The last step, in one transaction.
struct Finish {
    welcome: Welcome,
    factor: Factor,
    password: String,
    codes: Vec<SecretText>,
    hashes: Vec<Digest>,
    opening: Opening,
    entry: Draft,
    now: Timestamp,
}

impl Finish {
    fn new(app: &App, welcome: Welcome, factor: Factor, password: String, client: &Client) -> Self {
        let (codes, hashes) = match factor {
            Factor::New { .. } => factors::recovery_codes(app),
            Factor::Kept(_) => (Vec::new(), Vec::new()),
        };
        let (now, mut rng) = (app.clock.now(), app.rng());
        let what = json!({
            "staff": welcome.who.id.as_str(), "link": welcome.link.as_str(), "purpose": welcome.purpose.as_str(),
            "client": client.coarse(),
        });
        let entry = Draft::new("staff.enrolled", None, what, now, &mut rng);
        let opening = Opening::new(app, &welcome.who.id, "link", client);
        Self { welcome, factor, password, codes, hashes, opening, entry, now }
    }

    async fn run(self, app: &App) -> Result<Enrolled> {
        let device = sign_in::device_token(app, &self.welcome.who.name);
        app.store
            .write(move |conn| {
                Box::pin(async move {
                    let (id, now) = (&self.welcome.who.id, self.now);
                    if !staff::close_link(conn, &self.welcome.link, now).await? {
                        return Err(AppError::gone());
                    }
                    match &self.factor {
                        Factor::New { sealed, step } => {
                            passkeys::remove_all(conn, id).await?;
                            staff::set_totp(conn, id, Some(sealed.clone()), *step).await?;
                            staff::set_recovery_codes(conn, id, &self.hashes, now).await?;
                        }
                        Factor::Kept(second) if !second.take(conn, id, now).await? => return Err(wrong_code()),
                        Factor::Kept(_) => {}
                    }
                    staff::set_password(conn, id, Some(&self.password)).await?;
                    staff::end_sessions(conn, id, None, "came in by a link", now).await?;
                    staff::close_pleas(conn, id, now).await?;
                    evidence::append(conn, vec![self.entry]).await?;
                    Ok(Enrolled { opened: self.opening.run(conn).await?, device, codes: self.codes })
                })
            })
            .await
    }
}

/// Begins setting up a passkey by a link; the link stays live.
///
/// # Errors
/// 410 for everything that is not a live link that sets up factors; 429.
pub async fn begin_passkey(app: &App, secret: &SecretText, client: &Client) -> Result<Begun> {
    sign_in::admit_beginning(app, client.ip)?;
    keys::begin_adding(app, &find_for_passkey(app, secret).await?.who.id).await
}

/// A link that keeps the second factor sets up no passkey: that would go around it (G7).
async fn find_for_passkey(app: &App, secret: &SecretText) -> Result<Welcome> {
    let welcome = find(app, secret).await?;
    if welcome.purpose.sets_factors() { Ok(welcome) } else { Err(AppError::gone()) }
}

/// Uses a link: a passkey is the one way in from then on, everything from before is void.
///
/// # Errors
/// 410 for everything that is not a live link that sets up factors; 422 `passkey_refused`, `name_invalid`; 429. The link
/// stays live then.
pub async fn enrol_passkey(
    app: &App,
    secret: &SecretText,
    answer: Answer,
    name: &str,
    client: &Client,
) -> Result<Enrolled> {
    sign_in::admit_source(app, client.ip)?;
    let welcome = find_for_passkey(app, secret).await?;
    let made = keys::finish_adding(app, &welcome.who.id, answer, name).await?;
    let device = sign_in::device_token(app, &welcome.who.name);
    let (now, mut rng, id) = (app.clock.now(), app.rng(), welcome.who.id);
    let what = json!({
        "staff": id.as_str(), "link": welcome.link.as_str(), "purpose": welcome.purpose.as_str(), "with": "passkey",
        "client": client.coarse(),
    });
    let entry = Draft::new("staff.enrolled", None, what, now, &mut rng);
    let opening = Opening::new(app, &id, "link", client);
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if !staff::close_link(conn, &welcome.link, now).await? {
                    return Err(AppError::gone());
                }
                begin_anew(conn, &id, now).await?;
                made.run(conn).await?;
                evidence::append(conn, vec![entry]).await?;
                Ok(Enrolled { opened: opening.run(conn).await?, device, codes: Vec::new() })
            })
        })
        .await
}

/// Whatever somebody could sign in with is void, and nobody sits there any more.
async fn begin_anew(conn: &mut Conn, id: &StaffId, now: Timestamp) -> Result<()> {
    staff::set_password(conn, id, None).await?;
    staff::set_totp(conn, id, None, 0).await?;
    staff::set_recovery_codes(conn, id, &[], now).await?;
    passkeys::remove_all(conn, id).await?;
    staff::end_sessions(conn, id, None, "came in by a link", now).await?;
    Ok(staff::close_pleas(conn, id, now).await?)
}

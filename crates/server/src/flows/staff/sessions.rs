//! Sessions of the console: opened after a proof, known by a cookie, renewed by every further proof, ended.

use super::actor::{self, Actor, Asks, Seat};
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::flows::client::Client;
use crate::keyring::Keyring;
use crate::store::evidence::Draft;
use crate::store::staff::{NewSession, Seated};
use crate::store::{Conn, StoreError, evidence, staff};
use countersign_core::gate::source;
use countersign_core::ids::{StaffId, StaffSessionId};
use countersign_core::secret::{Digest, SecretText};
use countersign_core::staff::{Limits, Permission, Standing};
use countersign_core::time::Timestamp;
use data_encoding::BASE64URL_NOPAD;
use rand::Rng;
use serde_json::json;
use std::time::Duration;

/// "Last seen" is kept to this, so that a page is not a write.
const SEEN_EVERY: Duration = Duration::from_secs(30);

/// A session that was just opened or renewed.
#[derive(Debug, Clone)]
pub struct Opened {
    /// For the cookie; stored as a keyed hash.
    pub token: SecretText,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// Whose.
    pub staff: StaffId,
}

/// The limits that are set.
pub fn limits(app: &App) -> Limits {
    let console = &app.config.console;
    Limits {
        idle: console.idle_timeout.duration(),
        absolute: console.session_lifetime.duration(),
        step_up: console.step_up.duration(),
    }
}

/// A new secret for a cookie or a link: 256 random bits.
pub(super) fn secret(rng: &mut impl Rng) -> SecretText {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    SecretText::new(BASE64URL_NOPAD.encode(&bytes))
}

fn hash(keys: &Keyring, token: &SecretText) -> Digest {
    keys.hash.mac(&[b"staff session", token.expose().as_bytes()])
}

/// What a session is made of before the transaction that opens it.
pub(super) struct Opening {
    row: NewSession,
    opened: Opened,
    entry: Draft,
}

impl Opening {
    /// A session for `staff`, who proved who they are by `method`.
    pub(super) fn new(app: &App, staff: &StaffId, method: &'static str, client: &Client) -> Self {
        let (now, mut rng) = (app.clock.now(), app.rng());
        let (id, token) = (StaffSessionId::new(now, &mut rng), secret(&mut rng));
        let row = NewSession {
            id: id.clone(),
            staff: staff.clone(),
            token_hash: hash(&app.keys, &token),
            method,
            agent: client.device_kind().as_str().to_owned(),
            source: source::coarse(client.ip),
            at: now,
        };
        let what = json!({
            "staff": staff.as_str(), "session": id.as_str(), "method": method, "client": client.coarse(),
        });
        let entry = Draft::new("staff.signed_in", None, what, now, &mut rng);
        Self { row, opened: Opened { token, until: now.plus(limits(app).absolute), staff: staff.clone() }, entry }
    }

    /// Opens it, in the transaction of whatever proved who the person is.
    pub(super) async fn run(self, conn: &mut Conn) -> std::result::Result<Opened, StoreError> {
        staff::open_session(conn, &self.row).await?;
        evidence::append(conn, vec![self.entry]).await?;
        Ok(self.opened)
    }
}

/// Who sits behind a cookie; `None` where nobody does, whatever the reason. It counts as use of the session.
///
/// # Errors
/// 503 where the database is away.
pub async fn seat(app: &App, token: &SecretText) -> Result<Option<Seat>> {
    let Some((seat, seen_at)) = find(app, token).await? else { return Ok(None) };
    let now = app.clock.now();
    if now.since(seen_at) >= SEEN_EVERY {
        touch(app, seat.session.clone(), now).await?;
    }
    Ok(Some(seat))
}

/// The same without counting as use: for what goes on while nobody does anything.
///
/// # Errors
/// 503 where the database is away.
pub async fn look(app: &App, token: &SecretText) -> Result<Option<Seat>> {
    Ok(find(app, token).await?.map(|(seat, _)| seat))
}

/// The seat, and when it was last used.
async fn find(app: &App, token: &SecretText) -> Result<Option<(Seat, Timestamp)>> {
    let found = staff::session_by_token(&mut app.store.read().await?, &hash(&app.keys, token)).await?;
    let Some(seated) = found.filter(|s| !s.disabled) else { return Ok(None) };
    let limits = limits(app);
    let Standing::Live { fresh } = seated.times.standing(&limits, app.clock.now()) else { return Ok(None) };
    let (until, seen_at) = (seated.times.created_at.plus(limits.absolute), seated.times.seen_at);
    let Seated { id, staff, name, shown_name, roles, .. } = seated;
    Ok(Some((Seat { staff, session: id, name, shown_name, roles, fresh, until }, seen_at)))
}

/// Use of a session is no change of state that anybody would look for in the log: no entry.
async fn touch(app: &App, id: StaffSessionId, now: Timestamp) -> Result<()> {
    Ok(app.store.write(move |conn| Box::pin(async move { staff::touch_session(conn, &id, now).await })).await?)
}

/// Renews a session after a fresh proof, within the proof's transaction; the old cookie is worth nothing from then on.
pub(super) struct Renewal {
    session: StaffSessionId,
    hash: Digest,
    opened: Opened,
    now: Timestamp,
    entry: Draft,
}

impl Renewal {
    /// Of the session of `seat`, proved by `method`.
    pub(super) fn new(app: &App, seat: &Seat, method: &'static str) -> Self {
        let (now, mut rng) = (app.clock.now(), app.rng());
        let token = secret(&mut rng);
        let what = json!({ "by": { "staff": seat.staff.as_str() }, "method": method });
        let entry = Draft::new("staff.confirmed", None, what, now, &mut rng);
        let hash = hash(&app.keys, &token);
        let opened = Opened { token, until: seat.until, staff: seat.staff.clone() };
        Self { session: seat.session.clone(), hash, opened, now, entry }
    }

    /// Renews it.
    pub(super) async fn run(self, conn: &mut Conn) -> Result<Opened> {
        if !staff::confirm_session(conn, &self.session, &self.hash, self.now).await? {
            return Err(actor::signed_out());
        }
        evidence::append(conn, vec![self.entry]).await?;
        Ok(self.opened)
    }
}

/// Signs out.
///
/// # Errors
/// 503 where the database is away.
pub async fn sign_out(app: &App, seat: &Seat) -> Result<()> {
    end(app, &Actor::Staff(Box::new(seat.clone())), seat.staff.clone(), Which::One(seat.session.clone()))
        .await
        .map(|_| ())
}

/// Which sessions.
#[derive(Debug, Clone)]
pub enum Which {
    /// This one.
    One(StaffSessionId),
    /// All but this one.
    AllBut(StaffSessionId),
    /// All.
    All,
}

/// Ends sessions of one's own, or, with the permission for it, of somebody else; how many.
///
/// # Errors
/// 404 where there is no such session; what `Asks::check` says.
pub async fn end(app: &App, actor: &Actor, whose: StaffId, which: Which) -> Result<u64> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let own = actor.staff() == Some(&whose);
    let asks: Option<Asks> = (!own).then(|| actor.asks(app, Permission::ManageStaff));
    let by = actor.named();
    app.store
        .write(move |conn| {
            Box::pin(async move {
                if let Some(asks) = asks {
                    asks.check(conn).await?;
                }
                let ended = match &which {
                    Which::One(id) => u64::from(staff::end_session(conn, &whose, id, "by hand", now).await?),
                    Which::AllBut(id) => staff::end_sessions(conn, &whose, Some(id), "by hand", now).await?,
                    Which::All => staff::end_sessions(conn, &whose, None, "by hand", now).await?,
                };
                if ended == 0 && matches!(which, Which::One(_)) {
                    return Err(AppError::not_found("There is no such session, or it has ended."));
                }
                let what = json!({ "by": by, "staff": whose.as_str(), "sessions": ended });
                evidence::append(conn, vec![Draft::new("staff.sessions_ended", None, what, now, &mut rng)]).await?;
                Ok(ended)
            })
        })
        .await
}

/// Whether these sessions of a list may still be used.
pub fn live(app: &App, sessions: Vec<Seated>) -> Vec<Seated> {
    let (limits, now) = (limits(app), app.clock.now());
    let is_live = |s: &Seated| matches!(s.times.standing(&limits, now), Standing::Live { .. });
    sessions.into_iter().filter(is_live).collect()
}

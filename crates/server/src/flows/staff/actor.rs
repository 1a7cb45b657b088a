//! Who acts, and whether they may: asked once at the door and again in the transaction that acts.

use super::sessions;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::{Conn, staff};
use countersign_core::ids::{ApiKeyId, StaffId, StaffSessionId};
use countersign_core::staff::{Limits, Permission, Roles, Standing};
use countersign_core::time::Timestamp;
use serde_json::{Value, json};

/// Somebody of the staff at the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub staff: StaffId,
    /// In which session.
    pub session: StaffSessionId,
    /// What they sign in with.
    pub name: String,
    /// What others see.
    pub shown_name: String,
    /// What they are here for.
    pub roles: Roles,
    /// Whether they have lately proved who they are.
    pub fresh: bool,
    /// When the session ends, however much it is used.
    pub until: Timestamp,
}

/// Who acts; every entry about it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody at the console.
    Staff(Box<Seat>),
    /// Whoever may run commands on the server's machine.
    Command,
    /// A program with a key; what it may is its scopes, which its door has checked.
    Key(ApiKeyId),
}

impl Actor {
    /// What entries say: `{"staff": "stf_…"}`, `{"key": "key_…"}` or `"command"`.
    pub fn named(&self) -> Value {
        match self {
            Self::Staff(seat) => json!({ "staff": seat.staff.as_str() }),
            Self::Key(key) => json!({ "key": key.as_str() }),
            Self::Command => json!("command"),
        }
    }

    /// Whose doing it is, if somebody's of the staff.
    pub fn staff(&self) -> Option<&StaffId> {
        match self {
            Self::Staff(seat) => Some(&seat.staff),
            _ => None,
        }
    }

    /// What asks again within the transaction.
    pub fn asks(&self, app: &App, what: Permission) -> Asks {
        let session = match self {
            Self::Staff(seat) => Some(seat.session.clone()),
            _ => None,
        };
        Asks { session, what, limits: sessions::limits(app), now: app.clock.now() }
    }
}

/// A permission that is looked up where the change is written: a role that was taken away, or a session that was ended,
/// a moment ago is not used any more.
#[derive(Clone, Debug)]
pub struct Asks {
    session: Option<StaffSessionId>,
    what: Permission,
    limits: Limits,
    now: Timestamp,
}

impl Asks {
    /// Fails where the actor may not.
    ///
    /// # Errors
    /// 401 for a session that has ended; 403 `not_permitted` and `confirm_needed`.
    pub async fn check(&self, conn: &mut Conn) -> Result<()> {
        let Some(session) = &self.session else { return Ok(()) };
        let (roles, fresh) = live(conn, session, &self.limits, self.now).await?;
        permitted(roles, fresh, self.what)
    }
}

/// The roles of whoever sits in a session, and whether the last proof is fresh, as the transaction sees them.
///
/// # Errors
/// 401 for a session that has ended.
pub(super) async fn live(
    conn: &mut Conn,
    session: &StaffSessionId,
    limits: &Limits,
    now: Timestamp,
) -> Result<(Roles, bool)> {
    let seated = staff::session(conn, session).await?.filter(|s| !s.disabled);
    let seated = seated.ok_or_else(signed_out)?;
    match seated.times.standing(limits, now) {
        Standing::Live { fresh } => Ok((seated.roles, fresh)),
        Standing::Idle | Standing::Old | Standing::Ended => Err(signed_out()),
    }
}

/// Whether these roles may, with or without a fresh proof.
///
/// # Errors
/// 403 `not_permitted` and `confirm_needed`.
pub fn permitted(roles: Roles, fresh: bool, what: Permission) -> Result<()> {
    if !roles.may(what) {
        return Err(AppError::new(403, "not_permitted", "Your role does not permit this."));
    }
    if what.is_privileged() && !fresh {
        return Err(confirm_needed());
    }
    Ok(())
}

pub(super) fn confirm_needed() -> AppError {
    AppError::new(403, "confirm_needed", "Confirm first that it is you.")
}

pub(super) fn signed_out() -> AppError {
    AppError::new(401, "signed_out", "You are signed out. Sign in again.")
}

//! Somebody whom a provider vouches for arrives: known or new, with the roles that their groups make now.

use super::Why;
use crate::app::App;
use crate::flows::Result;
use crate::flows::client::Client;
use crate::flows::staff::Seat;
use crate::flows::staff::sessions::{Opened, Opening, Renewal};
use crate::oidc::{Person, Provider};
use crate::store::evidence::Draft;
use crate::store::staff::Staff;
use crate::store::{Conn, evidence, staff};
use countersign_core::ids::StaffId;
use countersign_core::secret::Key;
use countersign_core::staff::{self as rules, Roles};
use countersign_core::time::Timestamp;
use rand::rngs::StdRng;
use serde_json::json;

/// A session, or who it was and why there is none.
pub(super) type Arrived = std::result::Result<Opened, (Option<StaffId>, Why)>;

/// Who arrives.
pub(super) struct Arrival {
    issuer: String,
    person: Person,
    roles: Roles,
}

impl Arrival {
    pub(super) fn new(provider: &Provider, person: Person) -> Self {
        let roles = provider.settings().roles_of(&person.groups);
        Self { issuer: provider.issuer().to_owned(), person, roles }
    }

    /// Opens a session, for a new member of the staff where their groups make them one.
    pub(super) async fn sign_in(self, app: &App, client: &Client) -> Result<Arrived> {
        let (now, mut rng) = (app.clock.now(), app.rng());
        let mut conn = app.store.read().await?;
        let found = staff::by_oidc(&mut conn, &self.issuer, &self.person.subject).await?;
        drop(conn);
        // Where somebody else makes the same person meanwhile, the database refuses the second, and they try again.
        let id = found.map_or_else(|| StaffId::new(now, &mut rng), |who| who.id);
        let opening = Opening::new(app, &id, "oidc", client);
        app.store
            .write(move |conn| {
                Box::pin(async move {
                    let settled = self.settle(conn, &id, now, &mut rng).await?;
                    match settled {
                        Ok(()) => Ok(Ok(opening.run(conn).await?)),
                        Err(refused) => Ok(Err(refused)),
                    }
                })
            })
            .await
    }

    /// Renews the session of whoever sits there, if it is they who arrive.
    pub(super) async fn confirm(self, app: &App, seat: &Seat) -> Result<Arrived> {
        let (now, mut rng) = (app.clock.now(), app.rng());
        let (id, renewal) = (seat.staff.clone(), Renewal::new(app, seat, "oidc"));
        app.store
            .write(move |conn| {
                Box::pin(async move {
                    let found = staff::by_oidc(conn, &self.issuer, &self.person.subject).await?;
                    if found.is_none_or(|who| who.id != id) {
                        return Ok(Err((Some(id), Why::SomebodyElse)));
                    }
                    match self.settle(conn, &id, now, &mut rng).await? {
                        Ok(()) => Ok(Ok(renewal.run(conn).await?)),
                        Err(refused) => Ok(Err(refused)),
                    }
                })
            })
            .await
    }

    /// Makes the person who the provider says they are; or says why they do not come in. The provider has the last word on
    /// roles: whoever is in no group any more has none, and no session.
    async fn settle(
        &self,
        conn: &mut Conn,
        id: &StaffId,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<std::result::Result<(), (Option<StaffId>, Why)>> {
        let found = staff::by_oidc(conn, &self.issuer, &self.person.subject).await?;
        let Some(who) = found else {
            if self.roles.is_empty() {
                return Ok(Err((None, Why::NoRole)));
            }
            self.insert(conn, id, now, rng).await?;
            return Ok(Ok(()));
        };
        if who.disabled_at.is_some() {
            return Ok(Err((Some(who.id), Why::Disabled)));
        }
        if who.roles != self.roles {
            staff::set_roles(conn, &who.id, self.roles).await?;
            let what = json!({ "staff": who.id.as_str(), "method": "oidc", "roles": self.roles.to_string() });
            evidence::append(conn, vec![Draft::new("staff.roles_renewed", None, what, now, rng)]).await?;
        }
        if self.roles.is_empty() {
            staff::end_sessions(conn, &who.id, None, "no group", now).await?;
            return Ok(Err((Some(who.id), Why::NoRole)));
        }
        Ok(Ok(()))
    }

    async fn insert(&self, conn: &mut Conn, id: &StaffId, now: Timestamp, rng: &mut StdRng) -> Result<()> {
        let mut person = Staff {
            id: id.clone(),
            name: self.name(),
            shown_name: self.shown_name(),
            roles: self.roles,
            password_hash: None,
            totp_sealed: None,
            oidc_issuer: Some(self.issuer.clone()),
            created_at: now,
            disabled_at: None,
        };
        // A name says nothing about who somebody is: whoever has it here already is somebody else.
        if !staff::insert(conn, &person, Some(&self.person.subject)).await? {
            person.name = self.own_name();
            staff::insert(conn, &person, Some(&self.person.subject)).await?;
        }
        let what = json!({ "staff": id.as_str(), "method": "oidc", "roles": self.roles.to_string() });
        Ok(evidence::append(conn, vec![Draft::new("staff.joined", None, what, now, rng)]).await?)
    }

    fn name(&self) -> String {
        let told = self.person.username.as_deref().and_then(|name| rules::name(name).ok());
        told.unwrap_or_else(|| self.own_name())
    }

    /// A name that nobody else has.
    fn own_name(&self) -> String {
        let digest = Key::new([0; 32]).mac(&[self.issuer.as_bytes(), self.person.subject.as_bytes()]);
        format!("oidc-{}", &digest.hex()[..16])
    }

    fn shown_name(&self) -> String {
        let told = [&self.person.shown_name, &self.person.username];
        let told = told.into_iter().flatten().find_map(|name| rules::shown_name(name).ok());
        told.unwrap_or_else(|| self.own_name())
    }
}

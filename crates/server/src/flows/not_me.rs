//! "This was not me": closes the link, or undoes the change, and teaches the gate (invariant G8).

use super::Result;
use super::change::Notice;
use super::client::Client;
use super::dispatch::end_live_link;
use super::secrets::{self, Purpose};
use crate::app::App;
use crate::error::AppError;
use crate::keyring::Keyring;
use crate::store::evidence::Draft;
use crate::store::tickets::{Ticket, Undo};
use crate::store::{Conn, StoreError, directory, evidence, gate as gate_store, tickets};
use crate::text::Locale;
use countersign_core::gate::Class;
use countersign_core::gate::policy::{BudgetPolicy, DisavowPolicy};
use countersign_core::ids::AccountId;
use countersign_core::message::Template;
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use rand::rngs::StdRng;
use serde_json::json;
use std::time::Duration;

/// After an undo recovery without strong proof is held this long: whoever had the mailbox may still have it.
const HOLD_AFTER_UNDO: Duration = Duration::from_secs(72 * 3600);

/// What the token is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// A recovery message.
    Request,
    /// A password change.
    Change,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The link was closed.
    pub link_closed: bool,
    /// A waiting change was cancelled.
    pub change_cancelled: bool,
    /// A change was undone.
    pub change_undone: bool,
}

/// Looks at a token without using it.
///
/// # Errors
/// 410 for everything that is not one of ours.
pub async fn look(app: &App, token: &SecretText) -> Result<About> {
    let mut conn = app.store.read().await?;
    match find(&mut conn, &app.keys, token).await? {
        Some(Found::Ticket(_)) => Ok(About::Request),
        Some(Found::Undo(_)) => Ok(About::Change),
        None => Err(AppError::gone()),
    }
}

enum Found {
    Ticket(Ticket),
    Undo(Undo),
}

async fn find(conn: &mut Conn, keys: &Keyring, token: &SecretText) -> std::result::Result<Option<Found>, StoreError> {
    let hash = secrets::token_hash(keys, Purpose::NotMe, token);
    if let Some(ticket) = tickets::by_not_me(conn, &hash).await? {
        return Ok(Some(Found::Ticket(ticket)));
    }
    let hash = secrets::token_hash(keys, Purpose::Undo, token);
    Ok(tickets::undo_by_hash(conn, &hash).await?.map(Found::Undo))
}

/// Confirms it. A second confirmation changes nothing more.
///
/// # Errors
/// 410 for everything that is not one of ours.
pub async fn confirm(app: &App, token: SecretText, client: &Client) -> Result<Outcome> {
    let work = Work {
        keys: app.keys.clone(),
        disavow: app.config.gate.policy.disavow,
        budget: app.config.gate.policy.budget.clone(),
        fallback: app.config.site.default_locale,
        locale: client.locale.map(Locale::tag),
        client: client.coarse(),
        now: app.clock.now(),
        rng: app.rng(),
    };
    let outcome = app.store.write(move |conn| Box::pin(work.run(conn, token))).await?;
    app.metrics.recovery(if outcome.change_undone { "undone" } else { "disavowed" });
    app.outbox_wake.notify_one();
    Ok(outcome)
}

struct Work {
    keys: Keyring,
    disavow: DisavowPolicy,
    budget: BudgetPolicy,
    fallback: Locale,
    locale: Option<&'static str>,
    client: serde_json::Value,
    now: Timestamp,
    rng: StdRng,
}

impl Work {
    async fn run(mut self, conn: &mut Conn, token: SecretText) -> Result<Outcome> {
        let found = find(conn, &self.keys, &token).await?.ok_or_else(AppError::gone)?;
        let (id, outcome) = match found {
            Found::Ticket(ticket) => (ticket.account.clone(), self.ticket(conn, &ticket).await?),
            Found::Undo(undo) => (undo.account.clone(), self.undo(conn, &undo).await?),
        };
        let what = json!({
            "link_closed": outcome.link_closed, "change_cancelled": outcome.change_cancelled,
            "change_undone": outcome.change_undone, "client": self.client,
        });
        let entry = Draft::new("recovery.disavowed", Some(&id), what, self.now, &mut self.rng);
        evidence::append(conn, vec![entry]).await?;
        if outcome.change_undone || outcome.change_cancelled {
            self.tell(conn, &id, outcome).await?;
        }
        Ok(outcome)
    }

    async fn ticket(&mut self, conn: &mut Conn, ticket: &Ticket) -> Result<Outcome> {
        let link_closed = tickets::revoke(conn, &ticket.id, self.now).await?;
        let change_cancelled = tickets::cancel_changes(conn, &ticket.account, self.now).await? > 0;
        if link_closed {
            end_live_link(conn, &self.keys, &ticket.account, &ticket.mailbox_key, self.now).await?;
        }
        // The link was used, and its owner says that it was somebody else: what it changed is put back. The first change
        // since the link was made is its own, because a change closes every other link.
        let undo = match ticket.state {
            tickets::State::Used => tickets::undo_of(conn, &ticket.account, ticket.created_at, self.now).await?,
            _ => None,
        };
        let change_undone = match &undo {
            Some(undo) => self.put_back(conn, undo).await?,
            None => false,
        };
        let outcome = Outcome { link_closed, change_cancelled, change_undone };
        if outcome != Outcome::default() {
            self.teach(conn, &ticket.account, ticket.class).await?;
        }
        Ok(outcome)
    }

    async fn undo(&mut self, conn: &mut Conn, undo: &Undo) -> Result<Outcome> {
        let change_undone = self.put_back(conn, undo).await?;
        if !change_undone && undo.used_at.is_none() {
            return Err(AppError::gone());
        }
        if change_undone {
            self.teach(conn, &undo.account, Class::Anonymous).await?;
        }
        Ok(Outcome { change_undone, ..Outcome::default() })
    }

    async fn put_back(&self, conn: &mut Conn, undo: &Undo) -> Result<bool> {
        if !tickets::use_undo(conn, &undo.id, self.now).await? {
            return Ok(false);
        }
        let id = &undo.account;
        directory::set_password(conn, id, undo.old_password_hash.as_deref(), self.now).await?;
        directory::end_sessions(conn, id, "change_undone", self.now).await?;
        directory::revoke_devices(conn, id, self.now).await?;
        tickets::revoke_all(conn, id, self.now).await?;
        tickets::cancel_changes(conn, id, self.now).await?;
        directory::hold(conn, id, self.now.plus(HOLD_AFTER_UNDO)).await?;
        Ok(true)
    }

    /// Lowers future sending to the account, and takes from the budgets: nothing tells more of an attack.
    async fn teach(&self, conn: &mut Conn, id: &AccountId, class: Class) -> Result<()> {
        let Some(account) = directory::by_id(conn, id).await? else {
            return Ok(());
        };
        let doublings = u32::try_from(account.disavow_level.clamp(0, 16)).unwrap_or(0);
        let hours = self.disavow.quiet_hours.saturating_mul(1 << doublings).min(self.disavow.quiet_hours_most);
        let until = self.now.plus(Duration::from_secs(u64::from(hours) * 3600));
        directory::disavow(conn, id, account.disavow_level + 1, until).await?;
        let mut budgets = gate_store::budgets_locked(conn, &self.budget, self.now).await?.at(self.now, &self.budget);
        match class {
            Class::Work => budgets.work = budgets.work.disavowed(self.disavow.budget_cost),
            Class::Anonymous | Class::Strong => {
                budgets.anonymous = budgets.anonymous.disavowed(self.disavow.budget_cost);
            }
        }
        Ok(gate_store::save_budgets(conn, &budgets).await?)
    }

    async fn tell(&mut self, conn: &mut Conn, id: &AccountId, outcome: Outcome) -> Result<()> {
        let Some(account) = directory::by_id(conn, id).await? else {
            return Ok(());
        };
        let done = json!({ "done": measures(outcome) });
        let notice =
            Notice { keys: &self.keys, account: &account, locale: self.locale, fallback: self.fallback, now: self.now };
        notice.send(conn, Template::NotMeConfirmed, id.as_str(), &done, &mut self.rng).await?;
        Ok(())
    }
}

/// What a notice says was done, by stable names.
pub fn measures(outcome: Outcome) -> Vec<&'static str> {
    let pairs = [
        (outcome.link_closed, "link_closed"),
        (outcome.change_cancelled, "change_cancelled"),
        (outcome.change_undone, "change_undone"),
        (outcome.change_undone, "sessions_ended"),
        (true, "fewer_messages"),
    ];
    pairs.into_iter().filter(|(done, _)| *done).map(|(_, name)| name).collect()
}

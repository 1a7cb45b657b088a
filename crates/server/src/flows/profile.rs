//! What we know of an account, for those who look after it: masked, and in the clear for a reason that is written down.

use super::Result;
use super::staff::Actor;
use crate::app::App;
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::profile::{self, Facts, Link, Newest, Request, Step};
use crate::store::{Conn, directory, evidence};
use countersign_core::find::{self, Wanted};
use countersign_core::identifier::Identifier;
use countersign_core::ids::{AccountId, DeviceId, SessionId, TicketId};
use countersign_core::message::{mask_mailbox, mask_name, mask_phone};
use countersign_core::staff::{BadReason, Permission, Reason};
use countersign_core::time::Timestamp;
use serde_json::json;

/// Recoveries, changes, sessions and devices that are shown of each.
const SHOWN: i64 = 20;
/// Requests that are shown of one link.
const REQUESTS: i64 = 5;

/// What names an account when it is typed.
#[derive(Clone)]
pub struct Name {
    /// `user`, `email` or `phone`.
    pub kind: String,
    /// As it is looked up; masked unless the profile is in the clear.
    pub text: String,
}

/// Where an account can be reached.
#[derive(Clone)]
pub struct Place {
    /// An address or a number; masked unless the profile is in the clear.
    pub text: String,
    /// Since when it is confirmed; nothing is ever sent to one that is not.
    pub confirmed_at: Option<Timestamp>,
}

/// A recovery: a link, and the requests that led to it or met it.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The link.
    pub link: Link,
    /// The newest first.
    pub requests: Vec<Request>,
}

/// What we know of an account.
#[derive(Clone)]
pub struct Profile {
    /// The row, without secrets.
    pub facts: Facts,
    /// What names it.
    pub names: Vec<Name>,
    /// Its mailboxes.
    pub emails: Vec<Place>,
    /// Its phones.
    pub phones: Vec<Place>,
    /// Open sessions.
    pub sessions: Newest<SessionId>,
    /// Known devices.
    pub devices: Newest<DeviceId>,
    /// The newest recoveries.
    pub recoveries: Vec<Recovery>,
    /// Changes that had to wait.
    pub changes: Vec<Step>,
    /// Changes that took effect.
    pub undos: Vec<Step>,
    /// Whether personal data stands here in the clear.
    pub in_clear: bool,
}

impl std::fmt::Debug for Profile {
    /// Nothing personal, also of one in the clear.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Profile({}, …)", self.facts.id)
    }
}

impl Profile {
    fn masked(mut self) -> Self {
        self.facts.external_id = self.facts.external_id.as_deref().map(mask_name);
        for name in &mut self.names {
            name.text = match name.kind.as_str() {
                "email" => mask_mailbox(&name.text),
                "phone" => mask_phone(&name.text),
                _ => mask_name(&name.text),
            };
        }
        self.emails.iter_mut().for_each(|place| place.text = mask_mailbox(&place.text));
        self.phones.iter_mut().for_each(|place| place.text = mask_phone(&place.text));
        self.in_clear = false;
        self
    }
}

/// What we know of an account, personal data masked.
///
/// # Errors
/// 404; 503.
pub async fn look(app: &App, id: &AccountId) -> Result<Profile> {
    Ok(gather(app, id).await?.masked())
}

/// The same in the clear. That somebody looked, and why, is on record before they see anything.
///
/// # Errors
/// 404; what `Asks::check` says; 503.
pub async fn unmask(app: &App, actor: &Actor, id: &AccountId, reason: Reason) -> Result<Profile> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let (asks, by, account) = (actor.asks(app, Permission::Unmask), actor.named(), id.clone());
    let recorded: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                asks.check(conn).await?;
                exists(conn, &account).await?;
                let what = json!({ "by": by, "reason": reason.as_str() });
                let entry = Draft::new("staff.unmasked", Some(&account), what, now, &mut rng);
                Ok(evidence::append(conn, vec![entry]).await?)
            })
        })
        .await;
    recorded?;
    gather(app, id).await
}

/// Fails for an account that is not there.
pub(super) async fn exists(conn: &mut Conn, id: &AccountId) -> Result<()> {
    directory::by_id(conn, id).await?.map(|_| ()).ok_or_else(no_account)
}

fn no_account() -> AppError {
    AppError::not_found("There is no such account.")
}

async fn gather(app: &App, id: &AccountId) -> Result<Profile> {
    let now = app.clock.now();
    let conn = &mut app.store.read().await?;
    let facts = profile::facts(conn, id).await?.ok_or_else(no_account)?;
    let names = profile::identifiers(conn, id).await?;
    let emails = profile::emails(conn, id).await?;
    let phones = profile::phones(conn, id).await?;
    let links = profile::links(conn, id, SHOWN).await?;
    let ids: Vec<&TicketId> = links.iter().map(|link| &link.id).collect();
    let requests = profile::requests(conn, &ids, REQUESTS).await?;
    Ok(Profile {
        facts,
        names: names.into_iter().map(|(kind, text)| Name { kind, text }).collect(),
        emails: places(emails),
        phones: places(phones),
        sessions: profile::sessions(conn, id, SHOWN).await?,
        devices: profile::devices(conn, id, SHOWN).await?,
        recoveries: links.into_iter().map(|link| recovery(link, &requests)).collect(),
        changes: profile::changes(conn, id, SHOWN).await?,
        undos: profile::undos(conn, id, SHOWN, now).await?,
        in_clear: true,
    })
}

fn places(rows: Vec<(String, Option<Timestamp>)>) -> Vec<Place> {
    rows.into_iter().map(|(text, confirmed_at)| Place { text, confirmed_at }).collect()
}

fn recovery(link: Link, requests: &[Request]) -> Recovery {
    let of_link = requests.iter().filter(|request| request.link == link.id);
    Recovery { requests: of_link.cloned().collect(), link }
}

/// The account that a text names: an id, an external id, a user name, an address, a phone number.
///
/// # Errors
/// 404; 422 where two different accounts are meant; 503.
pub async fn named(app: &App, typed: &str) -> Result<AccountId> {
    let mut found: Vec<AccountId> = vec![];
    let conn = &mut app.store.read().await?;
    for wanted in find::read(typed) {
        if let Some(id) = account_of(conn, &wanted).await?
            && !found.contains(&id)
        {
            found.push(id);
        }
    }
    match found.as_slice() {
        [] => Err(no_account()),
        [one] => Ok(one.clone()),
        _ => {
            let public = "This is a user name of one account and the external id of another. Name it by its id.";
            Err(AppError::invalid("account", "account_ambiguous", public))
        }
    }
}

/// The account that one reading of a text leads to.
pub(super) async fn account_of(conn: &mut Conn, wanted: &Wanted) -> Result<Option<AccountId>> {
    Ok(match wanted {
        Wanted::Account(id) => directory::by_id(conn, id).await?.map(|account| account.id),
        Wanted::Identifier(identifier) => by_identifier(conn, identifier).await?,
        Wanted::External(external) => profile::by_external_id(conn, external).await?,
        Wanted::Request(id) => profile::owner(conn, id.as_str()).await?,
        Wanted::Ticket(id) => profile::owner(conn, id.as_str()).await?,
        Wanted::Change(id) => profile::owner(conn, id.as_str()).await?,
        Wanted::Session(id) => profile::owner(conn, id.as_str()).await?,
        Wanted::Device(id) => profile::owner(conn, id.as_str()).await?,
        Wanted::Code(_) | Wanted::Message(_) | Wanted::Masked(_) | Wanted::Entry(_) | Wanted::Number(_) => None,
        Wanted::Leak(_) | Wanted::Cohort(_) | Wanted::Containment(_) => None,
    })
}

async fn by_identifier(conn: &mut Conn, identifier: &Identifier) -> Result<Option<AccountId>> {
    let found = directory::by_identifier(conn, identifier.kind().as_str(), identifier.lookup()).await?;
    Ok(found.map(|account| account.id))
}

/// A reason as a door was given it.
///
/// # Errors
/// 422 `reason_missing`, `reason_invalid`.
pub fn reason(typed: &str) -> Result<Reason> {
    Reason::parse(typed).map_err(|bad| match bad {
        BadReason::Empty => AppError::invalid("reason", "reason_missing", "Say why, in a few words."),
        BadReason::TooLong | BadReason::Control => {
            AppError::invalid("reason", "reason_invalid", "A reason has 1 to 500 printable characters.")
        }
    })
}

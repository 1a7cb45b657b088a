//! The one box that finds everything: what a text names, as far as whoever typed it may know.

use super::{Result, profile, register};
use crate::app::App;
use crate::store::exposure::{cohorts, containments, leaks};
use crate::store::{Conn, browse, log, register as messages};
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::find::{self, Wanted};
use countersign_core::identifier::{EmailAddress, Identifier};
use countersign_core::ids::{AccountId, ContainmentId, LeakId, MessageId};
use countersign_core::message::CountersignCode;
use countersign_core::staff::{Permission, Roles};

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// A message, by its id or by its countersign code: it is from us.
    Message(MessageId),
    /// An account.
    Account(AccountId),
    /// An entry of the evidence log.
    Entry {
        /// Its id, or what stands there once it is erased.
        id: String,
        /// Its number.
        number: u64,
    },
    /// A leak.
    Leak(LeakId),
    /// A cohort.
    Cohort(CohortDigest),
    /// A containment.
    Containment(ContainmentId),
    /// Messages to addresses that look like this, masked.
    Masked(String),
    /// Messages to an address that is no account's, or whose account this person may not see.
    Address(EmailAddress),
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// What was found; each once.
    pub hits: Vec<Hit>,
    /// What the text was read as, in words.
    pub read_as: Vec<&'static str>,
    /// The code that the text has the form of, where it was looked up: if no message has it, the mail is not from us.
    pub code: Option<CountersignCode>,
    /// Whether it was read as something that this person may not look up.
    pub withheld: bool,
}

/// Looks up every reading of a text that the roles permit.
///
/// # Errors
/// 503.
pub async fn find(app: &App, roles: Roles, typed: &str) -> Result<Found> {
    let mut found = Found::default();
    let conn = &mut app.store.read().await?;
    for wanted in find::read(typed) {
        found.read_as.push(wanted.as_str());
        if !roles.may(needs(&wanted)) {
            found.withheld = true;
            continue;
        }
        if let Wanted::Code(code) = &wanted {
            found.code = Some(*code);
        }
        if let Some(hit) = look_up(app, conn, &wanted).await? {
            found.add(hit);
        }
    }
    if found.hits.is_empty() && roles.may(Permission::SeeRegister) {
        found.hits.extend(address(typed).map(Hit::Address));
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, hit: Hit) {
        if !self.hits.contains(&hit) {
            self.hits.push(hit);
        }
    }
}

/// What it takes to look something up.
const fn needs(wanted: &Wanted) -> Permission {
    match wanted {
        Wanted::Code(_) | Wanted::Message(_) | Wanted::Masked(_) => Permission::SeeRegister,
        Wanted::Entry(_) | Wanted::Number(_) => Permission::SeeEvidence,
        Wanted::Leak(_) | Wanted::Cohort(_) | Wanted::Containment(_) => Permission::SeeExposure,
        Wanted::Account(_)
        | Wanted::Request(_)
        | Wanted::Ticket(_)
        | Wanted::Change(_)
        | Wanted::Session(_)
        | Wanted::Device(_)
        | Wanted::Identifier(_)
        | Wanted::External(_) => Permission::SeeAccounts,
    }
}

async fn look_up(app: &App, conn: &mut Conn, wanted: &Wanted) -> Result<Option<Hit>> {
    Ok(match wanted {
        Wanted::Code(code) => register::by_code(app, conn, code).await?.map(Hit::Message),
        Wanted::Message(id) => messages::by_id(conn, id).await?.map(|m| Hit::Message(m.id)),
        Wanted::Entry(id) => log::entry_by_id(conn, id.as_str()).await?.map(entry),
        Wanted::Number(number) => browse::by_number(conn, *number).await?.map(entry),
        Wanted::Leak(id) => leaks::by_id(conn, id).await?.map(|leak| Hit::Leak(leak.id)),
        Wanted::Cohort(digest) => cohorts::by_digest(conn, digest).await?.map(|cohort| Hit::Cohort(cohort.digest)),
        Wanted::Containment(id) => containments::by_id(conn, id).await?.map(|one| Hit::Containment(one.id)),
        Wanted::Masked(masked) => Some(Hit::Masked(masked.clone())),
        other => profile::account_of(conn, other).await?.map(Hit::Account),
    })
}

fn entry(row: log::EntryRow) -> Hit {
    Hit::Entry { id: row.id, number: row.number }
}

fn address(typed: &str) -> Option<EmailAddress> {
    find::read(typed).into_iter().find_map(|wanted| match wanted {
        Wanted::Identifier(Identifier::Email(address)) => Some(address),
        _ => None,
    })
}

//! The part of an account's page that tells of leaks and containments.

use super::{Acts, containment_id};
use crate::console::desk::{Desk, Fields};
use crate::console::moment::Moment;
use crate::console::words::{self, Chip};
use crate::console::{accounts, csrf};
use crate::error::AppError;
use crate::flows::exposure::check::{self, Verdict, Who};
use crate::flows::exposure::contain;
use crate::flows::exposure::person::{self, Exposed};
use crate::flows::profile;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use countersign_core::expose::matching::Field;
use countersign_core::ids::AccountId;
use countersign_core::staff::Permission;
use countersign_core::time::Timestamp;

/// A leak that the account is in.
struct Leak {
    id: String,
    name: String,
    at: Moment,
    strength: Chip,
    former: bool,
    contradicted: bool,
    by: String,
    shows: String,
    not_shown: String,
    sentences: Vec<String>,
}

/// A containment that holds for it.
struct Held {
    id: String,
    kind: Chip,
    purpose: &'static str,
    since: Moment,
    until: Option<Moment>,
}

/// The part.
#[derive(Template)]
#[template(path = "console/parts/account_exposure.html")]
pub(in crate::console) struct Section {
    account: String,
    csrf: String,
    fresh: bool,
    leaks: Vec<Leak>,
    looked_at: usize,
    /// `None` while nobody knows.
    held: Option<Vec<Held>>,
    leaked_mailbox: bool,
    acts: Acts,
    /// The containment whose form is open.
    open: String,
}

impl Section {
    /// What leaks and containments say of an account; `None` where this person may not see it.
    pub(in crate::console) async fn of(desk: &Desk, id: &AccountId) -> Result<Option<Self>, AppError> {
        if !desk.seat.roles.may(Permission::SeeExposure) {
            return Ok(None);
        }
        let now = desk.app.clock.now();
        let seen = person::look(&desk.app, id).await?;
        let verdict = known(check::one(&desk.app, &Who::Id(id.clone())).await)?;
        Ok(Some(Self {
            account: id.to_string(),
            csrf: csrf::token(&desk.app, &desk.seat),
            fresh: desk.seat.fresh,
            leaks: seen.leaks.iter().map(|exposed| leak(exposed, now)).collect(),
            looked_at: seen.looked_at,
            leaked_mailbox: verdict.as_ref().is_some_and(|verdict| verdict.leaked_mailbox),
            held: verdict.map(|verdict| held(&verdict, now)),
            acts: Acts::of(desk, ""),
            open: String::new(),
        }))
    }

    /// What stands beside the account's name.
    pub(in crate::console) fn chips(&self) -> Vec<Chip> {
        let leaked = self.leaked_mailbox.then_some(Chip { text: "leaked mailbox", class: "bad" });
        let mut chips: Vec<Chip> = leaked.into_iter().collect();
        for held in self.held.iter().flatten() {
            if !chips.iter().any(|chip| chip.text == held.kind.text) {
                chips.push(held.kind);
            }
        }
        chips
    }

    /// With the form of a containment open, and what was typed there.
    pub(in crate::console) fn opened(&mut self, containment: &str, reason: &str) {
        (self.open, self.acts.reason) = (containment.to_owned(), reason.to_owned());
    }
}

/// While the containments have not been read, the page says so and shows everything else.
fn known(verdict: Result<Verdict, AppError>) -> Result<Option<Verdict>, AppError> {
    match verdict {
        Ok(verdict) => Ok(Some(verdict)),
        Err(error) if error.status == 503 => Ok(None),
        Err(error) => Err(error),
    }
}

fn leak(exposed: &Exposed, now: Timestamp) -> Leak {
    let says = &exposed.says;
    let fields = |fields: &[Field]| fields.iter().map(|field| words::field(*field)).collect::<Vec<_>>().join(", ");
    Leak {
        id: exposed.leak.to_string(),
        name: exposed.name.clone(),
        at: Moment::new(exposed.at, now),
        strength: words::strength(says.strong),
        former: says.former,
        contradicted: says.contradicted,
        by: says.by.iter().map(|kind| words::key(*kind)).collect::<Vec<_>>().join("; "),
        shows: fields(&says.shows),
        not_shown: fields(&exposed.not_shown),
        sentences: person::sentences(exposed),
    }
}

fn held(verdict: &Verdict, now: Timestamp) -> Vec<Held> {
    let one = |reason: &check::Reason| Held {
        id: reason.id.to_string(),
        kind: words::containment(reason.kind),
        purpose: reason.kind.purpose(),
        since: Moment::new(reason.since, now),
        until: reason.until.map(|at| Moment::new(at, now)),
    };
    verdict.reasons.iter().map(one).collect()
}

/// `POST /console/accounts/{id}/containments/{containment}/release`.
pub async fn release(
    desk: Desk,
    Path((id, containment)): Path<(String, String)>,
    Fields(form): Fields<super::ReasonForm>,
) -> Response {
    let released = async {
        let (account, one) = (accounts::account(&id)?, containment_id(&containment)?);
        contain::release(&desk.app, &desk.actor(), one, account, profile::reason(&form.reason)?).await
    };
    match released.await {
        Ok(()) => desk.back_to(&accounts::path(&id), "let_go"),
        Err(error) => accounts::again(&desk, &id, (&containment, &form.reason), &error).await,
    }
}

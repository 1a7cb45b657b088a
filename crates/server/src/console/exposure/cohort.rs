//! `/console/exposure/cohorts/{digest}`: one cohort, what is on it, and what could be put on it.

use super::containments::{self, Line};
use super::{Acts, LISTED, again, can_be_corrected, cohorts as all, count, digest};
use crate::console::chart::share;
use crate::console::desk::{Desk, Fields};
use crate::console::frame::Frame;
use crate::console::moment::Moment;
use crate::console::show;
use crate::console::words::{self, Chip};
use crate::error::AppError;
use crate::flows::exposure::{cohorts as flow, contain};
use crate::flows::profile;
use crate::store::exposure::cohorts::Cohort;
use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::Containment;
use countersign_core::span::Span;
use countersign_core::staff::Permission;
use countersign_core::time::Timestamp;
use serde::Deserialize;

/// Accounts that are shown; the rest is in the file.
const SHOWN: usize = 20;
/// When a containment can end by itself; an empty one is never.
const SPANS: [(&str, &str); 6] = [
    ("24h", "in 1 day"),
    ("7d", "in 7 days"),
    ("30d", "in 30 days"),
    ("90d", "in 90 days"),
    ("365d", "in a year"),
    ("", "when it is lifted"),
];
/// What is chosen until somebody chooses.
const USUAL: &str = "30d";

/// A kind of containment to choose.
struct Kind {
    name: &'static str,
    label: &'static str,
    purpose: &'static str,
}

fn kinds() -> [Kind; 3] {
    Containment::ALL.map(|kind| Kind { name: kind.as_str(), label: kind.label(), purpose: kind.purpose() })
}

#[derive(Template)]
#[template(path = "console/exposure/cohort.html")]
struct One {
    frame: Frame,
    digest: String,
    name: String,
    query: String,
    size: u64,
    told: String,
    share: String,
    made: Moment,
    on_it: Vec<Line>,
    kinds: [Kind; 3],
    spans: [(&'static str, &'static str); 6],
    usual: &'static str,
    accounts: Option<Vec<String>>,
    /// Whether there are more of them.
    more: bool,
    narrower: String,
    acts: Acts,
    /// Whether the form of the file is open.
    open: bool,
}

async fn page(desk: &Desk, digest: &CohortDigest, reason: &str) -> Result<One, AppError> {
    let (app, now) = (&desk.app, desk.app.clock.now());
    let cohort = flow::see(app, digest).await?;
    let all_accounts = flow::end(app).await?;
    let on_it = contain::list(app, LISTED).await?.into_iter().filter(|one| one.contained.cohort == *digest);
    let sees = desk.seat.roles.may(Permission::SeeAccounts);
    let (accounts, next) = if sees { flow::page(app, digest, 0, SHOWN).await? } else { (vec![], None) };
    let size = count(cohort.size);
    Ok(One {
        frame: desk.frame(&format!("Cohort: {}", cohort.name)),
        digest: digest.to_string(),
        size,
        told: words::accounts(size),
        share: share(size, all_accounts),
        made: Moment::new(cohort.created_at, now),
        on_it: on_it.map(|one| containments::line(app, one, None, now)).collect(),
        kinds: kinds(),
        spans: SPANS,
        usual: USUAL,
        accounts: sees.then(|| accounts.into_iter().map(|one| one.id.to_string()).collect()),
        more: next.is_some(),
        narrower: all::with(&format!("cohort:{digest} and not second-factor")),
        acts: Acts::of(desk, reason),
        open: false,
        name: cohort.name,
        query: cohort.query,
    })
}

/// `GET /console/exposure/cohorts/{digest}`.
pub async fn one(desk: Desk, Path(name): Path<String>) -> Response {
    let seen = async { page(&desk, &digest(&name)?, "").await };
    match seen.await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// The page of a cohort again, where its file was refused.
pub(super) async fn refused(desk: &Desk, name: &str, reason: &str, error: &AppError) -> Response {
    let seen = async { page(desk, &digest(name)?, reason).await };
    match seen.await {
        Ok(mut page) if can_be_corrected(error) => {
            page.frame = page.frame.with_wrong(error.public.clone());
            page.open = true;
            again(&page, error)
        }
        _ => desk.refuse(error),
    }
}

/// What a containment is to be.
#[derive(Deserialize, Default, Debug)]
pub struct PutForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    span: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    accounts: String,
}

impl PutForm {
    fn kind(&self) -> Result<Containment, AppError> {
        let public = "Choose what the containment asks for.";
        Containment::parse(&self.kind).ok_or_else(|| AppError::invalid("kind", "kind_invalid", public))
    }

    /// When it ends by itself; an empty span is never.
    fn until(&self, now: Timestamp) -> Result<Option<Timestamp>, AppError> {
        let public = "When it ends is a number and a unit, such as 30d, or nothing.";
        let wrong = || AppError::invalid("span", "span_invalid", public);
        let span = Some(self.span.trim()).filter(|span| !span.is_empty());
        span.map(|span| span.parse::<Span>().map(|span| now.plus(span.duration())).map_err(|_| wrong())).transpose()
    }
}

#[derive(Template)]
#[template(path = "console/exposure/contain.html")]
struct Preview {
    frame: Frame,
    digest: String,
    name: String,
    kind: &'static str,
    chip: Chip,
    purpose: &'static str,
    span: String,
    until: Option<Moment>,
    told: String,
    accounts: u64,
    share: String,
    already: u64,
    fresh: String,
    leaked: String,
    /// How many of all it is, as a warning where it is very many.
    many: bool,
    acts: Acts,
}

async fn previewed(desk: &Desk, cohort: &Cohort, form: &PutForm) -> Result<Preview, AppError> {
    let (app, now) = (&desk.app, desk.app.clock.now());
    let (kind, until) = (form.kind()?, form.until(now)?);
    let seen = contain::preview(app, &cohort.digest, kind).await?;
    let all_accounts = flow::end(app).await?;
    Ok(Preview {
        frame: desk.frame("What this containment would do"),
        digest: cohort.digest.to_string(),
        name: cohort.name.clone(),
        kind: kind.as_str(),
        chip: words::containment(kind),
        purpose: kind.purpose(),
        span: form.span.trim().to_owned(),
        until: until.map(|until| Moment::new(until, now)),
        told: words::accounts(seen.accounts),
        accounts: seen.accounts,
        share: share(seen.accounts, all_accounts),
        already: seen.already,
        fresh: words::accounts(seen.accounts - seen.already),
        leaked: words::accounts(seen.leaked_mailbox),
        many: seen.share > 0.25 && kind != Containment::Watched,
        acts: Acts::of(desk, &form.reason),
    })
}

/// `GET /console/exposure/cohorts/{digest}/contain`.
pub async fn preview(desk: Desk, Path(name): Path<String>, Query(form): Query<PutForm>) -> Response {
    let seen = async {
        let cohort = flow::see(&desk.app, &digest(&name)?).await?;
        previewed(&desk, &cohort, &form).await
    };
    match seen.await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/exposure/cohorts/{digest}/contain`.
pub async fn put(desk: Desk, Path(name): Path<String>, Fields(form): Fields<PutForm>) -> Response {
    let done = async {
        let cohort = flow::see(&desk.app, &digest(&name)?).await?;
        let until = form.until(desk.app.clock.now())?;
        // A cohort never changes; who comes without this number was not shown what would happen.
        if form.accounts != cohort.size.to_string() {
            let public = "Look first at what this containment would do.";
            return Err(AppError::invalid("accounts", "not_previewed", public));
        }
        let (kind, reason) = (form.kind()?, profile::reason(&form.reason)?);
        contain::put(&desk.app, &desk.actor(), contain::Put { cohort: cohort.digest, kind, until, reason }).await
    };
    let error = match done.await {
        Ok(put) => return desk.back_to(&format!("/console/exposure/containments/{}", put.id), "contained"),
        Err(error) => error,
    };
    let seen = async {
        let cohort = flow::see(&desk.app, &digest(&name)?).await?;
        previewed(&desk, &cohort, &form).await
    };
    match seen.await {
        Ok(mut page) if can_be_corrected(&error) => {
            page.frame = page.frame.with_wrong(error.public.clone());
            again(&page, &error)
        }
        _ => desk.refuse(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_that_is_offered_can_be_read_and_is_permitted() {
        let now = Timestamp::from_secs(1_768_400_000);
        for (span, text) in SPANS {
            let form = PutForm { span: span.to_owned(), ..PutForm::default() };
            let until = form.until(now).unwrap();
            assert!(until.is_none_or(|until| until.since(now) <= contain::LONGEST), "{text}");
            assert_eq!(until.is_none(), span.is_empty());
        }
        assert!(PutForm { span: "soon".to_owned(), ..PutForm::default() }.until(now).is_err());
    }
}

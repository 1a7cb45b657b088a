//! `/console/exposure/cohorts`: which sets of accounts there are; a new one is counted first and made then.

use super::{Acts, LISTED, again, can_be_corrected, count as whole};
use crate::console::chart::{Bar, Bars, bars, share};
use crate::console::desk::{Desk, Fields};
use crate::console::frame::Frame;
use crate::console::moment::Moment;
use crate::console::words;
use crate::console::{next, show};
use crate::error::AppError;
use crate::flows::exposure::cohorts::{self as flow, Make, Preview};
use crate::flows::exposure::leaks;
use crate::flows::profile;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::Containment;
use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::expose::query::MAX_BYTES;
use countersign_core::traffic::grouped;
use serde::Deserialize;

/// Leaks that the cheat sheet names.
const LEAKS: i64 = 10;

/// A cohort in the list.
struct Row {
    digest: String,
    short: String,
    name: String,
    query: String,
    size: String,
    made: Moment,
}

/// What can be said in a query.
struct Sheet {
    /// Leaks that count, by id and name.
    leaks: Vec<(String, String)>,
    fields: String,
    keys: String,
    kinds: String,
    most: usize,
}

impl Sheet {
    async fn of(desk: &Desk) -> Result<Self, AppError> {
        let standing = leaks::list(&desk.app, LEAKS).await?.into_iter().filter(|leak| leak.standing);
        Ok(Self {
            leaks: standing.map(|leak| (leak.id.to_string(), leak.name)).collect(),
            fields: Field::ALL.map(Field::as_str).join(", "),
            keys: Kind::ALL.map(Kind::as_str).join(", "),
            kinds: Containment::ALL.map(Containment::as_str).join(", "),
            most: MAX_BYTES,
        })
    }
}

#[derive(Template)]
#[template(path = "console/exposure/cohorts.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    query: String,
    sheet: Sheet,
    may: bool,
}

/// What an address may carry.
#[derive(Deserialize, Default, Debug)]
pub struct Asked {
    #[serde(default)]
    query: String,
}

async fn listed(desk: &Desk, query: &str) -> Result<List, AppError> {
    let now = desk.app.clock.now();
    let cohorts = flow::list(&desk.app, LISTED).await?.into_iter();
    let row = |cohort: crate::store::exposure::cohorts::Cohort| Row {
        digest: cohort.digest.to_string(),
        short: words::short(&cohort.digest),
        name: cohort.name,
        query: cohort.query,
        size: grouped(whole(cohort.size)),
        made: Moment::new(cohort.created_at, now),
    };
    Ok(List {
        frame: desk.frame("Cohorts"),
        rows: cohorts.map(row).collect(),
        query: query.to_owned(),
        sheet: Sheet::of(desk).await?,
        may: Acts::of(desk, "").may,
    })
}

/// `GET /console/exposure/cohorts`.
pub async fn list(desk: Desk, Query(asked): Query<Asked>) -> Response {
    match listed(&desk, &asked.query).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// What was counted.
struct Counted {
    accounts: u64,
    told: String,
    of: String,
    share: String,
    names: String,
    digest: String,
    /// The same set under the name that it has already.
    there: Option<String>,
}

impl From<Preview> for Counted {
    fn from(preview: Preview) -> Self {
        let bar = |(label, value)| Bar { label, chip: None, value };
        let all = Bars {
            title: "What each name stands for".to_owned(),
            row: "Name",
            unit: "Accounts",
            of: preview.of,
            bars: preview.names.into_iter().map(bar).collect(),
        };
        Self {
            accounts: preview.accounts,
            told: words::accounts(preview.accounts),
            of: grouped(preview.of),
            share: share(preview.accounts, preview.of),
            names: bars(&all),
            digest: preview.digest.to_string(),
            there: preview.there.map(|cohort| cohort.name),
        }
    }
}

#[derive(Template)]
#[template(path = "console/exposure/count.html")]
struct Count {
    frame: Frame,
    query: String,
    name: String,
    sheet: Sheet,
    counted: Option<Counted>,
    acts: Acts,
}

/// The page with what a query comes to; and what is wrong with it, or with what was asked of it.
async fn counted(desk: &Desk, form: &MakeForm, wrong: Option<AppError>) -> Response {
    let preview = async { flow::preview(&desk.app, &flow::query(&form.query)?).await };
    let (counted, uncounted) = match preview.await {
        Ok(preview) => (Some(Counted::from(preview)), None),
        Err(error) if can_be_corrected(&error) || error.status == 404 => (None, Some(error)),
        Err(error) => return desk.refuse(&error),
    };
    let sheet = match Sheet::of(desk).await {
        Ok(sheet) => sheet,
        Err(error) => return desk.refuse(&error),
    };
    let mut page = Count {
        frame: desk.frame("Who this would be"),
        query: form.query.clone(),
        name: form.name.clone(),
        sheet,
        counted,
        acts: Acts::of(desk, &form.reason),
    };
    match uncounted.or(wrong) {
        None => show::page(&page),
        Some(error) => {
            page.frame = page.frame.with_wrong(error.public.clone());
            again(&page, &error)
        }
    }
}

/// `GET /console/exposure/cohorts/count`.
pub async fn count(desk: Desk, Query(asked): Query<Asked>) -> Response {
    counted(&desk, &MakeForm { query: asked.query, ..MakeForm::default() }, None).await
}

/// What a new cohort is to be.
#[derive(Deserialize, Default, Debug)]
pub struct MakeForm {
    #[serde(default)]
    query: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    expected: String,
}

/// `POST /console/exposure/cohorts`.
pub async fn make(desk: Desk, Fields(form): Fields<MakeForm>) -> Response {
    let made = async {
        let not_counted = || AppError::invalid("expected", "expected_invalid", "Count first who this would be.");
        let expected = Some(CohortDigest::parse(&form.expected).ok_or_else(not_counted)?);
        let (query, reason) = (flow::query(&form.query)?, profile::reason(&form.reason)?);
        flow::make(&desk.app, &desk.actor(), Make { query, name: form.name.clone(), reason, expected }).await
    };
    match made.await {
        Ok(made) => {
            let path = format!("/console/exposure/cohorts/{}", made.cohort.digest);
            desk.back_to(&path, if made.was_there { "cohort_there" } else { "cohort_made" })
        }
        Err(error) if can_be_corrected(&error) => counted(&desk, &form, Some(error)).await,
        Err(error) => desk.refuse(&error),
    }
}

/// Where a query is written down.
pub(super) fn with(query: &str) -> String {
    format!("/console/exposure/cohorts?query={}", next::encoded(query))
}

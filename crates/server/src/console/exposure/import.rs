//! `/console/exposure/import`: a leak that a browser hands over, in pieces; `import.js` asks, in JSON.
//!
//! Every step needs a proof that is fresh: whoever's grows old in the middle confirms beside it and goes on from the same byte.

use super::Acts;
use crate::console::desk::{Desk, Fields};
use crate::console::frame::Frame;
use crate::console::show;
use crate::console::words;
use crate::error::AppError;
use crate::flows::exposure::import::How;
use crate::flows::exposure::uploads::{self, Begin, State, Told};
use crate::flows::profile;
use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_core::expose::layout::Layout;
use countersign_core::expose::matching::Field;
use countersign_core::expose::sniff::Known;
use countersign_core::ids::UploadId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Threads of one match.
const THREADS: usize = 2;

#[derive(Template)]
#[template(path = "console/exposure/import.html")]
struct Page {
    frame: Frame,
    fields: Vec<(&'static str, &'static str)>,
    acts: Acts,
}

/// `GET /console/exposure/import`.
pub async fn page(desk: Desk) -> Response {
    let fields = Field::ALL.into_iter().map(|field| (field.as_str(), words::field(field)));
    let frame = desk.frame("Match a leak").with_script("import.js");
    show::page(&Page { frame, fields: fields.collect(), acts: Acts::of(&desk, "") })
}

/// What is told to the script.
fn told(outcome: Result<Told, AppError>) -> Response {
    match outcome {
        Ok(told) => Json(standing(&told)).into_response(),
        Err(error) => {
            show::log(&error);
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(json!({ "error": error.public, "code": error.code }))).into_response()
        }
    }
}

fn standing(told: &Told) -> Value {
    let (mut columns, mut leak, mut error) = (Value::Null, Value::Null, Value::Null);
    match &told.state {
        State::Columns(layout) | State::Matching(layout) => columns = layout_of(layout),
        State::Done(imported) => leak = imported.leak.id.as_str().into(),
        State::Failed(failed) => error = failed.public.as_str().into(),
        State::Beginning => {}
    }
    json!({
        "id": told.id.as_str(), "state": told.state.as_str(), "offset": told.offset, "rows": told.rows,
        "matched": told.matched, "columns": columns, "leak": leak, "error": error,
    })
}

fn layout_of(layout: &Layout) -> Value {
    let column = |column: &countersign_core::expose::layout::Column| {
        json!({
            "name": column.name, "field": column.field.map(Field::as_str), "sure": column.sure.as_str(),
            "looks_like": column.shapes,
        })
    };
    layout.columns.iter().map(column).collect()
}

fn upload(text: &str) -> Result<UploadId, AppError> {
    UploadId::parse(text).map_err(|_| AppError::not_found("There is no such upload."))
}

/// What a new upload is.
#[derive(Deserialize, Default, Debug)]
pub struct BeginForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    file: String,
    size: Option<u64>,
    #[serde(default)]
    region: String,
    again: Option<String>,
}

/// `POST /console/exposure/import`.
pub async fn begin(desk: Desk, Fields(form): Fields<BeginForm>) -> Response {
    let begun = async {
        let region = Some(form.region.trim().to_owned()).filter(|region| !region.is_empty());
        let (name, reason) = (form.name, profile::reason(&form.reason)?);
        let how = How { name, reason, region, again: form.again.is_some(), threads: THREADS };
        let begin = Begin {
            how,
            label: form.file.chars().filter(|c| !c.is_control()).take(200).collect(),
            size: form.size,
            letters: None,
            known: Known::default(),
            corrections: vec![],
            confirm: true,
        };
        let id = uploads::begin(&desk.app, &desk.actor(), begin)?;
        uploads::see(&desk.app, &desk.actor(), &id).await
    };
    told(begun.await)
}

/// `GET /console/exposure/import/{id}`.
pub async fn see(desk: Desk, Path(id): Path<String>) -> Response {
    let seen = async { uploads::see(&desk.app, &desk.actor(), &upload(&id)?).await };
    told(seen.await)
}

/// Where a piece begins.
#[derive(Deserialize, Default, Debug)]
pub struct At {
    #[serde(default)]
    offset: u64,
}

/// `POST /console/exposure/import/{id}/piece`.
pub async fn piece(desk: Desk, Path(id): Path<String>, Query(at): Query<At>, request: Request) -> Response {
    let taken = async {
        let (actor, id) = (desk.actor(), upload(&id)?);
        uploads::take(&desk.app, &actor, &id, at.offset, request.into_body().into_data_stream()).await?;
        uploads::see(&desk.app, &actor, &id).await
    };
    told(taken.await)
}

/// `POST /console/exposure/import/{id}/columns`: each column is a field of the form.
pub async fn columns(desk: Desk, Path(id): Path<String>, Fields(form): Fields<BTreeMap<String, String>>) -> Response {
    let confirmed = async {
        let (actor, id) = (desk.actor(), upload(&id)?);
        let corrections = form.into_iter().map(|(column, field)| format!("{column}={field}")).collect();
        uploads::confirm(&desk.app, &actor, &id, corrections)?;
        uploads::see(&desk.app, &actor, &id).await
    };
    told(confirmed.await)
}

/// `POST /console/exposure/import/{id}/finish`.
pub async fn finish(desk: Desk, Path(id): Path<String>) -> Response {
    let finished = async {
        let (actor, id) = (desk.actor(), upload(&id)?);
        uploads::finish(&desk.app, &actor, &id).await?;
        uploads::see(&desk.app, &actor, &id).await
    };
    told(finished.await)
}

/// `POST /console/exposure/import/{id}/cancel`.
pub async fn cancel(desk: Desk, Path(id): Path<String>) -> Response {
    let cancelled = async {
        let (actor, id) = (desk.actor(), upload(&id)?);
        uploads::cancel(&desk.app, &actor, &id).await?;
        uploads::see(&desk.app, &actor, &id).await
    };
    told(cancelled.await)
}

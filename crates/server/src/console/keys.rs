//! `/console/keys`: what programs may call the API with.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::moment::Moment;
use super::show;
use super::sign_in::{refused, said};
use crate::error::AppError;
use crate::flows::api_keys::{self, Scope};
use crate::store::api_keys::ApiKey;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use countersign_core::ids::ApiKeyId;
use countersign_core::span::Span;
use countersign_core::staff::Permission;
use serde::Deserialize;

/// A key in the list.
struct Row {
    id: String,
    name: String,
    scopes: Vec<String>,
    created: Moment,
    expires: Option<Moment>,
    used: Option<Moment>,
    state: &'static str,
    class: &'static str,
}

/// A scope that can be ticked.
struct ScopeBox {
    name: &'static str,
    purpose: &'static str,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "console/keys.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    scopes: Vec<ScopeBox>,
    manages: bool,
    name: String,
    lives: String,
}

/// How long keys live unless somebody says otherwise.
const LIVES: &str = "90d";

fn row(desk: &Desk, key: ApiKey) -> Row {
    let now = desk.app.clock.now();
    let (state, class) = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => ("revoked", "bad"),
        (None, Some(at)) if at <= now => ("expired", "wait"),
        _ => ("live", "good"),
    };
    Row {
        id: key.id.to_string(),
        name: key.name,
        scopes: key.scopes.split(' ').map(str::to_owned).collect(),
        created: Moment::new(key.created_at, now),
        expires: key.expires_at.map(|at| Moment::new(at, now)),
        used: key.last_used_at.map(|at| Moment::new(at, now)),
        state,
        class,
    }
}

async fn listed(desk: &Desk, form: &CreateForm) -> Result<List, AppError> {
    let keys = api_keys::list(&desk.app).await?;
    let ticked = form.scopes();
    let one = |s: Scope| ScopeBox { name: s.as_str(), purpose: s.purpose(), ticked: ticked.contains(&s) };
    Ok(List {
        frame: desk.frame("API keys"),
        rows: keys.into_iter().map(|key| row(desk, key)).collect(),
        scopes: Scope::ALL.into_iter().map(one).collect(),
        manages: desk.seat.roles.may(Permission::ManageKeys),
        name: form.name.clone(),
        lives: if form.lives.is_empty() { LIVES.to_owned() } else { form.lives.clone() },
    })
}

/// `GET /console/keys`.
pub async fn list(desk: Desk) -> Response {
    match listed(&desk, &CreateForm::default()).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// What a new key is to be. Each ticked box is a field of its own, named after the scope.
#[derive(Deserialize, Default, Debug)]
pub struct CreateForm {
    name: String,
    #[serde(default)]
    lives: String,
    #[serde(flatten)]
    others: std::collections::HashMap<String, String>,
}

impl CreateForm {
    fn scopes(&self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.others.contains_key(scope.as_str())).collect()
    }
}

/// A key, shown once.
#[derive(Template)]
#[template(path = "console/key.html")]
struct KeyPage {
    frame: Frame,
    name: String,
    key: String,
}

/// `POST /console/keys`.
pub async fn create(desk: Desk, Fields(form): Fields<CreateForm>) -> Response {
    let created = async {
        let lives: Span = form.lives.trim().parse().map_err(|_| {
            AppError::invalid("lives", "lives_invalid", "How long the key lives is a number and a unit, such as 90d.")
        })?;
        api_keys::create(&desk.app, &desk.actor(), &form.name, &form.scopes(), Some(lives.duration())).await
    };
    match created.await {
        Ok((_, key)) => show::page(&KeyPage {
            frame: desk.frame("A new API key"),
            name: form.name.clone(),
            key: key.expose().to_owned(),
        }),
        Err(error) if error.status == 422 => match listed(&desk, &form).await {
            Ok(mut page) => {
                page.frame = said(page.frame, &error);
                refused(&error, &page)
            }
            Err(error) => desk.refuse(&error),
        },
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/keys/{id}/revoke`.
pub async fn revoke(desk: Desk, Path(id): Path<String>) -> Response {
    let revoked = async {
        let id = ApiKeyId::parse(&id).map_err(|_| AppError::not_found("There is no such key."))?;
        api_keys::revoke(&desk.app, &desk.actor(), id).await
    };
    match revoked.await {
        Ok(()) => desk.back_to("/console/keys", "key_revoked"),
        Err(error) => desk.refuse(&error),
    }
}

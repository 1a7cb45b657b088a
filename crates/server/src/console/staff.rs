//! `/console/staff`: who works here, with which roles; invite, change, help back in, shut out.

use super::desk::{Desk, Fields};
use super::frame::Frame;
use super::me::SessionRow;
use super::moment::Moment;
use super::show;
use super::sign_in::{refused, said};
use crate::error::AppError;
use crate::flows::staff::links::{self, Issued, Purpose};
use crate::flows::staff::people::{self, Invite};
use crate::flows::staff::sessions::{self, Which};
use crate::store::staff::{self, Staff};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use countersign_core::ids::StaffId;
use countersign_core::staff::{Permission, Role, Roles};
use serde::Deserialize;

/// Somebody in the list.
struct Row {
    id: String,
    name: String,
    shown_name: String,
    roles: String,
    state: &'static str,
    class: &'static str,
    asks_since: Option<Moment>,
}

#[derive(Template)]
#[template(path = "console/staff.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    roles: Vec<RoleBox>,
    manages: bool,
    name: String,
    shown_name: String,
}

/// A role that can be ticked.
struct RoleBox {
    name: &'static str,
    purpose: &'static str,
    ticked: bool,
}

fn boxes(ticked: Roles) -> Vec<RoleBox> {
    let one = |role: Role| RoleBox { name: role.as_str(), purpose: role.purpose(), ticked: ticked.contains(role) };
    Role::ALL.into_iter().map(one).collect()
}

const fn state(who: &Staff) -> (&'static str, &'static str) {
    if who.disabled_at.is_some() {
        ("shut out", "bad")
    } else if who.password_hash.is_some() || who.oidc_issuer.is_some() {
        ("may sign in", "good")
    } else {
        ("invited", "wait")
    }
}

async fn listed(desk: &Desk, ask: &InviteForm) -> Result<List, AppError> {
    let (mut conn, now) = (desk.app.store.read().await?, desk.app.clock.now());
    let pleas = staff::open_pleas(&mut conn).await?;
    let row = |who: &Staff| {
        let (state, class) = state(who);
        Row {
            id: who.id.to_string(),
            name: who.name.clone(),
            shown_name: who.shown_name.clone(),
            roles: who.roles.to_string().replace(' ', ", "),
            state,
            class,
            asks_since: pleas.iter().find(|(id, _)| *id == who.id).map(|(_, at)| Moment::new(*at, now)),
        }
    };
    Ok(List {
        frame: desk.frame("Staff"),
        rows: staff::all(&mut conn).await?.iter().map(row).collect(),
        roles: boxes(ask.roles().unwrap_or_default()),
        manages: desk.seat.roles.may(Permission::ManageStaff),
        name: ask.name.clone(),
        shown_name: ask.shown_name.clone(),
    })
}

/// `GET /console/staff`.
pub async fn list(desk: Desk) -> Response {
    match listed(&desk, &InviteForm::default()).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// Roles as a form sends them: a field for each box that is ticked.
#[derive(Deserialize, Default, Debug)]
pub struct RoleFields {
    viewer: Option<String>,
    responder: Option<String>,
    approver: Option<String>,
    admin: Option<String>,
    auditor: Option<String>,
}

impl RoleFields {
    fn roles(&self) -> Roles {
        let ticked = |role: &Role| {
            let field = match role {
                Role::Viewer => &self.viewer,
                Role::Responder => &self.responder,
                Role::Approver => &self.approver,
                Role::Admin => &self.admin,
                Role::Auditor => &self.auditor,
            };
            field.is_some()
        };
        let roles: Vec<Role> = Role::ALL.into_iter().filter(ticked).collect();
        Roles::of(&roles)
    }
}

/// Whom to invite.
#[derive(Deserialize, Default, Debug)]
pub struct InviteForm {
    name: String,
    #[serde(default)]
    shown_name: String,
    #[serde(flatten)]
    ticked: RoleFields,
}

impl InviteForm {
    fn roles(&self) -> Option<Roles> {
        Some(self.ticked.roles()).filter(|roles| !roles.is_empty())
    }
}

/// A link, shown once.
#[derive(Template)]
#[template(path = "console/link.html")]
struct LinkPage {
    frame: Frame,
    who: String,
    url: String,
    expires: Moment,
    keeps_factor: bool,
}

fn shown_link(desk: &Desk, who: &str, issued: &Issued) -> Response {
    show::page(&LinkPage {
        frame: desk.frame("A one-time link"),
        who: who.to_owned(),
        url: issued.url.expose().to_owned(),
        expires: Moment::new(issued.expires_at, desk.app.clock.now()),
        keeps_factor: issued.purpose == Purpose::Recover,
    })
}

/// `POST /console/staff`.
pub async fn invite(desk: Desk, Fields(form): Fields<InviteForm>) -> Response {
    let ask = Invite { name: form.name.clone(), shown_name: form.shown_name.clone(), roles: form.ticked.roles() };
    match people::invite(&desk.app, &desk.actor(), &ask).await {
        Ok((_, issued)) => shown_link(&desk, &form.name, &issued),
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

#[derive(Template)]
#[template(path = "console/person.html")]
struct PersonPage {
    frame: Frame,
    id: String,
    name: String,
    shown_name: String,
    state: &'static str,
    class: &'static str,
    since: Moment,
    vouched_by: Option<String>,
    has_authenticator: bool,
    enrolled: bool,
    codes_left: i64,
    asks_since: Option<Moment>,
    roles: Vec<RoleBox>,
    sessions: Vec<SessionRow>,
    manages: bool,
    is_self: bool,
    disabled: bool,
}

async fn found(desk: &Desk, id: &str) -> Result<Staff, AppError> {
    let missing = || AppError::not_found("There is nobody with this id.");
    let id = StaffId::parse(id).map_err(|_| missing())?;
    staff::by_id(&mut desk.app.store.read().await?, &id).await?.ok_or_else(missing)
}

async fn shown(desk: &Desk, who: &Staff) -> Result<PersonPage, AppError> {
    let (mut conn, now) = (desk.app.store.read().await?, desk.app.clock.now());
    let pleas = staff::open_pleas(&mut conn).await?;
    let rows = sessions::live(&desk.app, staff::sessions_of(&mut conn, &who.id).await?);
    let (state, class) = state(who);
    Ok(PersonPage {
        frame: desk.frame(&who.shown_name),
        id: who.id.to_string(),
        name: who.name.clone(),
        shown_name: who.shown_name.clone(),
        state,
        class,
        since: Moment::new(who.created_at, now),
        vouched_by: who.oidc_issuer.clone(),
        has_authenticator: who.totp_sealed.is_some(),
        enrolled: who.password_hash.is_some(),
        codes_left: staff::recovery_codes_left(&mut conn, &who.id).await?,
        asks_since: pleas.iter().find(|(id, _)| *id == who.id).map(|(_, at)| Moment::new(*at, now)),
        roles: boxes(who.roles),
        sessions: rows.iter().map(|s| SessionRow::new(desk, s)).collect(),
        manages: desk.seat.roles.may(Permission::ManageStaff),
        is_self: who.id == desk.seat.staff,
        disabled: who.disabled_at.is_some(),
    })
}

/// `GET /console/staff/{id}`.
pub async fn person(desk: Desk, Path(id): Path<String>) -> Response {
    let page = async { shown(&desk, &found(&desk, &id).await?).await };
    match page.await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

/// What a change led to: back to the person, or the page again with what was wrong.
async fn after(desk: &Desk, who: &Staff, outcome: Result<(), AppError>, done: &str) -> Response {
    match outcome {
        Ok(()) => desk.back_to(&format!("/console/staff/{}", who.id), done),
        Err(error) if matches!(error.status, 409 | 422) => match shown(desk, who).await {
            Ok(mut page) => {
                page.frame = said(page.frame, &error);
                refused(&error, &page)
            }
            Err(error) => desk.refuse(&error),
        },
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/staff/{id}/roles`.
pub async fn roles(desk: Desk, Path(id): Path<String>, Fields(form): Fields<RoleFields>) -> Response {
    match found(&desk, &id).await {
        Ok(who) => {
            let outcome = people::set_roles(&desk.app, &desk.actor(), who.id.clone(), form.roles()).await;
            after(&desk, &who, outcome, "roles").await
        }
        Err(error) => desk.refuse(&error),
    }
}

/// Whether the second factor is lost as well.
#[derive(Deserialize, Debug)]
pub struct LinkForm {
    lost_all: Option<String>,
}

/// `POST /console/staff/{id}/link`.
pub async fn link(desk: Desk, Path(id): Path<String>, Fields(form): Fields<LinkForm>) -> Response {
    let issued = async {
        let who = found(&desk, &id).await?;
        let issued = links::issue(&desk.app, &desk.actor(), who.id.clone(), form.lost_all.is_some()).await?;
        Ok::<_, AppError>((who, issued))
    };
    match issued.await {
        Ok((who, issued)) => shown_link(&desk, &who.name, &issued),
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/staff/{id}/disable`.
pub async fn disable(desk: Desk, Path(id): Path<String>) -> Response {
    set_disabled(&desk, &id, true, "disabled").await
}

/// `POST /console/staff/{id}/enable`.
pub async fn enable(desk: Desk, Path(id): Path<String>) -> Response {
    set_disabled(&desk, &id, false, "enabled").await
}

async fn set_disabled(desk: &Desk, id: &str, disabled: bool, done: &str) -> Response {
    match found(desk, id).await {
        Ok(who) => {
            let outcome = people::set_disabled(&desk.app, &desk.actor(), who.id.clone(), disabled).await;
            after(desk, &who, outcome, done).await
        }
        Err(error) => desk.refuse(&error),
    }
}

/// `POST /console/staff/{id}/sessions/end`.
pub async fn end_sessions(desk: Desk, Path(id): Path<String>) -> Response {
    match found(&desk, &id).await {
        Ok(who) => {
            let outcome = sessions::end(&desk.app, &desk.actor(), who.id.clone(), Which::All).await;
            after(&desk, &who, outcome.map(|_| ()), "sessions_ended").await
        }
        Err(error) => desk.refuse(&error),
    }
}

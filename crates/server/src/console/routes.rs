//! Every route of the console and what it takes to use it. The router is made of this table, so that no route is without
//! an answer to "who may?".

use super::{
    accounts, audit, confirm, evidence, exposure, find, keys, me, messages, oidc, passkey, settings, sign_in, staff,
    watch, welcome,
};
use crate::app::App;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use countersign_core::staff::Permission;

/// What a route takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Nothing: the way in.
    Nothing,
    /// To be signed in: one's own affairs. Changing them needs a fresh proof, which the flow looks for.
    Seat,
    /// A permission; a privileged one needs a fresh proof too.
    May(Permission),
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: Method,
    /// As axum matches it.
    pub path: &'static str,
    /// What it takes.
    pub need: Need,
    /// Who answers.
    pub(super) handler: MethodRouter<App>,
}

fn see(path: &'static str, need: Need, handler: MethodRouter<App>) -> Route {
    Route { method: Method::GET, path, need, handler }
}

fn act(path: &'static str, need: Need, handler: MethodRouter<App>) -> Route {
    Route { method: Method::POST, path, need, handler }
}

/// The table.
pub fn all() -> Vec<Route> {
    [way_in(), own(), watching(), records(), care(), exposed(), administration()].into_iter().flatten().collect()
}

fn way_in() -> Vec<Route> {
    vec![
        see("/console/sign-in", Need::Nothing, get(sign_in::form)),
        act("/console/sign-in", Need::Nothing, post(sign_in::sign_in)),
        see("/console/help", Need::Nothing, get(sign_in::help_form)),
        act("/console/help", Need::Nothing, post(sign_in::help)),
        see("/console/welcome/{token}", Need::Nothing, get(welcome::form)),
        act("/console/welcome/{token}", Need::Nothing, post(welcome::enrol)),
        act("/console/welcome/{token}/passkey/begin", Need::Nothing, post(passkey::begin_enrolling)),
        act("/console/welcome/{token}/passkey", Need::Nothing, post(passkey::enrol)),
        act("/console/passkey/begin", Need::Nothing, post(passkey::begin)),
        act("/console/passkey/finish", Need::Nothing, post(passkey::finish)),
        see("/console/oidc/start", Need::Nothing, get(oidc::start)),
        see("/console/oidc/callback", Need::Nothing, get(oidc::callback)),
    ]
}

fn own() -> Vec<Route> {
    vec![
        act("/console/sign-out", Need::Seat, post(sign_in::sign_out)),
        see("/console/confirm", Need::Seat, get(confirm::form)),
        act("/console/confirm", Need::Seat, post(confirm::confirm)),
        act("/console/confirm/passkey/begin", Need::Seat, post(passkey::begin_confirming)),
        act("/console/confirm/passkey", Need::Seat, post(passkey::confirm)),
        see("/console/me", Need::Seat, get(me::page)),
        act("/console/me/name", Need::Seat, post(me::name)),
        act("/console/me/password", Need::Seat, post(me::password)),
        see("/console/me/authenticator", Need::Seat, get(me::authenticator_form)),
        act("/console/me/authenticator", Need::Seat, post(me::authenticator)),
        act("/console/me/codes", Need::Seat, post(me::codes)),
        act("/console/me/passkeys/begin", Need::Seat, post(passkey::begin_adding)),
        act("/console/me/passkeys", Need::Seat, post(passkey::add)),
        act("/console/me/passkeys/{id}/name", Need::Seat, post(me::rename_passkey)),
        act("/console/me/passkeys/{id}/remove", Need::Seat, post(me::remove_passkey)),
        act("/console/me/sessions/others/end", Need::Seat, post(me::end_others)),
        act("/console/me/sessions/{id}/end", Need::Seat, post(me::end_session)),
    ]
}

fn watching() -> Vec<Route> {
    let see_traffic = Need::May(Permission::SeeTraffic);
    vec![
        see("/console", see_traffic, get(watch::overview)),
        see("/console/traffic", see_traffic, get(watch::traffic)),
        see("/console/live", see_traffic, get(watch::live::stream)),
    ]
}

fn records() -> Vec<Route> {
    let (register, see_evidence) = (Need::May(Permission::SeeRegister), Need::May(Permission::SeeEvidence));
    vec![
        act("/console/find", Need::Seat, post(find::typed)),
        see("/console/messages", register, get(messages::list)),
        act("/console/messages", register, post(messages::search)),
        see("/console/messages/{id}", register, get(messages::one)),
        see("/console/evidence", see_evidence, get(evidence::list)),
        see("/console/evidence/{name}", see_evidence, get(evidence::one)),
        see("/console/evidence/{name}/proof", see_evidence, get(evidence::proof)),
        see("/console/audit", Need::May(Permission::SeeAudit), get(audit::list)),
        see("/console/settings", Need::May(Permission::SeeSettings), get(settings::page)),
    ]
}

fn care() -> Vec<Route> {
    let (see_accounts, acts) = (Need::May(Permission::SeeAccounts), Need::May(Permission::ActOnAccounts));
    vec![
        see("/console/accounts", see_accounts, get(accounts::search)),
        see("/console/accounts/{id}", see_accounts, get(accounts::one)),
        act("/console/accounts/{id}/unmask", Need::May(Permission::Unmask), post(accounts::unmask)),
        act("/console/accounts/{id}/sessions/end", acts, post(accounts::end_sessions)),
        act("/console/accounts/{id}/hold", acts, post(accounts::hold)),
        act("/console/accounts/{id}/hold/release", acts, post(accounts::release)),
    ]
}

fn exposed() -> Vec<Route> {
    let (sees, acts) = (Need::May(Permission::SeeExposure), Need::May(Permission::ActOnExposure));
    vec![
        see("/console/exposure", sees, get(exposure::leaks::list)),
        see("/console/exposure/import", sees, get(exposure::import::page)),
        act("/console/exposure/import", acts, post(exposure::import::begin)),
        see("/console/exposure/import/{id}", acts, get(exposure::import::see)),
        act("/console/exposure/import/{id}/piece", acts, post(exposure::import::piece)),
        act("/console/exposure/import/{id}/columns", acts, post(exposure::import::columns)),
        act("/console/exposure/import/{id}/finish", acts, post(exposure::import::finish)),
        act("/console/exposure/import/{id}/cancel", acts, post(exposure::import::cancel)),
        see("/console/exposure/leaks/{id}", sees, get(exposure::leak::one)),
        act("/console/exposure/leaks/{id}/withdraw", acts, post(exposure::leak::withdraw)),
        see("/console/exposure/cohorts", sees, get(exposure::cohorts::list)),
        act("/console/exposure/cohorts", acts, post(exposure::cohorts::make)),
        see("/console/exposure/cohorts/count", sees, get(exposure::cohorts::count)),
        see("/console/exposure/cohorts/{digest}", sees, get(exposure::cohort::one)),
        see("/console/exposure/cohorts/{digest}/contain", sees, get(exposure::cohort::preview)),
        act("/console/exposure/cohorts/{digest}/contain", acts, post(exposure::cohort::put)),
        act("/console/exposure/cohorts/{digest}/export", acts, post(exposure::export::export)),
        see("/console/exposure/containments", sees, get(exposure::containments::list)),
        see("/console/exposure/containments/{id}", sees, get(exposure::containments::one)),
        act("/console/exposure/containments/{id}/lift", acts, post(exposure::containments::lift)),
        act("/console/accounts/{id}/containments/{containment}/release", acts, post(exposure::account::release)),
    ]
}

fn administration() -> Vec<Route> {
    let (see_staff, manage_staff) = (Need::May(Permission::SeeStaff), Need::May(Permission::ManageStaff));
    let (see_keys, manage_keys) = (Need::May(Permission::SeeKeys), Need::May(Permission::ManageKeys));
    vec![
        see("/console/staff", see_staff, get(staff::list)),
        act("/console/staff", manage_staff, post(staff::invite)),
        see("/console/staff/{id}", see_staff, get(staff::person)),
        act("/console/staff/{id}/roles", manage_staff, post(staff::roles)),
        act("/console/staff/{id}/link", manage_staff, post(staff::link)),
        act("/console/staff/{id}/disable", manage_staff, post(staff::disable)),
        act("/console/staff/{id}/enable", manage_staff, post(staff::enable)),
        act("/console/staff/{id}/sessions/end", manage_staff, post(staff::end_sessions)),
        see("/console/keys", see_keys, get(keys::list)),
        act("/console/keys", manage_keys, post(keys::create)),
        act("/console/keys/{id}/revoke", manage_keys, post(keys::revoke)),
    ]
}

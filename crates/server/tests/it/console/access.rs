//! Every route × every role × nobody, against a table that is kept here. A route without a decision fails.

use super::office::{Office, Person, form};
use countersign::console::routes::{self, Need};
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::staff::Actor;
use countersign_core::staff::Role;
use std::fmt::Write as _;

/// An id that nothing has, for the parts of a path.
fn concrete(path: &str) -> String {
    let mut out = String::new();
    for part in path.split('/').skip(1) {
        out += "/";
        out += if part.starts_with('{') { "none" } else { part };
    }
    out
}

/// What a status says about "may I?": a redirect to sign-in or to a proof, a refusal, or that the handler was reached.
fn verdict(status: u16, location: Option<&str>) -> &'static str {
    match (status, location) {
        (303, Some(to)) if to.starts_with("/console/sign-in?next=") || to == "/console/sign-in" => "sign in",
        (401, _) => "sign in",
        (303, Some(to)) if to.starts_with("/console/confirm") => "prove",
        (403, _) => "no",
        (500, _) => "BROKEN",
        _ => "yes",
    }
}

async fn ask(method: &str, origin: &str, path: &str, cookie: Option<&str>, csrf: Option<&str>) -> &'static str {
    let web = crate::support::web().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{origin}{path}");
    let mut request = if method == "GET" { web.get(url) } else { web.post(url) };
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = match csrf {
        Some(csrf) if method == "POST" => form(request, &[("csrf", csrf)]).await,
        _ if method == "POST" => form(request, &[]).await,
        _ => request.send().await.unwrap(),
    };
    let location = answer.headers().get("location").map(|l| l.to_str().unwrap().to_owned());
    verdict(answer.status().as_u16(), location.as_deref())
}

async fn by(person: &Person, method: &str, path: &str) -> &'static str {
    let csrf = if method == "POST" { Some(person.csrf().await) } else { None };
    ask(method, &person.origin, path, Some(&person.cookie()), csrf.as_deref()).await
}

const fn need(need: Need) -> &'static str {
    match need {
        Need::Nothing => "nothing",
        Need::Seat => "a seat",
        Need::May(permission) => permission.as_str(),
    }
}

#[tokio::test]
async fn every_route_and_every_role() {
    let office = Office::open().await;
    let mut table = format!("{:<4} {:<46} {:<16} {:<8}", "", "route", "needs", "nobody");
    for role in Role::ALL {
        let _ = write!(table, " {:<9}", role.as_str());
    }
    table += " stale\n";
    for route in routes::all() {
        let (method, path) = (route.method.as_str(), concrete(route.path));
        let nobody = ask(method, &office.site.origin, &path, None, None).await;
        let _ = write!(table, "{method:<4} {:<46} {:<16} {nobody:<8}", route.path, need(route.need));
        let mut stale = "-";
        for (n, role) in Role::ALL.into_iter().enumerate() {
            // Somebody new for each: signing out or ending sessions must not decide the next line.
            let person = office.staff(&format!("p{n}-{}", fresh_name()), &[role]).await;
            let said = by(&person, method, &path).await;
            let _ = write!(table, " {said:<9}");
            let may = matches!(route.need, Need::May(permission) if role.may(permission) && permission.is_privileged());
            if may {
                let late = office.staff(&format!("l{n}-{}", fresh_name()), &[role]).await;
                late.grow_stale();
                stale = by(&late, method, &path).await;
            }
        }
        table = table.trim_end().to_owned();
        let _ = writeln!(table, " {stale}");
    }
    insta::assert_snapshot!("routes_and_roles", table);
}

fn fresh_name() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
}

/// Routes as the sources of a room name them.
fn named_in(source: &str) -> Vec<String> {
    let literal = |rest: &str| rest.trim_start().strip_prefix('"').and_then(|r| r.split('"').next()).map(str::to_owned);
    source.split(".route(").skip(1).filter_map(literal).collect()
}

#[tokio::test]
async fn every_route_of_the_api_and_every_scope() {
    let office = Office::open().await;
    let cookie = office.staff("ana", &Role::ALL).await.cookie();
    let mut keys = Vec::new();
    for scope in Scope::ALL {
        let (_, key) = api_keys::create(office.app(), &Actor::Command, scope.as_str(), &[scope], None).await.unwrap();
        keys.push((scope.as_str(), key));
    }
    let described: serde_json::Value = office.get("/v1/openapi.json").await.json().await.unwrap();
    let mut table = format!("{:<4} {:<40} {:<8} {:<13} keys with\n", "", "route", "nobody", "staff cookie");
    let mut seen = Vec::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let ask = async |name: &str, value: &str| api_verdict(&office, method, path, name, value).await;
            let (nobody, staff) = (ask("x-nobody", "1").await, ask("cookie", &cookie).await);
            let mut with = Vec::new();
            for (scope, key) in &keys {
                if ask("authorization", &format!("Bearer {}", key.expose())).await == "yes" {
                    with.push(*scope);
                }
            }
            let with = if with.len() == keys.len() { "any".to_owned() } else { with.join(" ") };
            let _ = writeln!(table, "{:<4} {path:<40} {nobody:<8} {staff:<13} {with}", method.to_uppercase());
        }
        seen.push(path.clone());
    }
    insta::assert_snapshot!("routes_and_scopes", table);
    let undescribed = |path: &String| !seen.contains(path) && !path.starts_with("/evidence/tile/");
    let left: Vec<_> = named_in(include_str!("../../../src/api/mod.rs")).into_iter().filter(undescribed).collect();
    assert_eq!(left, ["/v1", "/v1/", "/v1/{*rest}"], "a route that the description does not have");
}

async fn api_verdict(office: &Office, method: &str, path: &str, name: &str, value: &str) -> &'static str {
    let url = format!("{}{}", office.site.origin, concrete(path));
    let request = crate::support::web().build().unwrap().request(method.to_uppercase().parse().unwrap(), url);
    let answer =
        request.header(name, value).header("content-type", "application/json").body("{}").send().await.unwrap();
    match answer.status().as_u16() {
        401 => "no key",
        403 => "no",
        500 => "BROKEN",
        _ => "yes",
    }
}

#[test]
fn every_hosted_page_is_meant_for_everybody() {
    let pages = named_in(include_str!("../../../src/pages/mod.rs")).join(" ");
    insta::assert_snapshot!(pages, @"/ /recover /recover/sent /recover/proof /recover/resend /recover/code /r/{token} /not-me/{token} /cancel/{token} /verify /verify/{code} /assets/{file}");
}

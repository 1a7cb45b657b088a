//! The way in and back out: links, passwords, codes, roles, sessions.

use super::office::{COOKIE, Office, PASSWORD, code_of, enrol, hidden, leads_to, sets, stranger_posts};
use countersign::flows::staff::sessions::Which;
use countersign::flows::staff::{Actor, links, people, sessions};
use countersign_core::staff::{Role, Roles};
use std::time::Duration;

#[tokio::test]
async fn the_first_admin_comes_in_by_a_link_that_works_once() {
    let office = Office::open().await;
    let first = people::first_link(office.app()).await.unwrap().unwrap();
    let again = people::first_link(office.app()).await.unwrap().unwrap();
    let path = |url: &str| url.split_once("/console").map(|(_, rest)| format!("/console{rest}")).unwrap();
    let (old, new) = (path(first.url.expose()), path(again.url.expose()));
    assert_eq!(office.get(&old).await.status(), 410, "a newer link replaces an older one");

    let page = office.get(&new).await.text().await.unwrap();
    assert!(page.contains("Welcome, First admin") && page.contains("<svg class=\"qr\""), "{page}");
    let secret = page.split_once("class=\"secret\">").unwrap().1.split('<').next().unwrap().to_owned();
    let code = code_of(office.app(), &secret);
    let fields = |password: &'static str, code: &str| {
        [("password", password.to_owned()), ("again", password.to_owned()), ("code", code.to_owned())]
    };
    let send = async |fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        stranger_posts(&office, &new, &fields).await
    };
    assert_eq!(send(&fields("password1234", &code)).await.status(), 422, "a weak password");
    assert_eq!(send(&fields(PASSWORD, "000000")).await.status(), 422, "a wrong code");
    let done = send(&fields(PASSWORD, &code)).await;
    assert_eq!(done.status(), 200);
    assert!(sets(&done, COOKIE).unwrap().contains("HttpOnly; SameSite=Lax"));
    assert_eq!(done.text().await.unwrap().matches("<li><code>").count(), 10);
    assert_eq!(send(&fields(PASSWORD, &code)).await.status(), 410, "a link works once");
    assert!(people::first_link(office.app()).await.unwrap().is_none());
    insta::assert_snapshot!(office.entries().await.join(" "), @"staff.invited staff.link_issued staff.link_issued staff.enrolled staff.signed_in");
}

#[tokio::test]
async fn a_password_and_a_code_open_a_session_and_lead_to_the_page_that_was_asked_for() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let asked = office.get("/console/staff?x=1").await;
    assert_eq!(leads_to(&asked), "/console/sign-in?next=%2Fconsole%2Fstaff%3Fx%3D1");
    let form = office.get(&leads_to(&asked)).await.text().await.unwrap();
    let code = ana.next_code();
    let fields = [("name", "Ana"), ("password", PASSWORD), ("code", &code), ("next", &hidden(&form, "next"))];
    let answer = stranger_posts(&office, "/console/sign-in", &fields).await;
    assert_eq!((answer.status().as_u16(), leads_to(&answer).as_str()), (303, "/console/staff?x=1"));
    assert!(sets(&answer, COOKIE).is_some() && sets(&answer, "cs_console_device").is_some());
    let twice = stranger_posts(&office, "/console/sign-in", &fields).await;
    assert_eq!(twice.status(), 401, "a code is taken once");
}

#[tokio::test]
async fn whatever_does_not_match_gets_the_same_answer() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let shut = office.staff("shut", &[Role::Viewer]).await;
    people::set_disabled(office.app(), &Actor::Command, shut.id.clone(), true).await.unwrap();
    let (right, other) = (ana.next_code(), code_of(office.app(), &shut.secret));
    let tries = [
        ("nobody", PASSWORD, right.as_str()),
        ("not a name!", PASSWORD, &right),
        ("ana", "wrong horse battery", &right),
        ("ana", PASSWORD, "000000"),
        ("ana", PASSWORD, &other),
        ("ana", PASSWORD, "22222-22222-22222-22222-22222"),
        ("shut", PASSWORD, &other),
    ];
    let mut pages = Vec::new();
    for (name, password, code) in tries {
        let answer =
            stranger_posts(&office, "/console/sign-in", &[("name", name), ("password", password), ("code", code)])
                .await;
        assert_eq!(answer.status(), 401, "{name} {code}");
        assert!(sets(&answer, COOKIE).is_none());
        let page = answer.text().await.unwrap();
        pages.push(page.replace(&format!("value=\"{name}\""), "value=\"\""));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:#?}");
    let failed = office.entries().await.iter().filter(|kind| *kind == "staff.sign_in_failed").count();
    assert_eq!(failed, tries.len(), "each is on record");
}

#[tokio::test]
async fn strangers_who_use_up_the_tries_do_not_shut_out_the_owners_browser() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let code = ana.next_code();
    let own = [("name", "ana"), ("password", PASSWORD), ("code", code.as_str())];
    let first = stranger_posts(&office, "/console/sign-in", &own).await;
    let mark = sets(&first, "cs_console_device").unwrap().split(';').next().unwrap().to_owned();
    let refused = countersign::flows::staff::sign_in::sign_in;
    let ask = |code: &str, device: Option<String>| countersign::flows::staff::sign_in::SignIn {
        name: "ana".to_owned(),
        password: countersign_core::secret::SecretText::new(PASSWORD),
        code: countersign_core::secret::SecretText::new(code),
        client: countersign::flows::client::Client { device, ..super::office::client() },
    };
    let mut last = 401;
    for _ in 0..12 {
        last = refused(office.app(), ask("000000", None)).await.unwrap_err().status;
    }
    assert_eq!(last, 429, "a name has so many tries, whoever makes them");
    office.app().clock.advance(Duration::from_secs(30));
    let code = code_of(office.app(), &ana.secret);
    assert_eq!(refused(office.app(), ask(&code, None)).await.unwrap_err().status, 429);
    assert!(refused(office.app(), ask(&code, Some(mark))).await.is_ok(), "a known browser has tries of its own");
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_the_authenticator_once() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let written = ana.codes[3].to_uppercase().replace('-', " ");
    let fields = [("name", "ana"), ("password", PASSWORD), ("code", written.as_str())];
    assert_eq!(stranger_posts(&office, "/console/sign-in", &fields).await.status(), 303);
    assert_eq!(stranger_posts(&office, "/console/sign-in", &fields).await.status(), 401);
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_age_and_by_hand() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let clock = office.app().clock.clone();
    assert_eq!(ana.get("/console").await.status(), 200);
    for _ in 0..24 {
        clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(ana.get("/console").await.status(), 200, "used every 29 minutes it lives");
    }
    clock.advance(Duration::from_secs(25 * 60));
    assert_eq!(ana.get("/console").await.status(), 303, "but not longer than twelve hours");

    let bea = office.staff("bea", &[Role::Viewer]).await;
    clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(bea.get("/console").await.status(), 303, "unused for half an hour");

    let eva = office.staff("eva", &[Role::Viewer]).await;
    let out = eva.post("/console/sign-out", &[]).await;
    assert!(sets(&out, COOKIE).unwrap().contains("Max-Age=0"));
    assert_eq!(leads_to(&eva.get("/console").await), "/console/sign-in", "the old cookie is worth nothing");
}

#[tokio::test]
async fn privileged_steps_ask_again_and_the_session_gets_a_new_cookie() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    ana.grow_stale();
    let asked = ana.post("/console/staff", &[("name", "bea"), ("viewer", "on")]).await;
    assert_eq!(leads_to(&asked), "/console/confirm?next=%2Fconsole%2Fme");
    let wrong = ana.post("/console/confirm", &[("code", "000000"), ("next", "/console/staff")]).await;
    assert_eq!(wrong.status(), 422);
    let code = ana.next_code();
    let right = ana.post("/console/confirm", &[("code", &code), ("next", "/console/staff")]).await;
    assert_eq!(leads_to(&right), "/console/staff?done=confirmed");
    let renewed = sets(&right, COOKIE).unwrap();
    assert!(!renewed.starts_with(ana.opened.token.expose()));
    assert_eq!(ana.get("/console").await.status(), 303, "the cookie from before the proof is void");
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once_and_the_last_admin_stays() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let bea = office.staff("bea", &[Role::Admin]).await;
    let actor = bea.actor().await;
    people::set_roles(office.app(), &ana.actor().await, bea.id.clone(), Roles::of(&[Role::Viewer])).await.unwrap();
    assert_eq!(bea.get("/console/staff").await.status(), 403);
    // A seat that was taken before the change: the transaction looks again.
    let late = people::set_disabled(office.app(), &actor, ana.id.clone(), true).await.unwrap_err();
    assert_eq!((late.status, late.code), (403, "not_permitted"));
    let last = people::set_roles(office.app(), &ana.actor().await, ana.id.clone(), Roles::of(&[Role::Viewer])).await;
    assert_eq!(last.unwrap_err().code, "last_admin");
    let shut = people::set_disabled(office.app(), &ana.actor().await, ana.id.clone(), true).await;
    assert_eq!(shut.unwrap_err().code, "last_admin");
}

#[tokio::test]
async fn who_is_shut_out_is_out_at_once() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let bea = office.staff("bea", &[Role::Viewer]).await;
    assert_eq!(bea.get("/console").await.status(), 200);
    let answer = ana.post(&format!("/console/staff/{}/disable", bea.id), &[]).await;
    assert_eq!(leads_to(&answer), format!("/console/staff/{}?done=disabled", bea.id));
    assert_eq!(bea.get("/console").await.status(), 303);
    ana.post(&format!("/console/staff/{}/enable", bea.id), &[]).await;
    assert_eq!(bea.get("/console").await.status(), 303, "the session does not come back");
}

#[tokio::test]
async fn a_link_back_in_keeps_the_second_factor_unless_that_is_lost_too() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let bea = office.staff("bea", &[Role::Viewer]).await;
    let kept = links::issue(office.app(), &ana.actor().await, bea.id.clone(), false).await.unwrap();
    let path = kept.url.expose().split_once("/console").map(|(_, rest)| format!("/console{rest}")).unwrap();
    let page = office.get(&path).await.text().await.unwrap();
    assert!(page.contains("You keep the one that you have") && !page.contains("class=\"qr\""), "{page}");
    let fields = |code: &'static str| [("password", PASSWORD), ("again", PASSWORD), ("code", code)];
    assert_eq!(stranger_posts(&office, &path, &fields("000000")).await.status(), 422);
    let code = bea.next_code();
    let done = stranger_posts(&office, &path, &[("password", PASSWORD), ("again", PASSWORD), ("code", &code)]).await;
    assert_eq!((done.status().as_u16(), leads_to(&done).as_str()), (303, "/console"));
    assert_eq!(bea.get("/console").await.status(), 303, "older sessions have ended");
    let anew = links::issue(office.app(), &ana.actor().await, bea.id.clone(), true).await.unwrap();
    let (_, secret, codes) = enrol(office.app(), anew.url.expose()).await;
    assert!(secret != bea.secret && codes.len() == 10);
}

#[tokio::test]
async fn a_call_for_help_says_the_same_for_every_name_and_admins_see_it() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    office.staff("bea", &[Role::Viewer]).await;
    let known = stranger_posts(&office, "/console/help", &[("name", "bea")]).await.text().await.unwrap();
    let unknown = stranger_posts(&office, "/console/help", &[("name", "nobody")]).await.text().await.unwrap();
    assert_eq!(known, unknown);
    assert_eq!(ana.page("/console/staff").await.matches("asks for help").count(), 1);
}

#[tokio::test]
async fn people_list_and_end_their_sessions_and_nobody_elses() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let bea = office.staff("bea", &[Role::Viewer]).await;
    let code = ana.next_code();
    let fields = [("name", "ana"), ("password", PASSWORD), ("code", code.as_str())];
    stranger_posts(&office, "/console/sign-in", &fields).await;
    let page = ana.page("/console/me").await;
    assert_eq!(page.matches("<td data-label=\"Device\">").count(), 2);
    let theirs = bea.seat().await.unwrap().session;
    let answer = ana.post(&format!("/console/me/sessions/{theirs}/end"), &[]).await;
    assert_eq!(answer.status(), 404);
    assert!(bea.seat().await.is_some());
    let answer = ana.post("/console/me/sessions/others/end", &[]).await;
    assert_eq!(leads_to(&answer), "/console/me?done=sessions_ended");
    assert_eq!(ana.page("/console/me").await.matches("<td data-label=\"Device\">").count(), 1);
    let seat = sessions::end(office.app(), &ana.actor().await, bea.id.clone(), Which::All).await;
    assert_eq!(seat.unwrap_err().code, "not_permitted");
}

#[tokio::test]
async fn a_new_password_and_a_new_authenticator_replace_the_old_ones() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let new = "walnut bicycle 77 harbour";
    let wrong = ana.post("/console/me/password", &[("old", "no"), ("password", new), ("again", new)]).await;
    assert_eq!(wrong.status(), 422);
    let done = ana.post("/console/me/password", &[("old", PASSWORD), ("password", new), ("again", new)]).await;
    assert_eq!(leads_to(&done), "/console/me?done=password");
    let page = ana.page("/console/me/authenticator").await;
    let secret = page.split_once("class=\"secret\">").unwrap().1.split('<').next().unwrap().to_owned();
    let code = code_of(office.app(), &secret);
    let done = ana.post("/console/me/authenticator", &[("code", &code)]).await;
    assert_eq!(leads_to(&done), "/console/me?done=authenticator");
    office.app().clock.advance(Duration::from_secs(60));
    let (old, fresh) = (code_of(office.app(), &ana.secret), code_of(office.app(), &secret));
    let sign_in = async |password: &str, code: &str| {
        stranger_posts(&office, "/console/sign-in", &[("name", "ana"), ("password", password), ("code", code)])
            .await
            .status()
    };
    assert_eq!(sign_in(PASSWORD, &fresh).await, 401);
    assert_eq!(sign_in(new, &old).await, 401);
    assert_eq!(sign_in(new, &fresh).await, 303);
    ana.grow_stale();
    let stale = ana.post("/console/me/codes", &[]).await;
    assert_eq!(leads_to(&stale), "/console/confirm?next=%2Fconsole%2Fme");
}

#[tokio::test]
async fn keys_are_shown_once_and_revoked() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let made =
        ana.post("/console/keys", &[("name", "sign-in page"), ("lives", "30d"), ("recovery:request", "on")]).await;
    let page = made.text().await.unwrap();
    let key = page.split_once("value=\"csk_").unwrap().1.split('"').next().unwrap().to_owned();
    let list = ana.page("/console/keys").await;
    assert!(list.contains("sign-in page") && !list.contains(&key));
    let id = list.split_once("/console/keys/").unwrap().1.split('/').next().unwrap().to_owned();
    assert_eq!(leads_to(&ana.post(&format!("/console/keys/{id}/revoke"), &[]).await), "/console/keys?done=key_revoked");
    assert_eq!(ana.post("/console/keys", &[("name", ""), ("lives", "30d")]).await.status(), 422);
    assert_eq!(ana.post("/console/keys", &[("name", "x"), ("lives", "soon"), ("sign-in", "on")]).await.status(), 422);
    let made = office.last_entry("staff.key_created").await;
    assert_eq!(made["what"]["by"]["staff"], ana.id.as_str());
}

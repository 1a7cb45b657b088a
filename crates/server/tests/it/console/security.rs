//! What a hostile page, a stolen form or an odd request may not do.

use super::office::{COOKIE, Office, PASSWORD, form, leads_to, sets, stranger_posts};
use crate::browser::driver::with_browser;
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use countersign_core::staff::Role;

#[tokio::test]
async fn every_page_carries_the_security_headers() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    for path in
        ["/console", "/console/sign-in", "/console/me", "/console/staff", "/console/nothing", "/console/welcome/x"]
    {
        let page = ana.get(path).await;
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cache-control"), "no-store");
        assert!(page.headers().get("access-control-allow-origin").is_none());
        let html = page.text().await.unwrap();
        assert!(!html.contains("<script>") && !html.contains(" style=") && !html.contains(" onclick"), "{path}");
    }
    let secret = office.get("/console/welcome/x").await;
    assert_eq!(secret.headers()["referrer-policy"], "no-referrer", "the address of a one-time link is told to nobody");
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_own_session() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let bea = office.staff("bea", &[Role::Admin]).await;
    let invite = [("name", "mallory"), ("admin", "on")];
    assert_eq!(ana.post_bare("/console/staff", &invite).await.status(), 403, "without a token");
    let theirs = bea.csrf().await;
    let fields = [("name", "mallory"), ("admin", "on"), ("csrf", theirs.as_str())];
    assert_eq!(ana.post_bare("/console/staff", &fields).await.status(), 403, "with the token of another session");
    let own = ana.csrf().await;
    let request = crate::support::web().build().unwrap().post(format!("{}/console/staff", ana.origin));
    let request = request.header("cookie", ana.cookie()).header("sec-fetch-site", "cross-site");
    let fields = [("name", "mallory"), ("admin", "on"), ("csrf", own.as_str())];
    assert_eq!(form(request, &fields).await.status(), 403, "from another site");
    assert!(!ana.page("/console/staff").await.contains("mallory"));
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_the_one_that_is_opened() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let eve = office.staff("mallory", &[Role::Viewer]).await;
    let code = ana.next_code();
    // Eve has put her own cookie into Ana's browser before Ana signs in.
    let request = crate::support::web().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = request.post(format!("{}/console/sign-in", ana.origin)).header("cookie", eve.cookie());
    let answer = form(request, &[("name", "ana"), ("password", PASSWORD), ("code", &code)]).await;
    let given = sets(&answer, COOKIE).unwrap();
    assert!(!given.starts_with(eve.opened.token.expose()) && !given.starts_with(ana.opened.token.expose()));
    assert!(eve.seat().await.is_none(), "the session that the browser held has ended");
}

#[tokio::test]
async fn nobody_is_led_away_after_sign_in() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    for next in ["https://example.net/", "//example.net/console", "/console/../recover", "/console\\@example.net"] {
        let code = ana.next_code();
        let fields = [("name", "ana"), ("password", PASSWORD), ("code", code.as_str()), ("next", next)];
        let answer = stranger_posts(&office, "/console/sign-in", &fields).await;
        assert_eq!(leads_to(&answer), "/console", "{next}");
    }
    let signed_in = ana.get("/console/sign-in?next=%2F%2Fexample.net").await;
    assert_eq!(leads_to(&signed_in), "/console");
}

#[tokio::test]
async fn a_form_that_is_too_large_or_broken_changes_nothing() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Admin]).await;
    let long = "x".repeat(100 * 1024);
    assert_eq!(ana.post("/console/staff", &[("name", &long)]).await.status(), 413);
    assert_eq!(ana.post("/console/keys/key_x/revoke", &[]).await.status(), 404);
    assert_eq!(ana.post("/console/staff", &[("nome", "bea")]).await.status(), 400);
}

#[tokio::test]
async fn behind_tls_the_cookies_are_bound_to_the_host() {
    let office = Office::open_with(&[("COUNTERSIGN_SERVER__ORIGIN", "https://login.example.org")]).await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let code = ana.next_code();
    let fields = [("name", "ana"), ("password", PASSWORD), ("code", code.as_str())];
    let answer = stranger_posts(&office, "/console/sign-in", &fields).await;
    let cookie = sets(&answer, "__Host-cs_console").unwrap();
    assert!(cookie.contains("Path=/") && cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
}

/// A page of another site (another host, so also another site for cookies) that tries what such pages try.
async fn hostile_site(target: &str) -> String {
    let page = format!(
        "<!doctype html><title>Hostile</title><iframe id=frame src=\"{target}/console\"></iframe>\
         <form id=form method=post action=\"{target}/console/staff\"><input name=name value=mallory><input name=admin value=on></form>"
    );
    let router = Router::new().route(
        "/",
        get(move || {
            let page = page.clone();
            async move { Html(page) }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(axum::serve(listener, router).into_future());
    origin
}

#[tokio::test]
async fn a_hostile_page_in_the_same_browser_can_neither_read_nor_frame_nor_act() {
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let ana = office.staff("ana", &[Role::Admin]).await;
        ana.sit_down(browser, "/console").await;
        assert!(browser.text().await.contains("Overview"));
        let cookies = browser.run("return document.cookie").await;
        assert_eq!(cookies, "", "scripts do not see the session");

        let hostile = hostile_site(&ana.origin).await;
        browser.go(&hostile).await;
        let read = format!(
            "const done = arguments[0]; fetch('{}/console/me', {{ credentials: 'include' }})
               .then(r => r.text()).then(t => done('read ' + t.length), e => done('refused'))",
            ana.origin
        );
        assert_eq!(browser.run_async(&read).await, "refused");
        let framed = "try { return document.getElementById('frame').contentDocument === null ? 'closed' : 'open' } catch (e) { return 'closed' }";
        assert_eq!(browser.run(framed).await, "closed");
        let complaints = browser.complaints().await.join("\n");
        assert!(complaints.contains("frame-ancestors") || complaints.contains("X-Frame-Options"), "{complaints}");
        browser.run("document.getElementById('form').submit()").await;
        browser.wait_for_text("Nothing was changed").await;
        assert!(!ana.page("/console/staff").await.contains("mallory"));
    })
    .await;
}

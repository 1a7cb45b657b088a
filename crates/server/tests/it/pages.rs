//! The hosted pages as a browser without scripts sees them.

use crate::support::site::Site;
use reqwest::{Client, Response, StatusCode, redirect};

fn client() -> Client {
    crate::support::web().redirect(redirect::Policy::none()).build().unwrap()
}

async fn get(site: &Site, path: &str) -> Response {
    client().get(format!("{}{path}", site.origin)).send().await.unwrap()
}

async fn post(site: &Site, path: &str, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client().post(format!("{}{path}", site.origin));
    request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
}

/// The value of the first hidden field with this name.
fn hidden(html: &str, name: &str) -> String {
    let at = format!("name=\"{name}\" value=\"");
    let rest = html.split_once(&at).unwrap_or_else(|| panic!("no field {name} in {html}")).1;
    rest.split('"').next().unwrap().to_owned()
}

/// Asks for a name and returns the page.
async fn ask(site: &Site, identifier: &str) -> String {
    let form = get(site, "/recover").await.text().await.unwrap();
    let sent = post(site, "/recover", &[("nonce", &hidden(&form, "nonce")), ("identifier", identifier)]).await;
    assert_eq!(sent.status(), StatusCode::OK);
    sent.text().await.unwrap()
}

#[tokio::test]
async fn every_page_carries_the_security_headers() {
    let site = Site::start(&[]).await;
    for path in ["/recover", "/recover/code", "/verify", "/r/x", "/not-me/x", "/cancel/x", "/nothing", "/verify/x"] {
        let page = get(&site, path).await;
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert!(page.headers().get("strict-transport-security").is_none());
        let html = page.text().await.unwrap();
        assert!(!html.contains("<script>") && !html.contains(" style=") && !html.contains(" onclick"), "{path}");
    }
}

#[tokio::test]
async fn assets_are_found_under_the_names_that_pages_use_and_may_be_kept() {
    let site = Site::start(&[]).await;
    let html = get(&site, "/recover").await.text().await.unwrap();
    let paths: Vec<&str> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(paths.len() >= 4, "{paths:?}");
    for path in paths {
        let asset = get(&site, path).await;
        assert_eq!(asset.status(), StatusCode::OK, "{path}");
        assert_eq!(asset.headers()["cache-control"], "public, max-age=31536000, immutable");
    }
    assert_eq!(get(&site, "/assets/page.css").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_typed_is_kept_when_the_form_is_refused() {
    let site = Site::start(&[]).await;
    let page = post(&site, "/recover", &[("nonce", "old"), ("identifier", "a<b>\"c")]).await;
    assert_eq!(page.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = page.text().await.unwrap();
    assert!(
        html.contains("value=\"a&#60;b&#62;&#34;c\"") && html.contains("aria-describedby=\"identifier-error\""),
        "{html}"
    );
    let empty = post(&site, "/recover", &[("nonce", "old"), ("identifier", "  ")]).await;
    assert_eq!(empty.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_form_counts_once_for_asking_again() {
    let site = Site::start(&[]).await;
    let html = ask(&site, "someone@example.org").await;
    let (nonce, id) = (hidden(&html, "nonce"), hidden(&html, "id"));
    let fields = [("nonce", nonce.as_str()), ("id", &id), ("identifier", "someone@example.org")];
    let first = post(&site, "/recover/resend", &fields).await.text().await.unwrap();
    assert_ne!(hidden(&first, "id"), id, "the first press asks again");
    for _ in 0..3 {
        let page = post(&site, "/recover/resend", &fields).await.text().await.unwrap();
        assert_eq!(hidden(&page, "id"), id, "later presses ask nothing");
        assert!(page.contains("We have noted that you are asking again"));
    }
}

#[tokio::test]
async fn the_same_page_is_had_in_another_language_without_asking_again() {
    let site = Site::start(&[]).await;
    let html = ask(&site, "someone@example.org").await;
    let fields = [("id", &*hidden(&html, "id")), ("identifier", "someone@example.org")];
    let page = post(&site, "/recover/sent?lang=ar", &fields).await.text().await.unwrap();
    assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">") && page.contains("/recover/code?lang=ar"));
}

#[tokio::test]
async fn errors_are_pages_and_say_nothing_of_the_inside() {
    let site = Site::start(&[]).await;
    let too_large = "x".repeat(20_000);
    let answers = [
        (get(&site, "/no/such/page").await, StatusCode::NOT_FOUND),
        (client().put(format!("{}/recover", site.origin)).send().await.unwrap(), StatusCode::METHOD_NOT_ALLOWED),
        (post(&site, "/recover", &[("identifier", &too_large)]).await, StatusCode::PAYLOAD_TOO_LARGE),
        (post(&site, "/recover/proof", &[("id", "x")]).await, StatusCode::BAD_REQUEST),
        (get(&site, "/r/not-a-token").await, StatusCode::GONE),
        (get(&site, "/not-me/not-a-token").await, StatusCode::GONE),
        (get(&site, "/cancel/not-a-token").await, StatusCode::GONE),
        (post(&site, "/r/not-a-token", &[("password", "correct horse battery staple")]).await, StatusCode::GONE),
    ];
    for (answer, wanted) in answers {
        let path = answer.url().path().to_owned();
        assert_eq!(answer.status(), wanted, "{path}");
        let html = answer.text().await.unwrap();
        assert!(html.contains("<h1>") && !html.contains("Error") && !html.contains("sqlx"), "{path}: {html}");
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let site = Site::start(&[]).await;
    let request = client().post(format!("{}/recover", site.origin)).header("sec-fetch-site", "cross-site");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_foreign_host_header_changes_nothing() {
    let site = Site::start(&[]).await;
    let request = client().get(format!("{}/verify/7K3M-Q9RX-2HTB", site.origin)).header("host", "evil.example.net");
    let html = request.send().await.unwrap().text().await.unwrap();
    assert!(!html.contains("evil"), "{html}");
}

#[tokio::test]
async fn an_unknown_message_is_not_from_us() {
    let site = Site::start(&[]).await;
    let asked = post(&site, "/verify", &[("code", "7k3m q9rx 2htb")]).await;
    assert_eq!(asked.status(), StatusCode::SEE_OTHER);
    assert_eq!(asked.headers()["location"], "/verify/7K3M-Q9RX-2HTB");
    let html = get(&site, "/verify/7K3M-Q9RX-2HTB").await.text().await.unwrap();
    assert!(html.contains("<title>No: this message is not from us · Example Accounts</title>"), "{html}");
    assert_eq!(post(&site, "/verify", &[("code", "7k3m")]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_wrong_code_is_said_beside_its_field() {
    let site = Site::start(&[]).await;
    let html = ask(&site, "someone@example.org").await;
    let id = hidden(&html, "id");
    let wrong = post(&site, "/recover/code", &[("id", &id), ("code", "1234 5678")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = wrong.text().await.unwrap();
    assert!(html.contains("id=\"code-error\"") && hidden(&html, "id") == id && !html.contains("id=\"identifier\""));
}

#[tokio::test]
async fn a_code_leads_to_a_new_password_and_the_device_is_known_from_then_on() {
    let site = Site::start(&[]).await;
    let account = site.add_account("someone@example.org").await;
    let html = ask(&site, "someone@example.org").await;
    let [_, code, _] = site.secrets_of(&site.ticket_of(&account).await);

    let right = post(&site, "/recover/code?lang=de", &[("id", &hidden(&html, "id")), ("code", &code)]).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    let path = right.headers()["location"].to_str().unwrap().to_owned();
    assert!(path.starts_with("/r/") && path.ends_with("?lang=de"), "{path}");
    let form = get(&site, &path).await.text().await.unwrap();
    assert!(form.contains("autocomplete=\"new-password\"") && form.contains("Mindestens 15 Zeichen"), "{form}");

    let weak = post(&site, &path, &[("password", "password1234567")]).await;
    assert_eq!(weak.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let weak = weak.text().await.unwrap();
    assert!(weak.contains("id=\"password-error\"") && !weak.contains("password1234567"), "{weak}");

    let done = post(&site, &path, &[("password", "vier Laternen am stillen Kanal")]).await;
    assert_eq!(done.status(), StatusCode::OK);
    let cookie = done.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("cs_device=cd1.") && cookie.ends_with("; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(done.text().await.unwrap().contains("Ihr neues Passwort ist gesetzt"));
    let again = post(&site, &path, &[("password", "vier Laternen am stillen Kanal")]).await;
    assert_eq!(again.status(), StatusCode::GONE);
}

#[tokio::test]
async fn opening_links_changes_nothing_and_not_me_closes_them() {
    let site = Site::start(&[]).await;
    let account = site.add_account("someone@example.org").await;
    ask(&site, "someone@example.org").await;
    let [link, _, not_me] = site.secrets_of(&site.ticket_of(&account).await);
    let (link, not_me) = (format!("/r/{link}"), format!("/not-me/{not_me}"));
    for _ in 0..3 {
        assert_eq!(get(&site, &link).await.status(), StatusCode::OK);
        assert_eq!(get(&site, &not_me).await.status(), StatusCode::OK);
    }
    for _ in 0..2 {
        assert_eq!(post(&site, &not_me, &[]).await.status(), StatusCode::OK, "a second press is fine too");
    }
    assert_eq!(get(&site, &link).await.status(), StatusCode::GONE);
}

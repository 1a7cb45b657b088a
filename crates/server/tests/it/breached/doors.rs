//! New passwords, `POST /v1/passwords/check`, `GET /range/{prefix}`.

use super::{LEAKED, file, hex};
use crate::api::house::{House, client};
use axum::body::Body;
use axum::http::{Method, Request};
use countersign_core::breached::{Form, HashKind};
use serde_json::{Value, json};
use std::path::Path;

const SHA1: &str = "COUNTERSIGN_PASSWORD__BREACHED_FILE";
const NTLM: &str = "COUNTERSIGN_PASSWORD__BREACHED_OTHER_FILE";
const RANGE: (&str, &str) = ("COUNTERSIGN_PASSWORD__RANGE_API", "true");

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A house that knows one leaked password by a file of this form.
async fn house(form: Form) -> (tempfile::TempDir, House) {
    let dir = tempfile::tempdir().unwrap();
    let path = text(&file(dir.path(), form, HashKind::Sha1, &[(LEAKED, 42), ("password", 9)]));
    (dir, House::with(&[(SHA1, &path)]).await)
}

#[tokio::test]
async fn a_leaked_password_is_refused_with_its_reason_and_the_link_stays_live() {
    let (_dir, house) = house(Form::Filter).await;
    let (_, [token, ..]) = house.asked("sam@example.org").await;
    let redeem = |password: &str| json!({ "token": token, "password": password, "client": client() });
    let refused = house.post("/v1/recovery/redemptions", &redeem(LEAKED)).await;
    insta::assert_snapshot!(refused.problem(), @r#"
    422 password_weak {"detail":"This password is on lists of leaked passwords, which attackers try. Choose another one.","details":["breached"],"field":"password"}
    "#);
    let good = house.post("/v1/recovery/redemptions", &redeem("gravel umbrella 42 thistle")).await;
    assert_eq!(good.status, 200, "{}", good.body);
}

#[tokio::test]
async fn the_page_says_it_in_the_readers_language() {
    let (_dir, house) = house(Form::Exact).await;
    let (_, [token, ..]) = house.asked("sam@example.org").await;
    let form = format!("password={}", LEAKED.replace(' ', "+"));
    for (language, sentence) in [("en", "lists of leaked passwords"), ("de", "Listen gestohlener Passwörter")] {
        let web = crate::support::web().build().unwrap();
        let request = web.post(format!("{}/r/{token}", house.site.origin)).header("accept-language", language);
        let request = request.header("origin", &house.site.origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 422);
        let page = response.text().await.unwrap();
        assert!(page.contains(sentence), "{language}: {page}");
    }
}

#[tokio::test]
async fn a_platform_asks_for_passwords_and_for_hashes() {
    let (_dir, house) = house(Form::Ranges).await;
    let ask = async |body: Value| house.post("/v1/passwords/check", &body).await.json().unwrap();
    insta::assert_snapshot!(ask(json!({ "password": LEAKED })).await, @r#"
    {"breached":true,"by_chance":false,"common":false,"count":42,"reasons":["breached"]}
    "#);
    insta::assert_snapshot!(ask(json!({ "password": "gravel umbrella 42 thistle" })).await, @r#"
    {"breached":false,"by_chance":false,"common":false,"reasons":[]}
    "#);
    insta::assert_snapshot!(ask(json!({ "password": "P@ssw0rd2024!" })).await, @r#"
    {"breached":false,"by_chance":false,"common":true,"reasons":["common"]}
    "#);
    insta::assert_snapshot!(ask(json!({ "sha1": hex(HashKind::Sha1, "password") })).await, @r#"
    {"breached":true,"by_chance":false,"count":9,"reasons":["breached"]}
    "#);
    insta::assert_snapshot!(ask(json!({ "ntlm": hex(HashKind::Ntlm, "password") })).await, @r#"
    {"breached":null,"by_chance":false,"reasons":[]}
    "#);
}

#[tokio::test]
async fn a_filter_says_that_it_may_be_wrong_and_no_file_that_it_does_not_know() {
    let (_dir, house) = house(Form::Filter).await;
    let ask = json!({ "password": LEAKED });
    insta::assert_snapshot!(house.post("/v1/passwords/check", &ask).await.body, @r#"
    {"breached":true,"common":false,"reasons":["breached"],"by_chance":true}
    "#);
    let house = House::new().await;
    insta::assert_snapshot!(house.post("/v1/passwords/check", &ask).await.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 63

    {
      "breached": null,
      "by_chance": false,
      "common": false,
      "reasons": []
    }
    "#);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_never_repeated() {
    let house = House::new().await;
    let mut said = vec![];
    for body in [
        json!({}),
        json!({ "password": "SECRET", "sha1": "SECRET" }),
        json!({ "sha1": "SECRET" }),
        json!({ "ntlm": hex(HashKind::Sha1, "SECRET") }),
        json!({ "pasword": "SECRET" }),
        json!({ "password": "SECRET".repeat(600) }),
    ] {
        said.push(house.post("/v1/passwords/check", &body).await.problem());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    422 one_of_expected {"detail":"One of password, sha1 and ntlm is expected."}
    422 one_of_expected {"detail":"One of password, sha1 and ntlm is expected."}
    422 hash_invalid {"detail":"This must be 40 hex digits.","field":"sha1"}
    422 hash_invalid {"detail":"This must be 32 hex digits.","field":"ntlm"}
    422 field_unknown {"detail":"The field pasword is not known here.","field":"pasword","position":{"column":10,"line":1}}
    422 too_long {"detail":"This is longer than any password may be.","field":"password"}
    "#);
    assert!(!said.join("").contains("SECRET"));
}

#[tokio::test]
async fn a_check_is_not_remembered_under_its_idempotency_key() {
    let (_dir, house) = house(Form::Filter).await;
    for (password, leaked) in [(LEAKED, true), ("gravel umbrella 42 thistle", false)] {
        let reply = house.post_once("/v1/passwords/check", "k", &json!({ "password": password })).await;
        assert_eq!(reply.json().unwrap()["breached"], leaked);
    }
    let mut conn = house.site.app.store.read().await.unwrap();
    let row = countersign::store::db::sql("SELECT count(*) FROM idempotency").fetch_one(&mut conn).await.unwrap();
    assert_eq!(row.int(0).unwrap(), 0);
}

async fn ranges() -> (tempfile::TempDir, House) {
    let dir = tempfile::tempdir().unwrap();
    let sha1 = text(&file(dir.path(), Form::Ranges, HashKind::Sha1, &[("password", 9), (LEAKED, 42)]));
    let ntlm = text(&file(dir.path(), Form::Ranges, HashKind::Ntlm, &[("password", 5)]));
    (dir, House::with(&[(SHA1, &sha1), (NTLM, &ntlm), RANGE]).await)
}

fn range(path: &str) -> axum::http::request::Builder {
    Request::builder().method(Method::GET).uri(path)
}

#[tokio::test]
async fn a_range_is_served_as_pwned_passwords_serves_it() {
    let (_dir, house) = ranges().await;
    let send = async |builder: axum::http::request::Builder| house.send(builder.body(Body::empty()).unwrap()).await;
    let first = send(range("/range/5baa6")).await;
    insta::assert_snapshot!(first.text(), @r#"
    200 OK
    content-type: text/plain
    cache-control: public, max-age=86400
    x-content-type-options: nosniff
    vary: Add-Padding
    etag: "0dd1e10974225be7"
    access-control-allow-origin: *
    content-length: 37

    1E4C9B93F3F0682250B6CF8331B7EE68FD8:9
    "#);
    insta::assert_snapshot!(send(range("/range/8846F?mode=ntlm")).await.body, @"7EAEE8FB117AD06BDD830B7586C:5");
    assert_eq!(send(range("/range/00000")).await.body, "");
    let known = range("/range/5BAA6").header("if-none-match", first.headers["etag"].clone());
    let known = send(known).await;
    assert_eq!((known.status.as_u16(), known.body.as_str()), (304, ""));
    let mut said = vec![];
    for path in ["/range/5BAA", "/range/5BAAG", "/range/5BAA6?mode=md5", "/range/%00%00"] {
        said.push(send(range(path)).await.problem());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    400 prefix_invalid {"detail":"The prefix must be five hex digits."}
    400 prefix_invalid {"detail":"The prefix must be five hex digits."}
    400 query_invalid {"detail":"The query may have `mode`, which is sha1 or ntlm."}
    400 prefix_invalid {"detail":"The prefix must be five hex digits."}
    "#);
    let asks = Request::builder().method(Method::OPTIONS).uri("/range/5BAA6").header("origin", "https://example.org");
    insta::assert_snapshot!(send(asks).await.text(), @r#"
    204 No Content
    content-type: text/plain
    cache-control: no-store
    x-content-type-options: nosniff
    access-control-allow-origin: *
    access-control-allow-methods: GET
    access-control-allow-headers: Add-Padding
    access-control-max-age: 86400
    content-length: 0
    "#);
}

#[tokio::test]
async fn padded_ranges_do_not_tell_how_long_they_are() {
    let (_dir, house) = ranges().await;
    for path in ["/range/5BAA6", "/range/00000"] {
        let reply = house.send(range(path).header("add-padding", "true").body(Body::empty()).unwrap()).await;
        assert!(!reply.headers.contains_key("etag"));
        let lines: Vec<&str> = reply.body.split("\r\n").collect();
        assert!((2..=201).contains(&lines.len()), "{}", lines.len());
        let real: Vec<_> = lines.iter().filter(|line| !line.ends_with(":0")).collect();
        assert_eq!(real.len(), usize::from(path == "/range/5BAA6"));
    }
}

#[tokio::test]
async fn a_source_that_reads_everything_is_slowed_down_and_what_is_off_is_not_there() {
    let (_dir, house) = ranges().await;
    let mut refused = None;
    for _ in 0..1100 {
        let reply = house.send(range("/range/5BAA6").body(Body::empty()).unwrap()).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    assert!(refused.unwrap().headers.contains_key("retry-after"));
    let (_dir, house) = self::house(Form::Ranges).await;
    for method in [Method::GET, Method::OPTIONS] {
        let off = Request::builder().method(method).uri("/range/5BAA6").body(Body::empty()).unwrap();
        assert_eq!(house.send(off).await.status, 404);
    }
}

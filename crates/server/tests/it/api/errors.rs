//! Every shape of error.

use super::house::{House, client};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::staff::Actor;
use serde_json::json;
use std::net::SocketAddr;

const REQUESTS: &str = "/v1/recovery/requests";

#[tokio::test]
async fn without_a_key_nothing_is_answered() {
    let house = House::new().await;
    let with = async |value: Option<&str>| {
        let mut request = Request::post(REQUESTS).header("content-type", "application/json");
        if let Some(value) = value {
            request = request.header("authorization", value);
        }
        house.send(request.body(Body::from("{}")).unwrap()).await
    };
    insta::assert_snapshot!(with(None).await.text(), @r#"
    401 Unauthorized
    content-type: application/problem+json
    cache-control: no-store
    x-content-type-options: nosniff
    www-authenticate: Bearer realm="countersign"
    content-length: 174

    {
      "code": "api_key_missing",
      "detail": "An API key is needed: Authorization: Bearer csk_…",
      "status": 401,
      "title": "Unauthorized",
      "type": "urn:countersign:problem:api_key_missing"
    }
    "#);
    let wrong = format!("Bearer csk_{}", "A".repeat(43));
    for value in ["Basic c2FtOnB3", "Bearer", "Bearer csk_short", &wrong] {
        assert_eq!(with(Some(value)).await.status, 401, "{value}");
    }
    insta::assert_snapshot!(with(Some(&wrong)).await.problem(), @r#"
    401 api_key_invalid {"detail":"A valid API key is needed."}
    "#);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let house = House::new().await;
    let (_, key) =
        api_keys::create(&house.site.app, &Actor::Command, "narrow", &[Scope::MessagesRead], None).await.unwrap();
    let request = Request::post(REQUESTS).header("authorization", format!("Bearer {}", key.expose()));
    insta::assert_snapshot!(house.send(request.body(Body::empty()).unwrap()).await.problem(), @r#"
    403 scope_missing {"detail":"This API key lacks the scope recovery:request."}
    "#);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_by_name_and_place() {
    let house = House::new().await;
    let bodies = [
        "",
        "identifier=sam",
        r#"{"identifier": "sam@example.org"}"#,
        r#"{"identifier": "sam@example.org", "client": {"ip": "SECRET", "user_agent": ""}}"#,
        r#"{"identifier": ["SECRET"], "client": {"ip": "192.0.2.7", "user_agent": ""}}"#,
        r#"{"identifier": "sam", "extra": "SECRET"}"#,
        r#"{"identifier": "sam", "client": {"ip": "192.0.2.7", "user_agent": "", "a b": 1}}"#,
        r#"{"identifier": "sam", "proof": {"magic": "SECRET"}}"#,
        r#"["sam", ["192.0.2.7", "", null, null], null]"#,
        r#"{"identifier": "[am", "client": ["192.0.2.7", "", null, null]}"#,
    ];
    let mut said = vec![];
    for body in bodies {
        said.push(house.post_text(REQUESTS, body).await.problem());
    }
    assert!(!said.join("").contains("SECRET"));
    insta::assert_snapshot!(said.join("\n"), @r#"
    422 field_missing {"detail":"The field identifier is missing.","field":"identifier","position":{"column":2,"line":1}}
    400 json_malformed {"detail":"The body is not JSON: see line 1, column 1.","position":{"column":1,"line":1}}
    422 field_missing {"detail":"The field client is missing.","field":"client","position":{"column":33,"line":1}}
    422 field_invalid {"detail":"The field client.ip is not of the form that is expected.","field":"client.ip","position":{"column":59,"line":1}}
    422 field_invalid {"detail":"The field identifier must be a string.","field":"identifier","position":{"column":15,"line":1}}
    422 field_unknown {"detail":"The field extra is not known here.","field":"extra","position":{"column":29,"line":1}}
    422 field_unknown {"detail":"The field client holds a name that is not known here.","field":"client","position":{"column":75,"line":1}}
    422 field_invalid {"detail":"The field proof.magic must be `altcha` or `recovery_code`.","field":"proof.magic","position":{"column":39,"line":1}}
    422 field_invalid {"detail":"The body must not be a list.","position":{"column":1,"line":1}}
    422 field_invalid {"detail":"The field client must not be a list.","field":"client","position":{"column":33,"line":1}}
    "#);
}

#[tokio::test]
async fn identifiers_that_are_none_are_refused_whoever_has_an_account() {
    let house = House::new().await;
    let mut said = vec![];
    for identifier in ["", "sam\r\nBcc: kim@example.org", "sam\u{0}", "sam\u{202e}gro", "sam@", "+1", &"a".repeat(400)]
    {
        said.push(house.ask(identifier).await.problem());
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    422 empty {"detail":"identifier: is empty","field":"identifier"}
    422 control_character {"detail":"identifier: holds a control character","field":"identifier"}
    422 control_character {"detail":"identifier: holds a control character","field":"identifier"}
    422 invisible_character {"detail":"identifier: holds an invisible character or one that changes the direction of the text","field":"identifier"}
    422 not_an_email {"detail":"identifier: is not an e-mail address","field":"identifier"}
    422 not_a_phone_number {"detail":"identifier: is not a phone number; + and 7 to 15 digits are expected","field":"identifier"}
    422 too_long {"detail":"identifier: is longer than 320 bytes","field":"identifier"}
    "#);
}

#[tokio::test]
async fn large_bodies_and_other_types_are_refused() {
    let house = House::new().await;
    let body = json!({ "identifier": "a".repeat(10 * 1024 * 1024), "client": client() }).to_string();
    let announced = house.posting(REQUESTS).header("content-length", body.len()).body(Body::from(body.clone()));
    insta::assert_snapshot!(house.send(announced.unwrap()).await.problem(), @r#"
    413 body_too_large {"detail":"The body is larger than 65536 bytes."}
    "#);
    assert_eq!(house.post_text(REQUESTS, &body).await.status, 413);
    let form = house.request(Method::POST, REQUESTS).header("content-type", "text/plain").body(Body::from("{}"));
    insta::assert_snapshot!(house.send(form.unwrap()).await.problem(), @r#"
    415 not_json {"detail":"The body must be JSON: Content-Type: application/json."}
    "#);
    let suffix = house.request(Method::POST, REQUESTS).header("content-type", "application/a+json; charset=utf-8");
    assert_eq!(house.send(suffix.body(Body::from("{}")).unwrap()).await.status, 422);
}

#[tokio::test]
async fn other_methods_and_addresses_are_refused() {
    let house = House::new().await;
    insta::assert_snapshot!(house.get(REQUESTS).await.text(), @r#"
    405 Method Not Allowed
    content-type: application/problem+json
    cache-control: no-store
    x-content-type-options: nosniff
    allow: POST
    content-length: 212

    {
      "code": "method_not_allowed",
      "detail": "This address is there, but not for this method; `Allow` names the right ones.",
      "status": 405,
      "title": "Method Not Allowed",
      "type": "urn:countersign:problem:method_not_allowed"
    }
    "#);
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/recovery", "/v1/recovery/requests/x/y/z"] {
        assert!(house.get(path).await.problem().starts_with("404 not_found"), "{path}");
    }
}

#[tokio::test]
async fn the_server_says_how_it_is() {
    let house = House::new().await;
    insta::assert_snapshot!(house.get("/healthz").await.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 15

    {
      "status": "ok"
    }
    "#);
    insta::assert_snapshot!(house.get("/readyz").await.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 18

    {
      "status": "ready"
    }
    "#);
}

#[tokio::test]
async fn counters_are_for_this_machine() {
    let house = House::new().await;
    let from = async |peer: &str, header: &'static str| {
        let peer: SocketAddr = peer.parse().unwrap();
        let request = Request::get("/metrics").extension(ConnectInfo(peer)).header(header, "198.51.100.7");
        house.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(from("127.0.0.1:1", "x-other").await, 200);
    assert_eq!(from("[::ffff:127.0.0.1]:1", "x-other").await, 200);
    assert_eq!(from("127.0.0.1:1", "x-forwarded-for").await, 404);
    assert_eq!(from("192.0.2.1:1", "x-other").await, 404);
    assert_eq!(house.get("/metrics").await.status, 404);
}

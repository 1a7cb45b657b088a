//! From a request to a new password.

use super::house::{House, client, client_at};
use serde_json::json;

const PASSWORD: &str = "nine purple otters juggle";

#[tokio::test]
async fn a_request_is_accepted_whoever_it_is_for() {
    let house = House::new().await;
    house.site.add_account("sam@example.org").await;
    let known = house.ask("sam@example.org").await.text();
    let unknown = ["nobody@example.org", "s\u{430}m@example.org", "+15550100", "sam", "sam@example.org "];
    for (at, identifier) in unknown.into_iter().enumerate() {
        let body = json!({ "identifier": identifier, "client": client_at(&format!("198.51.{at}.7")) });
        assert_eq!(house.post("/v1/recovery/requests", &body).await.text(), known, "{identifier}");
    }
    insta::assert_snapshot!(known, @r#"
    202 Accepted
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 442

    {
      "expires_at": "2026-01-14T14:43:20Z",
      "id": "…",
      "proof": {
        "challenge": {
          "algorithm": "SHA-256",
          "challenge": "…",
          "maxnumber": 50000,
          "salt": "…",
          "signature": "…"
        },
        "wanted": false
      },
      "status": "accepted"
    }
    "#);
}

#[tokio::test]
async fn a_link_is_looked_at_and_redeemed_once() {
    let house = House::new().await;
    let (_, [token, _, _]) = house.asked("sam@example.org").await;
    let body = json!({ "token": token });
    let first = house.post("/v1/recovery/links/inspect", &body).await;
    insta::assert_snapshot!(first.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 59

    {
      "expires_at": "2026-01-14T14:28:20Z",
      "second_factor": false
    }
    "#);
    assert_eq!(house.post("/v1/recovery/links/inspect", &body).await.text(), first.text());
    let weak = json!({ "token": token, "password": "password123456789", "client": client() });
    insta::assert_snapshot!(house.post("/v1/recovery/redemptions", &weak).await.problem(), @r#"
    422 password_weak {"detail":"This password is too easy to guess.","details":["common"],"field":"password"}
    "#);
    let body = json!({ "token": token, "password": PASSWORD, "client": client() });
    insta::assert_snapshot!(house.post("/v1/recovery/redemptions", &body).await.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 140

    {
      "device_token": "…",
      "status": "completed"
    }
    "#);
    insta::assert_snapshot!(house.post("/v1/recovery/redemptions", &body).await.problem(), @r#"
    410 link_not_valid {"detail":"This link or code is not valid any more. Ask for a new message."}
    "#);
}

#[tokio::test]
async fn cut_and_foreign_tokens_open_nothing() {
    let house = House::new().await;
    let (_, [token, code, not_me]) = house.asked("sam@example.org").await;
    let cut = &token[..token.len() - 1];
    let longer = format!("{token}A");
    for wrong in [cut, &longer, &code, &not_me, "", "\0", "../../etc", "🦦"] {
        let body = json!({ "token": wrong });
        let said = house.post("/v1/recovery/links/inspect", &body).await.problem();
        assert!(said.starts_with("410 link_not_valid"), "{said}");
        let body = json!({ "token": wrong, "password": PASSWORD, "client": client() });
        assert!(house.post("/v1/recovery/redemptions", &body).await.problem().starts_with("410 link_not_valid"));
    }
}

#[tokio::test]
async fn a_code_is_exchanged_and_wrong_ones_are_alike() {
    let house = House::new().await;
    let (_, [_, code, _]) = house.asked("sam@example.org").await;
    let enter = async |whose: &str, code: &str| {
        let body = json!({ "identifier": whose, "code": code, "client": client() });
        house.post("/v1/recovery/codes", &body).await
    };
    let wrong = enter("sam@example.org", "no").await;
    assert_eq!(wrong.text(), enter("nobody@example.org", "no").await.text());
    insta::assert_snapshot!(wrong.problem(), @r#"
    422 code_wrong {"detail":"This code is not right, or not valid any more.","field":"code"}
    "#);
    let right = enter("sam@example.org", &code).await;
    insta::assert_snapshot!(right.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 55

    {
      "token": "…"
    }
    "#);
    let body = json!({ "token": right.field("/token") });
    assert_eq!(house.post("/v1/recovery/links/inspect", &body).await.status, 200);
}

#[tokio::test]
async fn a_code_needs_exactly_one_owner() {
    let house = House::new().await;
    let body = json!({ "code": "12345678", "client": client() });
    insta::assert_snapshot!(house.post("/v1/recovery/codes", &body).await.problem(), @r#"
    422 one_of {"detail":"Exactly one of request_id and identifier is needed.","field":"request_id"}
    "#);
    let body = json!({ "code": "12345678", "client": client(), "request_id": "req_1" });
    insta::assert_snapshot!(house.post("/v1/recovery/codes", &body).await.problem(), @r#"
    422 field_invalid {"detail":"request_id: not an id that starts with \"req_\" and 26 letters or digits","field":"request_id"}
    "#);
}

#[tokio::test]
async fn not_me_closes_the_link() {
    let house = House::new().await;
    let (_, [token, _, not_me]) = house.asked("sam@example.org").await;
    let body = json!({ "token": not_me, "client": client() });
    insta::assert_snapshot!(house.post("/v1/recovery/disavowals", &body).await.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 67

    {
      "change_cancelled": false,
      "change_undone": false,
      "link_closed": true
    }
    "#);
    assert_eq!(house.post("/v1/recovery/links/inspect", &json!({ "token": token })).await.status, 410);
    assert_eq!(house.post("/v1/recovery/cancellations", &body).await.status, 410);
}

#[tokio::test]
async fn proof_is_for_a_request_of_ours() {
    let house = House::new().await;
    let id = house.ask("sam@example.org").await.field("/id");
    let body = json!({ "altcha": "e30=", "client": client() });
    let path = format!("/v1/recovery/requests/{id}/proof");
    insta::assert_snapshot!(house.post(&path, &body).await.problem(), @r#"
    422 proof_malformed {"detail":"not an ALTCHA solution: Base64 of a JSON object with algorithm, challenge, number, salt, signature","field":"proof"}
    "#);
    for id in ["req_00000000000000000000000000", "nothing", "%FF"] {
        let path = format!("/v1/recovery/requests/{id}/proof");
        assert_eq!(house.post(&path, &body).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn a_source_over_its_limit_waits_and_others_do_not() {
    let house = House::new().await;
    let mut last = house.ask("sam@example.org").await;
    for _ in 0..500 {
        if last.status == 429 {
            break;
        }
        last = house.ask("sam@example.org").await;
    }
    assert!(last.headers.contains_key("retry-after"));
    insta::assert_snapshot!(last.body, @r#"
    {"type":"urn:countersign:problem:rate_limited","title":"Too Many Requests","status":429,"code":"rate_limited","detail":"Too many requests from here. Wait before you try again."}
    "#);
    let body = json!({ "identifier": "sam@example.org", "client": client_at("198.51.100.7") });
    assert_eq!(house.post("/v1/recovery/requests", &body).await.status, 202);
}

//! Sign-ins, devices, factors, messages, and "is this from you?".

use super::house::{House, client};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn messages_are_listed_page_by_page_and_verified_by_their_code() {
    let house = House::new().await;
    let (account, [token, _, _]) = house.asked("sam@example.org").await;
    house.site.app.clock.advance(Duration::from_secs(60));
    let body = json!({ "token": token, "password": "nine purple otters juggle", "client": client() });
    assert_eq!(house.post("/v1/recovery/redemptions", &body).await.status, 200);
    let path = format!("/v1/accounts/{account}/messages");
    let all = house.get(&path).await;
    insta::assert_snapshot!(all.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 380

    {
      "messages": [
        {
          "code": "…",
          "created_at": "2026-01-14T14:14:20Z",
          "id": "…",
          "state": "queued",
          "template": "password_changed",
          "to_masked": "s•••@e•••.org"
        },
        {
          "code": "…",
          "created_at": "2026-01-14T14:13:20Z",
          "id": "…",
          "state": "queued",
          "template": "recovery",
          "to_masked": "s•••@e•••.org"
        }
      ]
    }
    "#);
    let first = house.get(&format!("{path}?limit=1")).await;
    let second = house.get(&format!("{path}?limit=1&before={}", first.field("/next"))).await;
    assert_eq!(first.field("/messages/0/id"), all.field("/messages/0/id"));
    assert_eq!(second.field("/messages/0/id"), all.field("/messages/1/id"));
    let found = house.get(&format!("/v1/verify/{}", all.field("/messages/1/code"))).await;
    insta::assert_snapshot!(found.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 128

    {
      "known": true,
      "recorded_at": "2026-01-14T14:13:20Z",
      "sealed": false,
      "template": "recovery",
      "to_masked": "s•••@e•••.org"
    }
    "#);
    insta::assert_snapshot!(house.get("/v1/verify/0000-0000-0000").await.body, @r#"
    {"known":false}
    "#);
}

#[tokio::test]
async fn pages_that_are_none_are_refused() {
    let house = House::new().await;
    let account = house.site.add_account("sam@example.org").await;
    for query in ["limit=0", "limit=51", "limit=x", "before=x", "after=x", "limit=1&limit=1"] {
        let said = house.get(&format!("/v1/accounts/{account}/messages?{query}")).await.problem();
        assert!(said.starts_with("422 query_invalid"), "{said}");
    }
    for id in ["acc_00000000000000000000000000", "x", "%FF"] {
        assert_eq!(house.get(&format!("/v1/accounts/{id}/messages")).await.status, 404);
    }
}

#[tokio::test]
async fn sign_in_needs_password_and_factor_and_says_little() {
    let house = House::new().await;
    let (account, [token, _, _]) = house.asked("sam@example.org").await;
    let device = house.post(&format!("/v1/accounts/{account}/devices"), &json!({})).await;
    insta::assert_snapshot!(device.text(), @r#"
    201 Created
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 119

    {
      "device_token": "…"
    }
    "#);
    let mut known = client();
    known["device"] = json!(device.field("/device_token"));
    let body = json!({ "token": token, "password": "nine purple otters juggle", "client": known });
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
    let sign_in = async |who: &str, password: &str| {
        let body = json!({ "identifier": who, "password": password, "client": client() });
        house.post("/v1/sign-ins", &body).await
    };
    insta::assert_snapshot!(sign_in("sam@example.org", "nine purple otters juggle").await.text(), @r#"
    201 Created
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 205

    {
      "account": "…",
      "device_token": "…",
      "session": "…"
    }
    "#);
    let wrong = sign_in("sam@example.org", "nine purple otters").await;
    assert_eq!(wrong.text(), sign_in("nobody@example.org", "nine purple otters").await.text());
    insta::assert_snapshot!(wrong.problem(), @r#"
    401 sign_in_failed {"detail":"This did not match. Check what you typed."}
    "#);
    let totp = house.post(&format!("/v1/accounts/{account}/totp"), &json!({})).await;
    insta::assert_snapshot!(totp.text(), @r#"
    201 Created
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 87

    {
      "algorithm": "SHA1",
      "digits": 6,
      "period": 30,
      "secret": "…"
    }
    "#);
    insta::assert_snapshot!(sign_in("sam@example.org", "nine purple otters juggle").await.problem(), @r#"
    422 second_factor_needed {"detail":"This account needs its second factor as well.","field":"second_factor"}
    "#);
}

#[tokio::test]
async fn recovery_codes_come_as_a_set_and_speak_for_their_owner() {
    let house = House::new().await;
    let account = house.site.add_account("sam@example.org").await;
    let codes = house.post_text(&format!("/v1/accounts/{account}/recovery-codes"), "").await;
    assert_eq!(codes.status, 201);
    assert_eq!(codes.json().unwrap()["codes"].as_array().unwrap().len(), 10);
    let proof = json!({ "recovery_code": codes.field("/codes/0") });
    let body = json!({ "identifier": "sam@example.org", "client": client(), "proof": proof });
    assert_eq!(house.post("/v1/recovery/requests", &body).await.status, 202);
    let nobody = house.post("/v1/accounts/acc_00000000000000000000000000/totp", &json!({})).await;
    insta::assert_snapshot!(nobody.problem(), @r#"
    404 not_found {"detail":"There is no such account."}
    "#);
}

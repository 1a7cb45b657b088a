//! What another system does for an account.

use super::house::House;
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::staff::Actor;
use serde_json::json;

#[tokio::test]
async fn an_account_is_seen_masked_and_looked_after() {
    let house = House::new().await;
    let (account, _) = house.asked("sam@example.org").await;
    let path = |rest: &str| format!("/v1/accounts/{account}{rest}");
    insta::assert_snapshot!(house.get(&path("")).await.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 312

    {
      "created_at": "2026-01-14T14:13:20Z",
      "devices": 0,
      "emails": [
        {
          "confirmed": true,
          "masked": "s•••@e•••.org"
        }
      ],
      "flags": [],
      "id": "…",
      "names": [
        {
          "kind": "email",
          "masked": "s•••@e•••.org"
        }
      ],
      "password": false,
      "phones": [],
      "recovery_codes": 0,
      "second_factor": false,
      "sessions": 0
    }
    "#);
    let ended = house.post(&path("/sessions/end"), &json!({ "reason": "ticket 7", "devices": true })).await;
    insta::assert_snapshot!(ended.text(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 26

    {
      "devices": 0,
      "sessions": 0
    }
    "#);
    let held = json!({ "reason": "ticket 7", "until": "2026-01-15T14:00:00Z" });
    let held = house.post(&path("/hold"), &held).await;
    insta::assert_snapshot!(held.body, @r#"{"held_until":"2026-01-15T14:00:00Z","links_closed":1,"changes_cancelled":0}"#);
    assert_eq!(house.get(&path("")).await.field("/held_until"), "2026-01-15T14:00:00Z");
    let released = house.post(&path("/hold/release"), &json!({ "reason": "ticket 7" })).await;
    insta::assert_snapshot!(released.body, @r#"{"released":true}"#);
    let again = house.post(&path("/hold/release"), &json!({ "reason": "ticket 7" })).await;
    insta::assert_snapshot!(again.problem(), @r#"409 not_held {"detail":"The recovery of this account is not held."}"#);
    house.site.grow().await;
    let entries = house.get("/v1/evidence/entries?kind=staff.recovery_held").await.json().unwrap();
    let id = entries["entries"][0]["id"].as_str().unwrap();
    let said = house.get(&format!("/v1/evidence/entries/{id}")).await.json().unwrap();
    assert!(said["what"]["by"]["key"].as_str().unwrap().starts_with("key_"), "{said}");
    assert_eq!(said["csf"], json!(["RS.AN-06", "RS.MI-01"]));
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let mut house = House::new().await;
    let account = house.site.add_account("sam@example.org").await;
    let path = |rest: &str| format!("/v1/accounts/{account}{rest}");
    let mut told = String::new();
    for (path, body) in [
        (path("/sessions/end"), json!({})),
        (path("/sessions/end"), json!({ "reason": " " })),
        (path("/sessions/end"), json!({ "reason": "x".repeat(501) })),
        (path("/hold"), json!({ "reason": "x", "until": "tomorrow" })),
        (path("/hold"), json!({ "reason": "x", "until": "2026-01-01T00:00:00Z" })),
        (path("/hold"), json!({ "reason": "x", "until": "2027-01-01T00:00:00Z" })),
        ("/v1/accounts/acc_01k9xy3v8e4m7q2r5t6w8z0abc/sessions/end".into(), json!({ "reason": "x" })),
        ("/v1/accounts/sam/hold/release".into(), json!({ "reason": "x" })),
    ] {
        told.push_str(&format!("{}\n", house.post(&path, &body).await.problem()));
    }
    told.push_str(&house.get("/v1/accounts/acc_01k9xy3v8e4m7q2r5t6w8z0abc").await.problem());
    insta::assert_snapshot!(told, @r#"
    422 field_missing {"detail":"The field reason is missing.","field":"reason","position":{"column":2,"line":1}}
    422 reason_missing {"detail":"Say why, in a few words.","field":"reason"}
    422 reason_invalid {"detail":"A reason has 1 to 500 printable characters.","field":"reason"}
    422 until_invalid {"detail":"A time such as 2026-01-15T09:00:00Z is needed.","field":"until"}
    422 until_invalid {"detail":"A time in the future is needed.","field":"until"}
    422 until_invalid {"detail":"Recovery is held for 30 days at most; hold again then.","field":"until"}
    404 not_found {"detail":"There is no such account."}
    404 not_found {"detail":"There is no such account."}
    404 not_found {"detail":"There is no such account."}
    "#);
    let scopes = [Scope::AccountsRead];
    let (_, key) = api_keys::create(&house.site.app, &Actor::Command, "reader", &scopes, None).await.unwrap();
    house.key = key.expose().to_owned();
    let refused = house.post(&path("/sessions/end"), &json!({ "reason": "x" })).await;
    assert!(refused.problem().starts_with("403 scope_missing"), "{}", refused.body);
    assert_eq!(house.get(&path("")).await.status, 200);
}

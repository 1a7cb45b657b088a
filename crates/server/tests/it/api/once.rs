//! Idempotency keys.

use super::house::{House, client};
use countersign::store::db::sql;
use serde_json::{Value, json};

fn ask(identifier: &str) -> Value {
    json!({ "identifier": identifier, "client": client() })
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_another_one_is_refused() {
    let house = House::new().await;
    let first = house.post_once("/v1/recovery/requests", "\"k1\"", &ask("sam@example.org")).await;
    let second = house.post_once("/v1/recovery/requests", "k1", &ask("sam@example.org")).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(count(&house, "SELECT count(*) FROM recovery_requests").await, 1);
    let other = house.post_once("/v1/recovery/requests", "k1", &ask("kim@example.org")).await;
    insta::assert_snapshot!(other.problem(), @r#"
    422 idempotency_key_reused {"detail":"This Idempotency-Key came with another request before. Use a new key for a new request."}
    "#);
    let other = house.post_once("/v1/recovery/requests", "k2", &ask("sam@example.org")).await;
    assert_ne!(other.body, first.body);
}

#[tokio::test]
async fn of_many_at_once_exactly_one_acts() {
    let house = House::new().await;
    let account = house.site.add_account("sam@example.org").await;
    let path = format!("/v1/accounts/{account}/recovery-codes");
    let body = json!({});
    let all = futures_util::future::join_all((0..8).map(|_| house.post_once(&path, "k", &body))).await;
    let acted: Vec<_> = all.iter().filter(|reply| reply.status == 201).collect();
    assert!(!acted.is_empty() && acted.iter().all(|reply| reply.body == acted[0].body));
    assert!(all.iter().all(|reply| reply.status == 201 || reply.status == 409));
    assert_eq!(count(&house, "SELECT count(*) FROM evidence WHERE kind = 'factor.enrolled'").await, 1);
}

#[tokio::test]
async fn remembered_answers_are_sealed() {
    let house = House::new().await;
    let account = house.site.add_account("sam@example.org").await;
    let path = format!("/v1/accounts/{account}/totp");
    let first = house.post_once(&path, "k", &json!({})).await;
    assert_eq!(first.body, house.post_once(&path, "k", &json!({})).await.body);
    let secret = first.field("/secret");
    let mut conn = house.site.app.store.read().await.unwrap();
    let row = sql("SELECT body FROM idempotency").fetch_one(&mut conn).await.unwrap();
    assert!(!row.text(0).unwrap().contains(&secret));
}

#[tokio::test]
async fn refusals_of_a_flow_are_remembered_and_limits_are_not() {
    let house = House::new().await;
    let (_, [_, code, _]) = house.asked("sam@example.org").await;
    let body = json!({ "identifier": "sam@example.org", "code": "no", "client": client() });
    for _ in 0..9 {
        assert_eq!(house.post_once("/v1/recovery/codes", "k", &body).await.status, 422);
    }
    // One try was counted, not nine, which would have been too many.
    let right = json!({ "identifier": "sam@example.org", "code": code, "client": client() });
    assert_eq!(house.post_once("/v1/recovery/codes", "k2", &right).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let house = House::new().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let said = house.post_once("/v1/recovery/requests", key, &ask("sam@example.org")).await.problem();
        assert!(said.starts_with("400 idempotency_key_invalid"), "{said}");
    }
}

async fn count(house: &House, text: &'static str) -> i64 {
    let mut conn = house.site.app.store.read().await.unwrap();
    sql(text).fetch_one(&mut conn).await.unwrap().int(0).unwrap()
}

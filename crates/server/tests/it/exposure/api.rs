//! The API's doors: checks from memory, uploads that break off and go on, everything from leak to containment.

use crate::api::house::{House, Reply};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use countersign::flows::exposure;
use serde_json::{Value, json};

async fn ready() -> House {
    let house = House::new().await;
    for name in ["mara", "tomo", "una"] {
        house.site.add_account(&format!("{name}@example.org")).await;
    }
    exposure::follow(&house.site.app).await.unwrap();
    house
}

fn upload(more: &Value) -> Value {
    let mut body = json!({ "name": "sale", "reason": "incident 7", "file": "sale.csv" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn piece(house: &House, id: &str, offset: usize, bytes: &str) -> Reply {
    let request = house.request(Method::PATCH, &format!("/v1/leak-uploads/{id}"));
    let request = request.header("upload-offset", offset.to_string()).body(Body::from(bytes.to_owned()));
    house.send(request.unwrap()).await
}

const LEAK: &str = "mail;x\nMARA@example.org;1\ntomo@example.org;2\nstranger@example.net;3\nbroken\n";

#[tokio::test]
async fn an_upload_breaks_off_and_goes_on() {
    let house = ready().await;
    let begun = house.post("/v1/leak-uploads", &upload(&json!({ "size": LEAK.len() }))).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let id = begun.field("/id");
    let path = format!("/v1/leak-uploads/{id}");
    assert_eq!(piece(&house, &id, 0, &LEAK[..20]).await.json().unwrap()["offset"], 20);
    let wrong = piece(&house, &id, 7, &LEAK[7..]).await;
    assert_eq!(wrong.status, StatusCode::CONFLICT);
    assert!(wrong.field("/detail").contains("20 bytes have been taken"), "{}", wrong.body);
    let standing = house.get(&path).await.json().unwrap();
    assert_eq!((&standing["offset"], &standing["state"]), (&json!(20), &json!("beginning")));
    assert_eq!(piece(&house, &id, 20, &LEAK[20..]).await.status, StatusCode::OK);
    let done = house.post(&format!("{path}/finish"), &json!({})).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let leak = house.get(&format!("/v1/leaks/{}", done.field("/leak"))).await.json().unwrap();
    assert_eq!((&leak["rows"], &leak["bad_rows"], &leak["matched_accounts"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(piece(&house, &id, LEAK.len(), "more").await.status, StatusCode::CONFLICT);
    let again = house.post("/v1/leak-uploads", &upload(&json!({}))).await.field("/id");
    piece(&house, &again, 0, LEAK).await;
    let refused = house.post(&format!("/v1/leak-uploads/{again}/finish"), &json!({})).await;
    assert!(refused.problem().starts_with("409 leak_there"), "{}", refused.body);
}

#[tokio::test]
async fn columns_are_confirmed_before_the_match() {
    let house = ready().await;
    let id = house.post("/v1/leak-uploads", &upload(&json!({ "confirm": true }))).await.field("/id");
    let path = format!("/v1/leak-uploads/{id}");
    piece(&house, &id, 0, LEAK).await;
    let early = house.post(&format!("{path}/finish"), &json!({})).await;
    assert!(early.problem().starts_with("409 columns_needed"), "{}", early.body);
    let standing = house.get(&path).await.json().unwrap();
    assert_eq!((&standing["state"], &standing["columns"][0]["field"]), (&json!("columns"), &json!("email")));
    assert!(!standing.to_string().to_lowercase().contains("mara"), "{standing}");
    let wrong = house.post(&format!("{path}/columns"), &json!({ "columns": { "nothing": "email" } })).await;
    assert!(wrong.problem().starts_with("422 map_invalid"), "{}", wrong.body);
    let right = house.post(&format!("{path}/columns"), &json!({ "columns": { "x": "other" } })).await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.body);
    let done = house.post(&format!("{path}/finish"), &json!({})).await;
    let leak = house.get(&format!("/v1/leaks/{}", done.field("/leak"))).await.json().unwrap();
    assert_eq!(leak["report"]["fields"], json!({ "email": 2, "other": 2 }));
}

#[tokio::test]
async fn an_upload_that_is_given_up_or_broken_leaves_nothing() {
    let house = ready().await;
    let id = house.post("/v1/leak-uploads", &upload(&json!({}))).await.field("/id");
    piece(&house, &id, 0, LEAK).await;
    assert_eq!(house.post(&format!("/v1/leak-uploads/{id}/cancel"), &json!({})).await.status, StatusCode::OK);
    let finished = house.post(&format!("/v1/leak-uploads/{id}/finish"), &json!({})).await;
    assert!(!finished.status.is_success(), "{}", finished.body);
    let id = house.post("/v1/leak-uploads", &upload(&json!({}))).await.field("/id");
    piece(&house, &id, 0, "email,phone\n").await;
    let refused = house.post(&format!("/v1/leak-uploads/{id}/finish"), &json!({})).await;
    assert!(refused.problem().starts_with("422 leak_unusable"), "{}", refused.body);
    let none = house.get("/v1/leak-uploads/upl_01k9xy3v8e4m7q2r5t6w8z0abc").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    for (field, value) in [("letters", "klingon"), ("format", "xlsx"), ("name", ""), ("reason", "")] {
        let refused = house.post("/v1/leak-uploads", &upload(&json!({ field: value }))).await;
        assert!(refused.problem().contains(&format!("\"field\":\"{field}\"")), "{}", refused.body);
    }
    assert_eq!(house.get("/v1/leaks").await.json().unwrap(), json!({ "leaks": [] }));
}

#[tokio::test]
async fn from_a_cohort_to_the_check() {
    let house = ready().await;
    let id = house.post("/v1/leak-uploads", &upload(&json!({}))).await.field("/id");
    piece(&house, &id, 0, LEAK).await;
    let leak = house.post(&format!("/v1/leak-uploads/{id}/finish"), &json!({})).await.field("/leak");
    let query = format!("leak:{leak} and not second-factor");
    let preview = house.post("/v1/cohorts/preview", &json!({ "query": query })).await.json().unwrap();
    assert_eq!((&preview["accounts"], &preview["of"], &preview["there"]), (&json!(2), &json!(3), &json!(true)));
    let cohort = preview["cohort"].as_str().unwrap();
    let accounts = house.get(&format!("/v1/cohorts/{cohort}/accounts")).await.json().unwrap();
    let inside = accounts["accounts"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({ "cohort": cohort, "kind": "must_reset", "reason": "incident 7" });
    let would = house.post("/v1/containments/preview", &json!({ "cohort": cohort, "kind": "must_reset" })).await;
    assert_eq!(would.json().unwrap()["accounts"], 2);
    let put = house.post("/v1/containments", &body).await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.body);
    let verdict = house.post(&format!("/v1/accounts/{inside}/check"), &json!({})).await.json().unwrap();
    assert_eq!((&verdict["decision"], &verdict["leaked_mailbox"]), (&json!("must_reset"), &json!(true)));
    let many = json!({ "accounts": [inside, "nobody"] });
    let many = house.post("/v1/accounts/check", &many).await.json().unwrap();
    assert_eq!(many["accounts"][0]["verdict"]["decision"], "must_reset", "{many}");
    assert!(many["accounts"][1].get("verdict").is_none(), "{many}");
    let shown = house.get(&format!("/v1/accounts/{inside}/exposure")).await.json().unwrap();
    assert_eq!(shown["leaks"][0]["shown"], json!(["email"]));
    let set = house.post(&format!("/v1/accounts/{inside}/password-set"), &json!({})).await.json().unwrap();
    assert_eq!(set["released"], 1);
    let lift = format!("/v1/containments/{}/lift", put.field("/id"));
    assert_eq!(house.post(&lift, &json!({ "reason": "over" })).await.status, StatusCode::OK);
    assert!(house.post(&lift, &json!({ "reason": "over" })).await.problem().starts_with("409 not_in_force"));
    for (body, field) in [
        (json!({ "cohort": "coh_1", "kind": "must_reset", "reason": "x" }), "cohort"),
        (json!({ "cohort": cohort, "kind": "blocked", "reason": "x" }), "kind"),
        (json!({ "cohort": cohort, "kind": "watched", "reason": "x", "until": "soon" }), "until"),
        (json!({ "cohort": cohort, "kind": "watched", "reason": "" }), "reason"),
    ] {
        let refused = house.post("/v1/containments", &body).await;
        assert!(refused.problem().contains(&format!("\"field\":\"{field}\"")), "{}", refused.body);
    }
}

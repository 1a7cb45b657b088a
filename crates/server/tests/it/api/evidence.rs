//! The evidence for staff: read, exported, erased.

use super::house::House;
use crate::log::dir::Dir;
use crate::support::db::Db;
use countersign::api;
use countersign::flows::api_keys::{self, Scope};
use countersign::flows::staff::Actor;
use countersign::store::StoreError;
use countersign::store::db::sql;
use countersign_evidence::bundle::Manifest;
use countersign_evidence::proof::ProofFile;
use serde_json::json;

async fn begun() -> (House, String) {
    let house = House::new().await;
    let (account, _) = house.asked("sam@example.org").await;
    house.site.grow().await;
    (house, account.to_string())
}

#[tokio::test]
async fn entries_are_listed_opened_and_proven() {
    let (house, account) = begun().await;
    let all = house.get("/v1/evidence/entries").await.json().unwrap();
    let entries = all["entries"].as_array().unwrap();
    assert!(entries.iter().zip(1_u64..).all(|(entry, number)| entry["number"] == number), "{all}");
    let first = house.get("/v1/evidence/entries?limit=2").await.json().unwrap();
    assert_eq!(first["next"], 2);
    let second = house.get("/v1/evidence/entries?limit=1&after=2").await.json().unwrap();
    assert_eq!(second["entries"][0], entries[2]);
    let kinds = house.get("/v1/evidence/entries?kind=message.recorded").await.json().unwrap();
    let recorded = kinds["entries"].as_array().unwrap();
    assert_eq!((recorded.len(), recorded[0]["csf"].clone()), (1, json!(["RS.CO-02", "RS.CO-03"])));
    let about = house.get(&format!("/v1/evidence/entries?account={account}")).await.json().unwrap();
    assert!(about["entries"].as_array().unwrap().iter().all(|entry| entry["account"] == account), "{about}");
    let id = recorded[0]["id"].as_str().unwrap();
    let opened = house.get(&format!("/v1/evidence/entries/{id}")).await.json().unwrap();
    assert_eq!((&opened["what"]["template"], &opened["what"]["to"]), (&json!("recovery"), &json!("s•••@e•••.org")));
    let proof = ProofFile::parse(opened["proof"].as_str().unwrap()).unwrap();
    assert_eq!(proof.index + 1, opened["number"].as_u64().unwrap());
    house.site.grow().await;
    let after = format!("/v1/evidence/entries?kind=evidence.exported&account={account}");
    let looks = house.get(&after).await.json().unwrap();
    assert_eq!(
        looks["entries"].as_array().unwrap().len(),
        2,
        "a list about a person, and a look at what an entry says"
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    let (house, _) = begun().await;
    let mut told = String::new();
    for path in [
        "entries?limit=0",
        "entries?limit=101",
        "entries?kind=A",
        "entries?account=x",
        "entries?more=1",
        "entries/evi_nothing",
        "export?from=x",
        "export?to=0",
        "export?from=900",
        "export?keep_until=1",
        "export?more=1",
    ] {
        told.push_str(&format!("{path}: {}\n", house.get(&format!("/v1/evidence/{path}")).await.problem()));
    }
    insta::assert_snapshot!(told, @r#"
    entries?limit=0: 422 query_invalid {"detail":"The query may have `after` (a number), `limit` (1 to 100), `kind` and `account`, nothing else."}
    entries?limit=101: 422 query_invalid {"detail":"The query may have `after` (a number), `limit` (1 to 100), `kind` and `account`, nothing else."}
    entries?kind=A: 422 query_invalid {"detail":"The query may have `after` (a number), `limit` (1 to 100), `kind` and `account`, nothing else."}
    entries?account=x: 422 query_invalid {"detail":"The query may have `after` (a number), `limit` (1 to 100), `kind` and `account`, nothing else."}
    entries?more=1: 422 query_invalid {"detail":"The query may have `after` (a number), `limit` (1 to 100), `kind` and `account`, nothing else."}
    entries/evi_nothing: 404 not_found {"detail":"There is no such entry, or it has no number yet."}
    export?from=x: 422 bound_invalid {"detail":"An entry's number, from 1, or a time such as 2026-01-12T09:00:00Z is needed.","field":"from"}
    export?to=0: 422 bound_invalid {"detail":"An entry's number, from 1, or a time such as 2026-01-12T09:00:00Z is needed.","field":"to"}
    export?from=900: 422 range_beyond_log {"detail":"The log has 5 entries.","field":"from"}
    export?keep_until=1: 422 time_invalid {"detail":"A time such as 2026-12-31T00:00:00Z is needed.","field":"keep_until"}
    export?more=1: 422 query_invalid {"detail":"The query may have `from`, `to`, `recipient`, `keep_until` and `commitments_only`, nothing else."}
    "#);
}

#[tokio::test]
async fn the_status_names_key_sizes_and_doubt() {
    let (house, _) = begun().await;
    let status = house.get("/v1/evidence/status").await.json().unwrap();
    let size = status["size"].as_u64().unwrap();
    assert!(size > 1 && status["published_size"] == size, "{status}");
    assert_eq!((&status["origin"], &status["witnessed"]), (&json!("login.example.org/evidence"), &json!(false)));
    assert!(
        status["checkpoint"].as_str().unwrap().starts_with("login.example.org/evidence\n")
            && status.get("doubt").is_none()
    );
}

#[tokio::test]
async fn an_audit_finds_what_was_changed() {
    let (house, _) = begun().await;
    let sound = house.get("/v1/evidence/audit").await.json().unwrap();
    assert_eq!((&sound["sound"], &sound["findings"]), (&json!(true), &json!([])), "{sound}");
    let changed: Result<u64, StoreError> = house
        .site
        .app
        .store
        .write(|conn| Box::pin(async { sql("UPDATE evidence SET kind = 'x' WHERE seq = 2").execute(conn).await }))
        .await;
    assert_eq!(changed.unwrap(), 1);
    let found = house.get("/v1/evidence/audit").await.json().unwrap();
    let what =
        json!([{ "place": "evidence", "row": "entry 2", "column": "kind", "what": "it is not what the content says" }]);
    assert_eq!((&found["sound"], &found["findings"]), (&json!(false), &what));
}

#[tokio::test]
async fn an_account_is_erased_once_by_a_key_that_may() {
    let (house, account) = begun().await;
    let path = format!("/v1/accounts/{account}/evidence-erasures");
    let erased = house.post(&path, &json!({ "reason": "gdpr-17" })).await;
    assert_eq!(erased.status, 201);
    let erased = erased.json().unwrap();
    assert!(erased["entries"].as_u64().unwrap() > 0 && erased["recorded"] == 1, "{erased}");
    assert_eq!((&erased["open_messages"], &erased["overwritten"]), (&json!(1), &json!(true)));
    house.site.grow().await;
    let entry = house.get("/v1/evidence/entries?kind=evidence.erased").await.json().unwrap();
    let id = entry["entries"][0]["id"].as_str().unwrap();
    let said = house.get(&format!("/v1/evidence/entries/{id}")).await.json().unwrap();
    assert_eq!((&said["what"]["reason"], &said["what"]["count"]), (&json!("gdpr-17"), &erased["entries"]));
    assert!(said["what"]["by"].as_str().unwrap().starts_with("key_") && !said.to_string().contains(&account));
    let number = said["what"]["entries"][0][0].as_u64().unwrap();
    let gone = house.get(&format!("/v1/evidence/entries/erased_{number}")).await.json().unwrap();
    assert_eq!((&gone["kind"], gone.get("what"), gone.get("at")), (&json!("erased"), None, None));
    ProofFile::parse(gone["proof"].as_str().unwrap()).unwrap();
    let wrong = house.post(&path, &json!({ "reason": "Sam asked" })).await;
    assert!(wrong.problem().starts_with("422 reason_invalid"), "{}", wrong.body);
    let nobody = house.post("/v1/accounts/acc_01k9xy3v8e4m7q2r5t6w8z0abc/evidence-erasures", &json!({})).await;
    assert_eq!(nobody.status, 404);
}

/// Files of an archive, as another program would read it.
fn untar(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut at = 0;
    while bytes[at] != 0 {
        let text = |from: usize, length: usize| {
            let field = &bytes[at + from..at + from + length];
            String::from_utf8(field.split(|b| *b == 0).next().unwrap().to_vec()).unwrap()
        };
        let size = usize::from_str_radix(&text(124, 12), 8).unwrap();
        files.push((text(0, 100), bytes[at + 512..at + 512 + size].to_vec()));
        at += 512 + size.div_ceil(512) * 512;
    }
    assert_eq!(&bytes[at..], [0; 1024]);
    files
}

#[tokio::test]
async fn a_bundle_comes_as_an_archive_and_nothing_of_it_stays() {
    let dir = Dir::new(&Db::sqlite());
    let app = dir.with_entries(30).await;
    let scopes = [Scope::EvidenceRead];
    let (_, key) = api_keys::create(&app, &Actor::Command, "auditor", &scopes, None).await.unwrap();
    let get = async |path: &str| {
        use tower::ServiceExt;
        let request = axum::http::Request::get(path).header("authorization", format!("Bearer {}", key.expose()));
        api::router(app.clone()).oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap()
    };
    let answer = get("/v1/evidence/export?from=2&to=11&recipient=An%20auditor").await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (200, "application/x-tar")
    );
    let body = axum::body::to_bytes(answer.into_body(), 1 << 24).await.unwrap();
    let files = untar(&body);
    let manifest = files.iter().find(|(name, _)| name == "evidence-2-11/manifest.json").unwrap();
    let manifest = Manifest::parse(std::str::from_utf8(&manifest.1).unwrap()).unwrap();
    assert_eq!((manifest.first, manifest.count, manifest.recipient.as_str()), (1, 10, "An auditor"));
    assert_eq!(files.len(), manifest.files.len() + 2);
    if let Some(tar) = crate::support::program("tar") {
        std::fs::write(dir.path("bundle.tar"), &body).unwrap();
        let listed = std::process::Command::new(tar).arg("-tf").arg(dir.path("bundle.tar")).output().unwrap();
        assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), files.len());
    } else {
        crate::support::not_run("an archive against another tar", "install tar");
    }
    assert_eq!(std::fs::read_dir(dir.path("exports")).unwrap().count(), 0);
    let may_not = get("/v1/accounts/acc_01k9xy3v8e4m7q2r5t6w8z0abc/messages").await;
    assert_eq!(may_not.status().as_u16(), 403);
}

//! API keys and remembered answers.

use super::{NOW, digest, later, ready, rng};
use crate::support::db::{Db, on_both};
use countersign::store::api_keys::{self, ApiKey, Remembered};
use countersign_core::ids::ApiKeyId;

on_both! {
    a_key_is_found_by_its_hash_until_it_is_revoked
    an_answer_is_remembered_once_and_forgotten
}

async fn a_key_is_found_by_its_hash_until_it_is_revoked(db: Db) {
    let mut conn = ready(&db).await;
    let key = ApiKey {
        id: ApiKeyId::new(NOW, &mut rng()),
        name: "shop".into(),
        scopes: "recovery:request".into(),
        created_at: NOW,
        expires_at: Some(later(60)),
        revoked_at: None,
        last_used_at: None,
    };
    let hash = digest("key");
    api_keys::insert(&mut conn, &key, &hash).await.unwrap();
    assert!(api_keys::insert(&mut conn, &key, &hash).await.is_err());
    let found = api_keys::by_hash(&mut conn, &hash).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{key:?}"));
    assert!(api_keys::by_hash(&mut conn, &digest("other")).await.unwrap().is_none());
    api_keys::touch(&mut conn, &key.id, later(5)).await.unwrap();
    assert!(api_keys::revoke(&mut conn, &key.id, later(6)).await.unwrap());
    assert!(!api_keys::revoke(&mut conn, &key.id, later(7)).await.unwrap());
    let all = api_keys::all(&mut conn).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].last_used_at, all[0].revoked_at), (Some(later(5)), Some(later(6))));
}

async fn an_answer_is_remembered_once_and_forgotten(db: Db) {
    let mut conn = ready(&db).await;
    let key = digest("idempotency");
    let first = Remembered { request: digest("body"), status: 202, body: "{\"id\":\"req_1\"}".into() };
    let second = Remembered { status: 500, ..first.clone() };
    assert_eq!(api_keys::remembered(&mut conn, &key).await.unwrap(), None);
    assert!(api_keys::remember(&mut conn, &key, &first, NOW).await.unwrap());
    assert!(!api_keys::remember(&mut conn, &key, &second, later(1)).await.unwrap());
    assert_eq!(api_keys::remembered(&mut conn, &key).await.unwrap(), Some(first));
    assert_eq!(api_keys::forget(&mut conn, NOW).await.unwrap(), 0);
    assert_eq!(api_keys::forget(&mut conn, later(1)).await.unwrap(), 1);
    assert_eq!(api_keys::remembered(&mut conn, &key).await.unwrap(), None);
}

//! The embedded directory, and evidence.

use super::{NOW, add, digest, later, ready, rng};
use crate::support::db::{Db, on_both, rows};
use crate::support::people::{MARA, OLD_PASSWORD, TOMO, is_hash_of};
use countersign::store::db::sql;
use countersign::store::evidence::{self, Checked, Draft};
use countersign::store::{StoreError, directory};
use countersign_core::ids::{AccountId, DeviceId, SessionId};
use serde_json::json;

on_both! {
    an_account_is_found_by_what_its_owner_types
    passwords_factors_and_limits_are_kept
    a_time_step_is_taken_once
    sessions_end_together
    devices_are_known_until_they_are_revoked
    saved_recovery_codes_are_used_once_and_replaced
    evidence_fits_its_commitments_and_a_change_is_noticed
    an_unknown_stored_value_is_an_error
}

async fn an_account_is_found_by_what_its_owner_types(db: Db) {
    let mut conn = ready(&db).await;
    assert_eq!(directory::count(&mut conn).await.unwrap(), 0);
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    assert_eq!(directory::count(&mut conn).await.unwrap(), 2);
    for (kind, value, whose) in [
        ("user", "mara", Some(&mara)),
        ("email", "mara@example.org", Some(&mara)),
        ("email", "mara.new@example.com", Some(&mara)),
        ("user", "tomo", Some(&tomo)),
        ("user", "mara@example.org", None),
        ("email", "Mara@example.org", None),
        ("phone", "mara", None),
        ("user", "", None),
        ("user", "' OR '1'='1", None),
    ] {
        let found = directory::by_identifier(&mut conn, kind, value).await.unwrap();
        assert_eq!(found.map(|a| a.id).as_ref(), whose, "{kind} {value}");
    }
    let stranger = AccountId::new(later(1), &mut rng());
    assert!(directory::by_id(&mut conn, &stranger).await.unwrap().is_none());
    let confirmed = directory::confirmed_emails(&mut conn, &mara).await.unwrap();
    let confirmed: Vec<_> = confirmed.iter().map(|a| (a.address.as_str(), a.normalized.as_str())).collect();
    assert_eq!(confirmed, [("Mara@example.org", "mara@example.org"), ("mara@example.net", "mara@example.net")]);
    let words = directory::own_words(&mut conn, &mara).await.unwrap();
    assert_eq!(words, ["mara.new@example.com", "mara@example.net", "mara@example.org", "mara"]);
}

async fn passwords_factors_and_limits_are_kept(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    directory::set_password(&mut conn, &mara, Some("hash 1"), NOW).await.unwrap();
    assert!(!directory::rehash(&mut conn, &mara, "another", "hash 2").await.unwrap());
    assert!(directory::rehash(&mut conn, &mara, "hash 1", "hash 2").await.unwrap());
    directory::set_totp(&mut conn, &mara, Some(vec![0, 255, 7]), NOW).await.unwrap();
    directory::disavow(&mut conn, &mara, 2, later(60)).await.unwrap();
    directory::hold(&mut conn, &mara, later(50)).await.unwrap();
    directory::hold(&mut conn, &mara, later(40)).await.unwrap();
    let found = directory::by_id(&mut conn, &mara).await.unwrap().unwrap();
    assert_eq!((found.password_hash.as_deref(), found.totp_sealed), (Some("hash 2"), Some(vec![0, 255, 7])));
    assert_eq!((found.disavow_level, found.disavow_until, found.hold_until), (2, later(60), later(50)));
    directory::set_password(&mut conn, &mara, None, NOW).await.unwrap();
    directory::set_totp(&mut conn, &mara, None, NOW).await.unwrap();
    let found = directory::by_id(&mut conn, &mara).await.unwrap().unwrap();
    assert_eq!((found.password_hash, found.totp_sealed), (None, None));
    let other = directory::by_id(&mut conn, &tomo).await.unwrap().unwrap();
    assert!(is_hash_of(other.password_hash.as_deref(), OLD_PASSWORD) && other.disavow_level == 0);
}

async fn a_time_step_is_taken_once(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let mut taken = vec![];
    for step in [100, 100, 99, 101, 101] {
        taken.push(directory::take_totp_step(&mut conn, &mara, step).await.unwrap());
    }
    assert_eq!(taken, [true, false, false, true, false]);
}

async fn sessions_end_together(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo, mut dice) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await, rng());
    let ids: Vec<SessionId> = (0..3).map(|_| SessionId::new(NOW, &mut dice)).collect();
    let device = DeviceId::new(NOW, &mut dice);
    directory::open_session(&mut conn, &ids[0], &mara, Some(&device), NOW).await.unwrap();
    directory::open_session(&mut conn, &ids[1], &mara, None, NOW).await.unwrap();
    directory::open_session(&mut conn, &ids[2], &tomo, None, NOW).await.unwrap();
    assert_eq!(directory::session_account(&mut conn, &ids[0]).await.unwrap(), Some(mara.clone()));
    assert_eq!(directory::end_sessions(&mut conn, &mara, "test", later(1)).await.unwrap(), 2);
    assert_eq!(directory::end_sessions(&mut conn, &mara, "again", later(2)).await.unwrap(), 0);
    assert_eq!(directory::session_account(&mut conn, &ids[0]).await.unwrap(), None);
    assert_eq!(directory::session_account(&mut conn, &ids[2]).await.unwrap(), Some(tomo));
    let reasons = rows(&mut conn, "sessions", &["end_reason"]).await;
    assert_eq!(reasons.iter().filter(|r| *r == "end_reason=test ").count(), 2);
}

async fn devices_are_known_until_they_are_revoked(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let device = DeviceId::new(NOW, &mut rng());
    directory::add_device(&mut conn, &device, &mara, NOW).await.unwrap();
    assert!(directory::knows_device(&mut conn, &mara, device.as_str()).await.unwrap());
    assert!(!directory::knows_device(&mut conn, &tomo, device.as_str()).await.unwrap());
    assert_eq!(directory::revoke_devices(&mut conn, &mara, NOW).await.unwrap(), 1);
    assert_eq!(directory::revoke_devices(&mut conn, &mara, NOW).await.unwrap(), 0);
    assert!(!directory::knows_device(&mut conn, &mara, device.as_str()).await.unwrap());
}

async fn saved_recovery_codes_are_used_once_and_replaced(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let (a, b) = (digest("a"), digest("b"));
    directory::set_recovery_codes(&mut conn, &mara, &[a, b], NOW).await.unwrap();
    assert!(directory::has_recovery_code(&mut conn, &mara, &a).await.unwrap());
    assert!(!directory::has_recovery_code(&mut conn, &tomo, &a).await.unwrap());
    assert!(!directory::use_recovery_code(&mut conn, &tomo, &a, NOW).await.unwrap());
    assert!(directory::use_recovery_code(&mut conn, &mara, &a, NOW).await.unwrap());
    assert!(!directory::use_recovery_code(&mut conn, &mara, &a, NOW).await.unwrap());
    assert!(!directory::has_recovery_code(&mut conn, &mara, &a).await.unwrap());
    directory::set_recovery_codes(&mut conn, &mara, &[digest("c")], NOW).await.unwrap();
    assert!(!directory::has_recovery_code(&mut conn, &mara, &b).await.unwrap());
    assert!(directory::has_recovery_code(&mut conn, &mara, &digest("c")).await.unwrap());
}

async fn evidence_fits_its_commitments_and_a_change_is_noticed(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, mut dice) = (add(&mut conn, &MARA).await, rng());
    evidence::append(&mut conn, vec![]).await.unwrap();
    let draft =
        |n: i64, dice: &mut _| Draft::new("test.entry", Some(&mara), json!({ "n": n, "text": "Zoë — 花" }), NOW, dice);
    let drafts: Vec<Draft> = (0..5).map(|n| draft(n, &mut dice)).collect();
    assert_eq!(drafts[0].kind(), "test.entry");
    evidence::append(&mut conn, drafts).await.unwrap();
    assert_eq!(evidence::count(&mut conn).await.unwrap(), 5);
    assert_eq!(evidence::count_kind(&mut conn, "test.entry").await.unwrap(), 5);
    assert_eq!(evidence::count_kind(&mut conn, "test.other").await.unwrap(), 0);
    let (first, next) = evidence::check(&mut conn, 0, 3).await.unwrap();
    assert_eq!(first, Checked { sound: 3, erased: 0, broken: 0 });
    sql("UPDATE evidence SET payload = NULL, salt = NULL WHERE seq = 4").execute(&mut conn).await.unwrap();
    sql("UPDATE evidence SET at = at, salt = commitment WHERE seq = 5").execute(&mut conn).await.unwrap();
    let (rest, last) = evidence::check(&mut conn, next.unwrap(), 100).await.unwrap();
    assert_eq!(rest, Checked { sound: 0, erased: 1, broken: 1 });
    assert_eq!(evidence::check(&mut conn, last.unwrap(), 100).await.unwrap(), (Checked::default(), None));
}

async fn an_unknown_stored_value_is_an_error(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    sql("DELETE FROM identifiers").execute(&mut conn).await.unwrap();
    sql("DELETE FROM emails").execute(&mut conn).await.unwrap();
    sql("UPDATE accounts SET id = 'acc_?'").execute(&mut conn).await.unwrap();
    assert!(directory::by_id(&mut conn, &mara).await.unwrap().is_none());
    let text = "INSERT INTO identifiers (kind, value, account_id) VALUES ('user', 'mara', 'acc_?')";
    sql(text).execute(&mut conn).await.unwrap();
    let error = directory::by_identifier(&mut conn, "user", "mara").await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownValue { column: "accounts.id", .. }), "{error}");
}

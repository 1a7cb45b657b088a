//! What is on record about one account.

use super::{NOW, add, digest, earlier, later, ready};
use crate::support::db::{Db, on_both};
use crate::support::people::{MARA, TOMO};
use countersign::store::db::sql;
use countersign::store::{directory, profile, requests, tickets};
use countersign_core::gate::Class;
use countersign_core::ids::{AccountId, DeviceId, RequestId, SessionId};
use countersign_core::message::DeviceKind;
use rand::{SeedableRng, rngs::StdRng};

on_both! {
    the_row_says_what_there_is_and_no_secret
    sessions_and_devices_are_counted_and_the_newest_named
    links_come_with_the_requests_that_led_to_them
    every_id_of_an_account_leads_to_it
    a_hold_is_released_once
}

async fn the_row_says_what_there_is_and_no_secret(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let facts = profile::facts(&mut conn, &mara).await.unwrap().unwrap();
    assert_eq!((facts.has_password, facts.second_factor, facts.password_changed_at), (true, false, None));
    assert_eq!((facts.locale.as_deref(), facts.external_id, facts.created_at), (Some("de"), None, NOW));
    directory::set_totp(&mut conn, &mara, Some(vec![1]), NOW).await.unwrap();
    directory::set_password(&mut conn, &mara, None, later(5)).await.unwrap();
    directory::set_recovery_codes(&mut conn, &mara, &[digest("a"), digest("b")], NOW).await.unwrap();
    directory::use_recovery_code(&mut conn, &mara, &digest("a"), NOW).await.unwrap();
    let facts = profile::facts(&mut conn, &mara).await.unwrap().unwrap();
    assert_eq!((facts.has_password, facts.second_factor, facts.recovery_codes), (false, true, 1));
    assert_eq!(facts.password_changed_at, Some(later(5)));
    let names = profile::identifiers(&mut conn, &mara).await.unwrap();
    assert_eq!(names.last().unwrap(), &("user".to_owned(), "mara".to_owned()));
    let emails = profile::emails(&mut conn, &mara).await.unwrap();
    let expected = [("Mara@example.org", Some(NOW)), ("mara@example.net", Some(NOW)), ("mara.new@example.com", None)];
    assert_eq!(emails, expected.map(|(text, at)| (text.to_owned(), at)));
    assert_eq!(profile::phones(&mut conn, &mara).await.unwrap(), []);
    let nobody = AccountId::parse("acc_01k9xy3v8e4m7q2r5t6w8z0abc").unwrap();
    assert!(profile::facts(&mut conn, &nobody).await.unwrap().is_none());
}

async fn sessions_and_devices_are_counted_and_the_newest_named(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let mut rng = StdRng::seed_from_u64(3);
    let mut newest = vec![];
    for n in 0..4 {
        let (session, device) = (SessionId::new(later(n), &mut rng), DeviceId::new(later(n), &mut rng));
        directory::add_device(&mut conn, &device, &mara, later(n)).await.unwrap();
        directory::open_session(&mut conn, &session, &mara, Some(&device), later(n)).await.unwrap();
        newest.insert(0, (session, later(n)));
    }
    directory::open_session(&mut conn, &SessionId::new(NOW, &mut rng), &tomo, None, NOW).await.unwrap();
    let sessions = profile::sessions(&mut conn, &mara, 2).await.unwrap();
    assert_eq!((sessions.count, sessions.newest), (4, newest[..2].to_vec()));
    assert_eq!(profile::devices(&mut conn, &mara, 9).await.unwrap().newest.len(), 4);
    directory::end_sessions(&mut conn, &mara, "test", later(9)).await.unwrap();
    directory::revoke_devices(&mut conn, &mara, later(9)).await.unwrap();
    assert_eq!(profile::sessions(&mut conn, &mara, 2).await.unwrap().count, 0);
    assert_eq!(profile::devices(&mut conn, &mara, 2).await.unwrap().count, 0);
    assert_eq!(profile::sessions(&mut conn, &tomo, 2).await.unwrap().count, 1);
}

fn request(name: &str, at: u64) -> requests::NewRequest {
    requests::NewRequest {
        id: RequestId::new(later(at), &mut StdRng::seed_from_u64(digest(name).short())),
        received_at: later(at),
        door: "hosted",
        identifier: "mara".into(),
        identifier_key: digest("mara"),
        source_key: digest("source"),
        locale: None,
        agent: DeviceKind::Android,
        device: None,
        code_hash: None,
        class: Class::Work,
        held: false,
        expires_at: later(at + 100),
    }
}

async fn links_come_with_the_requests_that_led_to_them(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let link = super::tickets::ticket("one", &mara);
    tickets::insert(&mut conn, &link).await.unwrap();
    tickets::insert(&mut conn, &super::tickets::ticket("two", &tomo)).await.unwrap();
    let all = [request("a", 1), request("b", 2), request("c", 3)];
    requests::insert(&mut conn, &all).await.unwrap();
    requests::close(&mut conn, &all[0].id, "sent", Some(&link.id), later(2)).await.unwrap();
    requests::close(&mut conn, &all[1].id, "live_link", Some(&link.id), later(3)).await.unwrap();
    let links = profile::links(&mut conn, &mara, 10).await.unwrap();
    assert_eq!((links.len(), &links[0].id, links[0].state.as_str()), (1, &link.id, "live"));
    let led = profile::requests(&mut conn, &[&link.id], 10).await.unwrap();
    let outcomes: Vec<_> = led.iter().map(|r| (r.outcome.as_deref(), r.agent.as_str(), r.door.as_str())).collect();
    assert_eq!(outcomes, [(Some("live_link"), "android", "hosted"), (Some("sent"), "android", "hosted")]);
    assert_eq!(profile::requests(&mut conn, &[&link.id], 1).await.unwrap().len(), 1);
    assert_eq!(profile::owner(&mut conn, all[0].id.as_str()).await.unwrap(), Some(mara.clone()));
    assert_eq!(profile::owner(&mut conn, all[2].id.as_str()).await.unwrap(), None, "it led to no link");
    assert_eq!(profile::owner(&mut conn, link.id.as_str()).await.unwrap(), Some(mara));
}

async fn every_id_of_an_account_leads_to_it(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, mut rng) = (add(&mut conn, &MARA).await, StdRng::seed_from_u64(4));
    let (session, device) = (SessionId::new(NOW, &mut rng), DeviceId::new(NOW, &mut rng));
    directory::open_session(&mut conn, &session, &mara, None, NOW).await.unwrap();
    directory::add_device(&mut conn, &device, &mara, NOW).await.unwrap();
    for id in [session.as_str(), device.as_str()] {
        assert_eq!(profile::owner(&mut conn, id).await.unwrap(), Some(mara.clone()));
    }
    for id in ["ses_x", "chg_x", "acc_x", ""] {
        assert_eq!(profile::owner(&mut conn, id).await.unwrap(), None);
    }
    let name = "UPDATE accounts SET external_id = 'crm-7' WHERE id = $1";
    sql(name).bind(mara.as_str()).execute(&mut conn).await.unwrap();
    assert_eq!(profile::by_external_id(&mut conn, "crm-7").await.unwrap(), Some(mara));
    assert_eq!(profile::by_external_id(&mut conn, "CRM-7").await.unwrap(), None);
}

async fn a_hold_is_released_once(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    directory::hold(&mut conn, &mara, later(100)).await.unwrap();
    assert_eq!(directory::release(&mut conn, &mara, NOW).await.unwrap(), Some(later(100)));
    assert_eq!(directory::release(&mut conn, &mara, NOW).await.unwrap(), None);
    directory::hold(&mut conn, &mara, earlier(5)).await.unwrap();
    assert_eq!(directory::release(&mut conn, &mara, NOW).await.unwrap(), None, "it is over");
}

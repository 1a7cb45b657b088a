//! The evidence as people leaf through it.

use super::{append, begun, grow};
use crate::support::db::{Db, on_both};
use crate::support::house::{House, START};
use crate::support::people::MARA;
use countersign::flows::log::browse::{self, Ask, PAGE};
use countersign::flows::log::erase::{Erase, erase};
use countersign::flows::log::own::By;
use countersign::store::evidence::{self, Draft};
use countersign::store::{StoreError, browse as store};
use countersign_core::ids::AccountId;
use serde_json::json;
use std::time::Duration;

on_both! {
    the_newest_come_first_page_after_page
    a_kind_is_looked_for_so_far_and_then_on
    a_list_about_an_account_is_a_look_at_a_person
    a_day_is_found_by_halving
    an_entry_is_named_by_its_number_or_its_id
}

fn by() -> By {
    By::Staff("stf_1".into())
}

async fn numbers(house: &House, ask: &Ask) -> (Vec<u64>, Option<u64>) {
    let page = browse::page(&house.app, ask, &by()).await.unwrap();
    (page.entries.iter().map(|e| e.number).collect(), page.next)
}

async fn about(house: &House, account: &AccountId, kind: &'static str) {
    let entry = Draft::new(kind, Some(account), json!({}), house.clock.now(), &mut house.app.rng());
    let done: Result<(), StoreError> =
        house.app.store.write(move |conn| Box::pin(async move { evidence::append(conn, vec![entry]).await })).await;
    done.unwrap();
}

async fn the_newest_come_first_page_after_page(db: Db) {
    let house = begun(db).await;
    append(&house.app, 69).await;
    let size = grow(&house.app).await;
    assert_eq!(size, 70, "the log's own first entry is among them");
    let (first, next) = numbers(&house, &Ask::default()).await;
    assert_eq!((first.len() as i64, first[0], first[49], next), (PAGE, 70, 21, Some(21)));
    let (second, next) = numbers(&house, &Ask { before: next, ..Ask::default() }).await;
    assert_eq!((second.len(), second[0], second[19], next), (20, 20, 1, None));
    let page = browse::page(&house.app, &Ask::default(), &by()).await.unwrap();
    assert_eq!((page.newest, page.published, page.looked_from), (70, 70, None));
    assert_eq!(numbers(&house, &Ask { before: Some(1), ..Ask::default() }).await, (vec![], None));
}

async fn a_kind_is_looked_for_so_far_and_then_on(db: Db) {
    let house = begun(db).await;
    append(&house.app, store::LOOK as usize + 5).await;
    grow(&house.app).await;
    let ask = Ask { kind: Some("log.began".into()), ..Ask::default() };
    let page = browse::page(&house.app, &ask, &by()).await.unwrap();
    assert!(page.entries.is_empty() && page.looked_from.is_some());
    assert_eq!(page.next, page.looked_from);
    let (found, next) = numbers(&house, &Ask { before: page.next, ..ask }).await;
    assert_eq!((found, next), (vec![1], None));
    let many = Ask { kind: Some("test.entry".into()), ..Ask::default() };
    let (found, next) = numbers(&house, &many).await;
    assert_eq!((found.len() as i64, next), (PAGE, found.last().copied()));
}

async fn a_list_about_an_account_is_a_look_at_a_person(db: Db) {
    let house = begun(db).await;
    let mara = house.add(&MARA).await;
    about(&house, &mara, "session.opened").await;
    append(&house.app, 2).await;
    grow(&house.app).await;
    let ask = Ask { account: Some(mara.clone()), ..Ask::default() };
    assert_eq!(numbers(&house, &ask).await.0, [2]);
    assert_eq!(house.kinds().await.last().unwrap(), "evidence.exported");
    grow(&house.app).await;
    let page = browse::page(&house.app, &ask, &by()).await.unwrap();
    let said = String::from_utf8(page.entries[0].payload.clone().unwrap()).unwrap();
    assert!(said.contains(r#""what":{"by":"stf_1","listed":1}"#), "{said}");
    assert!(numbers(&house, &Ask::default()).await.0.len() > 3);
    assert_eq!(house.kinds().await.iter().filter(|kind| *kind == "evidence.exported").count(), 2);
}

async fn a_day_is_found_by_halving(db: Db) {
    let house = begun(db).await;
    let mara = house.add(&MARA).await;
    for _ in 0..5 {
        house.pass(3600);
        append(&house.app, 3).await;
        about(&house, &mara, "session.opened").await;
    }
    grow(&house.app).await;
    let hour = |n: u64| START.plus(Duration::from_secs(3600 * n));
    for (at, number) in [(0, 1), (1, 2), (2, 6), (5, 18)] {
        assert_eq!(browse::first_since(&house.app, hour(at)).await.unwrap(), number, "hour {at}");
    }
    assert_eq!(browse::first_since(&house.app, hour(6)).await.unwrap_err().status, 404);
    let ask = Erase { account: mara, reason: "request".into(), by: by() };
    erase(&house.app, &ask, |_| {}).await.unwrap();
    for (at, number) in [(0, 1), (2, 6), (5, 18)] {
        assert_eq!(browse::first_since(&house.app, hour(at)).await.unwrap(), number, "what is erased has no time");
    }
}

async fn an_entry_is_named_by_its_number_or_its_id(db: Db) {
    let house = begun(db).await;
    append(&house.app, 2).await;
    grow(&house.app).await;
    let mut conn = house.app.store.read().await.unwrap();
    let entry = browse::named(&mut conn, "2").await.unwrap();
    assert_eq!((entry.number, entry.kind.as_str()), (2, "test.entry"));
    assert_eq!(browse::named(&mut conn, &entry.id).await.unwrap().number, 2);
    for name in ["0", "4", "99999999999999999999", "evi_x", ""] {
        assert_eq!(browse::named(&mut conn, name).await.unwrap_err().status, 404, "{name}");
    }
}

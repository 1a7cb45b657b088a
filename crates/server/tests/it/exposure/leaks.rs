//! Leaks on record: once, with all their sets; withdrawn; told to those they are about.

use super::{code, follow, kinds, leak_of, matched, numbers, reason};
use crate::support::db::{Db, on_both};
use crate::support::house::House;
use crate::support::people::{MARA, TOMO};
use countersign::flows::exposure::leaks::{self, NewLeak};
use countersign::flows::exposure::person;
use countersign::flows::staff::Actor;
use countersign::store::exposure::leaks as store;
use countersign_core::expose::cohort::{Accounts, PIECE};
use countersign_core::expose::matching::Field;

on_both! {
    a_leak_says_of_an_account_what_it_shows_and_what_not
    the_same_files_are_matched_once
    a_leak_that_is_withdrawn_counts_no_more
    sets_of_many_pieces_come_back_whole
}

async fn a_leak_says_of_an_account_what_it_shows_and_what_not(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    let nothing = person::look(&house.app, &mara).await.unwrap();
    assert_eq!((nothing.leaks.len(), nothing.looked_at), (0, 0));
    leak_of(&house, "sale", &[&mara, &tomo]).await;
    let of_mara = person::look(&house.app, &mara).await.unwrap().leaks.remove(0);
    assert_eq!(of_mara.says.shows, [Field::Email, Field::Phone]);
    let of_tomo = person::look(&house.app, &tomo).await.unwrap().leaks.remove(0);
    assert_eq!((of_tomo.says.shows.clone(), of_tomo.not_shown.clone()), (vec![Field::Email], vec![Field::Phone]));
    let told =
        ["The leak shows your e-mail address.", "It does not show your phone number, although it does for others."];
    assert_eq!(person::sentences(&of_tomo), told);
    assert_eq!(kinds(&house, "staff.leak").await, ["staff.leak_matched"]);
}

async fn the_same_files_are_matched_once(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let first = leak_of(&house, "sale", &[&mara]).await;
    let again = |again| {
        let all = Accounts::of([0]);
        NewLeak { name: "sale".into(), reason: reason(), again, matched: matched("sale", &all, &all) }
    };
    let refused = leaks::record(&house.app, &Actor::Command, again(false)).await.unwrap_err();
    assert!(refused.code == "leak_there" && refused.public.contains(first.id.as_str()), "{}", refused.public);
    leaks::record(&house.app, &Actor::Command, again(true)).await.unwrap();
    assert_eq!(leaks::list(&house.app, 9).await.unwrap().len(), 2);
}

async fn a_leak_that_is_withdrawn_counts_no_more(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    let (a, b) = (leak_of(&house, "a", &[&mara]).await, leak_of(&house, "b", &[&tomo]).await);
    let number = super::number(&house, &mara).await;
    assert!(house.app.exposure.mailboxes.is_leaked(number));
    assert_eq!(house.app.exposure.mailboxes.count(), 2);
    leaks::withdraw(&house.app, &Actor::Command, a.id.clone(), reason()).await.unwrap();
    assert!(!house.app.exposure.mailboxes.is_leaked(number));
    assert_eq!(house.app.exposure.mailboxes.count(), 1);
    assert_eq!(person::look(&house.app, &mara).await.unwrap().leaks.len(), 0);
    assert_eq!(person::look(&house.app, &tomo).await.unwrap().leaks[0].leak, b.id);
    assert_eq!(code(leaks::withdraw(&house.app, &Actor::Command, a.id, reason()).await), "leak_withdrawn");
    let again = house.restarted(house.clock.now()).await;
    follow(&again).await;
    assert_eq!(again.app.exposure.mailboxes.count(), 1);
}

async fn sets_of_many_pieces_come_back_whole(db: Db) {
    let house = House::new(db).await;
    // Forty pieces, more than are read at once.
    let all = Accounts::of((0..40).map(|n| n * PIECE + n));
    let new = NewLeak { name: "big".into(), reason: reason(), again: false, matched: matched("big", &all, &all) };
    let leak = leaks::record(&house.app, &Actor::Command, new).await.unwrap();
    let conn = &mut house.db.conn().await;
    assert_eq!(store::set(conn, &leak.id, "all").await.unwrap(), all);
    assert!(store::sets_of(conn, &leak.id, 39 * PIECE + 39).await.unwrap().contains(&"strong".to_owned()));
    assert_eq!(countersign::store::exposure::cohorts::set(conn, &leak.cohort).await.unwrap(), all);
    assert!(countersign::store::exposure::cohorts::contains(conn, &leak.cohort, PIECE + 1).await.unwrap());
    assert!(!countersign::store::exposure::cohorts::contains(conn, &leak.cohort, PIECE).await.unwrap());
    assert_eq!(numbers(&house, &[]).await.len(), 0);
}

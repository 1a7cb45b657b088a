//! How many messages a mailbox gets (G3), whoever asks and however it is spelled.

use crate::support::db::{Db, on_both};
use crate::support::house::House;
use crate::support::people::{MARA, Person, TOMO};
use countersign::flows::dispatch::decide_batch;
use countersign::flows::{devices, recover, redeem};
use countersign_core::message::Template;

on_both! {
    a_live_link_keeps_further_messages_away
    the_last_messages_of_a_day_are_for_those_who_show_more
    all_spellings_of_a_mailbox_are_one
    two_nodes_send_one_message
    a_source_limit_says_nothing_of_the_identifier
    a_redeemed_link_makes_room_for_the_next
}

async fn a_live_link_keeps_further_messages_away(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let device = devices::issue(&house.app, mara).await.unwrap();
    let first = house.message_for("mara").await;
    for identifier in ["mara", "mara@example.org", "mara@example.net"] {
        house.ask(identifier).await;
        house.ask_with_work(identifier).await;
        house.ask_from(identifier, &device).await;
    }
    assert_eq!(house.decide().await, 0);
    assert_eq!(house.letters().await, ["recovery M•••@e•••.org de"]);
    let link = house.opened(&first).await.first.unwrap();
    assert!(redeem::look(&house.app, &link).await.is_ok(), "the owner's link survives");
}

async fn the_last_messages_of_a_day_are_for_those_who_show_more(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let device = devices::issue(&house.app, mara).await.unwrap();
    let mut sent = vec![];
    for _ in 0..3 {
        house.ask("mara").await;
        sent.push(house.decide().await);
        house.pass(901);
    }
    assert_eq!(sent, [1, 0, 0], "nothing shown: one a day");
    let mut sent = vec![];
    for _ in 0..3 {
        house.ask_with_work("mara").await;
        sent.push(house.decide().await);
        house.pass(901);
    }
    assert_eq!(sent, [1, 0, 0], "a solved challenge: one more");
    let mut sent = vec![];
    for _ in 0..3 {
        house.ask_from("mara", &device).await;
        sent.push(house.decide().await);
        house.pass(901);
    }
    assert_eq!(sent, [1, 0, 0], "a known device: the last one");
    house.pass(86_400);
    house.ask("mara").await;
    assert_eq!(house.decide().await, 1);
    assert_eq!(house.letters().await.len(), 4);
}

const SPELLED: [Person; 4] = [
    Person { user: "ida1", emails: &[("ida.holm@gmail.com", true)], flags: "", locale: None },
    Person { user: "ida2", emails: &[("idaholm+shop@gmail.com", true)], flags: "", locale: None },
    Person { user: "ida3", emails: &[("I.D.A.Holm@googlemail.com", true)], flags: "", locale: None },
    Person { user: "ida4", emails: &[("idaholm@gmail.com", true)], flags: "", locale: None },
];

async fn all_spellings_of_a_mailbox_are_one(db: Db) {
    let house = House::new(db).await;
    for person in &SPELLED {
        house.add(person).await;
    }
    for round in 0..4 {
        for person in &SPELLED {
            house.ask(person.user).await;
            house.ask_with_work(person.emails[0].0).await;
        }
        house.decide().await;
        house.pass(901 + round);
    }
    assert_eq!(house.letters().await.len(), 2, "one that showed nothing, one with work; the third is the owner's");
}

async fn two_nodes_send_one_message(db: Db) {
    let house = House::new(db).await;
    for person in &SPELLED {
        house.add(person).await;
    }
    let other = house.another().await;
    for person in &SPELLED {
        house.ask_with_work(person.user).await;
        recover::request(&other, house.asking(person.user)).await.unwrap();
    }
    let (one, two) = (house.app.clone(), other.clone());
    let (one, two) =
        (tokio::spawn(async move { decide_batch(&one).await }), tokio::spawn(async move { decide_batch(&two).await }));
    let sent = one.await.unwrap().unwrap().sent + two.await.unwrap().unwrap().sent;
    assert_eq!(sent + house.decide().await, 1);
    assert_eq!(house.letters().await.len(), 1);
}

async fn a_source_limit_says_nothing_of_the_identifier(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    let answers = async |identifier: &str| {
        let ask = house.asking(identifier);
        let mut codes = vec![];
        for _ in 0..5 {
            let answer = recover::request(&house.app, ask.clone()).await;
            codes.push(answer.map_or_else(|e| (e.status, e.retry_after.is_some()), |_| (202, false)));
        }
        codes
    };
    let known = answers("mara").await;
    assert_eq!(known, [(202, false), (202, false), (202, false), (429, true), (429, true)]);
    assert_eq!(answers("nobody").await, known);
    let requested = house.kinds().await.iter().filter(|k| *k == "recovery.requested").count();
    assert_eq!(requested, 6, "what a source limit stops costs no write");
}

async fn a_redeemed_link_makes_room_for_the_next(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    let device = house.done(&house.opened(&message).await.first.unwrap()).await;
    house.pass(60);
    house.ask_from("tomo", &device).await;
    assert_eq!(house.decide().await, 1);
    let all = house.messages().await;
    assert_eq!(all.iter().filter(|m| m.template == Template::Recovery).count(), 2);
}

//! Time: links that expire before they are sent, requests that nobody waits for, clocks that jump back.

use crate::support::db::{Db, on_both};
use crate::support::house::{House, START, leaving};
use crate::support::people::{MARA, TOMO};
use countersign::flows::outbox::{self, Ended};
use countersign::flows::redeem;
use countersign::store::gate;
use countersign::store::messages::State;
use std::time::Duration;

on_both! {
    a_link_dies_after_a_quarter_of_an_hour
    a_message_whose_link_expired_has_nothing_to_say
    a_message_that_did_not_arrive_may_be_asked_for_again
    a_hand_over_that_a_crash_cut_off_is_unknown_and_not_repeated
    after_the_clock_jumped_back_the_limits_hold
}

async fn a_link_dies_after_a_quarter_of_an_hour(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    let opened = house.opened(&house.message_for("mara").await).await;
    let link = opened.first.unwrap();
    house.pass(899);
    assert!(redeem::look(&house.app, &link).await.is_ok());
    house.pass(1);
    assert_eq!(redeem::look(&house.app, &link).await.unwrap_err().status, 410);
    assert_eq!(house.redeem(&link).await.unwrap_err().status, 410);
}

async fn a_message_whose_link_expired_has_nothing_to_say(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    house.message_for("mara").await;
    house.pass(900);
    let claimed = outbox::claim(&house.app, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(outbox::material(&house.app, &claimed[0]).await.unwrap().is_none());
}

async fn a_message_that_did_not_arrive_may_be_asked_for_again(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    house.message_for("tomo").await;
    let claimed = outbox::claim(&house.app, 10).await.unwrap();
    outbox::finish(&house.app, &claimed[0], Ended::Failed { reason: "550 5.1.1".into() }).await.unwrap();
    house.ask_with_work("tomo").await;
    assert_eq!(house.decide().await, 1, "a link that nobody got is not live");
    let states: Vec<State> = house.messages().await.iter().map(|m| m.state).collect();
    assert!(states.contains(&State::Failed) && states.contains(&State::Queued));
}

async fn a_hand_over_that_a_crash_cut_off_is_unknown_and_not_repeated(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    assert_eq!(outbox::claim(&house.app, 10).await.unwrap().len(), 1);
    assert!(outbox::begin(&house.app, &message, &leaving(&message, "text")).await.unwrap());
    let after = house.restarted(house.clock.now()).await;
    after.pass(3600);
    outbox::after_start(&after.app).await.unwrap();
    assert_eq!(after.messages().await[0].state, State::Unknown);
    assert_eq!(outbox::claim(&after.app, 10).await.unwrap().len(), 0);
    assert!(
        !outbox::begin(&house.app, &message, &leaving(&message, "text")).await.unwrap(),
        "the one that was cut off cannot go on"
    );
    after.is_sound().await;
}

/// A process never goes back; a restart on a machine whose clock was set back does.
async fn after_the_clock_jumped_back_the_limits_hold(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    house.pass(7 * 86_400);
    house.message_for("mara").await;
    let before = gate::budgets(&mut house.db.conn().await).await.unwrap().unwrap();
    let back = house.restarted(START.plus(Duration::from_secs(86_400))).await;
    back.ask("mara").await;
    back.pass(2 * 86_400);
    back.ask("mara").await;
    assert_eq!(back.decide().await, 0, "a message in the future counts");
    let after = gate::budgets(&mut back.db.conn().await).await.unwrap().unwrap();
    assert_eq!(after.anonymous.level_milli, before.anonymous.level_milli, "nothing is refilled twice");
    assert_eq!(back.letters().await.len(), 1);
}

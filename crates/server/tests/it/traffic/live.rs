//! What is seen now: once a second for everybody, with its judgement, and never a made-up number.

use super::{seen, settle_all};
use crate::support::db::Db;
use crate::support::house::House;
use crate::support::people::TOMO;
use countersign::flows::traffic::snapshot;
use countersign::store::db::sql;
use countersign_core::gate::Mode;
use countersign_core::traffic::{Headline, Task, What, Window};
use std::sync::Arc;

#[tokio::test]
async fn whoever_looks_within_a_second_sees_the_same() {
    let house = House::new(Db::sqlite()).await;
    let first = seen(&house, Window::Hour).await;
    house.ask("tomo").await;
    assert!(Arc::ptr_eq(&first, &seen(&house, Window::Hour).await));
    house.pass(1);
    let next = seen(&house, Window::Hour).await;
    assert_eq!((first.anything, next.anything), (false, true));
    assert_eq!(next.series.total().get(What::Requests), 1);
}

#[tokio::test]
async fn a_new_installation_is_told_what_is_missing() {
    let house = House::new(Db::sqlite()).await;
    let fresh = seen(&house, Window::Hour).await;
    assert_eq!(fresh.overview.headline, Headline::Setup);
    assert_eq!(fresh.overview.tasks, [Task::NameMailServer, Task::ImportAccounts]);
    house.add(&TOMO).await;
    house.pass(1);
    assert_eq!(seen(&house, Window::Hour).await.overview.tasks, [Task::NameMailServer]);
    house.message_for("tomo").await;
    house.pass(1);
    let waiting = seen(&house, Window::Hour).await;
    assert_eq!(waiting.overview.headline, Headline::Wrong, "a message waits for a server that is not there");
}

#[tokio::test]
async fn a_siege_shows_in_the_judgement() {
    let house = House::new(Db::sqlite()).await;
    house.add(&TOMO).await;
    house.besiege().await;
    for _ in 0..500 {
        house.ask("nobody").await;
    }
    house.decide().await;
    let shown = seen(&house, Window::Hour).await;
    assert_eq!(
        (shown.facts.gate.mode, shown.facts.gate.per_minute, shown.facts.gate.flooded),
        (Mode::Proof, 500, true)
    );
    assert_eq!(shown.overview.headline, Headline::Siege);
    assert_eq!((shown.facts.gate.held.number, shown.facts.gate.anonymous.percent), (500, 0));
}

#[tokio::test]
async fn a_database_that_is_away_is_no_zero() {
    let house = House::new(Db::sqlite()).await;
    settle_all(&house.app).await;
    let mut conn = house.db.conn().await;
    sql("ALTER TABLE traffic_settled RENAME TO away").execute(&mut conn).await.unwrap();
    let error = snapshot(&house.app, Window::Day).await.unwrap_err();
    assert_eq!((error.status, error.code), (503, "unavailable"));
    sql("ALTER TABLE away RENAME TO traffic_settled").execute(&mut conn).await.unwrap();
    assert!(snapshot(&house.app, Window::Day).await.is_err(), "it is not asked again within the second");
    house.pass(1);
    assert_eq!(seen(&house, Window::Day).await.series.unknown(), 47);
}

#[tokio::test]
async fn a_word_that_nobody_knows_is_an_error_and_no_zero() {
    let house = House::new(Db::sqlite()).await;
    house.ask("nobody").await;
    house.decide().await;
    let mut conn = house.db.conn().await;
    sql("UPDATE recovery_requests SET outcome = 'vanished'").execute(&mut conn).await.unwrap();
    assert_eq!(snapshot(&house.app, Window::Hour).await.unwrap_err().status, 500);
}

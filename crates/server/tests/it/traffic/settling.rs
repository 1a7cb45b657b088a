//! Minutes that are over: counted once, by whichever node, whatever happens in between.

use super::{seen, settle_all, totals};
use crate::support::db::{Db, on_both, rows};
use crate::support::house::House;
use crate::support::people::{MARA, TOMO};
use countersign::flows::traffic::settle;
use countersign::store::db::sql;
use countersign::store::traffic as store;
use countersign_core::traffic::{Counts, What, Window, minute_of};
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

on_both! {
    what_happened_is_seen_at_once_and_stays_the_same_once_it_is_settled
    several_nodes_that_settle_together_count_everything_once
    the_first_start_counts_what_is_there_and_knows_nothing_of_before
}

const COLUMNS: [&str; 4] = ["step", "minute", "what", "number"];

fn of(counts: &Counts) -> String {
    let told: Vec<String> = counts.iter().map(|(what, number)| format!("{} {number}", what.as_str())).collect();
    told.join(", ")
}

async fn what_happened_is_seen_at_once_and_stays_the_same_once_it_is_settled(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    settle_all(&house.app).await;
    assert_eq!(of(&seen(&house, Window::Hour).await.series.total()), "");
    house.pass(30);
    let message = house.message_for("tomo").await;
    house.ask("nobody").await;
    house.ask("tomo").await;
    house.decide().await;
    house.pass(2);
    let expected = "requests 3, outcome:sent 1, outcome:no_account 1, outcome:live_link 1";
    assert_eq!(totals(&house).await.map(|counts| of(&counts)), [expected; 3]);
    house.pass(40);
    let link = house.opened(&message).await.first.unwrap();
    house.done(&link).await;
    house.pass(2);
    let expected = format!("{expected}, ticket:used 1");
    for _ in 0..8 {
        assert_eq!(
            totals(&house).await.map(|counts| of(&counts)),
            [expected.clone(), expected.clone(), expected.clone()]
        );
        settle_all(&house.app).await;
        house.pass(1);
        assert_eq!(
            totals(&house).await.map(|counts| of(&counts)),
            [expected.clone(), expected.clone(), expected.clone()]
        );
        house.pass(49);
    }
    house.pass(3600);
    settle_all(&house.app).await;
    let [hour, day, fortnight] = totals(&house).await;
    assert_eq!((of(&hour), of(&day), of(&fortnight)), (String::new(), expected.clone(), expected));
}

async fn several_nodes_that_settle_together_count_everything_once(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    settle_all(&house.app).await;
    let nodes = [house.another().await, house.another().await];
    for _ in 0..40 {
        house.ask("mara").await;
        house.ask("nobody").await;
        house.decide().await;
        house.pass(47);
    }
    house.pass(120);
    let all = tokio::join!(settle_all(&house.app), settle_all(&nodes[0]), settle_all(&nodes[1]));
    assert!(all.0 + all.1 + all.2 <= 3, "forty minutes are one step, whoever takes it: {all:?}");
    let mut conn = house.db.conn().await;
    let of_minutes = "SELECT CAST(sum(number) AS BIGINT) FROM traffic WHERE what = 'requests' AND step = ";
    for step in [1, 30, 360] {
        let sum = sql(format!("{of_minutes}{step}")).fetch_one(&mut conn).await.unwrap().int(0).unwrap();
        assert_eq!(sum, 80, "in steps of {step}");
    }
    house.pass(1);
    assert_eq!(seen(&house, Window::Day).await.series.total().get(What::Requests), 80);
}

async fn the_first_start_counts_what_is_there_and_knows_nothing_of_before(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    house.ask("tomo").await;
    house.decide().await;
    // Most of two weeks without anybody counting.
    house.pass(13 * 24 * 3600);
    house.ask("nobody").await;
    house.decide().await;
    house.pass(1);
    let before = seen(&house, Window::Fortnight).await.series.clone();
    assert_eq!((before.total().get(What::Requests), before.unknown()), (1, 55), "only the youngest minutes are known");
    let steps = settle_all(&house.app).await;
    assert_eq!(steps, 13 * 24, "an hour at a time");
    house.pass(1);
    let after = seen(&house, Window::Fortnight).await.series.clone();
    assert_eq!((after.total().get(What::Requests), after.total().get(What::Sent)), (2, 1));
    assert_eq!(after.buckets.iter().take_while(|bucket| bucket.counts.is_none()).count(), after.unknown());
    assert_eq!(after.unknown(), 3, "from before the first request");
}

/// A count that is cut off at any point leaves either nothing or all of it.
#[tokio::test]
async fn a_count_that_is_cut_off_is_done_again() {
    let house = House::new(Db::sqlite()).await;
    house.add(&TOMO).await;
    settle_all(&house.app).await;
    house.ask("tomo").await;
    house.decide().await;
    house.pass(600);
    for polls in 0..40 {
        cut_off(polls, settle(&house.app)).await;
        let mut conn = house.db.conn().await;
        let until = store::settled(&mut conn).await.unwrap().unwrap().until;
        let there = rows(&mut conn, "traffic", &COLUMNS).await;
        assert_eq!(there.is_empty(), until < minute_of(house.clock.now()) - 1, "{there:?}");
    }
    settle_all(&house.app).await;
    let expected = ["requests", "outcome:sent"].map(|what| format!("what={what} number=1"));
    let there = rows(&mut house.db.conn().await, "traffic", &COLUMNS).await;
    assert_eq!(there.len(), 6, "{there:?}");
    assert!(there.iter().all(|row| expected.iter().any(|end| row.contains(end.as_str()))), "{there:?}");
}

/// Polls a future so many times, then drops it.
async fn cut_off<F: Future>(polls: usize, future: F) {
    let mut future = pin!(future);
    for _ in 0..polls {
        let done = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        if done {
            return;
        }
        tokio::task::yield_now().await;
    }
}

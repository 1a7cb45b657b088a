//! Recovery traffic: counted from the rows, kept by the minute, added up.

use super::messages::message;
use super::tickets::ticket;
use super::{add, digest, later, ready};
use crate::support::db::{Db, on_both, rows};
use crate::support::people::MARA;
use countersign::store::db::sql;
use countersign::store::messages::{self, State};
use countersign::store::requests::{self, NewRequest};
use countersign::store::tickets;
use countersign::store::traffic::{self, Settled};
use countersign::store::{Conn, StoreError, overview};
use countersign_core::gate::Class;
use countersign_core::ids::RequestId;
use countersign_core::message::DeviceKind;
use countersign_core::traffic::{Row, UpTo, What, Window, minute_of, time_of};
use rand::{SeedableRng, rngs::StdRng};

on_both! {
    everything_that_happened_is_counted_once_by_its_minute
    a_word_that_is_not_known_is_an_error
    minutes_are_kept_and_added_up
    what_was_settled_is_settled_once
    old_numbers_are_forgotten_by_their_step
    the_overview_looks_only_as_far_as_it_must
}

/// The first whole minute after the tests begin; it is 39 seconds away, so `came(39)` is still before it.
fn first() -> i64 {
    minute_of(later(60))
}

/// A request that came, and was decided, so many seconds from the beginning.
async fn request(conn: &mut Conn, name: &str, came: u64, decided: Option<(u64, &str)>) {
    let id = RequestId::new(later(came), &mut StdRng::seed_from_u64(digest(name).short()));
    let new = NewRequest {
        id: id.clone(),
        received_at: later(came),
        door: "api",
        identifier: "user:mara".into(),
        identifier_key: digest("mara"),
        source_key: digest("source"),
        locale: None,
        agent: DeviceKind::Unknown,
        device: None,
        code_hash: None,
        class: Class::Anonymous,
        held: decided.is_none(),
        expires_at: later(came + 1800),
    };
    requests::insert(conn, &[new]).await.unwrap();
    if let Some((at, outcome)) = decided {
        requests::close(conn, &id, outcome, None, later(at)).await.unwrap();
    }
}

fn row(minute: i64, what: What, number: u64) -> Row {
    Row { minute, what, number }
}

async fn everything_that_happened_is_counted_once_by_its_minute(db: Db) {
    let mut conn = ready(&db).await;
    assert_eq!(traffic::earliest(&mut conn).await.unwrap(), None);
    let mara = add(&mut conn, &MARA).await;
    request(&mut conn, "before", 39, Some((39, "sent"))).await;
    request(&mut conn, "a", 40, Some((45, "sent"))).await;
    request(&mut conn, "b", 99, Some((100, "live_link"))).await;
    request(&mut conn, "c", 99, None).await;
    let letter = message("one", &mara, 41);
    messages::insert(&mut conn, &letter).await.unwrap();
    messages::close(&mut conn, &letter.id, State::Unknown, Some("broke"), later(110)).await.unwrap();
    let link = ticket("one", &mara);
    tickets::insert(&mut conn, &link).await.unwrap();
    assert!(tickets::redeem(&mut conn, &link.id, later(111)).await.unwrap());
    let mut found = traffic::count_minutes(&mut conn, first(), first() + 2).await.unwrap();
    found.sort_by_key(|r| (r.minute, r.what));
    let second = first() + 1;
    let expected = [
        row(first(), What::Requests, 3),
        row(first(), What::Sent, 1),
        row(second, What::LiveLink, 1),
        row(second, What::Completed, 1),
        row(second, What::MailUnknown, 1),
    ];
    assert_eq!(found, expected);
    assert_eq!(traffic::earliest(&mut conn).await.unwrap(), Some(later(39)));
    let slices = traffic::count(&mut conn, later(99), later(101), 5).await.unwrap();
    assert_eq!(slices, [(later(99).secs() / 5, What::Requests, 2), (later(100).secs() / 5, What::LiveLink, 1)]);
}

async fn a_word_that_is_not_known_is_an_error(db: Db) {
    let mut conn = ready(&db).await;
    request(&mut conn, "a", 40, Some((45, "vanished"))).await;
    let error = traffic::count_minutes(&mut conn, first(), first() + 1).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownValue { column: "outcome", .. }), "{error}");
}

async fn settle(conn: &mut Conn, rows: &[Row], from: i64, until: i64) -> bool {
    traffic::settle(conn, rows, from, until).await.unwrap()
}

async fn minutes_are_kept_and_added_up(db: Db) {
    let mut conn = ready(&db).await;
    // A half hour begins here, in the middle of six hours.
    let begin = first().div_euclid(360) * 360 + 30;
    traffic::begin(&mut conn, begin).await.unwrap();
    let rows = [row(begin, What::Requests, 5), row(begin + 29, What::Requests, 7), row(begin + 29, What::Sent, 1)];
    assert!(settle(&mut conn, &rows, begin, begin + 30).await);
    assert!(settle(&mut conn, &[row(begin + 30, What::Requests, 1)], begin + 30, begin + 31).await);
    let mut kept: Vec<Vec<(i64, u64)>> = vec![];
    for window in Window::ALL {
        let found = traffic::kept(&mut conn, window, begin - 30, begin + 31).await.unwrap();
        kept.push(
            found.into_iter().filter(|r| r.what == What::Requests).map(|r| (r.minute - begin, r.number)).collect(),
        );
    }
    let expected: [Vec<(i64, u64)>; 3] = [vec![(0, 5), (29, 7), (30, 1)], vec![(0, 12), (30, 1)], vec![(-30, 13)]];
    assert_eq!(kept, expected);
    let many: Vec<Row> = (0..200).map(|n| row(begin + 31 + n, What::Expired, 2)).collect();
    assert!(settle(&mut conn, &many, begin + 31, begin + 231).await);
    let found = traffic::kept(&mut conn, Window::Fortnight, begin - 30, begin + 330).await.unwrap();
    assert!(found.contains(&row(begin - 30, What::Expired, 400)), "{found:?}");
}

async fn what_was_settled_is_settled_once(db: Db) {
    let mut conn = ready(&db).await;
    assert_eq!(traffic::settled(&mut conn).await.unwrap(), None);
    assert!(!settle(&mut conn, &[row(0, What::Sent, 1)], 0, 1).await, "nothing was begun");
    traffic::begin(&mut conn, first()).await.unwrap();
    traffic::begin(&mut conn, first() + 9).await.unwrap();
    let begun = Settled { since: first(), until: first() };
    assert_eq!(traffic::settled(&mut conn).await.unwrap(), Some(begun));
    let rows_of = [row(first(), What::Sent, 3)];
    assert!(settle(&mut conn, &rows_of, first(), first() + 1).await);
    let columns = ["step", "minute", "what", "number"];
    let before = rows(&mut conn, "traffic", &columns).await;
    assert!(!settle(&mut conn, &[row(first(), What::Sent, 9)], first(), first() + 1).await, "another was first");
    assert_eq!(rows(&mut conn, "traffic", &columns).await, before);
    // The same numbers a second time, as after a copy of the database was put back.
    sql("UPDATE traffic_settled SET until = since").execute(&mut conn).await.unwrap();
    assert!(settle(&mut conn, &rows_of, first(), first() + 1).await);
    assert_eq!(rows(&mut conn, "traffic", &columns).await, before);
}

async fn old_numbers_are_forgotten_by_their_step(db: Db) {
    let mut conn = ready(&db).await;
    traffic::begin(&mut conn, 720).await.unwrap();
    assert!(settle(&mut conn, &[row(720, What::Sent, 1), row(1100, What::Sent, 1)], 720, 1200).await);
    assert_eq!(traffic::forget(&mut conn, Window::Hour, time_of(1000)).await.unwrap(), 1);
    let mut left = vec![];
    for window in Window::ALL {
        left.push(traffic::kept(&mut conn, window, 0, 1200).await.unwrap().len());
    }
    assert_eq!(left, [1, 2, 2]);
}

async fn the_overview_looks_only_as_far_as_it_must(db: Db) {
    let mut conn = ready(&db).await;
    assert!(!overview::has_accounts(&mut conn).await.unwrap());
    let mara = add(&mut conn, &MARA).await;
    assert!(overview::has_accounts(&mut conn).await.unwrap());
    request(&mut conn, "waits", 1, None).await;
    request(&mut conn, "done", 1, Some((2, "sent"))).await;
    let letter = message("one", &mara, 41);
    messages::insert(&mut conn, &letter).await.unwrap();
    let one = UpTo { number: 1, more: false };
    assert_eq!(overview::held_requests(&mut conn).await.unwrap(), one);
    assert_eq!(overview::waiting_messages(&mut conn).await.unwrap(), one);
    assert_eq!(overview::next_message(&mut conn).await.unwrap(), Some(later(41)));
    messages::close(&mut conn, &letter.id, State::Sent, None, later(50)).await.unwrap();
    assert_eq!(overview::next_message(&mut conn).await.unwrap(), None);
    assert_eq!(overview::unguarded_staff(&mut conn).await.unwrap(), 0);
    assert_eq!(overview::first_unsigned(&mut conn, 0).await.unwrap(), None);
}

/// No statement reads a large table from end to end, and none looks into rows where an index holds the answer.
#[tokio::test]
async fn every_question_of_the_overview_is_answered_by_an_index() {
    let db = Db::sqlite();
    let mut conn = ready(&db).await;
    let mut plans = String::new();
    for statement in traffic::statements().into_iter().chain(overview::statements()) {
        let rows = sql(format!("EXPLAIN QUERY PLAN {statement}")).fetch_all(&mut conn).await.unwrap();
        for row in rows {
            plans += &format!("{}\n", row.text(3).unwrap());
        }
    }
    insta::assert_snapshot!(plans, @r"
    SCAN traffic_settled
    SEARCH traffic USING INDEX sqlite_autoindex_traffic_1 (step=? AND minute>? AND minute<?)
    SEARCH recovery_requests USING COVERING INDEX recovery_requests_received
    SEARCH recovery_requests USING COVERING INDEX recovery_requests_received (received_at>? AND received_at<?)
    USE TEMP B-TREE FOR GROUP BY
    SEARCH recovery_requests USING COVERING INDEX recovery_requests_decided (decided_at>? AND decided_at<?)
    USE TEMP B-TREE FOR GROUP BY
    SEARCH recovery_requests USING COVERING INDEX recovery_requests_decided (decided_at>?)
    SEARCH messages USING COVERING INDEX messages_closed (closed_at>? AND closed_at<?)
    USE TEMP B-TREE FOR GROUP BY
    SEARCH messages USING COVERING INDEX messages_closed (closed_at>?)
    SEARCH tickets USING COVERING INDEX tickets_closed (closed_at>? AND closed_at<?)
    USE TEMP B-TREE FOR GROUP BY
    SEARCH tickets USING COVERING INDEX tickets_closed (closed_at>?)
    CO-ROUTINE few
    SEARCH recovery_requests USING COVERING INDEX recovery_requests_work (state=?)
    SCAN few
    CO-ROUTINE few
    SEARCH messages USING COVERING INDEX messages_due (state=?)
    SCAN few
    SEARCH evidence USING INTEGER PRIMARY KEY (rowid>?)
    SEARCH messages USING COVERING INDEX messages_due (state=?)
    SCAN s
    CORRELATED SCALAR SUBQUERY 1
    SEARCH p USING COVERING INDEX staff_passkeys_staff (staff_id=?)
    SCAN accounts USING COVERING INDEX sqlite_autoindex_accounts_1
    ");
}

//! Recovery requests: queued, held, released, closed, expired.

use super::{NOW, add, digest, earlier, later, ready};
use crate::support::db::{Db, on_both, rows};
use crate::support::people::MARA;
use countersign::store::Conn;
use countersign::store::requests::{self, NewRequest, Standing};
use countersign_core::gate::Class;
use countersign_core::ids::{RequestId, TicketId};
use countersign_core::message::DeviceKind;
use rand::{SeedableRng, rngs::StdRng};

on_both! {
    due_requests_come_strongest_class_first_and_oldest_first
    a_closed_request_holds_nothing_that_was_typed
    held_requests_come_newest_first
    a_postponed_request_waits_for_its_time
    proof_upgrades_a_request_that_is_open
    requests_expire_and_are_forgotten
    a_code_finds_the_latest_ticket_of_an_identifier
}

/// A request that came `at` seconds from now.
fn request(name: &str, class: Class, at: u64) -> NewRequest {
    let mut dice = StdRng::seed_from_u64(digest(name).short());
    NewRequest {
        id: RequestId::new(later(at), &mut dice),
        received_at: later(at),
        door: "api",
        identifier: format!("user:{name}"),
        identifier_key: digest(name),
        source_key: digest("source"),
        locale: Some("en"),
        agent: DeviceKind::Unknown,
        device: Some("dev.binding".into()),
        code_hash: Some(digest("code")),
        class,
        held: false,
        expires_at: later(at + 1800),
    }
}

fn held(name: &str, class: Class, at: u64) -> NewRequest {
    NewRequest { held: true, ..request(name, class, at) }
}

async fn names(conn: &mut Conn, at: u64) -> Vec<String> {
    let due = requests::due(conn, later(at), 100).await.unwrap();
    due.into_iter().map(|r| r.identifier["user:".len()..].to_owned()).collect()
}

async fn due_requests_come_strongest_class_first_and_oldest_first(db: Db) {
    let mut conn = ready(&db).await;
    let all = [
        request("a2", Class::Anonymous, 2),
        request("a1", Class::Anonymous, 1),
        request("w", Class::Work, 4),
        request("s", Class::Strong, 5),
        request("soon", Class::Strong, 99),
        held("held", Class::Anonymous, 1),
    ];
    requests::insert(&mut conn, &all).await.unwrap();
    assert!(requests::insert(&mut conn, &all[..1]).await.is_err(), "an id is there once");
    assert_eq!(names(&mut conn, 10).await, ["s", "w", "a1", "a2"]);
    let two = requests::due(&mut conn, later(10), 2).await.unwrap();
    assert_eq!(two.iter().map(|r| r.class).collect::<Vec<_>>(), [Class::Strong, Class::Work]);
    assert_eq!((two[0].device.as_deref(), two[0].code_hash), (Some("dev.binding"), Some(digest("code"))));
    assert_eq!(requests::waiting(&mut conn, later(10)).await.unwrap(), (true, true));
    assert!(!requests::waiting(&mut conn, NOW).await.unwrap().0);
    assert_eq!(requests::count_state(&mut conn, "queued").await.unwrap(), 5);
}

async fn a_closed_request_holds_nothing_that_was_typed(db: Db) {
    let mut conn = ready(&db).await;
    let one = request("a", Class::Strong, 0);
    requests::insert(&mut conn, std::slice::from_ref(&one)).await.unwrap();
    let open = Standing {
        identifier_key: digest("a"),
        class: Class::Strong,
        open: true,
        expires_at: later(1800),
        ticket: None,
    };
    assert_eq!(requests::standing(&mut conn, &one.id).await.unwrap(), Some(open.clone()));
    let ticket = TicketId::new(NOW, &mut StdRng::seed_from_u64(1));
    requests::close(&mut conn, &one.id, "sent", Some(&ticket), later(3)).await.unwrap();
    let closed = Standing { open: false, ticket: Some(ticket), ..open };
    assert_eq!(requests::standing(&mut conn, &one.id).await.unwrap(), Some(closed));
    let left = rows(&mut conn, "recovery_requests", &["identifier", "device", "state", "outcome"]).await;
    assert_eq!(left, ["identifier=NULL device=NULL state=done outcome=sent "]);
    assert!(names(&mut conn, 10).await.is_empty());
    let stranger = RequestId::new(NOW, &mut StdRng::seed_from_u64(2));
    assert_eq!(requests::standing(&mut conn, &stranger).await.unwrap(), None);
}

async fn held_requests_come_newest_first(db: Db) {
    let mut conn = ready(&db).await;
    let all = [held("a1", Class::Anonymous, 1), held("a3", Class::Anonymous, 3), request("a2", Class::Anonymous, 2)];
    requests::insert(&mut conn, &all).await.unwrap();
    requests::insert(&mut conn, &[held("w", Class::Work, 4), request("w2", Class::Work, 5)]).await.unwrap();
    assert_eq!(requests::hold_anonymous(&mut conn).await.unwrap(), 1);
    let newest = requests::newest_held(&mut conn, later(10), 2).await.unwrap();
    assert_eq!(newest.iter().map(|r| r.identifier.as_str()).collect::<Vec<_>>(), ["user:a3", "user:a2"]);
    assert_eq!(requests::newest_held(&mut conn, later(1803), 9).await.unwrap().len(), 0, "nobody waits any more");
    assert_eq!(names(&mut conn, 10).await, ["w2"]);
    assert_eq!(requests::queue_held_work(&mut conn, later(10), 9).await.unwrap(), 1);
    assert_eq!(names(&mut conn, 10).await, ["w", "w2"]);
}

async fn a_postponed_request_waits_for_its_time(db: Db) {
    let mut conn = ready(&db).await;
    let one = request("a", Class::Strong, 0);
    requests::insert(&mut conn, std::slice::from_ref(&one)).await.unwrap();
    requests::postpone(&mut conn, &one.id, Class::Anonymous, Some(later(5))).await.unwrap();
    assert!(names(&mut conn, 4).await.is_empty());
    let due = requests::due(&mut conn, later(5), 1).await.unwrap();
    assert_eq!((due[0].class, due[0].device.as_deref(), due[0].code_hash), (Class::Anonymous, None, None));
    requests::postpone(&mut conn, &one.id, Class::Anonymous, None).await.unwrap();
    assert_eq!(requests::count_state(&mut conn, "held").await.unwrap(), 1);
}

async fn proof_upgrades_a_request_that_is_open(db: Db) {
    let mut conn = ready(&db).await;
    let all = [held("a", Class::Anonymous, 0), request("b", Class::Anonymous, 0), request("c", Class::Strong, 0)];
    requests::insert(&mut conn, &all).await.unwrap();
    assert!(requests::proven(&mut conn, &all[0].id, later(1)).await.unwrap());
    assert!(!requests::proven(&mut conn, &all[0].id, later(1)).await.unwrap());
    assert!(!requests::proven(&mut conn, &all[1].id, later(1800)).await.unwrap(), "nobody waits any more");
    assert!(!requests::proven(&mut conn, &all[2].id, later(1)).await.unwrap(), "it is stronger already");
    requests::close(&mut conn, &all[1].id, "sent", None, later(1)).await.unwrap();
    assert!(!requests::proven(&mut conn, &all[1].id, later(2)).await.unwrap());
    assert_eq!(names(&mut conn, 1).await, ["c", "a"]);
}

async fn requests_expire_and_are_forgotten(db: Db) {
    let mut conn = ready(&db).await;
    let all = [held("a", Class::Anonymous, 0), request("b", Class::Work, 0), request("c", Class::Work, 1)];
    requests::insert(&mut conn, &all).await.unwrap();
    assert_eq!(requests::expire(&mut conn, later(1799), 100).await.unwrap(), 0);
    assert_eq!(requests::expire(&mut conn, later(1800), 100).await.unwrap(), 2);
    assert_eq!(requests::expire(&mut conn, later(1800), 100).await.unwrap(), 0);
    assert_eq!(requests::count_state(&mut conn, "expired").await.unwrap(), 2);
    let wiped = rows(&mut conn, "recovery_requests", &["identifier"]).await;
    assert_eq!(wiped.iter().filter(|r| *r == "identifier=NULL ").count(), 2);
    assert_eq!(requests::forget(&mut conn, NOW).await.unwrap(), 0);
    assert_eq!(requests::forget(&mut conn, later(99)).await.unwrap(), 2, "what is open stays");
}

async fn a_code_finds_the_latest_ticket_of_an_identifier(db: Db) {
    let mut conn = ready(&db).await;
    add(&mut conn, &MARA).await;
    let tickets = [1, 2].map(|n| TicketId::new(NOW, &mut StdRng::seed_from_u64(n)));
    let mut all = [request("m", Class::Work, 0), request("m", Class::Work, 5), request("m", Class::Work, 9)];
    for (n, one) in all.iter_mut().enumerate() {
        one.id = RequestId::new(later(n as u64), &mut StdRng::seed_from_u64(n as u64 + 50));
    }
    requests::insert(&mut conn, &all).await.unwrap();
    requests::close(&mut conn, &all[0].id, "sent", Some(&tickets[0]), NOW).await.unwrap();
    requests::close(&mut conn, &all[1].id, "sent", Some(&tickets[1]), NOW).await.unwrap();
    requests::close(&mut conn, &all[2].id, "mailbox_limit", None, NOW).await.unwrap();
    let latest =
        async |conn: &mut Conn, name: &str, since| requests::latest_ticket(conn, &digest(name), since).await.unwrap();
    assert_eq!(latest(&mut conn, "m", earlier(10)).await, Some(tickets[1].clone()));
    assert_eq!(latest(&mut conn, "m", later(5)).await, None);
    assert_eq!(latest(&mut conn, "other", earlier(10)).await, None);
}

//! The outbox and the register.

use super::{NOW, add, digest, later, ready};
use crate::support::db::{Db, on_both, rows};
use crate::support::people::{MARA, TOMO};
use countersign::store::Conn;
use countersign::store::messages::{self, NewMessage, State};
use countersign_core::ids::{AccountId, MessageId};
use countersign_core::message::Template;
use countersign_evidence::Hash;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;

on_both! {
    a_message_comes_back_as_it_was_put_on_record
    a_claim_keeps_others_away_until_it_runs_out
    content_leaves_only_under_a_claim_of_ones_own
    a_retry_waits_and_counts
    what_ended_stays_ended
    abandoned_hand_overs_are_found
}

pub(super) fn message(name: &str, account: &AccountId, at: u64) -> NewMessage {
    NewMessage {
        id: MessageId::new(later(at), &mut StdRng::seed_from_u64(digest(name).short())),
        account: account.clone(),
        template: Template::Recovery,
        source_id: "tkt_x".into(),
        to_address: "Mara@example.org".into(),
        to_masked: "M•••@e•••.org".into(),
        to_domain: "example.org".into(),
        locale: "de",
        params: json!({ "minutes": 15, "text": "Zoë" }),
        code_hash: digest(name),
        code_digest: Hash::new(*digest(&format!("plain {name}")).bytes()),
        created_at: later(at),
    }
}

async fn put(conn: &mut Conn, name: &str, account: &AccountId, at: u64) -> NewMessage {
    let made = message(name, account, at);
    messages::insert(conn, &made).await.unwrap();
    made
}

async fn claimed(conn: &mut Conn, node: &str, at: u64) -> Vec<MessageId> {
    let found = messages::claim(conn, node, later(at), later(at + 100), 10).await.unwrap();
    found.into_iter().map(|m| m.id).collect()
}

async fn a_message_comes_back_as_it_was_put_on_record(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let first = put(&mut conn, "one", &mara, 0).await;
    let second = put(&mut conn, "two", &mara, 1).await;
    put(&mut conn, "three", &tomo, 2).await;
    let found = messages::by_code(&mut conn, &digest("one")).await.unwrap().unwrap();
    assert_eq!((&found.id, &found.account, found.template), (&first.id, &mara, Template::Recovery));
    assert_eq!((found.params, found.created_at, found.state), (first.params, NOW, State::Queued));
    assert_eq!((found.to_address, found.to_domain, found.locale), (first.to_address, first.to_domain, "de".into()));
    assert!(messages::by_code(&mut conn, &digest("none")).await.unwrap().is_none());
    let of = async |conn: &mut Conn, before: Option<MessageId>, limit| {
        let found = messages::of_account(conn, &mara, before.as_ref(), limit).await.unwrap();
        found.iter().map(|m| m.created_at).collect::<Vec<_>>()
    };
    assert_eq!(of(&mut conn, None, 10).await, [later(1), NOW]);
    assert_eq!(of(&mut conn, None, 1).await, [later(1)]);
    assert_eq!(of(&mut conn, Some(second.id), 10).await, [NOW]);
    assert_eq!(messages::count_state(&mut conn, State::Queued).await.unwrap(), 3);
    assert!(messages::insert(&mut conn, &message("one", &mara, 0)).await.is_err(), "a code is there once");
}

async fn a_claim_keeps_others_away_until_it_runs_out(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let one = put(&mut conn, "one", &mara, 0).await.id;
    let two = put(&mut conn, "two", &mara, 5).await.id;
    assert_eq!(claimed(&mut conn, "a", 1).await, std::slice::from_ref(&one));
    assert_eq!(claimed(&mut conn, "b", 6).await, std::slice::from_ref(&two));
    assert_eq!(claimed(&mut conn, "b", 7).await, []);
    assert_eq!(claimed(&mut conn, "b", 101).await, std::slice::from_ref(&one));
    assert!(!messages::begin(&mut conn, &one, "a", later(300)).await.unwrap(), "its claim ran out and went over");
    assert_eq!(messages::end_claims(&mut conn).await.unwrap(), 2);
    assert_eq!(claimed(&mut conn, "c", 102).await, [one, two]);
}

async fn content_leaves_only_under_a_claim_of_ones_own(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let one = put(&mut conn, "one", &mara, 0).await.id;
    assert!(!messages::begin(&mut conn, &one, "a", later(9)).await.unwrap(), "nobody claimed it");
    claimed(&mut conn, "a", 1).await;
    assert!(!messages::begin(&mut conn, &one, "b", later(9)).await.unwrap());
    assert!(messages::begin(&mut conn, &one, "a", later(9)).await.unwrap());
    assert!(!messages::begin(&mut conn, &one, "a", later(9)).await.unwrap(), "it has begun");
    let state = rows(&mut conn, "messages", &["state", "attempts"]).await;
    assert_eq!(state, ["state=sending attempts=1 "]);
}

async fn a_retry_waits_and_counts(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let one = put(&mut conn, "one", &mara, 0).await.id;
    claimed(&mut conn, "a", 1).await;
    messages::retry(&mut conn, &one, later(60), Some("450 4.2.0"), true).await.unwrap();
    assert_eq!(claimed(&mut conn, "a", 59).await, []);
    assert_eq!(claimed(&mut conn, "a", 60).await, std::slice::from_ref(&one));
    messages::retry(&mut conn, &one, later(70), None, false).await.unwrap();
    let state = rows(&mut conn, "messages", &["state", "attempts", "last_error", "claimed_by"]).await;
    assert_eq!(state, ["state=queued attempts=1 last_error=450 4.2.0 claimed_by=NULL "]);
}

async fn what_ended_stays_ended(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    for (name, state) in [("a", State::Sent), ("b", State::Failed), ("c", State::Unknown)] {
        let id = put(&mut conn, name, &mara, 0).await.id;
        messages::close(&mut conn, &id, state, Some("why"), later(3)).await.unwrap();
        messages::close(&mut conn, &id, State::Sent, None, later(4)).await.unwrap();
        messages::retry(&mut conn, &id, later(5), None, true).await.unwrap();
        let found = messages::by_code(&mut conn, &digest(name)).await.unwrap().unwrap();
        assert_eq!((found.state, found.closed_at, found.attempts), (state, Some(later(3)), 0));
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    assert_eq!(State::parse("posted"), None);
    assert_eq!(claimed(&mut conn, "a", 50).await, []);
}

async fn abandoned_hand_overs_are_found(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let one = put(&mut conn, "one", &mara, 0).await.id;
    claimed(&mut conn, "a", 1).await;
    assert!(messages::begin(&mut conn, &one, "a", later(300)).await.unwrap());
    assert!(messages::abandoned(&mut conn, later(299)).await.unwrap().is_empty());
    assert_eq!(messages::abandoned(&mut conn, later(300)).await.unwrap()[0].id, one);
    assert_eq!(claimed(&mut conn, "b", 500).await, [], "what may have left is not sent again");
}

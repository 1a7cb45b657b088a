//! Tickets, changes that wait, and undos.

use super::{NOW, add, digest, earlier, later, ready};
use crate::support::db::{Db, on_both, rows};
use crate::support::people::{MARA, TOMO};
use countersign::store::Conn;
use countersign::store::tickets::{self, Change, NewTicket, State, Undo};
use countersign_core::gate::Class;
use countersign_core::ids::{AccountId, ChangeId, TicketId};
use rand::{SeedableRng, rngs::StdRng};

on_both! {
    a_ticket_comes_back_by_each_of_its_secrets
    a_ticket_is_redeemed_once_while_it_lives
    tries_are_counted_up_to_their_number
    a_code_is_exchanged_once
    a_revoked_ticket_is_dead
    a_change_waits_and_is_closed_once
    an_undo_is_used_once_and_forgets_the_old_hash
}

pub(super) fn ticket(name: &str, account: &AccountId) -> NewTicket {
    NewTicket {
        id: TicketId::new(NOW, &mut StdRng::seed_from_u64(digest(name).short())),
        account: account.clone(),
        created_at: NOW,
        expires_at: later(900),
        class: Class::Work,
        siege: true,
        device_known: false,
        nonce: [9; 16],
        secret_hash: digest(&format!("{name} link")),
        code_hash: digest(&format!("{name} code")),
        not_me_hash: digest(&format!("{name} not me")),
        mailbox_key: digest("mailbox"),
    }
}

async fn put(conn: &mut Conn, name: &str, account: &AccountId) -> TicketId {
    let made = ticket(name, account);
    tickets::insert(conn, &made).await.unwrap();
    made.id
}

async fn a_ticket_comes_back_by_each_of_its_secrets(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let id = put(&mut conn, "one", &mara).await;
    let found = tickets::by_secret(&mut conn, &digest("one link"), &digest("x")).await.unwrap().unwrap();
    assert_eq!((&found.id, &found.account, found.state), (&id, &mara, State::Live));
    assert_eq!((found.created_at, found.expires_at, found.class), (NOW, later(900), Class::Work));
    assert_eq!((found.siege, found.device_known, found.nonce.as_slice()), (true, false, [9; 16].as_slice()));
    assert_eq!((found.code_hash, found.mailbox_key), (digest("one code"), digest("mailbox")));
    assert!(tickets::by_secret(&mut conn, &digest("one not me"), &digest("one link")).await.unwrap().is_none());
    assert_eq!(tickets::by_not_me(&mut conn, &digest("one not me")).await.unwrap().unwrap().id, id);
    assert!(tickets::by_not_me(&mut conn, &digest("one link")).await.unwrap().is_none());
    assert_eq!(tickets::by_id(&mut conn, &id).await.unwrap().unwrap().id, id);
    assert_eq!(tickets::live_of(&mut conn, &mara, later(899)).await.unwrap().unwrap().id, id);
    assert!(tickets::live_of(&mut conn, &mara, later(900)).await.unwrap().is_none());
}

async fn a_ticket_is_redeemed_once_while_it_lives(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let (one, two) = (put(&mut conn, "one", &mara).await, put(&mut conn, "two", &mara).await);
    assert!(!tickets::redeem(&mut conn, &one, later(900)).await.unwrap());
    assert!(tickets::redeem(&mut conn, &one, later(899)).await.unwrap());
    assert!(!tickets::redeem(&mut conn, &one, later(899)).await.unwrap());
    let used = tickets::by_id(&mut conn, &one).await.unwrap().unwrap();
    assert!(used.state == State::Used && !used.is_live(NOW));
    assert!(tickets::by_id(&mut conn, &two).await.unwrap().unwrap().is_live(NOW));
}

async fn tries_are_counted_up_to_their_number(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let id = put(&mut conn, "one", &mara).await;
    let mut counted = vec![];
    for _ in 0..4 {
        let code = tickets::count_code_try(&mut conn, &id, 3, NOW).await.unwrap();
        counted.push((code, tickets::count_factor_try(&mut conn, &id, 2, NOW).await.unwrap()));
    }
    assert_eq!(counted, [(true, true), (true, true), (true, false), (false, false)]);
    let two = put(&mut conn, "two", &mara).await;
    assert!(!tickets::count_code_try(&mut conn, &two, 3, later(900)).await.unwrap());
    assert!(!tickets::count_factor_try(&mut conn, &two, 3, later(900)).await.unwrap());
}

async fn a_code_is_exchanged_once(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let id = put(&mut conn, "one", &mara).await;
    assert!(!tickets::set_proceed(&mut conn, &id, &digest("go"), later(900)).await.unwrap());
    assert!(tickets::set_proceed(&mut conn, &id, &digest("go"), NOW).await.unwrap());
    assert!(!tickets::set_proceed(&mut conn, &id, &digest("go on"), NOW).await.unwrap());
    let found = tickets::by_secret(&mut conn, &digest("x"), &digest("go")).await.unwrap().unwrap();
    assert_eq!(found.id, id);
}

async fn a_revoked_ticket_is_dead(db: Db) {
    let mut conn = ready(&db).await;
    let (mara, tomo) = (add(&mut conn, &MARA).await, add(&mut conn, &TOMO).await);
    let one = put(&mut conn, "one", &mara).await;
    put(&mut conn, "two", &mara).await;
    put(&mut conn, "three", &tomo).await;
    assert!(tickets::revoke(&mut conn, &one, NOW).await.unwrap());
    assert!(!tickets::revoke(&mut conn, &one, NOW).await.unwrap());
    assert!(!tickets::redeem(&mut conn, &one, NOW).await.unwrap());
    assert!(!tickets::set_proceed(&mut conn, &one, &digest("go"), NOW).await.unwrap());
    assert_eq!(tickets::revoke_all(&mut conn, &mara, NOW).await.unwrap(), 1);
    assert!(tickets::live_of(&mut conn, &mara, NOW).await.unwrap().is_none());
    assert!(tickets::live_of(&mut conn, &tomo, NOW).await.unwrap().is_some());
}

fn change(name: &str, account: &AccountId, apply_at: u64) -> Change {
    let mut dice = StdRng::seed_from_u64(digest(name).short());
    Change {
        id: ChangeId::new(NOW, &mut dice),
        ticket: TicketId::new(NOW, &mut dice),
        account: account.clone(),
        password_hash: "new hash".into(),
        state: "waiting".into(),
        apply_at: later(apply_at),
        nonce: vec![3; 16],
    }
}

async fn a_change_waits_and_is_closed_once(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let made = ["a", "b", "c"].map(|name| change(name, &mara, 60));
    for (name, one) in ["a", "b", "c"].iter().zip(&made) {
        tickets::insert_change(&mut conn, one, &digest(name), NOW).await.unwrap();
    }
    let found = tickets::change_by_cancel(&mut conn, &digest("a")).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", made[0]));
    assert_eq!(tickets::change_by_id(&mut conn, made[1].id.as_str()).await.unwrap().unwrap().id, made[1].id);
    assert!(tickets::changes_due(&mut conn, later(59), 9).await.unwrap().is_empty());
    assert_eq!(tickets::changes_due(&mut conn, later(60), 9).await.unwrap().len(), 3);
    assert!(tickets::close_change(&mut conn, &made[0].id, "applied", later(61)).await.unwrap());
    assert!(!tickets::close_change(&mut conn, &made[0].id, "cancelled", later(61)).await.unwrap());
    assert_eq!(tickets::cancel_changes(&mut conn, &mara, later(62)).await.unwrap(), 2);
    assert_eq!(tickets::cancel_changes(&mut conn, &mara, later(62)).await.unwrap(), 0);
    let left = rows(&mut conn, "changes", &["password_hash", "state"]).await;
    let closed = |state: &str| format!("password_hash= state={state} ");
    assert_eq!(left.iter().filter(|r| **r == closed("cancelled")).count(), 2);
    assert_eq!(left.iter().filter(|r| **r == closed("applied")).count(), 1);
}

fn undo(name: &str, account: &AccountId) -> Undo {
    Undo {
        id: ChangeId::new(NOW, &mut StdRng::seed_from_u64(digest(name).short())),
        account: account.clone(),
        old_password_hash: Some(format!("hash before {name}")),
        mailbox_key: digest("mailbox"),
        nonce: vec![4; 16],
        expires_at: later(600),
        used_at: None,
    }
}

async fn an_undo_is_used_once_and_forgets_the_old_hash(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let made = ["a", "b"].map(|name| undo(name, &mara));
    tickets::insert_undo(&mut conn, &made[0], &digest("a"), NOW).await.unwrap();
    tickets::insert_undo(&mut conn, &made[1], &digest("b"), later(5)).await.unwrap();
    let found = tickets::undo_by_hash(&mut conn, &digest("a")).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", made[0]));
    assert_eq!(tickets::undo_by_id(&mut conn, made[1].id.as_str()).await.unwrap().unwrap().id, made[1].id);
    let of = async |conn: &mut Conn, since, now| tickets::undo_of(conn, &mara, since, now).await.unwrap().map(|u| u.id);
    assert_eq!(of(&mut conn, earlier(9), NOW).await, Some(made[0].id.clone()), "the first one since");
    assert_eq!(of(&mut conn, later(1), NOW).await, Some(made[1].id.clone()));
    assert_eq!(of(&mut conn, earlier(9), later(600)).await, None);
    assert!(!tickets::use_undo(&mut conn, &made[0].id, later(600)).await.unwrap());
    assert!(tickets::use_undo(&mut conn, &made[0].id, later(599)).await.unwrap());
    assert!(!tickets::use_undo(&mut conn, &made[0].id, later(599)).await.unwrap());
    assert_eq!(tickets::forget_undos(&mut conn, later(600)).await.unwrap(), 1);
    let left = rows(&mut conn, "undos", &["old_password_hash"]).await;
    assert_eq!(left, ["old_password_hash=NULL ", "old_password_hash=NULL "]);
}

//! Budgets, slots and spent proofs.

use super::{NOW, digest, earlier, later, ready};
use crate::support::db::{Db, on_both};
use countersign::store::gate;
use countersign_core::gate::Policy;
use countersign_core::gate::budget::Budgets;
use countersign_core::gate::slots::Slots;
use countersign_core::time::Timestamp;

on_both! {
    budgets_are_full_at_first_and_kept
    slots_are_empty_at_first_and_kept
    a_live_link_ends_for_its_own_mailbox
    a_proof_is_spent_once_and_forgotten_when_it_cannot_come_back
}

async fn budgets_are_full_at_first_and_kept(db: Db) {
    let policy = Policy::default().budget;
    let mut conn = ready(&db).await;
    assert_eq!(gate::budgets(&mut conn).await.unwrap(), None);
    let mut budgets = gate::budgets_locked(&mut conn, &policy, NOW).await.unwrap();
    assert_eq!(budgets, Budgets::full(&policy, NOW));
    budgets.anonymous.level_milli = 17;
    budgets.work.rate_milli = 4242;
    budgets.release.updated_at = later(9);
    gate::save_budgets(&mut conn, &budgets).await.unwrap();
    assert_eq!(gate::budgets(&mut conn).await.unwrap(), Some(budgets));
    assert_eq!(gate::budgets_locked(&mut conn, &policy, later(99)).await.unwrap(), budgets);
}

async fn slots_are_empty_at_first_and_kept(db: Db) {
    let mut conn = ready(&db).await;
    let key = digest("mailbox");
    assert_eq!(gate::slots(&mut conn, &key).await.unwrap(), Slots::default());
    let once = Slots::default().with_message(NOW, later(900));
    gate::save_slots(&mut conn, &key, &once).await.unwrap();
    let twice = once.with_message(later(1000), later(1900));
    gate::save_slots(&mut conn, &key, &twice).await.unwrap();
    assert_eq!(gate::slots(&mut conn, &key).await.unwrap(), twice);
    assert_eq!(twice.sent, [later(1000), NOW, Timestamp::default()]);
    assert_eq!(gate::slots(&mut conn, &digest("other")).await.unwrap(), Slots::default());
}

async fn a_live_link_ends_for_its_own_mailbox(db: Db) {
    let mut conn = ready(&db).await;
    let (mine, other) = (digest("mine"), digest("other"));
    let slots = Slots::default().with_message(NOW, later(900));
    for key in [&mine, &other] {
        gate::save_slots(&mut conn, key, &slots).await.unwrap();
    }
    gate::end_live(&mut conn, &mine, later(10)).await.unwrap();
    gate::end_live(&mut conn, &mine, later(20)).await.unwrap();
    assert_eq!(gate::slots(&mut conn, &mine).await.unwrap(), Slots { live_until: later(10), ..slots });
    assert_eq!(gate::slots(&mut conn, &other).await.unwrap(), slots);
}

async fn a_proof_is_spent_once_and_forgotten_when_it_cannot_come_back(db: Db) {
    let mut conn = ready(&db).await;
    let (proof, key) = (digest("proof"), digest("mailbox"));
    assert!(gate::spend(&mut conn, &proof, later(600)).await.unwrap());
    assert!(!gate::spend(&mut conn, &proof, later(600)).await.unwrap());
    let old = Slots::default().with_message(earlier(50 * 3600), earlier(49 * 3600));
    gate::save_slots(&mut conn, &key, &old).await.unwrap();
    gate::save_slots(&mut conn, &digest("new"), &old.with_message(NOW, later(900))).await.unwrap();
    assert_eq!(gate::forget(&mut conn, later(600), earlier(60 * 3600)).await.unwrap(), 0);
    assert!(!gate::spend(&mut conn, &proof, later(600)).await.unwrap());
    assert_eq!(gate::forget(&mut conn, later(601), earlier(48 * 3600)).await.unwrap(), 2);
    assert_eq!(gate::slots(&mut conn, &key).await.unwrap(), Slots::default());
    assert!(gate::slots(&mut conn, &digest("new")).await.unwrap().has_live_link(NOW));
}

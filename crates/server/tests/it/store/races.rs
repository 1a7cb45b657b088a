//! Two nodes on one database that want the same thing at the same moment.

use super::{NOW, add, digest, later, ready};
use crate::support::db::{Db, on_both};
use crate::support::people::MARA;
use countersign::store::{Conn, Store, StoreError, gate, messages, tickets};
use futures_util::future::BoxFuture;

on_both! {
    one_node_redeems
    one_node_spends_a_proof
    one_node_claims_each_message
    budgets_are_taken_one_after_the_other
}

/// Runs `work` sixteen times, from two nodes in turn, all at once; what each answered.
async fn race<T, W>(nodes: [&Store; 2], work: W) -> Vec<T>
where
    T: Send + 'static,
    W: for<'c> Fn(&'c mut Conn, usize) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Send + 'static,
{
    let tasks = (0..16).map(|n| {
        let (store, work) = (nodes[n % 2].clone(), work.clone());
        tokio::spawn(async move { store.write(move |conn| Box::pin(async move { work(conn, n).await })).await })
    });
    let mut answers = vec![];
    for task in tasks.collect::<Vec<_>>() {
        answers.push(task.await.unwrap().unwrap());
    }
    answers
}

async fn one_node_redeems(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    let made = super::tickets::ticket("one", &mara);
    tickets::insert(&mut conn, &made).await.unwrap();
    let (a, b) = (db.open().await, db.open().await);
    let won = race([&a, &b], move |conn, _| {
        let id = made.id.clone();
        Box::pin(async move { tickets::redeem(conn, &id, NOW).await })
    });
    assert_eq!(won.await.into_iter().filter(|won| *won).count(), 1);
}

async fn one_node_spends_a_proof(db: Db) {
    let (a, b) = (db.open().await, db.open().await);
    let spent = race([&a, &b], |conn, _| Box::pin(async move { gate::spend(conn, &digest("proof"), later(9)).await }));
    assert_eq!(spent.await.into_iter().filter(|spent| *spent).count(), 1);
}

async fn one_node_claims_each_message(db: Db) {
    let mut conn = ready(&db).await;
    let mara = add(&mut conn, &MARA).await;
    for n in 0..60 {
        messages::insert(&mut conn, &super::messages::message(&n.to_string(), &mara, 0)).await.unwrap();
    }
    let (a, b) = (db.open().await, db.open().await);
    let claimed = race([&a, &b], |conn, n| {
        Box::pin(async move {
            let node = format!("node {}", n % 2);
            let claimed = messages::claim(conn, &node, later(1), later(99), 7).await?;
            Ok(claimed.into_iter().map(|m| m.id).collect::<Vec<_>>())
        })
    });
    let mut all: Vec<_> = claimed.await.into_iter().flatten().collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "no message is claimed twice");
    // Nodes skip what others hold just then, so the last few may be left for the next look.
    while let Ok(rest) = messages::claim(&mut conn, "node 3", later(1), later(99), 7).await
        && !rest.is_empty()
    {
        all.extend(rest.into_iter().map(|m| m.id));
    }
    assert_eq!(all.len(), 60, "none is forgotten");
}

async fn budgets_are_taken_one_after_the_other(db: Db) {
    let policy = countersign_core::gate::Policy::default().budget;
    let (a, b) = (db.open().await, db.open().await);
    let taken = {
        let policy = policy.clone();
        race([&a, &b], move |conn, _| {
            let policy = policy.clone();
            Box::pin(async move {
                let mut budgets = gate::budgets_locked(conn, &policy, NOW).await?;
                budgets.work = budgets.work.take().unwrap();
                gate::save_budgets(conn, &budgets).await
            })
        })
    };
    assert_eq!(taken.await.len(), 16);
    let left = gate::budgets(&mut db.conn().await).await.unwrap().unwrap();
    assert_eq!(left.work.level_milli, (i64::from(policy.work.burst) - 16) * 1000);
}

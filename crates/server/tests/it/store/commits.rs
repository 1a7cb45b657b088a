//! Transactions: several works in one commit, each whole or not at all.

use super::{NOW, digest};
use crate::support::db::{Db, on_both, rows};
use countersign::store::db::sql;
use countersign::store::{Conn, Store, StoreError, gate};
use std::sync::Arc;
use tokio::sync::Notify;

on_both! {
    a_failing_work_rolls_back_alone
    a_caller_that_goes_away_leaves_nothing_half_done
    a_work_that_panics_leaves_nothing_and_harms_nobody
    what_was_answered_is_there_for_a_new_connection
    a_statement_that_fails_does_not_take_its_neighbours_along
}

/// Two statements that belong together.
async fn pair(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    for half in ["one", "two"] {
        gate::spend(conn, &digest(&format!("{name} {half}")), NOW).await?;
    }
    Ok(())
}

async fn spent(db: &Db) -> usize {
    rows(&mut db.conn().await, "spent_proofs", &["expires_at"]).await.len()
}

fn no() -> StoreError {
    StoreError::Damaged("as the test wants it".into())
}

async fn a_failing_work_rolls_back_alone(db: Db) {
    let store = db.open().await;
    let works = (0..40).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let done: Result<(), StoreError> = store
                .write(move |conn| {
                    Box::pin(async move {
                        pair(conn, &n.to_string()).await?;
                        if n % 4 == 0 { Err(no()) } else { Ok(()) }
                    })
                })
                .await;
            done.is_ok()
        })
    });
    let mut good = 0;
    for one in works.collect::<Vec<_>>() {
        good += usize::from(one.await.unwrap());
    }
    assert_eq!((good, spent(&db).await), (30, 60));
}

async fn a_statement_that_fails_does_not_take_its_neighbours_along(db: Db) {
    let store = db.open().await;
    let works = (0..20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let done: Result<(), StoreError> = store
                .write(move |conn| {
                    Box::pin(async move {
                        pair(conn, &n.to_string()).await?;
                        if n % 2 == 0 {
                            // Breaks a unique key; on PostgreSQL the whole transaction is void from here on.
                            let again = "INSERT INTO spent_proofs (challenge, expires_at) VALUES ($1, 0)";
                            sql(again).bind(&digest(&format!("{n} one"))).execute(conn).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            done.is_ok()
        })
    });
    let mut good = 0;
    for one in works.collect::<Vec<_>>() {
        good += usize::from(one.await.unwrap());
    }
    assert_eq!((good, spent(&db).await), (10, 20));
}

/// Starts a work, goes away in its middle, and lets it end.
async fn leave_in_the_middle(store: &Store) {
    let (begun, go_on, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let caller = {
        let (store, begun, go_on, ended) = (store.clone(), begun.clone(), go_on.clone(), ended.clone());
        tokio::spawn(async move {
            let done: Result<(), StoreError> = store
                .write(move |conn| {
                    Box::pin(async move {
                        gate::spend(conn, &digest("left one"), NOW).await?;
                        begun.notify_one();
                        go_on.notified().await;
                        gate::spend(conn, &digest("left two"), NOW).await?;
                        ended.notify_one();
                        Ok(())
                    })
                })
                .await;
            done
        })
    };
    begun.notified().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go_on.notify_one();
    ended.notified().await;
}

async fn a_caller_that_goes_away_leaves_nothing_half_done(db: Db) {
    let store = db.open().await;
    leave_in_the_middle(&store).await;
    // PostgreSQL commits on a connection of its own: its row lock, held until the commit, is what we wait for.
    let again = async |half: &'static str| -> bool {
        let spent: Result<bool, StoreError> =
            store.write(move |conn| Box::pin(async move { gate::spend(conn, &digest(half), NOW).await })).await;
        spent.unwrap()
    };
    assert!(!again("left one").await && !again("left two").await, "both halves are there");
    assert_eq!(spent(&db).await, 2);
}

async fn a_work_that_panics_leaves_nothing_and_harms_nobody(db: Db) {
    let store = db.open().await;
    for _ in 0..8 {
        let done: Result<(), StoreError> = store
            .write(|conn| {
                Box::pin(async move {
                    pair(conn, "panicked").await?;
                    panic!("as the test wants it")
                })
            })
            .await;
        assert!(done.is_err());
    }
    for n in 0..8 {
        let done: Result<(), StoreError> =
            store.write(move |conn| Box::pin(async move { pair(conn, &n.to_string()).await })).await;
        done.unwrap();
    }
    assert_eq!(spent(&db).await, 16);
}

async fn what_was_answered_is_there_for_a_new_connection(db: Db) {
    let store = db.open().await;
    for n in 1..=5 {
        let done: Result<(), StoreError> =
            store.write(move |conn| Box::pin(async move { pair(conn, &n.to_string()).await })).await;
        done.unwrap();
        assert_eq!(spent(&db).await, n * 2);
    }
}

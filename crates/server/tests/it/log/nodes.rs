//! Several nodes grow one log on one PostgreSQL, at the same time; each checkpoint that any of them signs is the beginning of
//! every later one.

use super::{append, begun, root_of, signed};
use crate::support::db::on_postgres;
use countersign::app::App;
use countersign::flows::log::integrate::integrate;
use countersign::flows::log::{read, start};
use countersign::store::log;
use countersign_evidence::tree::{Head, verify_consistency};
use std::collections::BTreeMap;

/// Nodes at the same time.
const NODES: usize = 3;
/// Rounds of each: a transaction of some entries, then a step.
const ROUNDS: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_grow_one_log_together() {
    on_postgres(async |db| {
        let house = begun(db).await;
        let mut nodes = vec![house.app.clone()];
        for _ in 1..NODES {
            let node = house.another().await;
            start::start(&node, None).await.unwrap();
            nodes.push(node);
        }
        let tasks: Vec<_> = nodes.into_iter().enumerate().map(|(n, node)| tokio::spawn(work(node, n))).collect();
        let mut seen = BTreeMap::new();
        for task in tasks {
            for head in task.await.unwrap() {
                let other = seen.insert(head.size, head.root);
                assert!(other.is_none_or(|root| root == head.root), "two roots at size {}", head.size);
            }
        }
        while integrate(&house.app).await.unwrap().more {}
        let mut conn = house.db.conn().await;
        let entries = log::entries(&mut conn, 0, 100_000).await.unwrap();
        let expected: usize = (0..NODES).flat_map(|n| (0..ROUNDS).map(move |round| batch(n, round))).sum();
        assert_eq!(entries.len(), expected + 1, "every entry has a number");
        let newest = signed(&read::newest(&house.app).await.unwrap().note);
        let public: Vec<_> = entries.iter().map(|e| e.commitment.entry()).collect();
        assert_eq!((root_of(public.iter().map(|e| e.as_slice())), entries.len() as u64), (newest.root, newest.size));
        assert!(seen.len() > NODES, "the nodes took turns");
        for (size, root) in seen {
            let path = read::consistency(&mut conn, size, newest.size).await.unwrap().unwrap();
            verify_consistency(&Head { size, root }, &newest, &path).unwrap();
        }
    })
    .await;
}

const fn batch(node: usize, round: usize) -> usize {
    1 + (node * 7 + round * 13) % 40
}

/// Appends and integrates; every head that it saw published.
async fn work(node: App, n: usize) -> Vec<Head> {
    let mut seen = Vec::new();
    for round in 0..ROUNDS {
        append(&node, batch(n, round)).await;
        integrate(&node).await.unwrap();
        seen.push(signed(&read::published(&node).await.unwrap().note));
    }
    seen
}

//! Our own log with a witness: what is published waits for its quorum, for a while; a log that the witness has seen more of
//! does not start.

use super::{PATIENCE, Running, http};
use crate::log::{append, grow};
use crate::support::db::Db;
use crate::support::house::{House, log};
use countersign::app::App;
use countersign::attest::Witness;
use countersign::flows::log::{Doubt, read, start};
use countersign::jobs::{Jobs, Outside, witnesses};
use countersign_evidence::policy::Policy;
use std::time::Duration;

async fn house(policy: &Policy) -> House {
    let house = House::witnessed(Db::sqlite(), policy.clone()).await;
    start::start(&house.app, None).await.unwrap();
    house
}

fn jobs(app: &App, policy: &Policy) -> Jobs {
    let witnesses = Witness::of_policy(policy, &http()).unwrap();
    Jobs::start(app, Outside { witnesses, ..Outside::default() })
}

/// Looks until `size` entries are published; whether the quorum cosigned them.
async fn published(app: &App, size: u64) -> bool {
    let looked = tokio::time::timeout(PATIENCE, async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        loop {
            tick.tick().await;
            let published = read::published(app).await.unwrap();
            if published.head.size == size {
                return published.witnessed;
            }
        }
    });
    looked.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_published_with_its_quorum() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &[log().key().verifier()]);
    let policy = Policy::parse(&format!("witness ours {} {}\nquorum ours\n", running.key, running.url)).unwrap();
    let house = house(&policy).await;
    let jobs = jobs(&house.app, &policy);
    for (count, size) in [(1, 2), (300, 302), (5, 307)] {
        append(&house.app, count).await;
        assert!(published(&house.app, size).await, "{size} entries");
        let note = read::published(&house.app).await.unwrap().note;
        assert!(policy.judge(&note).unwrap().reached);
    }
    jobs.stop().await;

    // What the witness has seen of this name is more than another database has, and not what a third one has.
    let witnesses = Witness::of_policy(&policy, &http()).unwrap();
    witnesses::look_back(&house.app, &witnesses).await.unwrap();
    for (count, forked) in [(4, false), (400, true)] {
        let other = self::house(&policy).await;
        append(&other.app, count).await;
        grow(&other.app).await;
        let doubt = witnesses::look_back(&other.app, &witnesses).await.unwrap_err();
        assert!(matches!(doubt, Doubt::Witnessed { seen: 307, .. } | Doubt::Forked { size: 307, .. }), "{doubt}");
        assert_eq!(matches!(doubt, Doubt::Forked { .. }), forked, "{doubt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_witness_it_is_published_after_a_while_and_says_so() {
    // A port that nobody listens on: bound, then let go.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let key = countersign_evidence::note::SigningKey::from_seed(
        "witness.example.org",
        countersign_evidence::note::Algorithm::CosignatureV1,
        &[8; 32],
    );
    let lines = format!("witness ours {} http://{nobody}/\nquorum ours\n", key.unwrap().verifier());
    let policy = Policy::parse(&lines).unwrap();
    let house = house(&policy).await;
    append(&house.app, 9).await;
    assert_eq!(grow(&house.app).await, 10);
    assert_eq!(read::published(&house.app).await.unwrap().head.size, 0, "it waits");
    assert_eq!(read::proof(&house.app, 1, None).await.unwrap(), None);
    house.pass(20);
    let jobs = jobs(&house.app, &policy);
    assert!(!published(&house.app, 10).await, "nobody cosigned it");
    jobs.stop().await;
}

//! Our client with our server: growth, the size that is told, new keys, forks, restored backups.

use super::{PATIENCE, Running, ask, http, is_cosigned, log::TestLog, round, status};
use countersign::attest::{Fault, Ours, Outcome, Seen, Witness, look_back};
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::cosignature;
use countersign_evidence::note::{Algorithm, SigningKey};
use countersign_evidence::policy::Policy;

#[tokio::test(flavor = "multi_thread")]
async fn a_policys_witnesses_cosign_a_log_as_it_grows() {
    let (dirs, log) = ([tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()], TestLog::new(1).grown(3, "a"));
    let running = dirs.each_ref().map(|dir| Running::start(dir.path(), &[&log.verifier()]));
    let [one, two] = &running;
    let lines = format!("witness one {} {}\nwitness two {} {}/\n", one.key, one.url, two.key, two.url);
    let silent = SigningKey::from_seed("three.example.org", Algorithm::CosignatureV1, &[3; 32]).unwrap();
    let lines = format!("{lines}witness three {}\ngroup both all one two\nquorum both\n", silent.verifier());
    let policy = Policy::parse(&lines).unwrap();
    let witnesses = Witness::of_policy(&policy, &http()).unwrap();
    assert_eq!(witnesses.iter().map(Witness::name).collect::<Vec<_>>(), ["one", "two"]);
    let mut asked: Vec<(&Witness, u64)> = witnesses.iter().map(|witness| (witness, 0)).collect();
    for grown in [log.clone(), log.clone().grown(1, "b"), log.clone().grown(1000, "b")] {
        let mut note = grown.checkpoint();
        for (answer, (_, old)) in round(&grown, &asked).await.iter().zip(&mut asked) {
            let Outcome::Cosigned { signature, at_secs } = &answer.outcome else { panic!("{answer:?}") };
            assert!(*at_secs > 1_700_000_000 && answer.old == grown.head().size && !answer.forgot);
            note.signatures.push(signature.clone());
            *old = answer.old;
        }
        assert!(policy.judge(&note).unwrap().reached);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_may_ask_although_it_moves_between_threads() {
    let dir = tempfile::tempdir().unwrap();
    let log = TestLog::new(1).grown(2, "a");
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let witness = running.client();
    assert!(is_cosigned(&tokio::spawn(async move { ask(&log, &witness, 0).await }).await.unwrap()));
}

#[tokio::test]
async fn the_size_that_a_witness_tells_is_proven_from() {
    let dir = tempfile::tempdir().unwrap();
    let log = TestLog::new(1).grown(7, "a");
    let running = Running::start(dir.path(), &[&log.verifier()]);
    let witness = running.client();
    assert!(is_cosigned(&ask(&log, &witness, 0).await));
    let log = log.grown(300, "a");
    // Too little, too much, and beyond everything.
    assert_eq!(witness.cosign(0, &[], &log.checkpoint()).await, Outcome::Behind { size: 7 });
    assert_eq!(witness.cosign(307, &[], &log.checkpoint()).await, Outcome::Behind { size: 7 });
    for old in [0, 100, u64::MAX] {
        let answer = ask(&log, &witness, old).await;
        assert!(is_cosigned(&answer) && answer.contradiction.is_none(), "{answer:?}");
    }
    // The same again is cosigned again; an answer that was lost costs nothing.
    assert!(is_cosigned(&ask(&log, &witness, 307).await));
    let kept = witness.latest(log.origin()).await.unwrap().unwrap();
    assert!(cosignature::found(&kept, witness.key()).unwrap().is_some() && kept.verify(&log.keys()).is_ok());
    assert_eq!(Checkpoint::parse(&kept.text).unwrap().head, log.head());
}

#[tokio::test]
async fn a_log_may_change_its_key_when_the_witness_knows_both() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (TestLog::new(1).grown(4, "a"), TestLog::new(1).grown(4, "a").signed_by(2).grown(4, "b"));
    let running = Running::start(dir.path(), &[&old.verifier()]);
    assert!(is_cosigned(&ask(&old, &running.client(), 0).await));
    assert_eq!(status(&ask(&new, &running.client(), 4).await), 403);
    drop(running);
    let running = Running::start(dir.path(), &[&old.verifier(), &new.verifier()]);
    assert!(is_cosigned(&ask(&new, &running.client(), 4).await));
    assert!(is_cosigned(&ask(&new.clone().grown(1, "b"), &running.client(), 8).await));
    assert_eq!(status(&ask(&TestLog::named("other.example.org", 1), &running.client(), 0).await), 404);
    assert_eq!(running.client().latest("other.example.org").await, Ok(None));
}

#[tokio::test]
async fn a_forked_log_is_refused_and_the_proof_is_handed_over() {
    let dir = tempfile::tempdir().unwrap();
    let common = TestLog::new(1).grown(5, "a");
    let (shown, other) = (common.clone().grown(3, "b"), common.clone().grown(3, "c"));
    let running = Running::start(dir.path(), &[&common.verifier()]);
    assert!(is_cosigned(&ask(&shown, &running.client(), 0).await));
    for fork in [other.clone(), other.clone().grown(20, "c")] {
        let answer = ask(&fork, &running.client(), 8).await;
        assert_eq!(status(&answer), 422);
        let (note, seen) = answer.contradiction.unwrap();
        assert_eq!(seen, Seen::Forked { head: shown.head() });
        assert!(note.verify(&common.keys()).is_ok());
    }
    // Nothing was changed by it.
    assert!(is_cosigned(&ask(&shown.clone().grown(9, "b"), &running.client(), 8).await));
}

#[tokio::test]
async fn a_log_that_lost_its_end_is_told_so_with_proof() {
    let dir = tempfile::tempdir().unwrap();
    let log = TestLog::new(1).grown(40, "a");
    let running = Running::start(dir.path(), &[&log.verifier()]);
    assert!(is_cosigned(&ask(&log, &running.client(), 0).await));
    let answer = ask(&log.clone().cut(39), &running.client(), 39).await;
    assert_eq!(answer.outcome, Outcome::Ahead { size: 40 });
    assert_eq!(answer.contradiction.unwrap().1, Seen::Larger { head: log.head() });
    for (held, expected) in [
        (log.clone().grown(5, "a"), Seen::Within { size: 40 }),
        (log.clone(), Seen::Within { size: 40 }),
        (log.clone().cut(39), Seen::Larger { head: log.head() }),
        (log.clone().cut(0), Seen::Larger { head: log.head() }),
        (log.clone().cut(39).grown(9, "other"), Seen::Forked { head: log.head() }),
    ] {
        assert_eq!(looked_back(&held, &[running.client()]).await, [Ok(Some(expected))]);
    }
    // A port that nobody listens on: bound, then let go.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = Witness::new("away", running.key.clone(), &format!("http://{nobody}/"), &http()).unwrap();
    let stranger = TestLog::named("other.example.org", 1);
    assert_eq!(looked_back(&stranger, &[running.client(), nobody]).await, [Ok(None), Err(Fault::NoConnection)]);
}

async fn looked_back(log: &TestLog, witnesses: &[Witness]) -> Vec<Result<Option<Seen>, Fault>> {
    let (keys, proofs) = (log.keys(), |old| log.proof(old));
    let ours = Ours { origin: log.origin(), keys: &keys, head: log.head(), proofs: &proofs };
    look_back(witnesses, &ours, PATIENCE).await.into_iter().map(|looked| looked.found).collect()
}

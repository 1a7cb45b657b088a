//! Starts that must not happen, and a disk that fails.

use super::*;
use countersign_evidence::checkpoint::Checkpoint;
use countersign_evidence::tree::Head;
use rand::{SeedableRng, rngs::StdRng};

const NAME: Option<&str> = Some("witness.example.org");
const NOW: Timestamp = Timestamp::from_secs(1_768_123_800);

fn log_key(seed: u8) -> SigningKey {
    SigningKey::from_seed("log.example.org/evidence", Algorithm::Ed25519, &[seed; 32]).unwrap()
}

fn open_at(dir: &Path, now: Timestamp) -> Result<Witness, StartError> {
    let keys = vec![log_key(1).verifier().clone(), log_key(2).verifier().clone()];
    Witness::open(dir, NAME, keys, Clock::manual(now), &mut StdRng::seed_from_u64(1))
}

fn open(dir: &Path) -> Result<Witness, StartError> {
    open_at(dir, NOW)
}

/// A submission of a tree with one entry, from nothing.
fn body(old: u64, entry: u8, key: u8) -> Vec<u8> {
    let head = Head { size: 1, root: Hash::leaf(&[entry]) };
    let note = Checkpoint::new("log.example.org/evidence", head).sign(&log_key(key));
    format!("old {old}\n\n{note}").into_bytes()
}

fn record(dir: &Path) -> PathBuf {
    dir.join("logs").join(origin_hash("log.example.org/evidence")).join("checkpoint")
}

#[test]
fn what_was_cosigned_is_remembered_over_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap().add(&body(0, 1, 1)).unwrap();
    let again = open(dir.path()).unwrap();
    assert_eq!(again.add(&body(0, 2, 1)), Err(Refusal::Stale { held: 1 }));
    assert_eq!(again.add(&body(1, 2, 1)), Err(Refusal::Inconsistent("another root at this size")));
    assert_eq!(again.add(&body(1, 1, 1)), Ok(first), "within the same second the same line");
    assert!(again.add(&body(1, 1, 2)).is_ok(), "by the log's new key");
    assert_eq!(again.add(&body(1, 1, 3)), Err(Refusal::Untrusted));
}

#[test]
fn of_a_fork_the_proof_is_kept_and_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    witness.add(&body(0, 1, 1)).unwrap();
    for entry in 2..30 {
        // Whatever old size it came with.
        let refused = witness.add(&body(u64::from(entry % 2), entry, 1)).unwrap_err();
        assert!(matches!(refused, Refusal::Stale { held: 1 } | Refusal::Inconsistent(_)));
    }
    let kept = std::fs::read_dir(record(dir.path()).parent().unwrap()).unwrap();
    let forks = kept.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("fork-")).count();
    assert_eq!(forks, 16);
    assert!(open(dir.path()).is_err(), "locked while it lives");
    drop(witness);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_witness_that_forgot_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().add(&body(0, 1, 1)).unwrap();
    let text = std::fs::read_to_string(record(dir.path())).unwrap();
    for bad in
        ["", &text[..text.len() - 20], &text.replace("\n1\n", "\n2\n"), &text.replace("log.example", "fog.example")]
    {
        std::fs::write(record(dir.path()), bad).unwrap();
        assert!(matches!(open(dir.path()), Err(StartError::Record(BadRecord::Changed(..)))), "{bad:?}");
    }
    std::fs::write(record(dir.path()), &text).unwrap();
    std::fs::remove_file(dir.path().join("key")).unwrap();
    assert!(matches!(open(dir.path()), Err(StartError::KeyLost(_))));
}

#[test]
fn a_key_without_records_is_a_witness_that_forgot() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap();
    std::fs::remove_dir_all(dir.path().join("logs")).unwrap();
    assert!(matches!(open(dir.path()), Err(StartError::RecordsLost(_))));
}

#[test]
fn half_a_write_of_a_killed_process_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().add(&body(0, 1, 1)).unwrap();
    std::fs::write(record(dir.path()).with_extension("new"), "log.exam").unwrap();
    let witness = open(dir.path()).unwrap();
    assert_eq!(witness.add(&body(0, 1, 1)), Err(Refusal::Stale { held: 1 }));
    assert!(witness.add(&body(1, 1, 2)).is_ok());
}

#[test]
fn time_does_not_go_back_and_a_clock_far_behind_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap().add(&body(0, 1, 1)).unwrap();
    let little = open_at(dir.path(), NOW.minus(std::time::Duration::from_secs(5))).unwrap();
    assert_eq!(little.add(&body(1, 1, 1)), Ok(first), "dated as the one before");
    drop(little);
    let far = open_at(dir.path(), NOW.minus(std::time::Duration::from_secs(61)));
    assert!(matches!(far, Err(StartError::ClockBehind(61))));
}

#[test]
fn keys_that_are_no_logs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let witness = SigningKey::from_seed("w.example.org", Algorithm::CosignatureV1, &[1; 32]).unwrap();
    let of = |keys| Witness::open(dir.path(), NAME, keys, Clock::manual(NOW), &mut StdRng::seed_from_u64(1));
    assert!(matches!(of(vec![witness.verifier().clone()]), Err(StartError::NotALog(_))));
    assert!(matches!(of(vec![]), Err(StartError::Logs)));
}

#[test]
fn a_checkpoint_that_could_not_be_read_back_is_not_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    let head = Head { size: 1, root: Hash::leaf(&[1]) };
    let mut long = Checkpoint::new("log.example.org/evidence", head);
    long.extensions.push("x".repeat(countersign_evidence::note::MOST_BYTES - 240));
    let body = format!("old 0\n\n{}", long.sign(&log_key(1)));
    assert!(matches!(witness.add(body.as_bytes()), Err(Refusal::Malformed(_))));
    drop(witness);
    assert!(open(dir.path()).is_ok());
}

/// A record whose directory is gone cannot be written: nothing has changed, so it is tried again when it is back.
#[test]
fn without_its_directory_nothing_is_cosigned_until_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    let directory = record(dir.path()).parent().unwrap().to_owned();
    std::fs::remove_dir(&directory).unwrap();
    assert_eq!(witness.add(&body(0, 1, 1)), Err(Refusal::Unavailable));
    assert!(witness.latest(&origin_hash("log.example.org/evidence")).is_none());
    std::fs::create_dir(&directory).unwrap();
    assert!(witness.add(&body(0, 1, 1)).is_ok());
}

/// Renaming over a directory fails after the sync: from then on nobody knows what is there, and nothing is cosigned.
#[test]
fn a_disk_that_fails_in_the_middle_ends_all_cosigning() {
    let dir = tempfile::tempdir().unwrap();
    let witness = open(dir.path()).unwrap();
    std::fs::create_dir(record(dir.path())).unwrap();
    assert_eq!(witness.add(&body(0, 1, 1)), Err(Refusal::Unavailable));
    std::fs::remove_dir(record(dir.path())).unwrap();
    assert_eq!(witness.add(&body(0, 1, 1)), Err(Refusal::Unavailable), "not before a new start");
}

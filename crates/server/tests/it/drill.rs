//! The exercise itself, small: it ends, says what it must say, and no invariant is broken.

use countersign::drill::{Options, play};

/// The keys of the one JSON object, in the order of the issue.
const KEYS: [&str; 24] = [
    "requests",
    "mails_sent",
    "mails_unguarded",
    "unwanted_mails",
    "genuine_started",
    "genuine_completed",
    "waiting_started",
    "waiting_completed",
    "genuine_p95_ms",
    "max_mails_per_mailbox_24h",
    "timing_t",
    "evidence_entries",
    "evidence_verified",
    "outside_entries",
    "outside_messages",
    "outside_messages_proven",
    "outside_verified",
    "leak_lines",
    "leak_accounts",
    "leak_accounts_found",
    "leak_accounts_added",
    "leak_cohort",
    "leak_contained",
    "console_url",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_small_exercise_breaks_no_invariant() {
    let options = Options { seed: 1, accounts: 2_000, seconds: 10, data: None };
    let played = play(&options).await.unwrap();
    let numbers = serde_json::to_string(&played.report.numbers).unwrap();
    let at = KEYS.map(|key| numbers.find(&format!("\"{key}\":")).unwrap());
    assert!(at.is_sorted(), "{numbers}");
    assert_eq!(numbers.matches("\":").count(), KEYS.len(), "{numbers}");

    let numbers = &played.report.numbers;
    assert!(!played.report.broken(), "{}", played.report.table());
    assert!(played.report.aside.leak.is_exact() && numbers.leak_contained, "{}", played.report.table());
    assert!(numbers.max_mails_per_mailbox_24h <= 3);
    assert!(numbers.evidence_verified && numbers.evidence_entries > numbers.requests / 2);
    assert!(numbers.outside_verified && numbers.outside_entries == numbers.evidence_entries);
    assert!(numbers.outside_messages == 20 && numbers.outside_messages_proven == 20);
    assert!(numbers.requests > 0 && numbers.mails_sent > 0);
    assert!(numbers.unwanted_mails <= numbers.mails_sent && numbers.mails_sent < numbers.mails_unguarded);
    assert!(numbers.genuine_completed > 0 && numbers.genuine_completed <= numbers.genuine_started);
    assert!(played.report.table().contains("mails sent"));
    played.end().await;
}

#[tokio::test]
async fn a_directory_with_a_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("countersign.db"), "someone's").unwrap();
    let options = Options { seed: 1, accounts: 1_000, seconds: 5, data: Some(dir.path().to_owned()) };
    let Err(trouble) = play(&options).await else { panic!("played on somebody's database") };
    assert!(trouble.to_string().contains("holds a database already"), "{trouble}");
    assert_eq!(std::fs::read(dir.path().join("countersign.db")).unwrap(), b"someone's");
}

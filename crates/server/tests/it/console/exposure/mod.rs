//! Leaks, cohorts and containments in the console.

mod account;
mod browser;
mod cohorts;
mod containments;
mod leaks;

use super::office::Office;
use countersign::flows::exposure::freshness::Freshness;
use countersign::flows::exposure::leaks::{self as flow, Matched, NewLeak};
use countersign::flows::exposure::{follow, leak_sets};
use countersign::flows::profile;
use countersign::flows::staff::Actor;
use countersign::store::exposure::leaks::Leak;
use countersign_core::expose::cohort::Accounts;
use countersign_core::expose::freshness::{Fit, Horizon};
use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::ids::AccountId;
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;
use serde_json::json;

/// Accounts of the directory.
const ACCOUNTS: u32 = 40;

/// A directory of forty, and a leak with thirty of them.
pub struct Leaked {
    pub office: Office,
    pub accounts: Vec<AccountId>,
    pub leak: Leak,
}

impl Leaked {
    pub async fn open() -> Self {
        let office = Office::open().await;
        let mut accounts = vec![];
        for n in 0..ACCOUNTS {
            accounts.push(office.site.add_account(&format!("p{n}@example.org")).await);
        }
        let leak = put(&office, "On sale in January", 7, matched(7)).await;
        follow(office.app()).await.unwrap();
        Self { office, accounts, leak }
    }

    pub fn page(&self) -> String {
        format!("/console/exposure/leaks/{}", self.leak.id)
    }

    pub fn cohort(&self) -> String {
        format!("/console/exposure/cohorts/{}", self.leak.cohort)
    }
}

/// Puts a leak on record.
pub async fn put(office: &Office, name: &str, digest: u8, mut matched: Matched) -> Leak {
    matched.digest = Digest::from_slice(&[digest; 32]).unwrap();
    let reason = profile::reason("A leak is on sale").unwrap();
    let new = NewLeak { name: name.to_owned(), reason, again: false, matched };
    flow::record(office.app(), &Actor::Command, new).await.unwrap()
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + secs)
}

/// A leak by hand.
pub fn matched(digest: u8) -> Matched {
    let of = |from, to| Accounts::of(from..to);
    let sets = [
        (leak_sets::ALL.to_owned(), of(0, 30)),
        (leak_sets::STRONG.to_owned(), of(0, 25)),
        (leak_sets::by(Kind::Address), of(0, 20)),
        (leak_sets::by(Kind::Mailbox), of(20, 30)),
        (leak_sets::by(Kind::Phone), of(10, 25)),
        (leak_sets::shows(Field::Email), of(0, 28)),
        (leak_sets::shows(Field::Phone), of(5, 20)),
        (leak_sets::shows(Field::FullName), of(0, 30)),
        (leak_sets::shows(Field::Password), of(0, 1)),
        (leak_sets::FORMER.to_owned(), of(3, 4)),
        (leak_sets::CONTRADICTED.to_owned(), of(4, 5)),
    ];
    let fit =
        Fit { after: Some(at(0)), before: Some(at(900_000)), later: 100, later_old: 93, earlier: 50, earlier_new: 49 };
    let horizon = Horizon { at: at(500_000), before: (1000, 700), after: (500, 1) };
    let told = json!({
        "files": [{ "name": "dump.csv.gz", "bytes": 1_225_470, "packing": "gzip", "letters": "UTF-8" }],
        "format": "csv",
        "columns": [
            { "name": "mail", "field": "email", "sure": "certain" },
            { "name": "tel", "field": "phone", "sure": "told" },
            { "name": "notes", "field": null, "sure": "unknown" },
        ],
        "samples": [
            { "line": 12, "fault": "too_few_cells", "bytes": 19, "looks_like": "aaaa@aaaaa.aa;;;999" },
            { "line": 1340, "fault": "stray_quote", "bytes": 70, "looks_like": "aaaa\"<b>" },
        ],
        "unusable": { "phone": 1700 },
        "contradicting_rows": 2,
        "seconds": 3,
    });
    let serde_json::Value::Object(told) = told else { unreachable!() };
    Matched {
        digest: Digest::from_slice(&[digest; 32]).unwrap(),
        rows: 17_500,
        bad: vec![("too_few_cells", 12), ("stray_quote", 1)],
        sets: sets.into(),
        freshness: Freshness { fit: Some(fit), horizon: Some(horizon), known: None },
        told,
    }
}

//! A leak appears: containments, cohorts, leaks on record, the index of the directory, how old the data is.

mod api;
mod cohorts;
mod contain;
mod directory;
mod leaks;

use crate::support::house::House;
use countersign::error::AppError;
use countersign::flows::exposure::freshness::Freshness;
use countersign::flows::exposure::leaks::{self as flow, Matched, NewLeak};
use countersign::flows::exposure::{self, leak_sets};
use countersign::flows::staff::Actor;
use countersign::store::db::sql;
use countersign::store::exposure::leaks::Leak;
use countersign_core::expose::cohort::Accounts;
use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::ids::AccountId;
use countersign_core::secret::Key;
use countersign_core::staff::Reason;

fn reason() -> Reason {
    Reason::parse("incident 7").unwrap()
}

/// The number of an account.
async fn number(house: &House, id: &AccountId) -> u32 {
    let row = sql("SELECT number FROM accounts WHERE id = $1").bind(id.as_str());
    row.fetch_one(&mut house.db.conn().await).await.unwrap().int(0).unwrap().try_into().unwrap()
}

async fn numbers(house: &House, ids: &[&AccountId]) -> Accounts {
    let mut found = Accounts::new();
    for id in ids {
        found.insert(number(house, id).await);
    }
    found
}

/// A leak that shows the addresses of some accounts, and the phone numbers of the first of them.
async fn leak_of(house: &House, name: &str, ids: &[&AccountId]) -> Leak {
    let matched = matched(name, &numbers(house, ids).await, &numbers(house, &ids[..1]).await);
    let new = NewLeak { name: name.into(), reason: reason(), again: false, matched };
    flow::record(&house.app, &Actor::Command, new).await.unwrap()
}

fn matched(name: &str, all: &Accounts, phones: &Accounts) -> Matched {
    let sets = vec![
        (leak_sets::ALL.to_owned(), all.clone()),
        (leak_sets::STRONG.to_owned(), all.clone()),
        (leak_sets::by(Kind::Address), all.clone()),
        (leak_sets::shows(Field::Email), all.clone()),
        (leak_sets::shows(Field::Phone), phones.clone()),
    ];
    let digest = Key::new([9; 32]).mac(&[name.as_bytes()]);
    let bad = vec![("too_few_cells", 2)];
    Matched { digest, rows: 100, bad, sets, freshness: Freshness::default(), told: serde_json::Map::new() }
}

async fn follow(house: &House) {
    exposure::follow(&house.app).await.unwrap();
}

async fn kinds(house: &House, prefix: &str) -> Vec<String> {
    let text = "SELECT kind FROM evidence WHERE kind >= $1 AND kind < $2 ORDER BY seq";
    let rows = sql(text).bind(prefix).bind(format!("{prefix}\u{7f}")).fetch_all(&mut house.db.conn().await).await;
    rows.unwrap().iter().map(|row| row.text(0).unwrap()).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, AppError>) -> &'static str {
    result.unwrap_err().code
}

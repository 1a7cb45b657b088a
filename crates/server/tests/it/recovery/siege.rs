//! When the budget is tight (G4, G5): who is served, who waits, and in which order.

use crate::support::db::{Db, on_both, rows};
use crate::support::house::House;
use crate::support::people::{MARA, Person, TOMO};
use countersign::flows::recover::{self, Proof};
use countersign::flows::{devices, housekeeping};
use countersign::store::db::sql;
use countersign_core::gate::Mode;

on_both! {
    a_known_device_and_a_solved_challenge_pass_a_siege
    a_device_token_of_somebody_else_is_nothing
    a_held_request_passes_once_it_is_proven
    a_solution_is_spent_once_on_all_nodes
    a_solution_is_for_one_identifier_and_one_price
    held_requests_are_released_newest_first_and_expire
    a_flood_without_completions_drains_the_budget_and_asks_for_proof
}

const IDA: Person = Person { user: "ida", emails: &[("ida@example.org", true)], flags: "", locale: None };

async fn a_known_device_and_a_solved_challenge_pass_a_siege(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    house.add(&TOMO).await;
    let device = devices::issue(&house.app, mara).await.unwrap();
    house.besiege().await;
    for identifier in ["mara", "tomo", "nobody"] {
        assert!(house.ask(identifier).await.proof_wanted, "the same for every identifier");
    }
    assert_eq!(house.decide().await, 0);
    house.ask_from("mara", &device).await;
    house.ask_with_work("tomo").await;
    assert_eq!(house.decide().await, 2);
    assert_eq!(house.letters().await, ["recovery M•••@e•••.org de", "recovery t•••@e•••.org en"]);
    assert!(house.kinds().await.contains(&"gate.mode".to_owned()));
}

async fn a_device_token_of_somebody_else_is_nothing(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    house.add(&TOMO).await;
    let device = devices::issue(&house.app, mara).await.unwrap();
    house.besiege().await;
    house.ask_from("tomo", &device).await;
    assert_eq!(house.decide().await, 0);
    assert_eq!(house.letters().await, Vec::<String>::new());
}

async fn a_held_request_passes_once_it_is_proven(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    house.besiege().await;
    let asked = house.ask("tomo").await;
    assert_eq!(house.decide().await, 0);
    let solution = countersign_core::gate::proof::answer(&house.app.keys.proof, &asked.challenge);
    let proven = recover::prove(&house.app, asked.id.clone(), &solution, &house.client()).await.unwrap();
    assert!(!proven.proof_wanted);
    assert_eq!(house.decide().await, 1);
    let again = recover::prove(&house.app, asked.id, &solution, &house.client()).await.unwrap_err();
    assert_eq!(again.code, "proof_spent");
    assert_eq!(house.decide().await, 0);
}

async fn a_solution_is_spent_once_on_all_nodes(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let other = house.another().await;
    let solution = house.solution("tomo", 200_000_000);
    let tries = (0..6).map(|n| {
        let app = if n % 2 == 0 { house.app.clone() } else { other.clone() };
        let ask = recover::Ask { proof: Some(Proof::Altcha(solution.clone())), ..house.asking("tomo") };
        tokio::spawn(async move { recover::request(&app, ask).await })
    });
    let mut accepted = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(error) => assert_eq!((error.status, error.code), (422, "proof_spent")),
        }
    }
    assert_eq!(accepted, 1);
    assert_eq!(house.kinds().await, ["recovery.requested"]);
}

async fn a_solution_is_for_one_identifier_and_one_price(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let refused = async |proof: String| {
        let ask = recover::Ask { proof: Some(Proof::Altcha(proof)), ..house.asking("tomo") };
        recover::request(&house.app, ask).await.unwrap_err().code
    };
    assert_eq!(refused(house.solution("mara", 200_000_000)).await, "proof_unbound");
    assert_eq!(refused("e30=".into()).await, "proof_malformed");
    let old = house.solution("tomo", 200_000_000);
    house.pass(600);
    assert_eq!(refused(old).await, "proof_expired");
    house.besiege().await;
    let cheap = house.ask_with("tomo", Proof::Altcha(house.solution("tomo", 1000))).await;
    assert!(cheap.proof_wanted, "what was solved for next to nothing counts as nothing");
    assert_eq!(house.decide().await, 0);
}

async fn set(house: &House, name: &str, level_milli: i64) {
    let text = "UPDATE budgets SET level_milli = $2 WHERE name = $1";
    sql(text).bind(name).bind(level_milli).execute(&mut house.db.conn().await).await.unwrap();
}

async fn held_requests_are_released_newest_first_and_expire(db: Db) {
    let house = House::new(db).await;
    for person in [&MARA, &TOMO, &IDA] {
        house.add(person).await;
    }
    house.besiege().await;
    for identifier in ["mara", "tomo", "ida"] {
        house.ask(identifier).await;
        house.pass(1);
    }
    // In the second or two since, less than one message has come back to the budget.
    set(&house, "anonymous", 0).await;
    assert_eq!(house.decide().await, 0);
    set(&house, "anonymous", 1000).await;
    set(&house, "release", 1000).await;
    assert_eq!(house.decide().await, 1);
    assert_eq!(house.letters().await, ["recovery i•••@e•••.org en"], "the newest first");
    house.pass(1800);
    assert_eq!(housekeeping::expire_requests(&house.app).await.unwrap(), 2);
    set(&house, "anonymous", 30_000).await;
    assert_eq!(house.decide().await, 0);
    assert_eq!(house.letters().await.len(), 1);
    let left = rows(&mut house.db.conn().await, "recovery_requests", &["identifier", "state"]).await;
    let wiped = ["identifier=NULL state=done ", "identifier=NULL state=expired ", "identifier=NULL state=expired "];
    let mut left = left;
    left.sort();
    assert_eq!(left, wiped, "what was typed is gone");
}

/// G4, with people who really exist and never asked.
async fn a_flood_without_completions_drains_the_budget_and_asks_for_proof(db: Db) {
    let house = House::new(db).await;
    let names: Vec<&'static str> = (0..40).map(|n| &*Box::leak(format!("victim{n}").into_boxed_str())).collect();
    for name in &names {
        let emails = Box::leak(Box::new([(&*Box::leak(format!("{name}@example.org").into_boxed_str()), true)]));
        house.add(&Person { user: name, emails, flags: "", locale: None }).await;
    }
    for name in &names {
        house.ask(name).await;
    }
    let mut sent = house.decide().await;
    for _ in 0..10 {
        house.pass(1);
        sent += house.decide().await;
    }
    assert_eq!(house.app.gate().mode, Mode::Proof);
    assert!(sent <= 17, "{sent} of 40");
}

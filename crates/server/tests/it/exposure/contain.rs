//! Containments: in force at once, on other nodes, after a restart; lifted; let go.

use super::{code, follow, kinds, leak_of, reason};
use crate::support::db::{Db, on_both};
use crate::support::house::{House, NEW_PASSWORD, START};
use crate::support::people::{MARA, OLD_PASSWORD, TOMO};
use countersign::flows::exposure::check::{self, Who};
use countersign::flows::exposure::contain::{self, Preview, Put};
use countersign::flows::exposure::{self, cohorts};
use countersign::flows::sign_in::{self, SignIn};
use countersign::flows::staff::Actor;
use countersign::store::exposure::containments::Contained;
use countersign_core::expose::cohort::CohortDigest;
use countersign_core::expose::containment::{Containment, Decision};
use countersign_core::ids::{AccountId, ContainmentId};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use std::time::Duration;

on_both! {
    a_containment_holds_at_once_on_other_nodes_soon_and_after_a_restart
    who_must_reset_is_not_signed_in_until_the_password_is_new
    held_recovery_serves_strong_proof_only_and_closes_links
    it_ends_by_itself_and_is_lifted
    one_account_is_let_go_and_the_others_are_not
    what_cannot_be_put_is_refused_and_leaves_nothing
    the_platform_tells_that_a_password_was_set
    many_are_asked_about_at_once
}

async fn put(house: &House, cohort: CohortDigest, kind: Containment) -> Contained {
    let put = Put { cohort, kind, until: None, reason: reason() };
    contain::put(&house.app, &Actor::Command, put).await.unwrap()
}

async fn decision(app: &countersign::app::App, id: &AccountId) -> Decision {
    check::one(app, &Who::Id(id.clone())).await.unwrap().decision
}

async fn a_containment_holds_at_once_on_other_nodes_soon_and_after_a_restart(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    let other = house.another().await;
    assert_eq!(decision(&house.app, &mara).await, Decision::Allow, "it reads what nobody has read yet");
    follow(&house).await;
    exposure::follow(&other).await.unwrap();
    let leak = leak_of(&house, "leak", &[&mara]).await;
    assert_eq!(decision(&house.app, &mara).await, Decision::Allow);
    let contained = put(&house, leak.cohort, Containment::MustReset).await;
    assert_eq!(contained.size, 1);
    let verdict = check::one(&house.app, &Who::Id(mara.clone())).await.unwrap();
    assert_eq!((verdict.decision, verdict.reasons.len()), (Decision::MustReset, 1));
    assert!(verdict.leaked_mailbox);
    assert_eq!(decision(&house.app, &tomo).await, Decision::Allow);
    assert_eq!(decision(&other, &mara).await, Decision::Allow, "not yet");
    exposure::follow(&other).await.unwrap();
    assert_eq!(decision(&other, &mara).await, Decision::MustReset);
    let again = house.restarted(START).await;
    follow(&again).await;
    assert_eq!(decision(&again.app, &mara).await, Decision::MustReset);
    assert_eq!(kinds(&house, "staff.containment").await, ["staff.containment_put"]);
}

async fn who_must_reset_is_not_signed_in_until_the_password_is_new(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    follow(&house).await;
    let leak = leak_of(&house, "leak", &[&mara]).await;
    put(&house, leak.cohort, Containment::MustReset).await;
    let sign_in = |password: &str| SignIn {
        identifier: "mara".into(),
        password: SecretText::new(password),
        second_factor: None,
        client: house.client(),
    };
    let refused = sign_in::sign_in(&house.app, sign_in(OLD_PASSWORD)).await.unwrap_err();
    assert_eq!((refused.status, refused.code), (403, "must_reset"));
    assert_eq!(code(sign_in::sign_in(&house.app, sign_in("wrong")).await), "sign_in_failed");
    // Her mailbox is in the leak and the device is new: the change waits out its cool-off.
    let message = house.message_for("mara@example.org").await;
    house.redeem(house.opened(&message).await.first.as_ref().unwrap()).await.unwrap();
    house.pass(25 * 3600);
    countersign::flows::housekeeping::apply_changes(&house.app).await.unwrap();
    follow(&house).await;
    assert_eq!(decision(&house.app, &mara).await, Decision::Allow);
    sign_in::sign_in(&house.app, sign_in(NEW_PASSWORD)).await.unwrap();
    assert_eq!(kinds(&house, "containment.").await, ["containment.released"]);
    assert_eq!(contain::list(&house.app, 9).await.unwrap()[0].released, 1);
}

async fn held_recovery_serves_strong_proof_only_and_closes_links(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    follow(&house).await;
    let device = countersign::flows::devices::issue(&house.app, mara.clone()).await.unwrap();
    let before = house.message_for("tomo@example.org").await;
    let leak = leak_of(&house, "leak", &[&mara, &tomo]).await;
    put(&house, leak.cohort, Containment::RecoveryHeld).await;
    assert_eq!(decision(&house.app, &mara).await, Decision::RecoveryHeld);
    house.ask("mara@example.org").await;
    house.ask_with_work("mara@example.org").await;
    assert_eq!(house.decide().await, 0);
    let link = house.opened(&before).await.first.unwrap();
    assert_eq!(code(house.redeem(&link).await), "link_not_valid");
    house.ask_from("mara@example.org", &device).await;
    assert_eq!(house.decide().await, 1, "her own device is strong proof");
}

async fn it_ends_by_itself_and_is_lifted(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    follow(&house).await;
    let leak = leak_of(&house, "leak", &[&mara]).await;
    let until = Some(START.plus(Duration::from_secs(3600)));
    let ends = Put { cohort: leak.cohort, kind: Containment::RecoveryHeld, until, reason: reason() };
    let ends = contain::put(&house.app, &Actor::Command, ends).await.unwrap();
    let lifted = put(&house, leak.cohort, Containment::MustReset).await;
    contain::lift(&house.app, &Actor::Command, lifted.id.clone(), reason()).await.unwrap();
    assert_eq!(decision(&house.app, &mara).await, Decision::RecoveryHeld);
    assert_eq!(code(contain::lift(&house.app, &Actor::Command, lifted.id, reason()).await), "not_in_force");
    house.pass(3601);
    assert_eq!(decision(&house.app, &mara).await, Decision::Allow, "without another look at the database");
    follow(&house).await;
    assert_eq!(decision(&house.app, &mara).await, Decision::Allow);
    assert_eq!(code(contain::lift(&house.app, &Actor::Command, ends.id, reason()).await), "not_in_force");
    let listed = contain::list(&house.app, 9).await.unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|one| !one.in_force));
}

async fn one_account_is_let_go_and_the_others_are_not(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    follow(&house).await;
    let leak = leak_of(&house, "leak", &[&mara]).await;
    let one = put(&house, leak.cohort, Containment::MustReset).await.id;
    let release = async |id: ContainmentId, account: &AccountId| {
        contain::release(&house.app, &Actor::Command, id, account.clone(), reason()).await
    };
    assert_eq!(code(release(one.clone(), &tomo).await), "not_contained");
    release(one.clone(), &mara).await.unwrap();
    assert_eq!(code(release(one.clone(), &mara).await), "not_contained");
    assert_eq!(decision(&house.app, &mara).await, Decision::Allow);
    let nobody = ContainmentId::new(START, &mut house.app.rng());
    assert_eq!(code(release(nobody, &mara).await), "not_found");
    let again = house.restarted(START).await;
    follow(&again).await;
    assert_eq!(decision(&again.app, &mara).await, Decision::Allow);
}

async fn what_cannot_be_put_is_refused_and_leaves_nothing(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    follow(&house).await;
    let leak = leak_of(&house, "leak", &[&mara]).await;
    let try_put = async |cohort, until: Option<Timestamp>| {
        let put = Put { cohort, kind: Containment::Watched, until, reason: reason() };
        contain::put(&house.app, &Actor::Command, put).await
    };
    let nobody = countersign_core::expose::cohort::Accounts::new().digest();
    assert_eq!(code(try_put(nobody, None).await), "not_found");
    assert_eq!(code(try_put(leak.cohort, Some(START)).await), "until_invalid");
    assert_eq!(code(try_put(leak.cohort, Some(START.plus(contain::LONGEST * 2))).await), "until_invalid");
    try_put(leak.cohort, None).await.unwrap();
    assert_eq!(code(try_put(leak.cohort, None).await), "containment_there");
    assert_eq!(kinds(&house, "staff.containment").await.len(), 1);
    let preview = contain::preview(&house.app, &leak.cohort, Containment::Watched).await.unwrap();
    assert_eq!(preview, Preview { accounts: 1, already: 1, leaked_mailbox: 1, share: 1.0 });
    let made = cohorts::list(&house.app, 9).await.unwrap();
    assert_eq!(made.len(), 1);
}

async fn the_platform_tells_that_a_password_was_set(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    follow(&house).await;
    let leak = leak_of(&house, "leak", &[&mara]).await;
    put(&house, leak.cohort, Containment::MustReset).await;
    put(&house, leak.cohort, Containment::Watched).await;
    assert_eq!(contain::told_of_reset(&house.app, &Actor::Command, mara.clone()).await.unwrap(), 1);
    assert_eq!(contain::told_of_reset(&house.app, &Actor::Command, mara.clone()).await.unwrap(), 0);
    let verdict = check::one(&house.app, &Who::Id(mara)).await.unwrap();
    assert_eq!(verdict.decision, Decision::Allow);
    assert_eq!(verdict.reasons.iter().map(|r| r.kind).collect::<Vec<_>>(), [Containment::Watched]);
}

async fn many_are_asked_about_at_once(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    follow(&house).await;
    let leak = leak_of(&house, "leak", &[&tomo]).await;
    put(&house, leak.cohort, Containment::MustReset).await;
    let stranger = AccountId::new(START, &mut house.app.rng());
    let asked = [Who::Id(mara), Who::Id(stranger), Who::Id(tomo), Who::External("4711".into())];
    let told = check::many(&house.app, &asked).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|v| v.map(|v| v.decision.as_str())).collect();
    assert_eq!(told, [Some("allow"), None, Some("must_reset"), None]);
    let too_many = vec![asked[0].clone(); check::MOST + 1];
    assert_eq!(code(check::many(&house.app, &too_many).await), "accounts_too_many");
}

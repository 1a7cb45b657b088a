//! Second factors (G7): recovery asks for them and uses them up.

use crate::support::db::{Db, on_both};
use crate::support::house::{House, NEW_PASSWORD};
use crate::support::people::{MARA, OLD_PASSWORD};
use countersign::flows::recover::Proof;
use countersign::flows::redeem::{self, Redeem};
use countersign::flows::{Result, enrol};
use countersign_core::ids::AccountId;
use countersign_core::message::Template;
use countersign_core::secret::SecretText;
use totp_rs::{Algorithm, Builder};

on_both! {
    a_second_factor_is_needed_checked_and_taken_once
    five_wrong_factors_spend_the_link
    a_saved_recovery_code_is_used_once
    a_saved_recovery_code_is_proof_without_being_used
}

/// What an authenticator app shows.
fn shown(secret: &SecretText, house: &House) -> SecretText {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.expose().as_bytes()).unwrap();
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(0);
    let totp = builder.with_step_duration(30_u64).with_secret(secret).build_noncompliant();
    SecretText::new(totp.generate(house.clock.now().secs() as u64).to_string())
}

async fn redeem_with(house: &House, token: &SecretText, factor: Option<SecretText>) -> Result<redeem::Redeemed> {
    redeem::redeem(&house.app, Redeem { second_factor: factor, ..house.redeeming(token) }).await
}

async fn link(house: &House) -> SecretText {
    let message = house.message_for("mara").await;
    house.opened(&message).await.first.unwrap()
}

async fn guarded(db: Db) -> (House, AccountId, SecretText) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let secret = enrol::totp(&house.app, mara.clone()).await.unwrap();
    (house, mara, secret)
}

async fn a_second_factor_is_needed_checked_and_taken_once(db: Db) {
    let (house, mara, secret) = guarded(db).await;
    let token = link(&house).await;
    assert!(redeem::look(&house.app, &token).await.unwrap().second_factor);
    let refused =
        async |factor: Option<&str>| redeem_with(&house, &token, factor.map(SecretText::new)).await.unwrap_err().code;
    assert_eq!(refused(None).await, "second_factor_needed");
    assert_eq!(refused(Some(" ")).await, "second_factor_needed");
    let right = shown(&secret, &house);
    let wrong = format!("{:06}", (right.expose().parse::<u32>().unwrap() + 1) % 1_000_000);
    assert_eq!(refused(Some(&wrong)).await, "second_factor_wrong");
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    redeem_with(&house, &token, Some(right.clone())).await.unwrap();
    assert!(house.password_is(&mara, NEW_PASSWORD).await);

    // Somebody looked over the shoulder: the same six digits, while they are still shown.
    house.pass(1);
    house.ask_with_work("mara").await;
    assert_eq!(house.decide().await, 1);
    let token = house.opened(&house.latest(Template::Recovery).await).await.first.unwrap();
    let again = redeem_with(&house, &token, Some(right)).await.unwrap_err();
    assert_eq!((again.status, again.code), (422, "second_factor_used"));
    assert!(redeem::look(&house.app, &token).await.is_ok(), "the link stays live");
    house.pass(30);
    redeem_with(&house, &token, Some(shown(&secret, &house))).await.unwrap();
}

async fn five_wrong_factors_spend_the_link(db: Db) {
    let (house, mara, secret) = guarded(db).await;
    let token = link(&house).await;
    for _ in 0..5 {
        let error = redeem_with(&house, &token, Some(SecretText::new("not a code"))).await.unwrap_err();
        assert_eq!(error.code, "second_factor_wrong");
    }
    assert_eq!(redeem_with(&house, &token, Some(shown(&secret, &house))).await.unwrap_err().status, 410);
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
}

async fn a_saved_recovery_code_is_used_once(db: Db) {
    let (house, mara, _) = guarded(db).await;
    let codes = enrol::recovery_codes(&house.app, mara.clone()).await.unwrap();
    let token = link(&house).await;
    let typed = SecretText::new(codes[0].expose().to_uppercase().replace('-', " "));
    redeem_with(&house, &token, Some(typed.clone())).await.unwrap();
    assert!(house.password_is(&mara, NEW_PASSWORD).await);
    house.pass(86_401);
    let token = link(&house).await;
    assert_eq!(redeem_with(&house, &token, Some(typed)).await.unwrap_err().code, "second_factor_wrong");
    redeem_with(&house, &token, Some(codes[1].clone())).await.unwrap();
}

async fn a_saved_recovery_code_is_proof_without_being_used(db: Db) {
    let (house, mara, _) = guarded(db).await;
    let codes = enrol::recovery_codes(&house.app, mara).await.unwrap();
    house.besiege().await;
    house.ask("mara").await;
    assert_eq!(house.decide().await, 0);
    house.ask_with("mara", Proof::RecoveryCode(codes[3].clone())).await;
    assert_eq!(house.decide().await, 1);
    let token = house.opened(&house.messages().await[0]).await.first.unwrap();
    redeem_with(&house, &token, Some(codes[3].clone())).await.unwrap();
}

//! The eight digits, for another device than the one with the mailbox.

use crate::support::db::{Db, on_both};
use crate::support::house::{House, NEW_PASSWORD};
use crate::support::people::{MARA, TOMO};
use countersign::flows::redeem::{self, CodeFor};
use countersign_core::secret::SecretText;

on_both! {
    five_wrong_codes_spend_the_code_and_not_the_link
    a_code_is_entered_on_another_device_by_identifier
    a_code_of_somebody_else_is_a_wrong_code
    a_code_is_right_once
}

/// A code that is not `code`.
fn other(code: &SecretText) -> SecretText {
    let number: u32 = code.expose().parse().unwrap();
    SecretText::new(format!("{:08}", (number + 1) % 100_000_000))
}

async fn five_wrong_codes_spend_the_code_and_not_the_link(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    let asked = house.ask("mara").await;
    house.decide().await;
    let opened = house.opened(&house.messages().await[0]).await;
    let code = opened.code.unwrap();
    let enter = async |code: &SecretText| {
        redeem::enter_code(&house.app, CodeFor::Request(asked.id.clone()), code, &house.client()).await
    };
    for _ in 0..5 {
        assert_eq!(enter(&other(&code)).await.unwrap_err().code, "code_wrong");
    }
    assert_eq!(enter(&code).await.unwrap_err().code, "code_wrong", "the sixth try is not looked at");
    house.done(&opened.first.unwrap()).await;
    assert_eq!(house.kinds().await.iter().filter(|k| *k == "recovery.code_tried").count(), 6);
}

async fn a_code_is_entered_on_another_device_by_identifier(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let message = house.message_for("mara@example.org").await;
    let code = house.opened(&message).await.code.unwrap();
    let typed = SecretText::new(format!("{} {}", &code.expose()[..4], &code.expose()[4..]));
    let whose = CodeFor::Identifier(" MARA@Example.org".into());
    let token = redeem::enter_code(&house.app, whose, &typed, &house.client()).await.unwrap().token;
    redeem::look(&house.app, &token).await.unwrap();
    house.done(&token).await;
    assert!(house.password_is(&mara, NEW_PASSWORD).await);
}

async fn a_code_of_somebody_else_is_a_wrong_code(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    house.add(&TOMO).await;
    let mara = house.ask("mara").await;
    let tomo = house.ask("tomo").await;
    let nobody = house.ask("nobody").await;
    house.decide().await;
    let message =
        house.messages().await.into_iter().find(|m| m.to_domain == "example.org" && m.to_masked.starts_with('M'));
    let code = house.opened(&message.unwrap()).await.code.unwrap();
    let enter = async |whose| redeem::enter_code(&house.app, whose, &code, &house.client()).await;
    let mut answers = vec![];
    for whose in [CodeFor::Request(tomo.id), CodeFor::Request(nobody.id), CodeFor::Identifier("nobody".into())] {
        let error = enter(whose).await.unwrap_err();
        answers.push((error.status, error.code, error.public));
    }
    assert!(answers.iter().all(|a| *a == answers[0]), "the answer does not tell who has an account: {answers:?}");
    assert!(enter(CodeFor::Request(mara.id)).await.is_ok());
}

async fn a_code_is_right_once(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    let asked = house.ask("mara").await;
    house.decide().await;
    let code = house.opened(&house.messages().await[0]).await.code.unwrap();
    let other = house.another().await;
    let tries = (0..4).map(|n| {
        let app = if n % 2 == 0 { house.app.clone() } else { other.clone() };
        let (whose, code, client) = (CodeFor::Request(asked.id.clone()), code.clone(), house.client());
        tokio::spawn(async move { redeem::enter_code(&app, whose, &code, &client).await.is_ok() })
    });
    let mut right = 0;
    for one in tries.collect::<Vec<_>>() {
        right += usize::from(one.await.unwrap());
    }
    assert_eq!(right, 1);
}

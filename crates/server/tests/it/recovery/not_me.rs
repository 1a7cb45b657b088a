//! "This was not me" (G8): closes the link, undoes the change, teaches the gate, and is not the reset's secret.

use crate::support::db::{Db, on_both};
use crate::support::house::{House, NEW_PASSWORD};
use crate::support::people::{MARA, OLD_PASSWORD};
use countersign::flows::not_me::{self, About, Outcome};
use countersign::flows::{devices, redeem};
use countersign::store::gate;
use countersign_core::message::Template;
use countersign_core::secret::SecretText;

on_both! {
    before_use_it_closes_the_link_and_lowers_sending
    after_a_change_it_puts_the_old_password_back
    it_undoes_the_change_of_its_own_link_and_no_earlier_one
    the_notice_of_a_change_undoes_it_for_three_days
    after_it_the_owner_may_ask_at_once_with_proof
}

const OTHER_PASSWORD: &str = "harbour pencil 19 cobalt";

/// The anonymous budget, thousandths of a message.
async fn budget(house: &House) -> i64 {
    gate::budgets(&mut house.db.conn().await).await.unwrap().unwrap().anonymous.level_milli
}

async fn before_use_it_closes_the_link_and_lowers_sending(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let opened = house.opened(&house.message_for("mara").await).await;
    let (link, token) = (opened.first.unwrap(), opened.not_me.unwrap());
    assert_eq!(not_me::look(&house.app, &token).await.unwrap(), About::Request);
    let before = budget(&house).await;
    let closed = Outcome { link_closed: true, ..Outcome::default() };
    assert_eq!(not_me::confirm(&house.app, token.clone(), &house.client()).await.unwrap(), closed);
    assert_eq!(budget(&house).await, before - 5000);
    assert_eq!(redeem::look(&house.app, &link).await.unwrap_err().status, 410);
    assert_eq!(house.redeem(&link).await.unwrap_err().status, 410);

    let account = house.account(&mara).await;
    for _ in 0..3 {
        assert_eq!(not_me::confirm(&house.app, token.clone(), &house.client()).await.unwrap(), Outcome::default());
    }
    assert_eq!(budget(&house).await, before - 5000, "a second click teaches nothing more");
    assert_eq!(house.account(&mara).await.disavow_level, account.disavow_level);
    assert_eq!(account.disavow_level, 1);
    assert_eq!(house.letters().await, ["recovery M•••@e•••.org de"], "nobody is told of what did not happen");

    house.pass(3600);
    house.ask("mara").await;
    assert_eq!(house.decide().await, 0, "who shows nothing is not served");
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
}

async fn after_it_the_owner_may_ask_at_once_with_proof(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let device = devices::issue(&house.app, mara).await.unwrap();
    let opened = house.opened(&house.message_for("mara").await).await;
    not_me::confirm(&house.app, opened.not_me.unwrap(), &house.client()).await.unwrap();
    house.ask_from("mara", &device).await;
    assert_eq!(house.decide().await, 1, "the link that was closed is not live");
}

async fn after_a_change_it_puts_the_old_password_back(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let opened = house.opened(&house.message_for("mara").await).await;
    let device = house.done(opened.first.as_ref().unwrap()).await;
    let token = opened.not_me.unwrap();
    let before = budget(&house).await;
    let outcome = not_me::confirm(&house.app, token.clone(), &house.client()).await.unwrap();
    assert_eq!(outcome, Outcome { change_undone: true, ..Outcome::default() });
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    assert_eq!(budget(&house).await, before - 5000);
    assert_eq!(not_me::confirm(&house.app, token, &house.client()).await.unwrap(), Outcome::default());
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    assert_eq!(
        house.letters().await,
        [
            "recovery M•••@e•••.org de",
            "password_changed M•••@e•••.org de",
            "password_changed m•••@e•••.net de",
            "not_me_confirmed M•••@e•••.org de",
            "not_me_confirmed m•••@e•••.net de",
        ]
    );
    // Whoever had the mailbox has neither a device nor a way to ask again at once.
    house.pass(3600);
    house.ask_from("mara", &device).await;
    house.ask_with_work("mara").await;
    assert_eq!(house.decide().await, 0);
    house.is_sound().await;
}

/// The owner changed the password in the morning; at noon somebody else used the mailbox.
async fn it_undoes_the_change_of_its_own_link_and_no_earlier_one(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let own = house.opened(&house.message_for("mara").await).await;
    house.done(&own.first.unwrap()).await;
    house.pass(4 * 3600);
    house.ask_with_work("mara").await;
    assert_eq!(house.decide().await, 1);
    let foreign = house.opened(&house.latest(Template::Recovery).await).await;
    let password = SecretText::new(OTHER_PASSWORD);
    let ask = redeem::Redeem { password, ..house.redeeming(foreign.first.as_ref().unwrap()) };
    redeem::redeem(&house.app, ask).await.unwrap();
    assert!(house.password_is(&mara, OTHER_PASSWORD).await);
    let outcome = not_me::confirm(&house.app, foreign.not_me.unwrap(), &house.client()).await.unwrap();
    assert!(outcome.change_undone);
    assert!(house.password_is(&mara, NEW_PASSWORD).await, "the owner's own change stands");
}

async fn the_notice_of_a_change_undoes_it_for_three_days(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let opened = house.opened(&house.message_for("mara").await).await;
    house.done(&opened.first.unwrap()).await;
    let token = house.opened(&house.latest(Template::PasswordChanged).await).await.not_me.unwrap();
    assert_eq!(not_me::look(&house.app, &token).await.unwrap(), About::Change);
    house.pass(3 * 86_400 - 1);
    assert!(not_me::confirm(&house.app, token.clone(), &house.client()).await.unwrap().change_undone);
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    house.pass(86_400 * 10);
    // Used: says so quietly. Another one, never used and too late: gone.
    assert_eq!(not_me::confirm(&house.app, token, &house.client()).await.unwrap(), Outcome::default());
    let opened = house.opened(&house.message_for_with_work("mara").await).await;
    house.done(&opened.first.unwrap()).await;
    let late = house.opened(&house.latest(Template::PasswordChanged).await).await.not_me.unwrap();
    house.pass(3 * 86_400);
    assert_eq!(not_me::confirm(&house.app, late, &house.client()).await.unwrap_err().status, 410);
    assert!(house.password_is(&mara, NEW_PASSWORD).await);
}

//! Risky recoveries wait, everybody is told, and can stop them (G7).

use crate::support::db::{Db, on_both};
use crate::support::house::{House, NEW_PASSWORD};
use crate::support::people::{MARA, OLD_PASSWORD, Person};
use countersign::flows::redeem::{Redeem, Redeemed};
use countersign::flows::{cancel, devices, housekeeping, not_me, redeem};
use countersign_core::ids::AccountId;
use countersign_core::message::Template;
use countersign_core::secret::SecretText;

on_both! {
    a_risky_change_waits_and_takes_effect_when_nobody_stops_it
    a_risky_change_can_be_cancelled
    not_me_cancels_what_waits
    a_recovery_from_a_known_device_beats_what_waits
    a_device_that_was_revoked_does_not_shorten_the_wait
}

const LEAKED: Person = Person { flags: "leaked_mailbox", ..MARA };
const DAY: u64 = 86_400;

/// A house with a change that waits.
async fn waiting(db: Db) -> (House, AccountId) {
    let house = House::new(db).await;
    let mara = house.add(&LEAKED).await;
    let message = house.message_for("mara").await;
    let link = house.opened(&message).await.first.unwrap();
    let Redeemed::Waiting { until } = house.redeem(&link).await.unwrap() else { panic!("it did not wait") };
    assert_eq!(until, house.clock.now().plus(house.app.config.recovery.cool_off.duration()));
    (house, mara)
}

async fn a_risky_change_waits_and_takes_effect_when_nobody_stops_it(db: Db) {
    let (house, mara) = waiting(db).await;
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    assert_eq!(
        house.letters().await,
        ["recovery M•••@e•••.org de", "cool_off M•••@e•••.org de", "cool_off m•••@e•••.net de",]
    );
    let cool_off = house.app.config.recovery.cool_off.duration().as_secs();
    house.pass(cool_off - 1);
    assert_eq!(housekeeping::apply_changes(&house.app).await.unwrap(), 0);
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    house.pass(1);
    assert_eq!(housekeeping::apply_changes(&house.app).await.unwrap(), 1);
    assert_eq!(housekeeping::apply_changes(&house.app).await.unwrap(), 0);
    assert!(house.password_is(&mara, NEW_PASSWORD).await);
    let told: Vec<_> = house.letters().await.into_iter().filter(|l| l.starts_with("password_changed")).collect();
    assert_eq!(told, ["password_changed M•••@e•••.org de", "password_changed m•••@e•••.net de"]);
    assert_eq!(
        house.kinds().await,
        [
            "recovery.requested",
            "recovery.decided",
            "message.recorded",
            "recovery.redeemed",
            "message.recorded",
            "message.recorded",
            "password.changed",
            "message.recorded",
            "message.recorded",
        ]
    );
    house.is_sound().await;
}

async fn a_risky_change_can_be_cancelled(db: Db) {
    let (house, mara) = waiting(db).await;
    let notice = house.latest(Template::CoolOff).await;
    let token = house.opened(&notice).await.first.unwrap();
    cancel::look(&house.app, &token).await.unwrap();
    for _ in 0..2 {
        cancel::confirm(&house.app, token.clone(), &house.client()).await.unwrap();
    }
    assert_eq!(cancel::look(&house.app, &token).await.unwrap_err().status, 410);
    let confirmed = house.letters().await.into_iter().filter(|l| l.starts_with("not_me_confirmed")).count();
    assert_eq!(confirmed, 2, "one for each address, and none for the second click");
    assert_eq!(house.kinds().await.iter().filter(|k| *k == "change.cancelled").count(), 1);
    house.pass(30 * DAY);
    assert_eq!(housekeeping::apply_changes(&house.app).await.unwrap(), 0);
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
}

async fn not_me_cancels_what_waits(db: Db) {
    let (house, mara) = waiting(db).await;
    let message = house.latest(Template::Recovery).await;
    // The link is used, so the message itself could not be sent any more; its other secret still works.
    assert!(countersign::flows::outbox::material(&house.app, &message).await.unwrap().is_none());
    let token = not_me_token(&house, &message.source_id).await;
    let outcome = not_me::confirm(&house.app, token, &house.client()).await.unwrap();
    assert!(outcome.change_cancelled && !outcome.change_undone && !outcome.link_closed);
    house.pass(30 * DAY);
    assert_eq!(housekeeping::apply_changes(&house.app).await.unwrap(), 0);
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
}

async fn not_me_token(house: &House, ticket: &str) -> SecretText {
    use countersign::flows::secrets::{Purpose, token};
    let id = countersign_core::ids::TicketId::parse(ticket).unwrap();
    let found = countersign::store::tickets::by_id(&mut house.db.conn().await, &id).await.unwrap().unwrap();
    token(&house.app.keys, Purpose::NotMe, ticket, &found.nonce)
}

/// Whoever has the mailbox started a change; its owner recovers from a device that the account knows.
async fn a_recovery_from_a_known_device_beats_what_waits(db: Db) {
    let (house, mara) = waiting(db).await;
    let device = devices::issue(&house.app, mara.clone()).await.unwrap();
    house.ask_from("mara", &device).await;
    assert_eq!(house.decide().await, 1);
    let live = house.messages().await.into_iter().filter(|m| m.template == Template::Recovery);
    let mut link = None;
    for message in live {
        link = link.or(countersign::flows::outbox::material(&house.app, &message).await.unwrap());
    }
    let token = link.unwrap().first.unwrap();
    let mut ask = Redeem { password: SecretText::new("harbour pencil 19 cobalt"), ..house.redeeming(&token) };
    ask.client.device = Some(device.expose().to_owned());
    assert!(matches!(redeem::redeem(&house.app, ask).await.unwrap(), Redeemed::Done { .. }));
    house.pass(30 * DAY);
    housekeeping::apply_changes(&house.app).await.unwrap();
    assert!(house.password_is(&mara, "harbour pencil 19 cobalt").await, "the change that waited did not come after");
}

async fn a_device_that_was_revoked_does_not_shorten_the_wait(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&LEAKED).await;
    let device = devices::issue(&house.app, mara.clone()).await.unwrap();
    let mut conn = house.db.conn().await;
    countersign::store::directory::revoke_devices(&mut conn, &mara, house.clock.now()).await.unwrap();
    let message = house.message_for("mara").await;
    let mut ask = house.redeeming(&house.opened(&message).await.first.unwrap());
    ask.client.device = Some(device.expose().to_owned());
    assert!(matches!(redeem::redeem(&house.app, ask).await.unwrap(), Redeemed::Waiting { .. }));
}

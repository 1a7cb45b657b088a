//! From a request to a new password, and what is left behind.

use crate::support::db::{Db, on_both, rows};
use crate::support::house::{House, NEW_PASSWORD, START};
use crate::support::people::{MARA, OLD_PASSWORD, TOMO, UNA};
use countersign::flows::{devices, redeem};
use countersign::store::{directory, tickets};
use countersign_core::ids::SessionId;
use countersign_core::message::Template;
use std::time::Duration;

on_both! {
    a_recovery_ends_with_a_new_password_and_nothing_old_alive
    asking_and_looking_change_nothing_about_the_account
    an_unknown_identifier_leaves_a_request_and_evidence_only
    an_unconfirmed_address_gets_nothing
    exactly_one_of_many_redemptions_wins
    a_message_goes_to_the_address_that_was_typed
}

async fn a_recovery_ends_with_a_new_password_and_nothing_old_alive(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let known = devices::issue(&house.app, mara.clone()).await.unwrap();
    let session = SessionId::new(START, &mut house.app.rng());
    directory::open_session(&mut house.db.conn().await, &session, &mara, None, START).await.unwrap();

    let message = house.message_for("mara").await;
    let opened = house.opened(&message).await;
    let link = opened.first.unwrap();
    let view = redeem::look(&house.app, &link).await.unwrap();
    assert_eq!((view.second_factor, view.expires_at), (false, START.plus(Duration::from_secs(900))));
    let device = house.done(&link).await;

    assert!(house.password_is(&mara, NEW_PASSWORD).await && !house.password_is(&mara, OLD_PASSWORD).await);
    let mut conn = house.db.conn().await;
    assert_eq!(directory::session_account(&mut conn, &session).await.unwrap(), None);
    let knows = async |conn: &mut _, token: &str| {
        let claim = devices::read(&house.app.keys, token).unwrap();
        directory::knows_device(conn, &mara, claim.device.as_str()).await.unwrap()
    };
    assert!(!knows(&mut conn, known.expose()).await && knows(&mut conn, device.expose()).await);
    assert!(tickets::live_of(&mut conn, &mara, START).await.unwrap().is_none());
    assert_eq!(redeem::look(&house.app, &link).await.unwrap_err().status, 410);
    assert_eq!(
        house.letters().await,
        ["recovery M•••@e•••.org de", "password_changed M•••@e•••.org de", "password_changed m•••@e•••.net de",]
    );
    assert_eq!(
        house.kinds().await,
        [
            "device.known",
            "recovery.requested",
            "recovery.decided",
            "message.recorded",
            "recovery.redeemed",
            "password.changed",
            "message.recorded",
            "message.recorded",
        ]
    );
    house.is_sound().await;
}

const ACCOUNT: [&str; 10] = [
    "id",
    "flags",
    "password_hash",
    "password_changed_at",
    "totp_last_step",
    "updated_at",
    "disavow_level",
    "disavow_until",
    "hold_until",
    "locale",
];

/// Everything about accounts that a person would notice.
async fn everything(house: &House) -> Vec<String> {
    let mut conn = house.db.conn().await;
    let mut all = rows(&mut conn, "accounts", &ACCOUNT).await;
    all.extend(rows(&mut conn, "identifiers", &["value", "kind", "account_id"]).await);
    all.extend(rows(&mut conn, "emails", &["address", "normalized", "confirmed_at", "position"]).await);
    all.extend(rows(&mut conn, "sessions", &["id", "ended_at"]).await);
    all.extend(rows(&mut conn, "devices", &["id", "revoked_at"]).await);
    all.extend(rows(&mut conn, "recovery_codes", &["created_at", "used_at"]).await);
    all
}

/// G2.
async fn asking_and_looking_change_nothing_about_the_account(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    devices::issue(&house.app, mara.clone()).await.unwrap();
    let session = SessionId::new(START, &mut house.app.rng());
    directory::open_session(&mut house.db.conn().await, &session, &mara, None, START).await.unwrap();
    let before = everything(&house).await;

    let message = house.message_for("mara@example.net").await;
    let opened = house.opened(&message).await;
    for _ in 0..3 {
        redeem::look(&house.app, opened.first.as_ref().unwrap()).await.unwrap();
        countersign::flows::not_me::look(&house.app, opened.not_me.as_ref().unwrap()).await.unwrap();
    }
    for identifier in ["mara", "mara@example.org", "mara.new@example.com"] {
        house.ask(identifier).await;
        house.ask_with_work(identifier).await;
    }
    house.decide().await;
    assert_eq!(everything(&house).await, before);
    assert!(redeem::look(&house.app, opened.first.as_ref().unwrap()).await.is_ok());
}

async fn an_unknown_identifier_leaves_a_request_and_evidence_only(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    let asked = house.ask("nobody@example.org").await;
    assert_eq!(house.decide().await, 0);
    assert_eq!(house.letters().await, Vec::<String>::new());
    assert_eq!(house.kinds().await, ["recovery.requested", "recovery.decided"]);
    let mut conn = house.db.conn().await;
    assert_eq!(rows(&mut conn, "tickets", &["id"]).await, Vec::<String>::new());
    assert_eq!(rows(&mut conn, "send_slots", &["live_until"]).await, Vec::<String>::new());
    let request = rows(&mut conn, "recovery_requests", &["id", "state", "outcome", "identifier", "ticket_id"]).await;
    assert_eq!(request, [format!("id={} state=done outcome=no_account identifier=NULL ticket_id=NULL ", asked.id)]);
}

async fn an_unconfirmed_address_gets_nothing(db: Db) {
    let house = House::new(db).await;
    house.add(&UNA).await;
    for identifier in ["una", "una@example.org"] {
        house.ask(identifier).await;
    }
    assert_eq!(house.decide().await, 0);
    assert_eq!(house.letters().await, Vec::<String>::new());
}

async fn a_message_goes_to_the_address_that_was_typed(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    house.add(&TOMO).await;
    assert_eq!(house.message_for("MARA@example.net").await.to_address, "mara@example.net");
    house.ask("tomo").await;
    assert_eq!(house.decide().await, 1);
    house.pass(3 * 86_400);
    // Typed is an address that is not confirmed: the first choice gets the message.
    assert_eq!(house.message_for("mara.new@example.com").await.to_address, "Mara@example.org");
    assert_eq!(
        house.letters().await,
        ["recovery m•••@e•••.net de", "recovery t•••@e•••.org en", "recovery M•••@e•••.org de",]
    );
}

/// G6: two tabs, a double click, two nodes.
async fn exactly_one_of_many_redemptions_wins(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let message = house.message_for("mara").await;
    let link = house.opened(&message).await.first.unwrap();
    let other = house.another().await;
    let tries = (0..8).map(|n| {
        let app = if n % 2 == 0 { house.app.clone() } else { other.clone() };
        let ask = house.redeeming(&link);
        tokio::spawn(async move { redeem::redeem(&app, ask).await })
    });
    let mut won = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!((error.status, error.code), (410, "link_not_valid")),
        }
    }
    assert_eq!(won, 1);
    assert!(house.password_is(&mara, NEW_PASSWORD).await);
    assert_eq!(house.messages().await.iter().filter(|m| m.template == Template::PasswordChanged).count(), 2);
    assert_eq!(house.kinds().await.iter().filter(|kind| *kind == "password.changed").count(), 1);
    house.is_sound().await;
}

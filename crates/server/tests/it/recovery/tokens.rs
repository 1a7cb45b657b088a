//! Tokens that are cut, invented, or shown where they do not belong.

use crate::support::db::{Db, on_both, rows};
use crate::support::house::House;
use crate::support::people::{MARA, OLD_PASSWORD, Person};
use countersign::flows::redeem::Redeemed;
use countersign::flows::{cancel, not_me, redeem};
use countersign_core::message::Template;
use countersign_core::secret::SecretText;

on_both! {
    a_token_that_is_not_whole_is_nothing
    a_token_is_good_for_one_thing
    no_secret_is_in_the_database
}

async fn nothing(house: &House, token: &SecretText) {
    let app = &house.app;
    assert_eq!(redeem::look(app, token).await.unwrap_err().status, 410);
    assert_eq!(house.redeem(token).await.unwrap_err().status, 410);
    assert_eq!(not_me::look(app, token).await.unwrap_err().status, 410);
    assert_eq!(not_me::confirm(app, token.clone(), &house.client()).await.unwrap_err().status, 410);
    assert_eq!(cancel::look(app, token).await.unwrap_err().status, 410);
    assert_eq!(cancel::confirm(app, token.clone(), &house.client()).await.unwrap_err().status, 410);
}

async fn a_token_that_is_not_whole_is_nothing(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&MARA).await;
    let link = house.opened(&house.message_for("mara").await).await.first.unwrap();
    let whole = link.expose();
    let flipped = if whole.starts_with('A') { "B" } else { "A" };
    let near = [format!("{flipped}{}", &whole[1..]), format!("{whole}="), format!(" {whole}"), whole.to_lowercase()];
    let cut = [0, 1, 21, 42].map(|n| whole[..n].to_owned());
    let strange = ["\0".to_owned(), "ä".repeat(43), "A".repeat(100_000), "' OR 1=1 --".to_owned()];
    let kinds = house.kinds().await;
    for text in near.into_iter().chain(cut).chain(strange) {
        nothing(&house, &SecretText::new(text)).await;
    }
    assert_eq!(house.kinds().await, kinds);
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
    assert!(redeem::look(&house.app, &link).await.is_ok());
}

async fn a_token_is_good_for_one_thing(db: Db) {
    let house = House::new(db).await;
    let mara = house.add(&Person { flags: "leaked_mailbox", ..MARA }).await;
    let opened = house.opened(&house.message_for("mara").await).await;
    let (link, not_me_token) = (opened.first.unwrap(), opened.not_me.unwrap());
    let gone = |result: Result<(), u16>| assert_eq!(result, Err(410));
    let look = async |token: &SecretText| redeem::look(&house.app, token).await.map(|_| ()).map_err(|e| e.status);
    gone(look(&not_me_token).await);
    gone(house.redeem(&not_me_token).await.map(|_| ()).map_err(|e| e.status));
    gone(not_me::confirm(&house.app, link.clone(), &house.client()).await.map(|_| ()).map_err(|e| e.status));
    gone(cancel::confirm(&house.app, link.clone(), &house.client()).await.map_err(|e| e.status));
    assert!(matches!(house.redeem(&link).await.unwrap(), Redeemed::Waiting { .. }));
    let cancelling = house.opened(&house.latest(Template::CoolOff).await).await.first.unwrap();
    gone(look(&cancelling).await);
    gone(house.redeem(&cancelling).await.map(|_| ()).map_err(|e| e.status));
    gone(not_me::confirm(&house.app, cancelling, &house.client()).await.map(|_| ()).map_err(|e| e.status));
    gone(house.redeem(&link).await.map(|_| ()).map_err(|e| e.status));
    assert!(house.password_is(&mara, OLD_PASSWORD).await);
}

/// G6: whoever reads the database can neither open a link nor enter a code.
async fn no_secret_is_in_the_database(db: Db) {
    let house = House::new(db).await;
    house.add(&MARA).await;
    let opened = house.opened(&house.message_for("mara").await).await;
    let mut conn = house.db.conn().await;
    let mut all = rows(&mut conn, "messages", &["id", "params", "source_id", "to_masked"]).await;
    all.extend(rows(&mut conn, "tickets", &["id", "state", "class"]).await);
    let evidence = countersign::store::db::sql("SELECT payload FROM evidence").fetch_all(&mut conn).await.unwrap();
    all.extend(evidence.iter().map(|row| String::from_utf8(row.bytes(0).unwrap()).unwrap()));
    let all = all.join("\n");
    for secret in [opened.first, opened.not_me, opened.code] {
        assert!(!all.contains(secret.unwrap().expose()));
    }
    assert!(
        !all.contains("mara@example.org") && !all.contains("2001:db8:0:1"),
        "no mailbox and no address in evidence"
    );
}

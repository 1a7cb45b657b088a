//! What an entry seals of a message, and when.

use crate::support::db::{Db, on_both};
use crate::support::house::{House, leaving};
use crate::support::people::TOMO;
use countersign::flows::log::erase::{Erase, erase};
use countersign::flows::log::own::By;
use countersign::flows::log::start::start;
use countersign::flows::outbox::{self, Ended};
use countersign::flows::{seal, secrets};
use countersign::store::db::sql;
use countersign::store::evidence;
use countersign::store::messages::{self, Message};
use countersign_evidence::sealed::{self, Sealed};
use countersign_evidence::{Hash, Opening};

on_both! {
    a_message_is_sealed_just_before_it_leaves
    the_same_text_is_sealed_once_and_another_text_anew
    what_was_erased_is_sealed_again_before_it_leaves
    a_claim_that_is_lost_seals_nothing
    codes_from_before_are_filled_in
}

async fn seals(house: &House) -> i64 {
    evidence::count_kind(&mut house.db.conn().await, sealed::KIND).await.unwrap()
}

/// The message as it is on record now.
async fn stored(house: &House, message: &Message) -> Message {
    let code = secrets::countersign(&house.app.keys, &message.id);
    let found = messages::by_code_digest(&mut house.db.conn().await, &seal::code_digest(&code)).await.unwrap();
    found.unwrap()
}

/// What opens the entry that seals the message.
async fn opening(house: &House, message: &Message) -> Opening {
    let id = stored(house, message).await.sealed_entry.unwrap();
    let mut conn = house.db.conn().await;
    let text = "SELECT payload, salt, commitment FROM evidence WHERE id = $1";
    let row = sql(text).bind(id.as_str()).fetch_one(&mut conn).await.unwrap();
    let (payload, salt) = (row.opt_bytes(0).unwrap(), row.opt_bytes(1).unwrap());
    let opening = Opening { payload: payload.unwrap(), salt: salt.unwrap().try_into().unwrap() };
    assert_eq!(opening.commitment().bytes().as_slice(), row.bytes(2).unwrap());
    opening
}

async fn a_message_is_sealed_just_before_it_leaves(db: Db) {
    let house = House::new(db).await;
    let account = house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    assert!(stored(&house, &message).await.sealed_entry.is_none());
    outbox::claim(&house.app, 10).await.unwrap();
    assert_eq!(seals(&house).await, 0, "what has not begun to leave is not sealed");
    assert!(outbox::begin(&house.app, &message, &leaving(&message, "text")).await.unwrap());
    assert_eq!(seals(&house).await, 1);
    let opening = opening(&house, &message).await;
    let read = Sealed::read(&opening).unwrap();
    assert_eq!((read.digest, read.from.as_str()), (Hash::of(b"text"), "accounts@example.org"));
    assert_eq!((read.template.as_str(), read.locale.as_str()), ("recovery", message.locale.as_str()));
    assert_eq!((read.message.as_str(), read.at_micros), (message.id.as_str(), house.clock.now().micros()));
    assert!(read.is_for(&message.to_address.to_uppercase()) && !read.is_for("mara@example.org"));
    assert!(read.has_code(&secrets::countersign(&house.app.keys, &message.id).to_string()));
    let payload = String::from_utf8(opening.payload).unwrap();
    for secret in [account.as_str(), &message.source_id, &message.to_address, "tomo"] {
        assert!(!payload.contains(secret), "{payload}");
    }
    outbox::finish(&house.app, &message, Ended::Sent).await.unwrap();
    house.is_sound().await;
}

async fn the_same_text_is_sealed_once_and_another_text_anew(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    let mut entries = Vec::new();
    for (text, sealed) in [("text", 1), ("text", 1), ("another text", 2), ("another text", 2), ("text", 3)] {
        outbox::claim(&house.app, 10).await.unwrap();
        assert!(outbox::begin(&house.app, &message, &leaving(&message, text)).await.unwrap());
        let again = Ended::Again { at: house.clock.now(), reason: "451 4.3.2".into(), counted: true };
        outbox::finish(&house.app, &message, again).await.unwrap();
        assert_eq!(seals(&house).await, sealed, "{text}");
        assert_eq!(Sealed::read(&opening(&house, &message).await).unwrap().digest, Hash::of(text.as_bytes()));
        entries.push(stored(&house, &message).await.sealed_entry.unwrap());
    }
    assert!(entries[0] == entries[1] && entries[1] != entries[2] && entries[2] == entries[3], "the newest counts");
    house.is_sound().await;
}

async fn what_was_erased_is_sealed_again_before_it_leaves(db: Db) {
    let house = House::new(db).await;
    start(&house.app, None).await.unwrap();
    let account = house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    for erased in [true, false] {
        outbox::claim(&house.app, 10).await.unwrap();
        assert!(outbox::begin(&house.app, &message, &leaving(&message, "text")).await.unwrap());
        let again = Ended::Again { at: house.clock.now(), reason: "451 4.3.2".into(), counted: true };
        outbox::finish(&house.app, &message, again).await.unwrap();
        if erased {
            let ask = Erase { account: account.clone(), reason: "request".into(), by: By::CommandLine };
            erase(&house.app, &ask, |_| ()).await.unwrap();
            assert_eq!(seals(&house).await, 0);
        }
    }
    assert!(Sealed::read(&opening(&house, &message).await).unwrap().is_for(&message.to_address));
}

async fn a_claim_that_is_lost_seals_nothing(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    outbox::claim(&house.another().await, 10).await.unwrap();
    assert!(!outbox::begin(&house.app, &message, &leaving(&message, "text")).await.unwrap());
    assert_eq!(seals(&house).await, 0);
    assert!(stored(&house, &message).await.sealed_entry.is_none());
}

async fn codes_from_before_are_filled_in(db: Db) {
    let house = House::new(db).await;
    house.add(&TOMO).await;
    let message = house.message_for("tomo").await;
    sql("UPDATE messages SET code_digest = NULL").execute(&mut house.db.conn().await).await.unwrap();
    let entries = house.kinds().await;
    assert_eq!(seal::fill_digests(&house.app).await.unwrap(), 1);
    assert_eq!(stored(&house, &message).await.id, message.id);
    assert_eq!(seal::fill_digests(&house.app).await.unwrap(), 0);
    assert_eq!(house.kinds().await, entries, "nothing happened");
}

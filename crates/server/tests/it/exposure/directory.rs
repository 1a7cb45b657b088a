//! The index of the directory: what changed is there at the next look, a rebuild loses nothing, a new key changes everything.

use super::{follow, kinds};
use crate::support::db::{Db, on_both};
use crate::support::house::House;
use crate::support::people::{MARA, TOMO};
use countersign::flows::accounts::{Import, Numbered};
use countersign::flows::exposure::directory;
use countersign::flows::staff::Actor;
use countersign_core::expose::index::FORMER;
use countersign_core::expose::key::Kind;
use countersign_core::expose::normal;
use countersign_core::import::{Format, Reader};

on_both! {
    accounts_are_found_by_everything_that_names_them
    what_changed_is_there_at_the_next_look_and_what_was_is_former
    a_rebuild_and_a_new_key_find_the_same_accounts
}

/// The numbers that a value leads to: accounts, and former values counted from zero.
fn found(house: &House, kind: Kind, value: &str) -> (Vec<u32>, usize) {
    let standing = house.app.exposure.directory.shown().unwrap();
    let hash = if kind == Kind::Address {
        let mut email = normal::Email::default();
        assert!(normal::email(value.as_bytes(), &mut email));
        standing.key().email(&email).strong()
    } else {
        standing.key().hash(kind, value.as_bytes())
    };
    let (accounts, formers): (Vec<u32>, Vec<u32>) = standing.view().accounts(hash).partition(|n| *n < FORMER);
    (accounts, formers.len())
}

async fn import(house: &House, text: &str) {
    let mut reader = Reader::new(Format::Csv, text.as_bytes()).unwrap();
    let mut batch = vec![];
    while let Some(row) = reader.next_row().unwrap() {
        batch.push(Numbered { line: row.line, record: row.outcome.unwrap() });
    }
    let outcome = Import::new(house.app.clone(), false).batch(batch).await.unwrap();
    assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
}

async fn accounts_are_found_by_everything_that_names_them(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    assert!(house.app.exposure.directory.shown().is_none());
    follow(&house).await;
    let (one, two) = (super::number(&house, &mara).await, super::number(&house, &tomo).await);
    assert_eq!(found(&house, Kind::Address, "MARA@example.net"), (vec![one], 0));
    assert_eq!(found(&house, Kind::UserName, "tomo"), (vec![two], 0));
    assert_eq!(found(&house, Kind::Address, "nobody@example.org"), (vec![], 0));
    assert_eq!(directory::number_of(&house.app, &mara), Some(one));
    assert_eq!(house.app.exposure.directory.number_of(mara.as_str(), true), None);
}

async fn what_changed_is_there_at_the_next_look_and_what_was_is_former(db: Db) {
    let house = House::new(db).await;
    follow(&house).await;
    import(&house, "external_id,user_names,emails,phones\n0815,ida,ida@example.org,+15550100123\n").await;
    follow(&house).await;
    assert_eq!(found(&house, Kind::Address, "ida@example.org"), (vec![0], 0));
    assert_eq!(found(&house, Kind::Phone, "+15550100123"), (vec![0], 0));
    assert_eq!(found(&house, Kind::PlatformId, "815"), (vec![0], 0));
    assert_eq!(house.app.exposure.directory.number_of("0815", true), Some(0));
    house.pass(60);
    import(&house, "external_id,user_names,emails,phones\n0815,ida,ida.new@example.org,+15550100123\n").await;
    assert_eq!(found(&house, Kind::Address, "ida@example.org"), (vec![0], 0), "not looked yet");
    follow(&house).await;
    assert_eq!(found(&house, Kind::Address, "ida@example.org"), (vec![], 1));
    assert_eq!(found(&house, Kind::Address, "ida.new@example.org"), (vec![0], 0));
    assert_eq!(found(&house, Kind::Phone, "+15550100123"), (vec![0], 0));
    // Long after, in another process: the same.
    let again = house.restarted(house.clock.now().plus(std::time::Duration::from_secs(9999))).await;
    follow(&again).await;
    assert_eq!(found(&again, Kind::Address, "ida@example.org"), (vec![], 1));
    assert_eq!(found(&again, Kind::Address, "ida.new@example.org"), (vec![0], 0));
}

async fn a_rebuild_and_a_new_key_find_the_same_accounts(db: Db) {
    let house = House::new(db).await;
    let dir = tempfile::tempdir().unwrap();
    house.app.exposure.directory.keep_at(dir.path());
    import(&house, "external_id,user_names,emails\n1,ida,ida@example.org\n2,ole,ole@example.org\n").await;
    house.pass(60);
    import(&house, "external_id,user_names,emails\n2,ole,ole@example.net\n").await;
    // What changed just before a build is looked at again.
    house.pass(60);
    directory::rebuild(&house.app).await.unwrap();
    let before = house.app.exposure.directory.shown().unwrap();
    assert!(before.keys().0 > 0 && before.keys().1 == 0, "{:?}", before.keys());
    assert!(dir.path().join(directory::FILE_NAME).exists());
    assert_eq!(found(&house, Kind::Address, "ole@example.org"), (vec![], 1));
    assert_eq!(found(&house, Kind::Address, "ole@example.net"), (vec![1], 0));
    house.pass(60);
    import(&house, "external_id,user_names,emails\n3,una,una@example.org\n").await;
    follow(&house).await;
    assert_eq!(found(&house, Kind::UserName, "una"), (vec![2], 0));
    let next = directory::rotate_key(&house.app, &Actor::Command).await.unwrap();
    assert_eq!(next, 2);
    let after = house.app.exposure.directory.shown().unwrap();
    assert_ne!(after.key().id(), before.key().id());
    assert_eq!(found(&house, Kind::UserName, "una"), (vec![2], 0));
    assert_eq!(found(&house, Kind::Address, "ole@example.org"), (vec![], 1));
    assert_eq!(kinds(&house, "staff.exposure").await, ["staff.exposure_key_rotated"]);
    // The next process maps the file.
    let again = house.restarted(house.clock.now()).await;
    again.app.exposure.directory.keep_at(dir.path());
    directory::open(&again.app).await.unwrap();
    assert_eq!(found(&again, Kind::Address, "ole@example.net"), (vec![1], 0));
}

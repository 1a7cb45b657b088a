//! Passkeys of staff, and what was begun with a browser.

use super::{NOW, digest, later, ready};
use crate::support::db::{Db, on_both};
use countersign::store::ceremonies::{self, Ceremony};
use countersign::store::passkeys::{self, Passkey};
use countersign::store::staff::{self, Staff};
use countersign::store::{Conn, StoreError};
use countersign_core::ids::{PasskeyId, StaffId};
use countersign_core::staff::{Role, Roles};
use rand::{SeedableRng, rngs::StdRng};

on_both! {
    a_ceremony_is_taken_once_in_time_and_for_what_it_is
    of_many_who_take_a_ceremony_one_gets_it
    a_passkey_comes_back_by_its_credential_and_its_owner
    a_use_is_noted_by_whoever_saw_the_last_one
    passkeys_are_renamed_and_removed_by_their_owner
}

async fn add(conn: &mut Conn, name: &str) -> StaffId {
    let person = Staff {
        id: StaffId::new(NOW, &mut StdRng::seed_from_u64(digest(name).short())),
        name: name.to_owned(),
        shown_name: name.to_owned(),
        roles: Roles::of(&[Role::Viewer]),
        password_hash: None,
        totp_sealed: None,
        oidc_issuer: None,
        created_at: NOW,
        disabled_at: None,
    };
    assert!(staff::insert(conn, &person, None).await.unwrap());
    person.id
}

fn ceremony(kind: &'static str, staff: Option<&StaffId>) -> Ceremony {
    Ceremony { kind, staff: staff.cloned(), state_sealed: kind.as_bytes().to_vec(), expires_at: later(300) }
}

async fn a_ceremony_is_taken_once_in_time_and_for_what_it_is(db: Db) {
    let mut conn = ready(&db).await;
    let ana = add(&mut conn, "ana").await;
    ceremonies::put(&mut conn, &digest("a"), &ceremony("passkey_add", Some(&ana))).await.unwrap();
    ceremonies::put(&mut conn, &digest("b"), &ceremony("oidc", None)).await.unwrap();
    assert!(ceremonies::take(&mut conn, &digest("a"), "oidc", NOW).await.unwrap().is_none());
    assert!(ceremonies::take(&mut conn, &digest("a"), "passkey_add", later(300)).await.unwrap().is_none());
    let taken = ceremonies::take(&mut conn, &digest("a"), "passkey_add", later(299)).await.unwrap().unwrap();
    assert_eq!((taken.staff, taken.state_sealed.as_slice()), (Some(ana), &b"passkey_add"[..]));
    assert!(ceremonies::take(&mut conn, &digest("a"), "passkey_add", NOW).await.unwrap().is_none());
    assert_eq!(ceremonies::forget(&mut conn, later(299)).await.unwrap(), 0);
    assert_eq!(ceremonies::forget(&mut conn, later(300)).await.unwrap(), 1);
    assert!(ceremonies::take(&mut conn, &digest("b"), "oidc", NOW).await.unwrap().is_none());
}

async fn of_many_who_take_a_ceremony_one_gets_it(db: Db) {
    let store = db.open().await;
    ceremonies::put(&mut db.conn().await, &digest("a"), &ceremony("oidc", None)).await.unwrap();
    let tries = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let taken: Result<_, StoreError> = store
                .write(|conn| Box::pin(async move { ceremonies::take(conn, &digest("a"), "oidc", NOW).await }))
                .await;
            taken.unwrap().is_some()
        })
    });
    let mut got = 0;
    for one in tries.collect::<Vec<_>>() {
        got += usize::from(one.await.unwrap());
    }
    assert_eq!(got, 1);
}

fn passkey(owner: &StaffId, number: u8) -> Passkey {
    Passkey {
        id: PasskeyId::new(later(number.into()), &mut StdRng::seed_from_u64(number.into())),
        staff: owner.clone(),
        credential_id: vec![number; 20],
        credential: format!("{{\"n\":{number}}}"),
        name: format!("key {number}"),
        created_at: later(number.into()),
        last_used_at: None,
    }
}

async fn a_passkey_comes_back_by_its_credential_and_its_owner(db: Db) {
    let mut conn = ready(&db).await;
    let (ana, bea) = (add(&mut conn, "ana").await, add(&mut conn, "bea").await);
    let made = [passkey(&ana, 2), passkey(&ana, 1), passkey(&bea, 3)];
    for one in &made {
        assert!(passkeys::insert(&mut conn, one).await.unwrap());
    }
    let copy = Passkey { credential_id: vec![1; 20], ..passkey(&bea, 9) };
    assert!(!passkeys::insert(&mut conn, &copy).await.unwrap(), "a credential is one person's");
    let found = passkeys::by_credential(&mut conn, &[2; 20]).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", made[0]));
    assert!(passkeys::by_credential(&mut conn, &[8; 20]).await.unwrap().is_none());
    let names = async |conn: &mut Conn, who| {
        passkeys::of(conn, who).await.unwrap().into_iter().map(|p| p.name).collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&mut conn, &ana).await, names(&mut conn, &bea).await.len()),
        (vec!["key 1".into(), "key 2".into()], 1)
    );
}

async fn a_use_is_noted_by_whoever_saw_the_last_one(db: Db) {
    let mut conn = ready(&db).await;
    let ana = add(&mut conn, "ana").await;
    let made = passkey(&ana, 1);
    passkeys::insert(&mut conn, &made).await.unwrap();
    assert!(passkeys::used(&mut conn, &made, "{\"n\":2}", later(9)).await.unwrap());
    assert!(!passkeys::used(&mut conn, &made, "{\"n\":2}", later(9)).await.unwrap(), "it is not as it was");
    let found = passkeys::by_credential(&mut conn, &made.credential_id).await.unwrap().unwrap();
    assert_eq!((found.credential.as_str(), found.last_used_at), ("{\"n\":2}", Some(later(9))));
}

async fn passkeys_are_renamed_and_removed_by_their_owner(db: Db) {
    let mut conn = ready(&db).await;
    let (ana, bea) = (add(&mut conn, "ana").await, add(&mut conn, "bea").await);
    let made = passkey(&ana, 1);
    passkeys::insert(&mut conn, &made).await.unwrap();
    passkeys::insert(&mut conn, &passkey(&ana, 2)).await.unwrap();
    assert!(!passkeys::rename(&mut conn, &bea, &made.id, "x").await.unwrap());
    assert!(!passkeys::remove(&mut conn, &bea, &made.id).await.unwrap());
    assert!(passkeys::rename(&mut conn, &ana, &made.id, "blue").await.unwrap());
    assert_eq!(passkeys::of(&mut conn, &ana).await.unwrap()[0].name, "blue");
    assert_eq!(passkeys::count_locked(&mut conn, &ana).await.unwrap(), 2);
    assert!(passkeys::remove(&mut conn, &ana, &made.id).await.unwrap());
    assert!(!passkeys::remove(&mut conn, &ana, &made.id).await.unwrap());
    assert_eq!(passkeys::remove_all(&mut conn, &ana).await.unwrap(), 1);
    assert_eq!(passkeys::count_locked(&mut conn, &ana).await.unwrap(), 0);
}

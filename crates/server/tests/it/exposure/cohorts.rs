//! Cohorts: counted, made once, named by their content.

use super::{code, follow, kinds, leak_of, numbers, reason};
use crate::support::db::{Db, on_both};
use crate::support::house::House;
use crate::support::people::{MARA, TOMO, UNA};
use countersign::flows::exposure::cohorts::{self, Export, Make};
use countersign::flows::exposure::contain::{self, Put};
use countersign::flows::staff::Actor;
use countersign::store::db::sql;
use countersign_core::expose::containment::Containment;

on_both! {
    sets_are_worked_out_as_the_sentence_says
    a_cohort_is_made_once_and_never_changes
    an_export_is_on_record_before_its_first_page
}

async fn count(house: &House, text: &str) -> u64 {
    cohorts::preview(&house.app, &cohorts::query(text).unwrap()).await.unwrap().accounts
}

async fn sets_are_worked_out_as_the_sentence_says(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo, una) = (house.add(&MARA).await, house.add(&TOMO).await, house.add(&UNA).await);
    follow(&house).await;
    let (a, b) = (leak_of(&house, "a", &[&mara, &tomo]).await.id, leak_of(&house, "b", &[&tomo, &una]).await.id);
    let mut conn = house.db.conn().await;
    for text in [
        format!("UPDATE accounts SET party = 'Agency North', region = 'FR' WHERE id = '{mara}'"),
        format!("UPDATE accounts SET totp_sealed = password_hash WHERE id = '{tomo}'")
            .replace("password_hash", if conn.is_postgres() { "'\\x01'::bytea" } else { "x'01'" }),
    ] {
        sql(text).execute(&mut conn).await.unwrap();
    }
    house.message_for("mara@example.org").await;
    let since = "2026-01-01T00:00:00Z";
    let leak = leak_of(&house, "c", &[&mara]).await;
    let put = Put { cohort: leak.cohort, kind: Containment::Watched, until: None, reason: reason() };
    contain::put(&house.app, &Actor::Command, put).await.unwrap();
    for (text, expected) in [
        ("everyone".to_owned(), 3),
        (format!("leak:{a}"), 2),
        (format!("leak:{a} and leak:{b}"), 1),
        (format!("leak:{a} or leak:{b}"), 3),
        (format!("leak:{a} and not leak:{b}"), 1),
        (format!("leak:{a}:shows:phone"), 1),
        (format!("leak:{a}:by:phone"), 0),
        (format!("leak:{a}:strong and not second-factor"), 1),
        ("not second-factor".to_owned(), 2),
        ("party:\"Agency North\"".to_owned(), 1),
        ("region:fr and not everyone".to_owned(), 0),
        (format!("asked-since:{since}"), 1),
        ("asked-since:2026-06-01T00:00:00Z".to_owned(), 0),
        // Mara has two confirmed mailboxes, Una none.
        ("only-mailbox".to_owned(), 1),
        (format!("cohort:{}", leak.cohort), 1),
        ("contained:watched".to_owned(), 1),
        ("contained:must_reset".to_owned(), 0),
    ] {
        assert_eq!(count(&house, &text).await, expected, "{text}");
    }
    let unknown = cohorts::query("leak:lek_01k9xy3v8e4m7q2r5t6w8z0abc").unwrap();
    assert_eq!(code(cohorts::preview(&house.app, &unknown).await), "not_found");
    assert_eq!(code(cohorts::query("leaks")), "query_invalid");
}

async fn a_cohort_is_made_once_and_never_changes(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    follow(&house).await;
    let leak = leak_of(&house, "a", &[&mara]).await;
    let make = |text: &str, expected| {
        let query = cohorts::query(text).unwrap();
        Make { query, name: "Those without".into(), reason: reason(), expected }
    };
    let preview = cohorts::preview(&house.app, &cohorts::query("not second-factor").unwrap()).await.unwrap();
    assert_eq!((preview.accounts, preview.of, preview.there.is_some()), (2, 2, false));
    let wrong = make("not second-factor", Some(leak.cohort));
    assert_eq!(code(cohorts::make(&house.app, &Actor::Command, wrong).await), "cohort_changed");
    let right = make("not second-factor", Some(preview.digest));
    let made = cohorts::make(&house.app, &Actor::Command, right).await.unwrap();
    assert_eq!((made.cohort.digest, made.cohort.size, made.was_there), (preview.digest, 2, false));
    let again = cohorts::make(&house.app, &Actor::Command, make("everyone", None)).await.unwrap();
    assert_eq!((again.cohort.query.as_str(), again.was_there), ("not second-factor", true));
    let of_leak = cohorts::make(&house.app, &Actor::Command, make(&format!("leak:{}", leak.id), None)).await.unwrap();
    assert_eq!((of_leak.cohort.name.as_str(), of_leak.was_there), ("a", true));
    assert_eq!(kinds(&house, "staff.cohort").await, ["staff.cohort_made"]);
    // Somebody new is in the query and not in the cohort.
    house.add(&crate::support::people::UNA).await;
    let (page, next) = cohorts::page(&house.app, &preview.digest, 0, 10).await.unwrap();
    assert_eq!((page.iter().map(|one| &one.id).collect::<Vec<_>>(), next), (vec![&mara, &tomo], None));
    let (page, next) = cohorts::page(&house.app, &preview.digest, 0, 1).await.unwrap();
    assert_eq!((page.len(), next), (1, Some(page[0].number + 1)));
    let name = Make { name: " ".into(), ..make("everyone", None) };
    assert_eq!(code(cohorts::make(&house.app, &Actor::Command, name).await), "name_invalid");
}

async fn an_export_is_on_record_before_its_first_page(db: Db) {
    let house = House::new(db).await;
    let (mara, tomo) = (house.add(&MARA).await, house.add(&TOMO).await);
    follow(&house).await;
    let leak = leak_of(&house, "a", &[&mara, &tomo]).await;
    let mut export = Export::begin(&house.app, &Actor::Command, &leak.cohort, reason()).await.unwrap();
    assert_eq!(kinds(&house, "staff.cohort").await, ["staff.cohort_exported"]);
    assert_eq!(export.size(), 2);
    let page = export.page().await.unwrap();
    let expected = numbers(&house, &[&mara, &tomo]).await;
    assert_eq!(page.iter().map(|one| one.number).collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    assert!(export.page().await.unwrap().is_empty());
}

//! What entries say about a person can be erased; what they prove stays.

use super::scene::Scene;
use crate::support::db::{Db, on_both};
use crate::support::people;
use countersign::flows::log::erase::{CHUNK, Erase, Erased, erase};
use countersign::flows::log::own::By;
use countersign::flows::log::read;
use countersign::store::db::sql;
use countersign::store::messages::{self, State};
use countersign::store::{Place, log};
use countersign_core::ids::AccountId;
use countersign_core::message::Template;

on_both! {
    content_goes_and_proofs_stay
    many_entries_go_in_chunks_each_with_its_entry
    closed_messages_keep_what_the_register_says
    a_reason_is_a_code_and_an_account_must_be_known
}

fn ask(account: &AccountId) -> Erase {
    Erase { account: account.clone(), reason: "request".into(), by: By::ApiKey("key_1".into()) }
}

async fn content_goes_and_proofs_stay(db: Db) {
    let scene = Scene::new(db).await;
    let app = &scene.house.app;
    scene.write(9).await;
    scene.grow().await;
    let erased = erase(app, &ask(&scene.mara), |_| {}).await.unwrap();
    assert_eq!((erased.entries, erased.recorded), (6, 1));
    scene.grow().await;
    let mut conn = scene.house.db.conn().await;
    let entry = log::entry_by_id(&mut conn, "erased_2").await.unwrap().unwrap();
    assert_eq!((entry.payload, entry.salt, entry.subject.clone()), (None, None, None));
    let proof = read::proof(app, 2, None).await.unwrap().unwrap();
    proof.verify(&entry.commitment.leaf(), &[app.log.key().verifier().clone()]).unwrap();
    let report = scene.audit().await;
    assert_eq!(report.findings.kept(), []);
    insta::allow_duplicates! {
        insta::assert_snapshot!(report.checked().join("\n"), @r"
        1 key(s), each handed over by the one before it
        entries 2–3, 5–6, 8–9: content erased by entry 11
        ");
    }
    let last = log::entries(&mut conn, report.size - 1, 1).await.unwrap().remove(0);
    let said = String::from_utf8(last.payload.unwrap()).unwrap();
    assert!(!said.contains(scene.mara.as_str()), "{said}");
    insta::allow_duplicates! {
        insta::assert_snapshot!(said.split_once("\"what\":").unwrap().1, @r#"{"by":"key_1","count":6,"entries":[[2,3],[5,6],[8,9]],"messages":0,"reason":"request"}}"#);
    }
    assert_eq!(
        erase(app, &ask(&scene.mara), |_| {}).await.unwrap(),
        Erased { overwritten: erased.overwritten, ..Erased::default() }
    );
}

async fn many_entries_go_in_chunks_each_with_its_entry(db: Db) {
    let scene = Scene::new(db).await;
    let count = CHUNK as u64 + 5;
    scene.write_about(&scene.mara, count as usize).await;
    let mut progress = Vec::new();
    let erased = erase(&scene.house.app, &ask(&scene.mara), |done| progress.push(done)).await.unwrap();
    assert_eq!((erased.entries, erased.recorded, progress), (count, 2, vec![CHUNK as u64, count]));
    scene.grow().await;
    let report = scene.audit().await;
    assert_eq!((report.findings.kept(), report.erased), (&[][..], count));
}

async fn closed_messages_keep_what_the_register_says(db: Db) {
    let scene = Scene::new(db).await;
    let house = &scene.house;
    let message = house.message_for("mara").await;
    let waiting = erase(&house.app, &ask(&scene.mara), |_| {}).await.unwrap();
    assert_eq!((waiting.messages, waiting.open_messages), (0, 1));
    assert_eq!(house.latest(Template::Recovery).await.to_address, "Mara@example.org");
    let mut conn = house.db.conn().await;
    messages::close(&mut conn, &message.id, State::Sent, Some("550 Mara@example.org"), house.clock.now())
        .await
        .unwrap();
    let closed = erase(&house.app, &ask(&scene.mara), |_| {}).await.unwrap();
    assert_eq!((closed.messages, closed.open_messages), (1, 0));
    let kept = house.latest(Template::Recovery).await;
    assert_eq!((kept.to_address.as_str(), kept.to_domain.as_str(), kept.params.to_string()), ("", "", "{}".to_owned()));
    assert_eq!((kept.to_masked, kept.state, kept.template), (message.to_masked, State::Sent, Template::Recovery));
    let errors = sql("SELECT count(last_error) FROM messages").fetch_one(&mut conn).await.unwrap().int(0).unwrap();
    assert_eq!(errors, 0);
}

async fn a_reason_is_a_code_and_an_account_must_be_known(db: Db) {
    let scene = Scene::new(db).await;
    let app = &scene.house.app;
    let long = "x".repeat(41);
    for reason in ["", "Mara asked", long.as_str(), "é"] {
        let ask = Erase { reason: reason.to_owned(), ..ask(&scene.mara) };
        assert_eq!(erase(app, &ask, |_| {}).await.unwrap_err().field, Some("reason"), "{reason}");
    }
    let nobody = AccountId::new(scene.house.clock.now(), &mut app.rng());
    assert_eq!(erase(app, &ask(&nobody), |_| {}).await.unwrap_err().status, 404);
    let tomo = scene.house.add(&people::TOMO).await;
    assert_eq!(erase(app, &ask(&tomo), |_| {}).await.unwrap().recorded, 0);
}

/// The files are searched for every account id, payload and salt that was erased.
#[tokio::test]
async fn nothing_is_left_in_the_files_of_sqlite() {
    let db = Db::sqlite();
    let scene = Scene::new(db.clone()).await;
    let house = &scene.house;
    scene.write(2_000).await;
    house.message_for("mara").await;
    scene.grow().await;
    let Place::File(path) = &db.place else { panic!("a file") };
    let mut conn = house.db.conn().await;
    let text = "SELECT payload, salt FROM evidence WHERE subject IS NOT NULL";
    let rows = sql(text).fetch_all(&mut conn).await.unwrap();
    drop(conn);
    let secrets: Vec<Vec<u8>> = rows.iter().flat_map(|row| [row.bytes(0).unwrap(), row.bytes(1).unwrap()]).collect();
    let left = |secrets: &[Vec<u8>]| {
        let files =
            std::fs::read_dir(path.parent().unwrap()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let bytes = files.collect::<Vec<_>>().concat();
        secrets.iter().filter(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_slice())).count()
    };
    assert!(secrets.len() > 2_000);
    let few: Vec<Vec<u8>> = secrets.iter().step_by(97).cloned().collect();
    assert_eq!(left(&few), few.len(), "the search itself works");
    let erased = erase(&house.app, &ask(&scene.mara), |_| {}).await.unwrap();
    assert_eq!(erased.overwritten, Some(true));
    assert_eq!(left(&few), 0);
}

//! What leaks show, and that they are withdrawn.

use super::super::account::text;
use super::super::office::{Office, leads_to};
use super::{Leaked, matched, put};
use countersign_core::expose::cohort::Accounts;
use countersign_core::staff::Role;

#[tokio::test]
async fn without_a_leak_the_page_says_how_to_begin() {
    let office = Office::open().await;
    let rita = office.staff("rita", &[Role::Responder]).await;
    let page = text(&rita.page("/console/exposure").await);
    assert!(page.contains("No leak was matched yet") && page.contains("countersign expose import FILE"), "{page}");
    assert!(page.contains("Index of the directory not read yet"), "{page}");
}

#[tokio::test]
async fn leaks_are_listed_with_what_they_show() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Approver]).await;
    let page = text(&rita.page("/console/exposure").await);
    for said in [
        "On sale in January counts 30 accounts are in it, 25 by a strong key. 17,500 lines were read, 13 could not be",
        "It looks like data of November 2023: 93 % of the values that changed later have the old value.",
        "E-mail address 28 93 %",
        "Phone number 15 50 %",
        "Password or a trace of one 1 3.3 %",
        "40 accounts, ",
        "With a leaked mailbox 28 accounts.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Place"), "what it does not show has no bar");
}

#[tokio::test]
async fn everything_about_a_leak_is_on_its_page() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Auditor]).await;
    let html = rita.page(&leaked.page()).await;
    let page = text(&html);
    for said in [
        "Accounts 30",
        "By a strong key 25",
        "By a weak one only 5",
        "By a former value 1",
        "Contradicted 1",
        "E-mail address, letter by letter strong 20 66 %",
        "Mailbox behind an address weak 10 33 %",
        "After 14 November 2023, before 25 November 2023. Of 100 that changed later, it has the old value of 93.",
        "It has 700 of 1,000 that were made before 20 November 2023, and 1 of 500 made later.",
        "Fewer cells than columns 12",
        "names somebody else too; 2 lines",
        "line 12 (19 bytes): Fewer cells than columns: aaaa@aaaaa.aa;;;999",
        "line 1,340 (70 bytes): A quote that does not close, or stands where none may: aaaa&#34;&#60;b&#62;",
        "Cells that are not what their column holds Column of Cells Phone number 1,700",
        "dump.csv.gz 1,225,470 bytes, gzip, UTF-8",
        "Columns read as csv",
        "mail E-mail address by its name and what is in it",
        "tel Phone number as somebody said",
        "notes not looked at",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!html.contains("/withdraw"), "an auditor changes nothing");
    assert_eq!(rita.get("/console/exposure/leaks/none").await.status(), 404);
    assert_eq!(rita.get("/console/exposure/leaks/lek_01k9xy3v8e4m7q2r5t6w8z0abc").await.status(), 404);
}

#[tokio::test]
async fn a_leak_of_nobody_has_no_bars() {
    let office = Office::open().await;
    let mut nobody = matched(9);
    nobody.sets = vec![("all".to_owned(), Accounts::new())];
    nobody.freshness = Default::default();
    nobody.told.clear();
    let leak = put(&office, "Nobody’s", 9, nobody).await;
    let rita = office.staff("rita", &[Role::Responder]).await;
    for path in ["/console/exposure".to_owned(), format!("/console/exposure/leaks/{}", leak.id)] {
        let page = rita.page(&path).await;
        assert!(page.contains("Nobody’s") && !page.contains("<table class=bars"), "{path}");
        assert!(page.contains("How old it is cannot be told"), "{path}");
    }
}

#[tokio::test]
async fn a_leak_is_withdrawn_once_and_for_a_reason() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let path = format!("{}/withdraw", leaked.page());
    let without = rita.post(&path, &[("reason", "  ")]).await;
    assert_eq!(without.status(), 422);
    assert!(without.text().await.unwrap().contains("Say why, in a few words."));
    let done = rita.post(&path, &[("reason", "It was a test file")]).await;
    assert_eq!(leads_to(&done), format!("{}?done=leak_withdrawn", leaked.page()));
    let page = text(&rita.page(&leads_to(&done)).await);
    assert!(page.contains("It stays on record and counts no more") && page.contains("withdrawn"), "{page}");
    let entry = leaked.office.last_entry("staff.leak_withdrawn").await;
    assert_eq!(entry["what"]["reason"], "It was a test file");
    let twice = rita.post(&path, &[("reason", "Again")]).await;
    assert_eq!(twice.status(), 409);
    assert!(twice.text().await.unwrap().contains("This leak was withdrawn before."));
    assert!(text(&rita.page("/console/exposure").await).contains("With a leaked mailbox 0 accounts."));
    rita.grow_stale();
    let late = rita.post(&path, &[("reason", "x")]).await;
    assert!(leads_to(&late).starts_with("/console/confirm"));
}

#[tokio::test]
async fn the_page_for_a_file_needs_a_fresh_proof_and_an_upload_belongs_to_who_began_it() {
    let office = Office::open().await;
    let rita = office.staff("rita", &[Role::Responder]).await;
    let page = rita.page("/console/exposure/import").await;
    assert!(page.contains("countersign expose import FILE") && page.contains("id=\"file\""));
    let begin = [("name", "A"), ("reason", "r"), ("file", "a.csv"), ("size", "3")];
    for wrong in [[("name", "A"), ("reason", "")], [("name", ""), ("reason", "r")]] {
        assert_eq!(rita.post("/console/exposure/import", &wrong).await.status(), 422);
    }
    let begun: serde_json::Value = rita.post("/console/exposure/import", &begin).await.json().await.unwrap();
    assert_eq!((&begun["state"], &begun["offset"]), (&"beginning".into(), &0.into()));
    let path = format!("/console/exposure/import/{}", begun["id"].as_str().unwrap());
    assert_eq!(rita.get(&path).await.status(), 200);
    let ruth = office.staff("ruth", &[Role::Responder]).await;
    assert_eq!(ruth.get(&path).await.status(), 404, "another one's is as if it were not there");
    assert_eq!(rita.post(&format!("{path}/columns"), &[]).await.status(), 409);
    assert_eq!(rita.post(&format!("{path}/piece?offset=5"), &[]).await.status(), 409);
    let cancelled = rita.post(&format!("{path}/cancel"), &[]).await;
    assert_eq!(cancelled.status(), 200);
    rita.grow_stale();
    let page = rita.page("/console/exposure/import").await;
    assert!(page.contains("This needs a fresh proof.") && !page.contains("id=\"file\""));
    let alma = office.staff("alma", &[Role::Approver]).await;
    assert!(alma.page("/console/exposure/import").await.contains("Your role does not permit this."));
}

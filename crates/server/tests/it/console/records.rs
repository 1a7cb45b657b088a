//! The find box, the register, the evidence, what staff did, the settings.

use super::account::{planted, text};
use super::office::{Office, leads_to};
use countersign::flows::secrets;
use countersign::store::StoreError;
use countersign::store::db::sql;
use countersign_core::staff::Role;

#[tokio::test]
async fn was_this_mail_from_us_is_one_step() {
    let office = Office::open().await;
    let (message, code) = office.site.sent_to("sam@example.org").await;
    office.site.grow().await;
    let vera = office.staff("vera", &[Role::Viewer]).await;
    let found = vera.post("/console/find", &[("q", &code.to_string().to_lowercase())]).await;
    assert_eq!(leads_to(&found), format!("/console/messages/{}", message.id));
    let page = text(&vera.page(&leads_to(&found)).await);
    insta::assert_snapshot!(page.replace(message.id.as_str(), "MSG").replace(message.account.as_str(), "ACC").replace(&message.source_id, "TKT").replace(&code.to_string(), "CODE"), @r#"Messages Recovery link and code sent This message is from us. Its code is CODE . The mail server took it. Whether it reached the mailbox is the mail server&#39;s to say. The message To s•••@e•••.org Account ACC On record 2026-01-14 14:13:20 UTC , just now Closed 2026-01-14 14:13:20 UTC , just now Tries 1 Last reply no complaint on record Language en Came from TKT Id MSG Proof Sealed before it left, and proven: this server has checked the proof. Under the checkpoint over 6 entries For its reader What anybody with the code sees"#);
    let forged = vera.post("/console/find", &[("q", "0000-0000-0000")]).await;
    assert_eq!(forged.status(), 404);
    insta::assert_snapshot!(text(&forged.text().await.unwrap()), @r#"Not from us No message of ours has the code 0000-0000-0000 . Whoever sent it, we did not. Every message of ours is on record with its code before it leaves. If somebody got a message with this code, it is a forgery, or the code was read wrongly: ask for a picture of it. Look for something else Find"#);
}

#[tokio::test]
async fn an_address_is_looked_up_without_ever_being_in_an_address() {
    let office = Office::open().await;
    let (message, _) = office.site.sent_to("sam@example.org").await;
    let ana = office.staff("ana", &[Role::Responder]).await;
    let account = ana.post("/console/find", &[("q", "Sam@Example.org")]).await;
    assert_eq!(leads_to(&account), format!("/console/accounts/{}", message.account));
    let vera = office.staff("vera", &[Role::Viewer]).await;
    let register = vera.post("/console/find", &[("q", "sam@example.org")]).await;
    assert_eq!((register.status().as_u16(), leads_to(&register).as_str()), (307, "/console/messages"));
    let page = vera.post("/console/messages", &[("q", "sam@example.org")]).await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains(message.id.as_str()) && page.contains("to the address that you typed"));
    let links: Vec<&str> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.iter().all(|link| !link.contains("sam")), "{links:?}");
    let other = vera.post("/console/messages", &[("q", "mona@example.org")]).await.text().await.unwrap();
    assert!(text(&other).contains("No message is on record that fits."));
    let masked = vera.post("/console/messages", &[("q", "s***@e***.org")]).await;
    assert_eq!(
        leads_to(&masked),
        "/console/messages?to=s%E2%80%A2%E2%80%A2%E2%80%A2%40e%E2%80%A2%E2%80%A2%E2%80%A2.org"
    );
    assert!(vera.page(&leads_to(&masked)).await.contains(message.id.as_str()));
}

#[tokio::test]
async fn the_register_is_filtered_by_state_and_says_when_there_is_nothing() {
    let office = Office::open().await;
    let vera = office.staff("vera", &[Role::Viewer]).await;
    let empty = text(&vera.page("/console/messages").await);
    assert!(empty.contains("No message is on record. Every message is put on record before it leaves."), "{empty}");
    let (message, _) = office.site.sent_to("sam@example.org").await;
    for (query, there) in [("", true), ("?state=sent", true), ("?state=failed", false), ("?state=nonsense", true)] {
        let page = vera.page(&format!("/console/messages{query}")).await;
        assert_eq!(page.contains(message.id.as_str()), there, "{query}");
    }
    let page = vera.page("/console/messages").await;
    assert!(!page.contains("/console/accounts/acc_"), "a viewer is not led to accounts");
    let old = vera.page(&format!("/console/messages?before={}", message.id)).await;
    assert!(!old.contains(&format!("/console/messages/{}", message.id)));
    assert_eq!(vera.get("/console/messages/msg_01k9xy3v8e4m7q2r5t6w8z0abc").await.status(), 404);
}

#[tokio::test]
async fn the_find_box_leads_to_one_thing_lists_several_and_says_what_it_may_not() {
    let office = Office::open().await;
    let id = planted(&office).await;
    let ana = office.staff("ana", &[Role::Responder]).await;
    for (typed, to) in [
        (id.as_str().to_uppercase(), format!("/console/accounts/{id}")),
        ("crm-planted-7".into(), format!("/console/accounts/{id}")),
        ("@planted-user".into(), format!("/console/accounts/{id}")),
        ("+1 555 010 0177".into(), format!("/console/accounts/{id}")),
        ("#2".into(), "/console/evidence/2".into()),
    ] {
        assert_eq!(leads_to(&ana.post("/console/find", &[("q", &typed)]).await), to, "{typed}");
    }
    let other = office.site.add_account("two@example.org").await;
    let done: Result<u64, StoreError> = office
        .app()
        .store
        .write(move |conn| {
            let set = sql("UPDATE accounts SET external_id = 'planted-user' WHERE id = $1").bind(other.as_str());
            Box::pin(async move { set.execute(conn).await })
        })
        .await;
    done.unwrap();
    let several = ana.post("/console/find", &[("q", "planted-user")]).await;
    assert_eq!(several.status(), 200);
    let several = several.text().await.unwrap();
    assert!(
        several.contains("Several things have this name") && several.matches("/console/accounts/acc_").count() == 2
    );
    let nothing = ana.post("/console/find", &[("q", "nobody here")]).await;
    assert_eq!(nothing.status(), 404);
    let nothing = text(&nothing.text().await.unwrap());
    assert!(nothing.contains("It was read as a user name, an id of another system."), "{nothing}");
    let vera = office.staff("vera", &[Role::Viewer]).await;
    let withheld = text(&vera.post("/console/find", &[("q", id.as_str())]).await.text().await.unwrap());
    assert!(withheld.contains("Your role does not look all of this up"), "{withheld}");
    let blank = text(&vera.post("/console/find", &[("q", "  ")]).await.text().await.unwrap());
    assert!(blank.contains("There was nothing to look for."), "{blank}");
}

#[tokio::test]
async fn entries_are_leafed_through_opened_and_taken_away() {
    let office = Office::open().await;
    let id = planted(&office).await;
    let arthur = office.staff("arthur", &[Role::Auditor]).await;
    let list = arthur.page("/console/evidence?kind=message.sealed").await;
    let number = list.split("<a href=\"/console/evidence/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = arthur.page(&format!("/console/evidence/{number}")).await;
    assert!(page.contains("&#34;template&#34;: &#34;recovery&#34;") && page.contains("data-entry=\"evi_"), "{page}");
    let looks = office.last_entry("evidence.exported").await;
    assert_eq!(
        (&looks["what"]["by"], looks["what"]["entry"].to_string()),
        (&arthur.id.as_str().into(), number.clone())
    );
    let file = arthur.get(&format!("/console/evidence/{number}/proof")).await;
    assert_eq!(
        file.headers()["content-disposition"],
        format!("attachment; filename=\"entry-{number}.tlog-proof\"").as_str()
    );
    let file = countersign_evidence::proof::ProofFile::parse(&file.text().await.unwrap()).unwrap();
    assert_eq!((file.index + 1).to_string(), number);
    assert_eq!(leads_to(&arthur.get("/console/evidence?number=%23%202").await), "/console/evidence/2");
    let about = text(&arthur.page(&format!("/console/evidence?account={id}")).await);
    assert!(
        about.contains("Only about") && about.contains("message.recorded") && !about.contains("log.began"),
        "{about}"
    );
    let day = text(&arthur.page("/console/evidence?day=2026-01-14").await);
    assert!(day.contains("Up to the end of 2026-01-14.") && day.contains("log.began"), "{day}");
    let before = text(&arthur.page("/console/evidence?day=2026-01-13").await);
    assert!(before.contains("No entry is there."), "{before}");
    let fresh = text(&arthur.page("/console/evidence").await);
    assert!(fresh.contains("not under a checkpoint yet"), "{fresh}");
    for path in ["0", "999", "evi_none"] {
        assert_eq!(arthur.get(&format!("/console/evidence/{path}")).await.status(), 404);
    }
}

#[tokio::test]
async fn what_was_erased_is_shown_as_erased() {
    use countersign::flows::log::erase::{Erase, erase};
    use countersign::flows::log::own::By;
    let office = Office::open().await;
    let id = planted(&office).await;
    let ask = Erase { account: id, reason: "gdpr-17".into(), by: By::CommandLine };
    erase(office.app(), &ask, |_| {}).await.unwrap();
    office.site.grow().await;
    let arthur = office.staff("arthur", &[Role::Auditor]).await;
    let list = text(&arthur.page("/console/evidence?kind=erased").await);
    let number: u64 = list.split("About ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let page = arthur.page(&format!("/console/evidence/{number}")).await;
    let shown = text(&page);
    assert!(shown.contains("What it said was erased.") && shown.contains("countersign-verify entry"), "{shown}");
    assert!(!page.contains("data-entry"), "there is nothing to check it against");
}

#[tokio::test]
async fn what_staff_did_is_told_in_words_and_by_person() {
    let office = Office::open().await;
    let id = planted(&office).await;
    let ana = office.staff("ana", &[Role::Responder]).await;
    let adam = office.staff("adam", &[Role::Admin]).await;
    ana.post(&format!("/console/accounts/{id}/sessions/end"), &[("reason", "Ticket 7")]).await;
    office.site.grow().await;
    let all = text(&adam.page("/console/audit").await);
    assert!(all.contains(&format!("ana ended 1 session of {id} Ticket 7")), "{all}");
    assert!(all.contains("Somebody at the command line invited ana as responder"), "{all}");
    let page = adam.page("/console/audit").await;
    assert!(!page.contains("/console/evidence/") && !page.contains("/console/accounts/acc_"), "an admin reads neither");
    let of_adam = text(&adam.page(&format!("/console/audit?who={}", adam.id)).await);
    assert!(!of_adam.contains("Ticket 7") && of_adam.contains("invited adam"), "{of_adam}");
    let arthur = office.staff("arthur", &[Role::Auditor]).await;
    assert!(arthur.page("/console/audit").await.contains("<a href=\"/console/evidence/"));
    let tampered: Result<u64, StoreError> = office
        .app()
        .store
        .write(|conn| {
            let set = sql("UPDATE evidence SET payload = salt WHERE kind = 'staff.account_sessions_ended'");
            Box::pin(async { set.execute(conn).await })
        })
        .await;
    assert_eq!(tampered.unwrap(), 1);
    let told = text(&arthur.page("/console/audit").await);
    assert!(told.contains("Somebody unknown ended sessions of") && told.contains("invited ana as responder"), "{told}");
}

#[tokio::test]
async fn the_settings_are_shown_with_where_they_came_from_and_no_secret() {
    let office = Office::open_with(&[
        ("COUNTERSIGN_MAIL__PASSWORD", "planted-relay-password"),
        ("COUNTERSIGN_MAIL__USERNAME", "relay"),
    ])
    .await;
    let adam = office.staff("adam", &[Role::Admin]).await;
    let page = adam.page("/console/settings").await;
    assert!(!page.contains("planted-relay-password"));
    let shown = text(&page);
    for words in [
        "password &#34;(set)&#34; environment variable COUNTERSIGN_MAIL__PASSWORD",
        "Database sqlite",
        "Nothing can be changed here",
        "countersign check-config",
        "login.example.org/evidence",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_told_as_such() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Responder, Role::Admin]).await;
    let (message, code) = office.site.sent_to("sam@example.org").await;
    assert_eq!(secrets::countersign(&office.app().keys, &message.id), code);
    let broken: Result<u64, StoreError> = office
        .app()
        .store
        .write(|conn| Box::pin(async { sql("ALTER TABLE messages RENAME TO away").execute(conn).await }))
        .await;
    broken.unwrap();
    for path in ["/console/messages".to_owned(), format!("/console/messages/{}", message.id)] {
        let answer = ana.get(&path).await;
        assert_eq!(answer.status(), 503, "{path}");
        let said = text(&answer.text().await.unwrap());
        assert!(said.contains("Not available right now") && !said.contains("no such table"), "{said}");
    }
}

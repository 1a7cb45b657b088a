//! What leaks and containments say on the page of an account.

use super::super::account::text;
use super::super::office::leads_to;
use super::Leaked;
use super::containments::put;
use countersign_core::staff::Role;

#[tokio::test]
async fn the_page_says_exactly_what_a_leak_shows_of_an_account() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let page = async |n: usize| text(&rita.page(&format!("/console/accounts/{}", leaked.accounts[n])).await);
    let third = page(3).await;
    for said in [
        "leaked mailbox",
        "On sale in January strong former value",
        "Shown E-mail address, Name",
        "Not shown Phone number, Password or a trace of one",
        "Recognised by E-mail address, letter by letter",
        "The leak shows your e-mail address and your name.",
        "It does not show your phone number and a password or a trace of one, although it does for others.",
        "It has something that was yours before and is not any more.",
        "No containment holds for this account.",
    ] {
        assert!(third.contains(said), "{said}: {third}");
    }
    let weak = page(29).await;
    assert!(weak.contains("On sale in January weak") && weak.contains("only a weak sign matched"), "{weak}");
    assert!(!weak.contains("leaked mailbox"), "its address is not shown: {weak}");
    assert!(page(4).await.contains("contradicted"));
    let clean = page(35).await;
    assert!(
        clean.contains("It is not in the one leak that was matched.") && !clean.contains("leaked mailbox"),
        "{clean}"
    );
}

#[tokio::test]
async fn an_account_is_let_go_and_the_others_are_not() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let one = put(&leaked, &rita, "recovery_held").await;
    let id = one.rsplit('/').next().unwrap();
    let account = format!("/console/accounts/{}", leaked.accounts[3]);
    let page = text(&rita.page(&account).await);
    assert!(page.contains("leaked mailbox recovery held"), "chips: {page}");
    assert!(
        page.contains("recovery held Recovery waits, unless a known device") && page.contains("Let this account go")
    );

    let path = format!("{account}/containments/{id}/release");
    let without = rita.post(&path, &[("reason", " ")]).await;
    assert_eq!(without.status(), 422);
    let again = without.text().await.unwrap();
    assert!(again.contains("Say why, in a few words.") && again.contains("<details open><summary>Let this account go"));
    let done = rita.post(&path, &[("reason", "She came by in person")]).await;
    assert_eq!(leads_to(&done), format!("{account}?done=let_go"));
    let page = text(&rita.page(&leads_to(&done)).await);
    assert!(
        page.contains("This account is let go.") && page.contains("No containment holds for this account."),
        "{page}"
    );
    leaked.office.site.grow().await;
    let page = text(&rita.page(&account).await);
    assert!(page.contains("released this account from “recovery held” · She came by in person"), "{page}");
    assert!(
        text(&rita.page(&format!("/console/accounts/{}", leaked.accounts[5])).await).contains("Let this account go")
    );
    assert!(text(&rita.page(&one).await).contains("Let go 1"));
    assert_eq!(rita.post(&path, &[("reason", "Again")]).await.status(), 409);
    let stranger = format!("/console/accounts/{}/containments/{id}/release", leaked.accounts[39]);
    assert_eq!(rita.post(&stranger, &[("reason", "x")]).await.status(), 409);
    let none = format!("{account}/containments/none/release");
    assert_eq!(rita.post(&none, &[("reason", "x")]).await.status(), 404);
    let cara = leaked.office.staff("cara", &[Role::Auditor]).await;
    let seen = cara.page(&format!("/console/accounts/{}", leaked.accounts[5])).await;
    assert!(seen.contains("recovery held") && !seen.contains("Let this account go"));
}

#[tokio::test]
async fn the_page_reads_the_containments_that_nobody_has_read_yet() {
    let office = super::Office::open().await;
    let id = office.site.add_account("mara@example.org").await;
    let rita = office.staff("rita", &[Role::Responder]).await;
    let answer = rita.get(&format!("/console/accounts/{id}")).await;
    assert_eq!(answer.status(), 200);
    let page = text(&answer.text().await.unwrap());
    assert!(!page.contains("is not known yet") && page.contains("No leak was matched yet."), "{page}");
}
